package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;

class DependenciesTest {
    private static final long MOST_BYTES = 4_250_000;

    @Test
    void theRuntimeBringsLittleMoreThanFourMegabytesBesideOnnxRuntime() throws IOException {
        var sizes = new TreeMap<String, Long>();
        for (var path : paths()) {
            if (!path.getFileName().toString().startsWith("onnxruntime")) {
                sizes.put(path.toString(), Files.isDirectory(path) ? zipped(path) : Files.size(path));
            }
        }
        assertThat(sizes.keySet())
                .as("the runtime, its records and its libraries")
                .hasSizeGreaterThan(5);
        assertThat(sizes.values().stream().mapToLong(Long::longValue).sum())
                .as("bytes of %s", sizes)
                .isLessThanOrEqualTo(MOST_BYTES);
    }

    /** The classes of this module, and what the build lists as its dependencies. */
    private static List<Path> paths() throws IOException {
        var paths = new ArrayList<Path>();
        paths.add(Path.of("target", "classes"));
        for (var path : Files.readString(Path.of("target", "classpath")).strip().split(File.pathSeparator, -1)) {
            paths.add(Path.of(path));
        }
        return paths;
    }

    /** What a jar of a folder has. */
    private static long zipped(Path folder) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var zip = new ZipOutputStream(bytes);
                var files = Files.walk(folder)) {
            for (var file : files.filter(Files::isRegularFile).toList()) {
                zip.putNextEntry(new ZipEntry(folder.relativize(file).toString()));
                Files.copy(file, zip);
            }
        }
        return bytes.size();
    }
}
