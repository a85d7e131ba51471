package smalti.exporter.bundle;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.DeConv2DConfig;
import org.nd4j.linalg.factory.Nd4j;
import smalti.spec.CounterRandom;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Contracts;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.ExportManifest;
import smalti.spec.bundle.Provenance;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.file.NpyArray;
import smalti.spec.file.RecordTree;
import smalti.spec.model.DataSpec;

/** Writes run folders of models that are small and untrained, but have the operations of real ones. */
public final class TinyRuns {
    private static final DataSpec DATA = new DataSpec(DataSpec.Fit.CROP, DataSpec.BadImages.FAIL, 0.1, false);

    static final Contract.Pixels CODEC_PIXELS = new Contract.Pixels(16, 16, 3, 0, 1);
    static final Contract.Pixels GENERATOR_PIXELS = new Contract.Pixels(16, 16, 3, -1, 1);
    static final int CODES = 16;
    static final int DEPTH = 4;
    static final int NOISE = 6;
    static final int HELD_OUT = 37; // more than a batch, and no multiple of one
    static final int CODEC_FACTOR = 4;

    static final Signature ENCODER = ends(
            TensorSpec.of("image", ElementType.FLOAT32, "N 3 4*h 4*w"),
            TensorSpec.of("latents", ElementType.FLOAT32, "N 4 h w"));
    static final Signature CODEBOOK = ends(
            TensorSpec.of("latents", ElementType.FLOAT32, "N 4 h w"),
            TensorSpec.of("codes", ElementType.INT64, "N h w"),
            TensorSpec.of("quantized", ElementType.FLOAT32, "N 4 h w"));
    static final Signature LOOKUP = ends(
            TensorSpec.of("codes", ElementType.INT64, "N h w"),
            TensorSpec.of("quantized", ElementType.FLOAT32, "N 4 h w"));
    static final Signature DECODER = ends(
            TensorSpec.of("quantized", ElementType.FLOAT32, "N 4 h w"),
            TensorSpec.of("image", ElementType.FLOAT32, "N 3 4*h 4*w"));

    private final Path folder;
    private final int seed;
    private int arrays;

    TinyRuns(Path folder, int seed) {
        this.folder = folder;
        this.seed = seed;
    }

    /** A VQ-VAE of 16x16 pictures, factor 4, 16 codes. */
    public static void codec(Path folder, int seed) throws IOException {
        Files.createDirectories(folder);
        new TinyRuns(folder, seed).codec();
    }

    /** A class-conditional generator of 16x16 pictures. */
    public static void generator(Path folder, int seed) throws IOException {
        Files.createDirectories(folder);
        new TinyRuns(folder, seed).generator();
    }

    private void codec() throws IOException {
        var table = array(CODES, DEPTH);
        var encoder = SameDiff.create();
        var x = encoder.placeHolder("image", DataType.FLOAT, -1, 3, -1, -1);
        x = encoder.nn.leakyRelu(conv(encoder, null, x, 4, 2, 1, 3, 8), 0.2);
        x = encoder.nn.relu(conv(encoder, null, x, 4, 2, 1, 8, 8), 0);
        conv(encoder, "latents", x, 1, 1, 0, 8, DEPTH);
        save(encoder, "encoder");

        var codebook = SameDiff.create();
        var latents = codebook.placeHolder("latents", DataType.FLOAT, -1, DEPTH, -1, -1);
        var products = codebook.tensorMmul(
                codebook.permute(latents, 0, 2, 3, 1), // [N, h, w, D]
                codebook.constant("twice", table.mul(-2).transpose().dup('c')),
                new int[] {3},
                new int[] {0});
        var distances =
                products.add(codebook.constant("squares", table.mul(table).sum(1)));
        var codes = codebook.argmin("codes", distances, 3); // [N, h, w]
        vectors(codebook, table, codes);
        save(codebook, "codebook");

        var lookup = SameDiff.create();
        vectors(lookup, table, lookup.placeHolder("codes", DataType.INT64, -1, -1, -1));
        save(lookup, "lookup");

        var decoder = SameDiff.create();
        var y = decoder.placeHolder("quantized", DataType.FLOAT, -1, DEPTH, -1, -1);
        y = decoder.nn.relu(conv(decoder, null, y, 3, 1, 1, DEPTH, 8), 0);
        y = decoder.nn.relu(deconv(decoder, y, 4, 2, 1, 8, 8), 0);
        decoder.nn.sigmoid("image", deconv(decoder, y, 4, 2, 1, 8, 3));
        save(decoder, "decoder");

        var graphs = new LinkedHashMap<String, ExportManifest.Graph>();
        graphs.put("encoder", new ExportManifest.Graph("encoder.fb", ENCODER));
        graphs.put("codebook", new ExportManifest.Graph("codebook.fb", CODEBOOK));
        graphs.put("lookup", new ExportManifest.Graph("lookup.fb", LOOKUP));
        graphs.put("decoder", new ExportManifest.Graph("decoder.fb", DECODER));
        manifest(graphs, CODEC_PIXELS, Contract.Codebook.ofTable(CODES, 4, CODEC_FACTOR));
    }

    private static void vectors(SameDiff graph, INDArray table, SDVariable codes) {
        var found = graph.gather(graph.constant("table", table), codes, 0); // [N, h, w, D]
        graph.permute("quantized", found, 0, 3, 1, 2);
    }

