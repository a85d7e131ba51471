package smalti.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.file.Unreadable;

/** Tells a user who gave a command what another one takes which that is. */
final class GivenFile {
    private GivenFile() {}

    /** @throws SpecException if there is a run folder, an ONNX file or something else at the path */
    static void requireBundle(Path path) {
        if (isRun(path)) {
            throw new SpecException(run(path));
        } else if (Files.isRegularFile(path) && !isZip(path)) {
            throw new SpecException(path + ": must be a bundle (a folder name.smalti, or the same as a ZIP), and is "
                    + (path.toString().endsWith(".onnx")
                            ? "an ONNX file, which smalti inspect, check, optimize, convert and quantize take"
                            : "another file"));
        } else if (Files.isDirectory(path) && !Files.exists(path.resolve(BundleManifest.FILE))) {
            throw new SpecException(path + ": must be a bundle, and holds no " + BundleManifest.FILE);
        }
    }

    /** @throws SpecException if there is a bundle, a run folder or another folder at the path */
    static void requireModel(Path path) {
        if (Files.exists(path.resolve(BundleManifest.FILE))) {
            throw new SpecException(
                    path + ": must be an ONNX file, and is a bundle; its graphs are the .onnx files" + " inside");
        } else if (isRun(path)) {
            throw new SpecException(run(path));
        } else if (Files.isDirectory(path)) {
            throw new SpecException(path + ": must be an ONNX file, and is a folder");
        } else if (Files.isRegularFile(path) && isZip(path)) {
            throw new SpecException(path + ": must be an ONNX file, and is a ZIP; the graphs of a zipped bundle are the"
                    + " .onnx files inside");
        }
    }

    /** @throws SpecException if there is a file at the path that cannot be a zipped bundle */
    static void requireRunOrBundle(Path path) {
        if (Files.isRegularFile(path) && !isZip(path)) {
            throw new SpecException(
                    path + ": must be the folder of a finished training, or a bundle, and is another file");
        }
    }

    private static boolean isRun(Path path) {
        return Files.exists(path.resolve("spec.json")) && !Files.exists(path.resolve(BundleManifest.FILE));
    }

    private static String run(Path path) {
        return path + ": is a run folder; export it first: ./smalti export " + path + " --out " + path.getFileName()
                + ".smalti";
    }

    private static boolean isZip(Path path) {
        try (var stream = Files.newInputStream(path)) {
            var start = stream.readNBytes(2);
            return start.length == 2 && start[0] == 'P' && start[1] == 'K';
        } catch (IOException e) {
            throw Unreadable.because(path, e);
        }
    }
}
