package smalti.exporter.bundle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.ExportManifest;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.file.NpyArray;

/** Writes run folders of VAEs of 16x16 grey pictures that are small and untrained. */
public final class TinyVaes {
    static final int DIM = 5;
    static final Contract.Pixels PIXELS = new Contract.Pixels(16, 16, 1, 0, 1);
    static final Contract.Classes CLASSES = new Contract.Classes(List.of("red", "green", "blue"));

    private static final int AREA = 16 * 16;
    private static final int HIDDEN = 12;

    /** What there are: of dense layers or convolutions, of either likelihood, plain or conditional. */
    public enum Kind {
        DENSE,
        DENSE_CONDITIONAL,
        CONVOLUTIONAL,
        CONVOLUTIONAL_CONDITIONAL;

        boolean isConditional() {
            return this == DENSE_CONDITIONAL || this == CONVOLUTIONAL_CONDITIONAL;
        }

        boolean isDense() {
            return this == DENSE || this == DENSE_CONDITIONAL;
        }

        /** Gaussian where there are convolutions. */
        Contract.Posterior posterior() {
            return isDense() ? Contract.Posterior.ofBernoulli(DIM, false) : Contract.Posterior.ofGaussian(DIM, 0.2);
        }
    }

    private final TinyRuns run;
    private final Kind kind;

    private TinyVaes(TinyRuns run, Kind kind) {
        this.run = run;
        this.kind = kind;
    }

    public static void write(Path folder, Kind kind, int seed) throws IOException {
        Files.createDirectories(folder);
        new TinyVaes(new TinyRuns(folder, seed), kind).write();
        if (kind.isConditional()) {
            for (var file : List.of("calibration-classes.npy", "held-out-classes.npy")) {
                var labels = new long[TinyRuns.HELD_OUT];
                for (int i = 0; i < labels.length; i++) {
                    labels[i] = i % 3;
                }
                try (var out = Files.newOutputStream(folder.resolve(file))) {
                    NpyArray.of(labels, labels.length).write(out);
                }
            }
        }
    }

    private void write() throws IOException {
        posterior();
        // the decoder and the generator are one network under two names
        int first = run.arrays();
        decoder("decoder", "latents");
        run.rewind(first);
        decoder("generator", "noise");
        var image = TensorSpec.of("image", ElementType.FLOAT32, "N 1 16 16");
        var graphs = new LinkedHashMap<String, ExportManifest.Graph>();
        graphs.put(
                "posterior",
                new ExportManifest.Graph(
                        "posterior.fb", new Signature(ends(image), List.of(numbers("mean"), numbers("logVariance")))));
        graphs.put(
                "decoder",
                new ExportManifest.Graph("decoder.fb", new Signature(ends(numbers("latents")), List.of(image))));
        graphs.put(
                "generator",
                new ExportManifest.Graph("generator.fb", new Signature(ends(numbers("noise")), List.of(image))));
        var contracts = new ArrayList<Contract>(List.of(kind.posterior(), Contract.Noise.ofLength(DIM)));
        if (kind.isConditional()) {
            contracts.add(CLASSES);
        }
        run.manifest(graphs, PIXELS, contracts.toArray(Contract[]::new));
    }

    private static TensorSpec numbers(String name) {
        return TensorSpec.of(name, ElementType.FLOAT32, "N " + DIM);
    }

    private List<TensorSpec> ends(TensorSpec input) {
        return kind.isConditional() ? List.of(input, TensorSpec.of("class", ElementType.INT64, "N")) : List.of(input);
    }

    private void posterior() {
        var graph = SameDiff.create();
        var image = graph.placeHolder("image", DataType.FLOAT, -1, 1, 16, 16);
        SDVariable x;
        int width;
        if (kind.isDense()) {
            x = graph.reshape(image, -1, AREA);
            width = AREA;
        } else {
            x = silu(graph, run.conv(graph, null, image, 4, 2, 1, 1, 4)); // [N, 4, 8, 8]
            x = graph.reshape(x, -1, 4 * 64);
            width = 4 * 64;
        }
        x = conditioned(graph, x);
        width += kind.isConditional() ? 3 : 0;
        x = graph.math.tanh(dense(graph, x, width, HIDDEN));
        dense(graph, x, HIDDEN, DIM).rename("mean");
        dense(graph, x, HIDDEN, DIM).rename("logVariance");
        run.save(graph, "posterior");
    }

    private void decoder(String name, String input) {
        var graph = SameDiff.create();
        var x = conditioned(graph, graph.placeHolder(input, DataType.FLOAT, -1, DIM));
        int width = DIM + (kind.isConditional() ? 3 : 0);
        if (kind.isDense()) {
            x = graph.math.tanh(dense(graph, x, width, HIDDEN));
            x = graph.nn.sigmoid(dense(graph, x, HIDDEN, AREA));
            graph.reshape("image", x, graph.constant(org.nd4j.linalg.factory.Nd4j.createFromArray(-1L, 1, 16, 16)));
        } else {
            x = silu(graph, graph.reshape(dense(graph, x, width, 4 * 64), -1, 4, 8, 8));
            run.deconv(graph, x, 4, 2, 1, 4, 1).rename("image");
        }
        run.save(graph, name);
    }

    private static SDVariable silu(SameDiff graph, SDVariable x) {
        return x.mul(graph.nn.sigmoid(x));
    }

    /** With the class as a vector of 0 and 1 after it. */
    private SDVariable conditioned(SameDiff graph, SDVariable x) {
        if (!kind.isConditional()) {
            return x;
        }
        var label = graph.placeHolder("class", DataType.INT64, -1);
        return graph.concat(
                1, x, graph.gather(graph.constant("one-hot", org.nd4j.linalg.factory.Nd4j.eye(3)), label, 0));
    }

    private SDVariable dense(SameDiff graph, SDVariable x, int in, int out) {
        var weights = run.array(in, out).muli(Math.sqrt(10.0 / in));
        return graph.nn.biasAdd(
                graph.mmul(x, graph.constant("dense-" + run.arrays(), weights)),
                graph.constant("bias-" + run.arrays(), run.array(out)),
                false);
    }
}
