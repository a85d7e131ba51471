package smalti.exporter.file;

import java.nio.file.Path;

/** Optimizes a file in a JVM of its own, its weights beside it. */
final class OptimizeOnce {
    private OptimizeOnce() {}

    public static void main(String[] arguments) throws Exception {
        OnnxOptimizer.optimize(Path.of(arguments[0]), Path.of(arguments[1]), 1, 0);
    }
}
