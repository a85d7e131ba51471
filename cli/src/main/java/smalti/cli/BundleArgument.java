package smalti.cli;

import java.nio.file.Path;
import picocli.CommandLine.Parameters;
import smalti.runtime.SmaltiModel;

/** The bundle that a command works on. */
final class BundleArgument {
    @Parameters(
            index = "0",
            paramLabel = "BUNDLE",
            description = "A bundle: a folder name.smalti, or the same as a ZIP.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path path;

    SmaltiModel open() {
        return SmaltiModel.open(path);
    }
}
