package smalti.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import smalti.spec.AtomicFiles;

/** What ONNX Runtime unpacked for this process. It deletes that itself where a JVM ends by its own way, but not where one is halted. */
final class UnpackedLibraries {
    private static final String STEM = "onnxruntime-java";

    /** Which files are loaded; there on Linux alone. */
    private static final Path LOADED = Path.of("/proc/self/maps");

    private UnpackedLibraries() {}

    static void delete() throws IOException {
        if (!Files.exists(LOADED)) {
            return;
        }
        var folders = new TreeSet<Path>();
        for (var line : Files.readAllLines(LOADED)) {
            int slash = line.indexOf('/');
            var folder = slash < 0 ? null : Path.of(line.substring(slash)).getParent();
            if (folder != null && String.valueOf(folder.getFileName()).startsWith(STEM)) {
                folders.add(folder);
            }
        }
        for (var folder : folders) {
            AtomicFiles.deleteRecursively(folder);
        }
    }
}
