package smalti.cli;

import picocli.CommandLine.Option;

/** What a command does with an output that exists. */
final class OverwriteOption {
    @Option(
            names = "--overwrite",
            description =
                    "Replace what is at the output, all of it; by default what exists is left alone, with an error.")
    boolean overwrites;
}
