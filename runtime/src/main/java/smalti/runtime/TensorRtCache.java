package smalti.runtime;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The folder of one graph's TensorRT engines on one kind of GPU. TensorRT's provider adds the compute capability to the
 * names of its files by itself, and a hash of the graph's names, which two trainings of one network share: so the graph's
 * SHA-256 is in the path.
 */
final class TensorRtCache {
    /** Where NVIDIA's driver for Linux tells of itself. */
    static final Path DRIVER = Path.of("/proc/driver/nvidia");

    private static final Pattern VERSION = Pattern.compile("NVRM version:.*?\\s(\\d+(?:\\.\\d+)+)\\s");
    private static final Pattern MODEL = Pattern.compile("(?m)^Model:\\s*(.+?)\\s*$");

    private TensorRtCache() {}

    /**
     * The folder of a graph, made where there is none.
     *
     * @param gpu of {@link #gpu}
     * @throws LoadException if it cannot be made
     */
    static Path folder(Path cache, String sha256, String gpu) {
        try {
            return Files.createDirectories(cache.resolve(sha256).resolve(gpu)).toAbsolutePath();
        } catch (IOException e) {
            throw new LoadException(
                    cache + ": must be a folder that engines can be kept in, got " + e
                            + "; give another by Device.tensorrt(...).withCache",
                    e);
        }
    }

    /**
     * What an engine depends on, as far as Java can see it: the GPU's index, the names of all GPUs of the machine (which
     * index is which of them only CUDA knows), the driver's version, which of them CUDA shows to this process, and ONNX
     * Runtime's version.
     *
     * @param driver {@link #DRIVER}; what is not there is left out
     * @param visible of {@code CUDA_VISIBLE_DEVICES}
     */
    static String gpu(int index, Path driver, @Nullable String visible, String onnxRuntime) {
        var parts = new ArrayList<String>();
        parts.add("gpu" + index);
        var models = new TreeSet<String>();
        try (var gpus = Files.newDirectoryStream(driver.resolve("gpus"))) {
            for (var gpu : gpus) {
                found(MODEL, gpu.resolve("information")).forEach(models::add);
            }
        } catch (IOException noDriverThatTells) {
            // the compute capability, in the names of the files, is then all that tells GPUs apart
        }
        parts.addAll(models);
        found(VERSION, driver.resolve("version")).forEach(version -> parts.add("driver-" + version));
        if (visible != null && !visible.isBlank()) {
            parts.add("visible-" + visible);
        }
        parts.add("onnxruntime-" + onnxRuntime);
        return String.join("-", parts).replaceAll("[^A-Za-z0-9.-]+", "_");
    }

    private static SortedSet<String> found(Pattern pattern, Path file) {
        var all = new TreeSet<String>();
        try {
            pattern.matcher(Files.readString(file)).results().forEach(match -> all.add(match.group(1)));
        } catch (IOException noSuchFact) {
            return all;
        }
        return all;
    }
}
