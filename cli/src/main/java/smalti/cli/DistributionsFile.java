package smalti.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import smalti.runtime.Distributions;
import smalti.spec.SpecException;
import smalti.spec.bundle.ElementType;
import smalti.spec.file.NpyArray;
import smalti.spec.file.Npz;
import smalti.spec.file.RecordTree;

/**
 * {@code latents.npz}: the distributions of named pictures, {@code mean} and {@code logVariance} [N,D] float32, their
 * classes {@code class} [N] int64 where the model has classes, and {@code header}, UTF-8 JSON as uint8. What others write may
 * hold {@code latents} or {@code mean} alone.
 *
 * @param names of the pictures, without ending
 * @param latents [N,D], the means of what encode wrote
 * @param classes none where the model has none
 */
record DistributionsFile(List<String> names, int dim, float[] latents, int[] classes) {
    private static final long MOST_BYTES = 1L << 30;

    record Header(List<String> names) {
        Header {
            CodesFile.Header.requireSafe(names);
        }
    }

    static void write(Path file, List<String> names, Distributions distributions, int[] classes) throws IOException {
        var arrays = new LinkedHashMap<String, NpyArray>();
        var header = RecordTree.line(new Header(names)).getBytes(StandardCharsets.UTF_8);
        arrays.put("header", NpyArray.of(header, header.length));
        arrays.put("mean", NpyArray.of(distributions.means(), distributions.count(), distributions.dim()));
        arrays.put(
                "logVariance", NpyArray.of(distributions.logVariances(), distributions.count(), distributions.dim()));
        if (classes.length > 0) {
            var labels = new long[classes.length];
            java.util.Arrays.setAll(labels, i -> classes[i]);
            arrays.put("class", NpyArray.of(labels, labels.length));
        }
        Npz.write(file, arrays);
    }

    /** @throws SpecException if it holds no latents */
    static DistributionsFile read(Path file) throws IOException {
        var arrays = Npz.read(file, MOST_BYTES);
        var latents = latents(file, arrays);
        int count = Math.toIntExact(latents.shape().get(0));
        var classes = arrays.get("class");
        if (classes != null
                && (classes.type() != ElementType.INT64 || !classes.shape().equals(List.of((long) count)))) {
            throw new SpecException(
                    file + ": class must be int64 [" + count + "], got " + classes.type() + " " + classes.shape());
        }
        return new DistributionsFile(
                names(file, arrays.get("header"), count),
                Math.toIntExact(latents.shape().get(1)),
                latents.floats(),
                classes == null
                        ? new int[0]
                        : java.util.Arrays.stream(classes.longs())
                                .mapToInt(label -> index(file, label))
                                .toArray());
    }

    private static int index(Path file, long label) {
        if (label < 0 || label > Integer.MAX_VALUE) {
            throw new SpecException(file + ": class must be from 0 to " + Integer.MAX_VALUE + ", got " + label);
        }
        return (int) label;
    }

    private static NpyArray latents(Path file, Map<String, NpyArray> arrays) {
        var latents = arrays.containsKey("latents") ? arrays.get("latents") : arrays.get("mean");
        if (latents == null
                || latents.type() != ElementType.FLOAT32
                || latents.shape().size() != 2
                || latents.shape().contains(0L)) {
            throw new SpecException(
                    file + ": must hold mean or latents as float32 [N,D], such as smalti encode writes, got "
                            + (latents == null ? arrays.keySet() : latents.type() + " " + latents.shape()));
        }
        return latents;
    }

    private static List<String> names(Path file, @Nullable NpyArray header, int count) {
        if (header == null) {
            return java.util.stream.IntStream.range(0, count)
                    .mapToObj(i -> String.format(java.util.Locale.ROOT, "%05d", i))
                    .toList();
        }
        var names = RecordTree.parse(
                        new String(header.bytes(), StandardCharsets.UTF_8), Header.class, file + ": header")
                .names();
        if (names.size() != count) {
            throw new SpecException(file + ": must hold latents of the " + names.size()
                    + " pictures that its header names, got " + count);
        }
        return names;
    }
}
