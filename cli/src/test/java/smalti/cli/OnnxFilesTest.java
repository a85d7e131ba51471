package smalti.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxReader;
import smalti.exporter.onnx.OnnxWriter;
import smalti.spec.file.NpyArray;
import smalti.spec.file.Npz;

/** The commands for ONNX files that were made elsewhere. */
class OnnxFilesTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path folder;

    private final List<Node> nodes = new ArrayList<>();

    @BeforeEach
    void network() {
        nodes.add(Node.of("Transpose", List.of("x"), "a", Map.of("perm", Attribute.ints(0, 2, 1))));
        nodes.add(Node.of("Relu", List.of("a"), "b", Map.of()));
        nodes.add(Node.of("Transpose", List.of("b"), "c", Map.of("perm", Attribute.ints(0, 2, 1))));
        nodes.add(Node.of("Identity", List.of("c"), "d", Map.of()));
        nodes.add(Node.of("MatMul", List.of("d", "w"), "y", Map.of()));
    }

    private Path model(String name, float weight) throws IOException {
        var file = folder.resolve(name);
        OnnxWriter.write(Model.of(graph(weight), 17, 8), file);
        return file;
    }

    private Graph graph(float weight) {
        return new Graph(
                "g",
                List.of(value("x", Axis.named("N"), Axis.of(3), Axis.of(4))),
                List.of(value("y", Axis.named("N"), Axis.of(3), Axis.of(2))),
                Map.of("w", Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, weight}, 4, 2)),
                nodes);
    }

    private static Value value(String name, Axis... axes) {
        return new Value(name, ValueType.FLOAT32, List.of(axes), Value.Layout.PLAIN);
    }

    @Test
    void optimizeMakesASmallerFileOfTheSameOutputs() throws IOException {
        var before = model("m.onnx", 8);
        var after = folder.resolve("out.onnx");
        var result = Cli.run("optimize", before, "--out", after).succeeds();
        assertThat(result.out()).contains("2 nodes, 5 before", "transposes", "identities", "differ by at most");
        assertThat(OnnxReader.read(after).graph().nodes()).extracting(Node::op).containsExactly("Relu", "MatMul");
        Cli.run("check", after).succeeds();
        var again = folder.resolve("again.onnx");
        Cli.run("optimize", before, "--out", again).succeeds();
        assertThat(again).hasSameBinaryContentAs(after);
    }

    @Test
    void optimizeComparesOnSamplesOrSaysThatItDidNot() throws IOException {
        var graph = new Graph(
                "shaped",
                List.of(
                        value("x", Axis.of(6)),
                        new Value("s", ValueType.INT64, List.of(Axis.of(2)), Value.Layout.PLAIN)),
                List.of(value("y", Axis.named("A"), Axis.named("B"))),
                Map.of("one", Tensor.of(new long[] {1}, 1)),
                List.of(
                        Node.of("Add", List.of("s", "one"), "t", Map.of()),
                        Node.of("Sub", List.of("t", "one"), "u", Map.of()),
                        Node.of("Identity", List.of("x"), "i", Map.of()),
                        Node.of("Reshape", List.of("i", "u"), "y", Map.of())));
        var file = folder.resolve("shaped.onnx");
        OnnxWriter.write(Model.of(graph, 17, 8), file);
        var out = folder.resolve("out.onnx");
        Cli.run("optimize", file, "--out", out).failsWith("must run on seeded inputs", "samples");
        var samples = folder.resolve("in.npz");
        Npz.write(
                samples,
                Map.of(
                        "x", NpyArray.of(new float[] {1, 2, 3, 4, 5, 6}, 6),
                        "s", NpyArray.of(new long[] {2, 3}, 2)));
        assertThat(Cli.run("optimize", file, "--out", out, "--samples", samples)
                        .succeeds()
                        .out())
                .contains("on those samples");
        assertThat(Cli.run("diff", file, out, "--samples", samples).out()).contains("outputs: the same");
        assertThat(Cli.run("optimize", file, "--out", folder.resolve("unproven.onnx"), "--unproven")
                        .succeeds()
                        .err())
                .contains("warning: UNPROVEN");
    }

    @Test
    void quantizeLearnsFromArraysAndTellsWhatEachLayerCosts() throws IOException {
        var random = new java.util.Random(4);
        var numbers = new float[64 * 3 * 4];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        var data = folder.resolve("samples.npz");
        Npz.write(data, Map.of("x", NpyArray.of(numbers, 64, 3, 4)));
        var model = model("m.onnx", 8);
        var out = folder.resolve("int8.onnx");
        var result = Cli.run("quantize", model, "--calibrate", data, "--out", out, "--least-psnr", "25")
                .succeeds();
        assertThat(result.out()).contains("1 of 1 layers", "MatMul", "against FP32 on held-out samples", "ranges by");
        assertThat(OnnxReader.read(out).graph().nodes()).extracting(Node::op).contains("QuantizeLinear");
        Cli.run("check", out).succeeds();

        var none = folder.resolve("none.onnx");
        Cli.run("quantize", model, "--calibrate", data, "--out", none, "--least-psnr", "300")
                .failsWith("no layer can be INT8 within 300");
        var pictures = Files.createDirectory(folder.resolve("pictures"));
        Cli.run("quantize", model, "--calibrate", pictures, "--out", none)
                .failsWith("pictures fit a model with one input of 1 or 3 channels");
        Npz.write(data, Map.of("z", NpyArray.of(numbers, 64, 3, 4)));
        Cli.run("quantize", model, "--calibrate", data, "--out", none)
                .failsWith("must hold an array for the input x, got [z]");
        Cli.run("quantize", model, "--calibrate", data, "--out", none, "--activations", "int4")
                .isRefusedFor("--activations must be one of uint8, int8, got int4");
        assertThat(none).doesNotExist();
        var before = Files.readAllBytes(out);
        Cli.run("quantize", model, "--calibrate", data, "--out", out, "--least-psnr", "300", "--overwrite")
                .failsWith("must hold an array");
        assertThat(out).hasBinaryContent(before);
    }

    @Test
    void quantizeLearnsFromPictures() throws IOException {
        var pictures = Files.createDirectories(folder.resolve("pictures"));
        var random = new java.util.Random(4);
        for (int i = 0; i < 12; i++) {
            var image = new java.awt.image.BufferedImage(9, 8, java.awt.image.BufferedImage.TYPE_INT_RGB);
            for (int at = 0; at < 72; at++) {
                image.setRGB(at % 9, at / 9, random.nextInt(1 << 24));
            }
            javax.imageio.ImageIO.write(
                    image, "png", pictures.resolve(i + ".png").toFile());
        }
        nodes.clear();
        nodes.add(Node.of("Conv", List.of("x", "w"), "y", Map.of()));
        var weights = new float[2 * 3];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = i - 2;
        }
        var model = folder.resolve("conv.onnx");
        var graph = new Graph(
                "g",
                List.of(value("x", Axis.named("N"), Axis.of(3), Axis.of(8), Axis.of(8))),
                List.of(value("y", Axis.named("N"), Axis.of(2), Axis.of(8), Axis.of(8))),
                Map.of("w", Tensor.of(weights, 2, 3, 1, 1)),
                nodes);
        OnnxWriter.write(Model.of(graph, 17, 8), model);
        var out = folder.resolve("int8.onnx");
        Cli.run("quantize", model, "--calibrate", pictures, "--out", out, "--mean", "0.5", "--std", "0.25")
                .succeeds();
        assertThat(OnnxReader.read(out).graph().nodes()).extracting(Node::op).contains("QuantizeLinear");
        Cli.run("quantize", model, "--calibrate", pictures, "--out", out, "--overwrite", "--pixel-range", "1,0")
                .isRefusedFor("--pixel-range must be two numbers in order, got [1.0, 0.0]");
    }

    /** Pictures come class by class: the samples must be of all. */
    @Test
    void samplesAreOfAllClasses() throws IOException {
        for (var kind : List.of("a-dark", "b-bright")) {
            var pictures = Files.createDirectories(folder.resolve("pictures").resolve(kind));
            var image = new java.awt.image.BufferedImage(8, 8, java.awt.image.BufferedImage.TYPE_INT_RGB);
            for (int at = 0; at < 64; at++) {
                image.setRGB(at % 8, at / 8, kind.startsWith("a") ? 0x0A0A0A : 0xF0F0F0 - at);
            }
            for (int i = 0; i < 300; i++) {
                javax.imageio.ImageIO.write(
                        image, "png", pictures.resolve(i + ".png").toFile());
            }
        }
        nodes.clear();
        nodes.add(Node.of("Conv", List.of("x", "w"), "y", Map.of()));
        var model = folder.resolve("conv.onnx");
        var graph = new Graph(
                "g",
                List.of(value("x", Axis.named("N"), Axis.of(3), Axis.of(8), Axis.of(8))),
                List.of(value("y", Axis.named("N"), Axis.of(1), Axis.of(8), Axis.of(8))),
                Map.of("w", Tensor.of(new float[] {1, 1, 1}, 1, 3, 1, 1)),
                nodes);
        OnnxWriter.write(Model.of(graph, 17, 8), model);
        var out = folder.resolve("int8.onnx");
        Cli.run("quantize", model, "--calibrate", folder.resolve("pictures"), "--out", out)
                .succeeds();
        var first = OnnxReader.read(out).graph();
        var scale = first.nodes().get(0).input(1);
        assertThat(first.initializers().get(scale))
                .isInstanceOfSatisfying(
                        Tensor.class,
                        tensor -> assertThat(255 * tensor.number(0)).isGreaterThan(0.9));
    }

    @Test
    void convertMakesOnnxFilesFp16() throws IOException {
        var out = folder.resolve("half.onnx");
        var result = Cli.run("convert", model("m.onnx", 8), "--precision", "fp16", "--out", out)
                .succeeds();
        assertThat(result.out()).contains("to FP16", "against FP32");
        assertThat(OnnxReader.read(out).graph().initializers().values())
                .anyMatch(constant -> constant instanceof Tensor tensor && tensor.type() == ValueType.FLOAT16);
        var none = folder.resolve("none.onnx");
        Cli.run("convert", model("m.onnx", 8), "--out", none).failsWith("is ONNX already");
        Cli.run("convert", model("m.onnx", 8), "--precision", "int8", "--out", none)
                .isRefusedFor("smalti quantize makes that");
    }

    @Test
    void largeWeightsMayLieBesideTheFile() throws IOException {
        var weights = new float[4 * 100];
        java.util.Arrays.fill(weights, 0.5f);
        var file = folder.resolve("m.onnx");
        OnnxWriter.write(
                Model.of(
                        new Graph(
                                "g",
                                List.of(value("x", Axis.named("N"), Axis.of(3), Axis.of(4))),
                                List.of(value("y", Axis.named("N"), Axis.of(3), Axis.of(100))),
                                Map.of("w", Tensor.of(weights, 4, 100)),
                                nodes),
                        17,
                        8),
                file);
        var out = folder.resolve("out.onnx");
        var data = folder.resolve("out.onnx.data");
        Cli.run("optimize", file, "--out", out, "--external-data-above", 1500).succeeds();
        assertThat(data).hasSize(1600);
        Cli.run("check", out).succeeds();
        assertThat(Cli.run("diff", file, out).out()).contains("weights: the same", "outputs: the same");
        Files.write(data, new byte[100]);
        Cli.run("check", out).failsWith("external data must lie in the 100 bytes of \"out.onnx.data\"");
        Cli.run("optimize", file, "--out", out, "--overwrite").succeeds();
        assertThat(data).doesNotExist();
    }

    @Test
    void optimizeRefusesWhatItCannotProve() throws IOException {
        // 12 numbers a sample cannot be brought to 7
        nodes.set(1, Node.of("Reshape", List.of("a", "seven"), "b", Map.of()));
        nodes.add(0, Node.of("Constant", List.of(), "seven", Map.of("value_ints", Attribute.ints(7))));
        var out = folder.resolve("out.onnx");
        Cli.run("optimize", model("m.onnx", 8), "--out", out).failsWith("m.onnx", "ONNX Runtime refuses it");
        assertThat(out).doesNotExist();
        var noise = Files.write(folder.resolve("noise.onnx"), new byte[] {1, 2, 3});
        Cli.run("optimize", noise, "--out", out).failsWith("noise.onnx: must be an ONNX model");
        Cli.run("optimize", folder.resolve("none.onnx"), "--out", out).failsWith("none.onnx");
    }

    @Test
    void checkListsEveryProblem() throws IOException {
        Cli.run("check", model("m.onnx", 8)).succeeds();
        nodes.add(Node.of("Softmax", List.of("y"), "s", Map.of("axes", Attribute.of(1L))));
        nodes.add(Node.of("Transposed", List.of("y"), "t", Map.of()));
        nodes.add(Node.of("And", List.of("y", "y"), "u", Map.of()));
        Cli.run("check", model("wrong.onnx", 8))
                .failsWith(
                        "wrong.onnx: node \"s\": Softmax must not have the attribute axes",
                        "Transposed is no operator of opset 17",
                        "And: input A must be one of tensor(bool), got tensor(float)",
                        "ONNX Runtime refuses it");
    }

    @Test
    void diffTellsStructureWeightsAndOutputs() throws IOException {
        var one = model("a.onnx", 8);
        assertThat(Cli.run("diff", one, model("same.onnx", 8)).succeeds().out())
                .contains("structure: the same", "weights: the same", "outputs: the same");
        var weighted = Cli.run("diff", one, model("b.onnx", 9));
        assertThat(weighted.code()).isEqualTo(Main.WRONG_INPUT);
        assertThat(weighted.out())
                .contains("structure: the same", "constant w differs by at most 1", "output y differs by");
        var folded = folder.resolve("folded.onnx");
        OnnxWriter.write(
                Model.of(
                        graph(8).with(
                                        Map.of(
                                                "w",
                                                Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 4, 2),
                                                "more",
                                                Tensor.of(new float[] {1}, 1)),
                                        nodes),
                        17,
                        8),
                folded);
        assertThat(Cli.run("diff", one, folded).out())
                .contains("structure: the same", "weights: 1 difference\n", "constant more: none against FLOAT32 [1]");
        nodes.set(1, Node.of("Abs", List.of("a"), "b", Map.of()));
        var other = Cli.run("diff", one, model("c.onnx", 8));
        assertThat(other.code()).isEqualTo(Main.WRONG_INPUT);
        assertThat(other.out()).contains("Relu nodes: 1 against 0", "node of b: Relu against Abs", "weights: the same");
    }

    @Test
    void inspectSaysWhatAModelHoldsAndDrawsIt() throws IOException {
        var model = model("m.onnx", 8);
        var page = folder.resolve("m.html");
        assertThat(Cli.run("inspect", model, "--size", "N=2").succeeds().out())
                .contains(
                        "m.onnx: opset 17, IR 8",
                        "input        x float32 [N, 3, 4]",
                        "sizes        N=2",
                        "redundant: ",
                        "parameters   8, 32 B",
                        // 2·6 rows by 2 columns by 4, and 24 of Relu
                        "FLOPs        120",
                        "operator   nodes  parameters  FLOPs",
                        "Transpose  2");
        assertThat(Cli.run("inspect", model, "--out", page).succeeds().out())
                .contains("page         " + page)
                .doesNotContain("operator");
        assertThat(page).content().startsWith("<!DOCTYPE html>").contains("<svg", "m.onnx");
        assertThat(Cli.run("inspect", model, "--json").succeeds().out())
                .startsWith("{")
                .contains("\"parameters\" : 8");
        Cli.run("inspect", model, "--size", "q=2").failsWith("free axis of an input (N), got q");
        Cli.run("inspect", folder, "--json").failsWith("must be a bundle, and holds no bundle.json");
        Cli.run("inspect", folder.resolve("none.onnx")).failsWith("none.onnx");
    }

    /** Of other shapes, and where one takes no input of the other's: the rest is told, and no figure of nothing. */
    @Test
    void diffSaysWhatItCouldNotCompare() throws IOException {
        var one = model("m.onnx", 8);
        nodes.add(Node.of("Identity", List.of("y"), "z", Map.of()));
        var turned = folder.resolve("turned.onnx");
        var weights = Map.<String, Constant>of("w", Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 9}, 4, 2));
        var x = value("x", Axis.named("N"), Axis.of(3), Axis.of(4));
        nodes.set(4, Node.of("MatMul", List.of("d", "w"), "product", Map.of()));
        nodes.set(5, Node.of("Transpose", List.of("product"), "y", Map.of("perm", Attribute.ints(0, 2, 1))));
        var y = value("y", Axis.named("N"), Axis.of(2), Axis.of(3));
        OnnxWriter.write(Model.of(new Graph("g", List.of(x), List.of(y), weights, nodes), 17, 8), turned);
        assertThat(Cli.run("diff", one, turned).out())
                .contains("weights: 1 difference", "output y must be")
                .doesNotContain("differ by at most 0.0e+00 of");

        nodes.remove(5);
        nodes.set(4, Node.of("MatMul", List.of("d", "w"), "y", Map.of()));
        var fixed = folder.resolve("fixed.onnx");
        OnnxWriter.write(
                Model.of(
                        new Graph(
                                "g",
                                List.of(value("x", Axis.of(7), Axis.of(3), Axis.of(4))),
                                List.of(value("y", Axis.of(7), Axis.of(3), Axis.of(2))),
                                weights,
                                nodes),
                        17,
                        8),
                fixed);
        assertThat(Cli.run("diff", one, fixed).out())
                .contains("structure: 2 differences", "weights: 1 difference", "not compared: ")
                .doesNotContain("of their range");
    }
}
