package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;
import smalti.spec.file.AtomicFiles;

/** What a command does with an output that exists. */
final class OverwriteOption {
    @Option(
            names = "--overwrite",
            description =
                    "Replace what is at the output, all of it; by default what exists is left alone, with an error.")
    boolean overwrites;

    /** Puts back what was being replaced when a command was killed. */
    static void recover(Path folder, Console console) throws IOException {
        if (AtomicFiles.recover(folder)) {
            console.note(folder + ": is as it was before the --overwrite that was killed");
        }
    }
}