    private void generator() throws IOException {
        var graph = SameDiff.create();
        var noise = graph.placeHolder("noise", DataType.FLOAT, -1, NOISE);
        var label = graph.placeHolder("class", DataType.INT64, -1);
        var embedded = graph.gather(graph.constant("classes", array(3, 2)), label, 0); // [N, 2]
        var x = graph.concat(1, noise, embedded);
        x = graph.nn.biasAdd(
                graph.mmul(x, graph.constant("dense", array(NOISE + 2, 8 * 16))),
                graph.constant("bias", array(8 * 16)),
                false);
        x = graph.nn.relu(graph.reshape(x, -1, 8, 4, 4), 0);
        x = graph.nn.relu(deconv(graph, x, 4, 2, 1, 8, 8), 0);
        graph.math.tanh("image", deconv(graph, x, 4, 2, 1, 8, 3));
        save(graph, "generator");
        var signature = new Signature(
                List.of(
                        TensorSpec.of("noise", ElementType.FLOAT32, "N " + NOISE),
                        TensorSpec.of("class", ElementType.INT64, "N")),
                List.of(TensorSpec.of("image", ElementType.FLOAT32, "N 3 16 16")));
        manifest(
                Map.of("generator", new ExportManifest.Graph("generator.fb", signature)),
                GENERATOR_PIXELS,
                Contract.Noise.ofLength(NOISE),
                new Contract.Classes(List.of("red", "green", "blue")));
    }

    SDVariable conv(
            SameDiff graph, @Nullable String name, SDVariable x, int kernel, int stride, int pad, int in, int out) {
        var config = Conv2DConfig.builder()
                .kH(kernel)
                .kW(kernel)
                .sH(stride)
                .sW(stride)
                .pH(pad)
                .pW(pad)
                .dataFormat("NCHW")
                .build();
        var weights = graph.constant("weights-" + arrays, array(kernel, kernel, in, out));
        var bias = graph.constant("bias-" + arrays, array(out));
        return name == null
                ? graph.cnn.conv2d(x, weights, bias, config)
                : graph.cnn.conv2d(name, x, weights, bias, config);
    }

    SDVariable deconv(SameDiff graph, SDVariable x, int kernel, int stride, int pad, int in, int out) {
        var config = DeConv2DConfig.builder()
                .kH(kernel)
                .kW(kernel)
                .sH(stride)
                .sW(stride)
                .pH(pad)
                .pW(pad)
                .dataFormat("NCHW")
                .build();
        var weights = graph.constant("weights-" + arrays, array(kernel, kernel, out, in));
        return graph.cnn.deconv2d(x, weights, graph.constant("bias-" + arrays, array(out)), config);
    }

    /** How many arrays were made; each is another. */
    int arrays() {
        return arrays;
    }

    /** Makes the same arrays again from there on. */
    void rewind(int first) {
        arrays = first;
    }

    INDArray array(long... shape) {
        var values = new float[(int) java.util.Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
        new CounterRandom(seed, 9).normals(arrays++, values, 0, values.length);
        return Nd4j.createFromArray(values).muli(0.3).reshape(shape);
    }

    void save(SameDiff graph, String name) {
        graph.save(folder.resolve(name + ".fb").toFile(), false);
    }

    void manifest(Map<String, ExportManifest.Graph> graphs, Contract.Pixels pixels, Contract... others)
            throws IOException {
        pictures("calibration.npy", pixels, 1);
        pictures("held-out.npy", pixels, 2);
        var provenance =
                new Provenance("tiny", "0".repeat(64), seed, 0, 1, 0.1, DATA, Map.of("nd4j", "1.0.0-M2.1"), null);
        var contracts = Contracts.of(others).with(pixels);
        write(new ExportManifest(
                ExportManifest.FORMAT, "tiny", graphs, contracts, "calibration.npy", "held-out.npy", provenance));
    }

    private void write(ExportManifest manifest) throws IOException {
        Files.writeString(folder.resolve(ExportManifest.FILE), RecordTree.json(manifest));
    }

    /** Pictures of a colour that changes from corner to corner. */
    private void pictures(String file, Contract.Pixels pixels, int stream) {
        var random = new CounterRandom(seed, stream);
        var bytes = new byte[HELD_OUT * pixels.height() * pixels.width() * pixels.channels()];
        for (int i = 0; i < bytes.length; i++) {
            int channel = i % pixels.channels();
            int column = i / pixels.channels() % pixels.width();
            int row = i / pixels.channels() / pixels.width() % pixels.height();
            int picture = i / (pixels.height() * pixels.width() * pixels.channels());
            double level = random.uniform(picture, channel) * 120
                    + random.uniform(picture, 3 + channel) * 8 * row
                    + random.uniform(picture, 6 + channel) * 8 * column;
            bytes[i] = (byte) Math.min(255, level);
        }
        try (var out = Files.newOutputStream(folder.resolve(file))) {
            NpyArray.of(bytes, HELD_OUT, pixels.height(), pixels.width(), pixels.channels())
                    .write(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Signature ends(TensorSpec input, TensorSpec... outputs) {
        return new Signature(List.of(input), List.of(outputs));
    }
}
