package smalti.bench.conformance;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Other programs: whether they are there, and what they say. */
final class Programs {
    private static final long MOST_SECONDS = 300;

    private Programs() {}

    /** @param status 128 and more: a signal ended it */
    record Ended(int status, String output) {}

    /** Why a program cannot be run, if it cannot; told by what it answers to {@code arguments}. */
    static Optional<String> missing(String... command) {
        try {
            var ended = run(Path.of("."), Map.of(), command);
            return ended.status() == 0
                    ? Optional.empty()
                    : Optional.of(String.join(" ", command) + ": status " + ended.status() + ", "
                            + ended.output()
                                    .lines()
                                    .reduce((first, last) -> last)
                                    .orElse("nothing said"));
        } catch (IOException e) {
            return Optional.of(String.join(" ", command) + ": " + e.getMessage());
        }
    }

    /** Runs a program to its end; standard error goes with its output. */
    static Ended run(Path folder, Map<String, String> environment, String... command) throws IOException {
        var log = Files.createTempFile("program", ".log");
        var builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().putAll(environment);
        var process = builder.start();
        try {
            if (!process.waitFor(MOST_SECONDS, TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
                throw new IOException(String.join(" ", command) + ": still running after " + MOST_SECONDS + " s");
            }
            return new Ended(process.exitValue(), Files.readString(log, StandardCharsets.UTF_8));
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException(e);
        } finally {
            Files.deleteIfExists(log);
        }
    }

    /** A file of this package's resources, under the same name in a folder. */
    static Path resource(String name, Path folder) throws IOException {
        try (var stream = Programs.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new IllegalStateException(name + " is missing from the resources");
            }
            var file = folder.resolve(name);
            Files.write(file, stream.readAllBytes());
            return file;
        }
    }

    /** ONNX Runtime's packages for JavaScript, installed once by npm. */
    static final class NodePackages {
        private static final Path FOLDER = Path.of("target/npm").toAbsolutePath();
        private static final List<String> NAMES = List.of("onnxruntime-web", "onnxruntime-node");

        private NodePackages() {}

        /** Why they cannot be had, if they cannot. */
        static synchronized Optional<String> missing(String version) {
            var node = Programs.missing("node", "--version").or(() -> Programs.missing("npm", "--version"));
            if (node.isPresent() || areThere(version)) {
                return node;
            }
            try {
                Files.createDirectories(FOLDER);
                var command = Stream.concat(
                                Stream.of("npm", "install", "--no-audit", "--no-fund", "--prefix", FOLDER.toString()),
                                NAMES.stream().map(name -> name + "@" + version))
                        .toArray(String[]::new);
                // the script would fetch CUDA's libraries
                var ended = run(FOLDER, Map.of("ONNXRUNTIME_NODE_INSTALL", "skip"), command);
                return ended.status() == 0 && areThere(version)
                        ? Optional.empty()
                        : Optional.of("npm install: status " + ended.status() + ", " + ended.output());
            } catch (IOException e) {
                return Optional.of("npm install: " + e.getMessage());
            }
        }

        private static boolean areThere(String version) {
            return NAMES.stream().allMatch(name -> {
                try {
                    return Files.readString(folder(name).resolve("package.json"))
                            .contains("\"version\": \"" + version + "\"");
                } catch (IOException e) {
                    return false;
                }
            });
        }

        static Path folder(String name) {
            return FOLDER.resolve("node_modules").resolve(name);
        }
    }
}
