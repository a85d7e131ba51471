package smalti.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import smalti.spec.file.AtomicFiles;

/** What ONNX Runtime unpacked for this process. It deletes that itself where a JVM ends by its own way, but not where one is halted. */
final class UnpackedLibraries {
    private static final String STEM = "onnxruntime-java";

    /** Which files are loaded; there on Linux alone. */
    private static final Path LOADED = Path.of("/proc/self/maps");

    private static final Path OPEN = Path.of("/proc/self/fd");

    private UnpackedLibraries() {}

    static void delete() throws IOException {
        if (!Files.exists(LOADED)) {
            return;
        }
        var files = new ArrayList<String>();
        for (var line : Files.readAllLines(LOADED)) {
            int slash = line.indexOf('/');
            if (slash >= 0) {
                files.add(line.substring(slash));
            }
        }
        files.addAll(open());
        var folders = new TreeSet<Path>();
        for (var file : files) {
            var folder = Path.of(file).getParent();
            if (folder != null && String.valueOf(folder.getFileName()).startsWith(STEM)) {
                folders.add(folder);
            }
        }
        for (var folder : folders) {
            AtomicFiles.deleteRecursively(folder);
        }
    }

    /** The files that are open: a library that is still being unpacked is among them. */
    private static List<String> open() throws IOException {
        var files = new ArrayList<String>();
        try (var links = Files.newDirectoryStream(OPEN)) {
            for (var link : links) {
                try {
                    files.add(Files.readSymbolicLink(link).toString());
                } catch (NoSuchFileException e) {
                    // closed meanwhile
                }
            }
        }
        return files;
    }
}
