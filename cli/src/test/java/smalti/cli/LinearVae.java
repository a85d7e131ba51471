package smalti.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import smalti.exporter.ExportOptions;
import smalti.exporter.bundle.BundleExporter;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Contracts;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.ExportManifest;
import smalti.spec.bundle.Precision;
import smalti.spec.bundle.Provenance;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.file.NpyArray;
import smalti.spec.file.RecordTree;
import smalti.spec.model.DataSpec;

/**
 * A linear VAE of grey pictures of 16x16, as a bundle: an image is W·z + {@link #BRIGHTNESS} + label/10 with the standard
 * deviation {@link #DEVIATION}, and the posterior is the true one, p(z|x). The columns of W are orthogonal.
 */
final class LinearVae {
    static final int DIM = 2;
    static final int PIXELS = 256;
    static final double BRIGHTNESS = 0.4;
    static final double DEVIATION = 0.25;
    static final Contract.Posterior GAUSSIAN = Contract.Posterior.ofGaussian(DIM, DEVIATION);

    /** The square of the length of each column of W. */
    static final double LENGTH = PIXELS * 0.05 * 0.05;

    private LinearVae() {}

    /** W: light left and dark right; light above and dark below. */
    static double weight(int pixel, int d) {
        int place = d == 0 ? pixel % 16 : pixel / 16;
        return place < 8 ? 0.05 : -0.05;
    }

    static Path bundle(Path folder, boolean conditional, Contract.Posterior posterior) {
        var name = "vae-" + conditional + "-" + posterior.likelihood() + "-" + posterior.ofBinaryPixels();
        var run = folder.resolve("run-" + name);
        var bundle = folder.resolve(name + ".smalti");
        try {
            Files.createDirectories(run);
            write(run, conditional, posterior);
            BundleExporter.export(run, bundle, ExportOptions.defaults().withPrecisions(Set.of(Precision.FP32)));
            return bundle;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void write(Path run, boolean conditional, Contract.Posterior contract) throws IOException {
        boolean bernoulli = contract.likelihood().equals(Contract.Posterior.BERNOULLI);
        var weights = new float[DIM][PIXELS];
        for (int d = 0; d < DIM; d++) {
            for (int i = 0; i < PIXELS; i++) {
                weights[d][i] = (float) weight(i, d);
            }
        }
        double variance = 1 / (1 + LENGTH / DEVIATION / DEVIATION);
        posterior(weights, variance, conditional)
                .save(run.resolve("posterior.fb").toFile(), false);
        decoder("latents", weights, conditional, bernoulli)
                .save(run.resolve("decoder.fb").toFile(), false);
        decoder("noise", weights, conditional, bernoulli)
                .save(run.resolve("generator.fb").toFile(), false);
        pictures(run.resolve("calibration.npy"));
        pictures(run.resolve("held-out.npy"));
        var image = TensorSpec.of("image", ElementType.FLOAT32, "N 1 16 16");
        var graphs = new LinkedHashMap<String, ExportManifest.Graph>();
        graphs.put("posterior", graph("posterior", conditional, image, numbers("mean"), numbers("logVariance")));
        graphs.put("decoder", graph("decoder", conditional, numbers("latents"), image));
        graphs.put("generator", graph("generator", conditional, numbers("noise"), image));
        var contracts = Contracts.of(new Contract.Pixels(16, 16, 1, 0, 1), Contract.Noise.ofLength(DIM), contract);
        var manifest = new ExportManifest(
                ExportManifest.FORMAT,
                "vae",
                graphs,
                conditional ? contracts.with(new Contract.Classes(List.of("dark", "light"))) : contracts,
                "calibration.npy",
                "held-out.npy",
                new Provenance(
                        "vae",
                        "0".repeat(64),
                        0,
                        0,
                        1,
                        0.1,
                        new DataSpec(DataSpec.Fit.CROP, DataSpec.BadImages.FAIL, 0.1, false),
                        Map.of(),
                        null));
        Files.writeString(run.resolve(ExportManifest.FILE), RecordTree.json(manifest));
    }

    private static TensorSpec numbers(String name) {
        return TensorSpec.of(name, ElementType.FLOAT32, "N " + DIM);
    }

    private static ExportManifest.Graph graph(
            String name, boolean conditional, TensorSpec input, TensorSpec... outputs) {
        var inputs = new ArrayList<TensorSpec>(List.of(input));
        if (conditional) {
            inputs.add(TensorSpec.of("class", ElementType.INT64, "N"));
        }
        return new ExportManifest.Graph(name + ".fb", new Signature(inputs, List.of(outputs)));
    }

    private static SameDiff posterior(float[][] weights, double variance, boolean conditional) {
        var graph = SameDiff.create();
        var image = graph.placeHolder("image", DataType.FLOAT, -1, 1, 16, 16);
        var flat = graph.reshape(image, -1, PIXELS).sub(BRIGHTNESS);
        if (conditional) {
            flat = flat.sub(shift(graph));
        }
        var product = Nd4j.createFromArray(weights).transpose().mul(variance / DEVIATION / DEVIATION);
        var mean = graph.mmul("mean", flat, graph.constant("product", product.castTo(DataType.FLOAT)));
        mean.mul(0).add("logVariance", graph.constant("log", Nd4j.scalar((float) Math.log(variance))));
        return graph;
    }

    private static SameDiff decoder(String input, float[][] weights, boolean conditional, boolean bernoulli) {
        var graph = SameDiff.create();
        var latents = graph.placeHolder(input, DataType.FLOAT, -1, DIM);
        var flat = graph.mmul(latents, graph.constant("weights", Nd4j.createFromArray(weights)))
                .add(BRIGHTNESS);
        if (conditional) {
            flat = flat.add(shift(graph));
        }
        SDVariable image = bernoulli ? graph.math.clipByValue(flat, 0.01, 0.99) : flat;
        graph.reshape("image", image, graph.constant(Nd4j.createFromArray(-1L, 1, 16, 16)));
        return graph;
    }

    /** A tenth of the class, [N, 1]. */
    private static SDVariable shift(SameDiff graph) {
        var label = graph.placeHolder("class", DataType.INT64, -1);
        return graph.reshape(label.castTo(DataType.FLOAT).mul(0.1), -1, 1);
    }

    private static void pictures(Path file) throws IOException {
        var pixels = new byte[4 * PIXELS];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (40 + i % 61 + 30 * (i / PIXELS));
        }
        try (var out = Files.newOutputStream(file)) {
            NpyArray.of(pixels, 4, 16, 16, 1).write(out);
        }
    }
}
