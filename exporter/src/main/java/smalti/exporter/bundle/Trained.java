package smalti.exporter.bundle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import smalti.exporter.ExportOptions;
import smalti.exporter.samediff.SameDiffRunner;
import smalti.spec.CounterRandom;
import smalti.spec.SpecException;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Role;
import smalti.spec.file.NpyArray;

/** A run folder whose graphs are open, and how it is exported. */
record Trained(RunFolder folder, Map<Role, SameDiffRunner> graphs, ExportOptions options) {
    private static final long MOST_PICTURE_BYTES = 1L << 30;
    private static final int CLASS_STREAM = 105;

    Contract.Pixels pixels() {
        return folder.manifest().pixels();
    }

    <T extends Contract> T contract(Class<T> kind) {
        return folder.manifest().contracts().get(kind);
    }

    /** How many classes there are; 0 where no class is an input. */
    int classes() {
        return folder.manifest().contracts().classes().size();
    }

    SameDiffRunner graph(Role role) {
        var graph = graphs.get(role);
        if (graph == null) {
            throw new IllegalStateException("no source for " + role);
        }
        return graph;
    }

    /** One of the outputs that a graph of the run gives. */
    NpyArray output(Role role, Map<String, NpyArray> inputs, String output) {
        return Objects.requireNonNull(graph(role).run(inputs).get(output), output);
    }

    /** [M,H,W,C] uint8, of the training part. */
    NpyArray calibration() throws IOException {
        return pictures(folder.calibration());
    }

    /** [M,H,W,C] uint8, which no training step saw. */
    NpyArray heldOut() throws IOException {
        return pictures(folder.heldOut());
    }

    /** As {@link #heldOut}, the first ones alone. */
    NpyArray firstHeldOut(int most) throws IOException {
        var all = heldOut();
        return all.rows(0, (int) Math.min(most, all.shape().get(0)));
    }

    /** [M] int64 of {@link #calibration}; null where no class is an input. */
    @Nullable
    NpyArray calibrationClasses() throws IOException {
        return labels(folder.calibration());
    }

    /** [M] int64 of {@link #heldOut}; null where no class is an input. */
    @Nullable
    NpyArray heldOutClasses() throws IOException {
        return labels(folder.heldOut());
    }

    /** Of the file beside the pictures, {@code held-out-classes.npy} of {@code held-out.npy}; drawn by seed where there is none. */
    private @Nullable NpyArray labels(Path pictures) throws IOException {
        if (classes() == 0) {
            return null;
        }
        long count = pictures(pictures).shape().get(0);
        var name = String.valueOf(pictures.getFileName());
        int end = name.lastIndexOf('.');
        var file = pictures.resolveSibling((end < 0 ? name : name.substring(0, end)) + "-classes.npy");
        if (!Files.isRegularFile(file)) {
            var random = new CounterRandom(options.seed(), CLASS_STREAM);
            var drawn = new long[Math.toIntExact(count)];
            for (int i = 0; i < drawn.length; i++) {
                drawn[i] = (long) (random.uniform(i, 0) * classes());
            }
            return NpyArray.of(drawn, count);
        }
        try (var stream = Files.newInputStream(file)) {
            var labels = NpyArray.read(stream, file.toString(), MOST_PICTURE_BYTES);
            if (labels.type() != ElementType.INT64 || !labels.shape().equals(List.of(count))) {
                throw new SpecException(file + ": classes must be int64 [" + count + "], one for each picture of "
                        + pictures.getFileName() + ", got " + labels.type() + " " + labels.shape());
            }
            for (long label : labels.longs()) {
                if (label < 0 || label >= classes()) {
                    throw new SpecException(file + ": classes must be from 0 to " + (classes() - 1) + ", got " + label);
                }
            }
            return labels;
        }
    }

    private NpyArray pictures(Path file) throws IOException {
        try (var stream = Files.newInputStream(file)) {
            var pictures = NpyArray.read(stream, file.toString(), MOST_PICTURE_BYTES);
            var pixels = pixels();
            var sizes = List.of((long) pixels.height(), (long) pixels.width(), (long) pixels.channels());
            if (pictures.type() != ElementType.UINT8
                    || pictures.shape().size() != 4
                    || pictures.shape().get(0) < 1
                    || !pictures.shape().subList(1, 4).equals(sizes)) {
                throw new SpecException(file + ": pictures must be uint8 [M,H,W,C] with [H,W,C] = " + sizes + ", got "
                        + pictures.type() + " " + pictures.shape());
            }
            return pictures;
        }
    }
}
