package smalti.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Parameters;
import smalti.runtime.SmaltiModel;
import smalti.spec.BundleManifest;
import smalti.spec.SpecException;

/** The bundle that a command works on. */
final class BundleArgument {
    @Parameters(
            index = "0",
            paramLabel = "BUNDLE",
            description = "A bundle: a folder name.smalti, or the same as a ZIP.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path path;

    /** Opens the bundle, each file of which is the one that was exported. */
    SmaltiModel open() {
        return open(path);
    }

    /** Opens a bundle, each file of which is the one that was exported. */
    static SmaltiModel open(Path path) {
        if (Files.exists(path.resolve("spec.json")) && !Files.exists(path.resolve(BundleManifest.FILE))) {
            throw new SpecException(path + ": is a run folder; export it first: ./smalti export " + path + " --out "
                    + path.getFileName() + ".smalti");
        }
        var model = SmaltiModel.open(path);
        try {
            model.verify();
            return model;
        } catch (SpecException e) {
            model.close();
            throw e;
        }
    }
}
