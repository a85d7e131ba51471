package smalti.runtime;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Contracts;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Provenance;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.file.Checksums;
import smalti.spec.file.RecordTree;
import smalti.spec.file.Seal;
import smalti.spec.model.DataSpec;

/**
 * A linear VAE of grey pictures of 2x2 pixels and two latent numbers, as a bundle and again in plain Java. A class c adds
 * c/4 to each mean, and c/8 to each pixel.
 */
final class TinyVae {
    static final int DIM = 2;

    private static final int UINT8 = 2;
    private static final float[] ENCODE = {0.5f, -0.25f, 0.25f, 1, -1, 0.5f, 0.75f, -0.5f}; // [4, 2]
    private static final float[] SPREAD = {0.5f, 0.25f, -0.5f, 0.5f, 1, -0.25f, 0.25f, 0.5f}; // [4, 2]
    private static final float[] LOG = {-1, -2};
    private static final float[] DECODE = {0.25f, 0.125f, -0.125f, 0.5f, -0.25f, 0.25f, 0.5f, 0.125f}; // [2, 4]
    private static final float BRIGHTNESS = 0.5f;

    private TinyVae() {}

    static double mean(int[] picture, int d, int label) {
        double sum = label / 4.0;
        for (int i = 0; i < 4; i++) {
            sum += picture[i] / 255.0 * ENCODE[i * DIM + d];
        }
        return sum;
    }

    static double logVariance(int[] picture, int d) {
        double sum = LOG[d];
        for (int i = 0; i < 4; i++) {
            sum += picture[i] / 255.0 * SPREAD[i * DIM + d];
        }
        return sum;
    }

    /** Before rounding. */
    static double level(float[] latents, int row, int pixel, int label) {
        double sum = BRIGHTNESS + label / 8.0;
        for (int d = 0; d < DIM; d++) {
            sum += latents[row * DIM + d] * DECODE[d * 4 + pixel];
        }
        return Math.max(0, Math.min(255, 255 * sum));
    }

    static Path write(Path bundle, boolean conditional) {
        try {
            Files.createDirectories(bundle);
            Files.write(bundle.resolve("posterior.onnx"), posterior(conditional));
            Files.write(bundle.resolve("generator.onnx"), generator(conditional));
            var pixels = TensorSpec.of("pixels", ElementType.UINT8, "N 2 2 1");
            var graphs = new LinkedHashMap<String, BundleManifest.Graph>();
            graphs.put(
                    "posterior", graph("posterior.onnx", conditional, pixels, floats("mean"), floats("logVariance")));
            graphs.put("generator", graph("generator.onnx", conditional, floats("noise"), pixels));
            var contracts = Contracts.of(
                    new Contract.Pixels(2, 2, 1, 0, 1),
                    Contract.Noise.ofLength(DIM),
                    Contract.Posterior.ofGaussian(DIM, 0.5));
            var files = new TreeMap<String, String>();
            for (var graph : graphs.values()) {
                files.put(graph.file(), Checksums.sha256(bundle.resolve(graph.file())));
            }
            var data = new DataSpec(DataSpec.Fit.CROP, DataSpec.BadImages.FAIL, 0.1, false);
            var manifest = new BundleManifest(
                    BundleManifest.FORMAT,
                    "tiny-vae",
                    17,
                    graphs,
                    conditional ? contracts.with(new Contract.Classes(List.of("cat", "dog", "owl"))) : contracts,
                    new Provenance("vae", "0".repeat(64), 1, 0, 1, 0.1, data, Map.of(), null),
                    files,
                    null);
            Files.writeString(bundle.resolve(BundleManifest.FILE), RecordTree.json(Seal.on(manifest)));
            return bundle;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static TensorSpec floats(String name) {
        return TensorSpec.of(name, ElementType.FLOAT32, "N " + DIM);
    }

    private static BundleManifest.Graph graph(
            String file, boolean conditional, TensorSpec input, TensorSpec... outputs) {
        var label = TensorSpec.of("class", ElementType.INT64, "N");
        return new BundleManifest.Graph(
                file,
                new Signature(conditional ? List.of(input, label) : List.of(input), List.of(outputs)),
                new BundleManifest.Proof(1, 0, 0, 1, 0, 0));
    }

    private static byte[] posterior(boolean conditional) {
        var graph = new OnnxBytes()
                .input("pixels", UINT8, "N 2 2 1")
                .output("mean", OnnxBytes.FLOAT, "N 2")
                .output("logVariance", OnnxBytes.FLOAT, "N 2")
                .floats("encode", ENCODE, 4, DIM)
                .floats("spread", SPREAD, 4, DIM)
                .floats("log", LOG, DIM)
                .floats("white", new float[] {255})
                .longs("rows", new long[] {-1, 4}, 2)
                .node("Cast", "pixels", "floats", OnnxBytes.whole("to", OnnxBytes.FLOAT))
                .node("Div", "floats white", "image")
                .node("Reshape", "image rows", "flat")
                .node("MatMul", "flat encode", conditional ? "plain" : "mean")
                .node("MatMul", "flat spread", "spreads")
                .node("Add", "spreads log", "logVariance");
        return (conditional ? labelled(graph, 4, "plain", "mean") : graph).file();
    }

    private static byte[] generator(boolean conditional) {
        var graph = new OnnxBytes()
                .input("noise", OnnxBytes.FLOAT, "N 2")
                .output("pixels", UINT8, "N 2 2 1")
                .floats("decode", DECODE, DIM, 4)
                .floats("brightness", new float[] {BRIGHTNESS})
                .floats("black", new float[] {0})
                .floats("white", new float[] {255})
                .longs("shape", new long[] {-1, 2, 2, 1}, 4)
                .node("MatMul", "noise decode", "products")
                .node("Add", "products brightness", conditional ? "plain" : "image");
        if (conditional) {
            labelled(graph, 8, "plain", "image");
        }
        return graph.node("Mul", "image white", "levels")
                .node("Round", "levels", "rounded")
                .node("Clip", "rounded black white", "clipped")
                .node("Cast", "clipped", "bytes", OnnxBytes.whole("to", UINT8))
                .node("Reshape", "bytes shape", "pixels")
                .file();
    }

    /** Adds a share of the class. */
    private static OnnxBytes labelled(OnnxBytes graph, int share, String in, String out) {
        return graph.input("class", OnnxBytes.INT64, "N")
                .floats("share", new float[] {share})
                .longs("column", new long[] {-1, 1}, 2)
                .node("Cast", "class", "label", OnnxBytes.whole("to", OnnxBytes.FLOAT))
                .node("Div", "label share", "shares")
                .node("Reshape", "shares column", "added")
                .node("Add", in + " added", out);
    }
}
