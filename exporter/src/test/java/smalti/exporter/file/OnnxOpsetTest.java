package smalti.exporter.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
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
import smalti.exporter.opset.OpsetConversion;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;
import smalti.spec.SpecException;

/** The same function at other opsets; what has no form there is named. */
final class OnnxOpsetTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path folder;

    private final Map<String, Constant> constants = new LinkedHashMap<>();

    private static Value floats(String name, long... sizes) {
        return new Value(
                name, ValueType.FLOAT32, Arrays.stream(sizes).mapToObj(Axis::of).toList(), Value.Layout.PLAIN);
    }

    private Path file(int opset, List<Value> inputs, List<Value> outputs, Node... nodes) throws IOException {
        var file = folder.resolve("m.onnx");
        OnnxWriter.write(
                Model.of(new Graph("g", inputs, outputs, constants, List.of(nodes)), opset, opset < 23 ? 8 : 11), file);
        return file;
    }

    private Path at(int opset, Path file) throws IOException {
        var out = folder.resolve("at" + opset + ".onnx");
        var report = OnnxOpset.convert(file, out, opset, 1, OnnxWriter.EXTERNAL_DATA_ABOVE);
        assertThat(report.difference()).isLessThan(1e-4);
        assertThat(OnnxReader.read(out).opset()).isEqualTo(opset);
        assertThat(OnnxFileCheck.problems(out)).isEmpty();
        return out;
    }

    private static double[] run(Path file, Map<String, Item> inputs, String output) {
        try (var session = ModelSession.open(file, "m")) {
            var tensor =
                    ((Item.Array) Objects.requireNonNull(session.run(inputs).get(output))).tensor();
            var numbers = new double[tensor.count()];
            Arrays.setAll(numbers, tensor::number);
            return numbers;
        }
    }

    private static Item array(float[] values, long... sizes) {
        return new Item.Array(Tensor.of(values, sizes));
    }

    /** As exporters of 2018 wrote it; its type was another before opset 10. */
    @Test
    void aMaskThatNobodyTakesIsLeftOut() throws IOException {
        var x = floats("x", 3);
        var dropout = new Node("d", "", "Dropout", List.of("x"), List.of("d", "mask"), new TreeMap<>());
        var file = file(8, List.of(x), List.of(floats("y", 3)), dropout, Node.of("Neg", List.of("d"), "y", Map.of()));
        assertThat(run(at(13, file), Map.of("x", array(new float[] {1, -2, 3}, 3)), "y"))
                .containsExactly(-1, 2, -3);
        var taken = file(
                8,
                List.of(x),
                List.of(floats("d", 3), new Value("mask", ValueType.FLOAT32, List.of(Axis.of(3)), Value.Layout.PLAIN)),
                dropout);
        assertThatThrownBy(() -> at(13, taken)).hasMessageContaining("its mask is of another type before opset 10");
    }

    /** One head of two queries and three keys of width 1, by hand. */
    @ParameterizedTest
    @ValueSource(ints = {13, 17, 18, 22})
    void attentionIsWrittenOut(int opset) throws IOException {
        var attention = Node.of(
                "Attention",
                List.of("q", "k", "v"),
                "y",
                Map.of("is_causal", Attribute.of(1L), "scale", Attribute.of(0.25f)));
        var file = file(
                23,
                List.of(floats("q", 1, 1, 2, 1), floats("k", 1, 1, 3, 1), floats("v", 1, 1, 3, 1)),
                List.of(floats("y", 1, 1, 2, 1)),
                attention);
        var y = run(
                at(opset, file),
                Map.of(
                        "q", array(new float[] {1, 2}, 1, 1, 2, 1),
                        "k", array(new float[] {1, 3, 9}, 1, 1, 3, 1),
                        "v", array(new float[] {5, 7, 11}, 1, 1, 3, 1)),
                "y");
        // the second query looks at two keys: weights e^(2·1/4) and e^(2·3/4); float32 has 7 digits
        double one = Math.exp(0.5);
        double two = Math.exp(1.5);
        assertThat(y[0]).isCloseTo(5, within(1e-6));
        assertThat(y[1]).isCloseTo((5 * one + 7 * two) / (one + two), within(1e-5));
    }

    @Test
    void normalizationsAndActivationsAreWrittenOut() throws IOException {
        constants.put("scale", Tensor.of(new float[] {2, 3}, 2));
        var file = file(
                23,
                List.of(floats("x", 1, 2)),
                List.of(floats("y", 1, 2)),
                Node.of("RMSNormalization", List.of("x", "scale"), "n", Map.of("epsilon", Attribute.of(0f))),
                Node.of("Mish", List.of("n"), "y", Map.of()));
        var y = run(at(17, file), Map.of("x", array(new float[] {3, 4}, 1, 2)), "y");
        double root = Math.sqrt((9 + 16) / 2.0);
        double first = 2 * 3 / root;
        double second = 3 * 4 / root;
        // float32 has 7 digits
        assertThat(y[0]).isCloseTo(first * Math.tanh(Math.log1p(Math.exp(first))), within(1e-5));
        assertThat(y[1]).isCloseTo(second * Math.tanh(Math.log1p(Math.exp(second))), within(1e-5));
    }

    /** It came with opset 23, as ONNX's own registry of operators says; before, casts say it. */
    @Test
    void thePrecisionOfAQuantizationIsKeptDownToWhereItCame() {
        constants.put("step", Tensor.of(new float[] {0.5f}));
        var node = Node.of("QuantizeLinear", List.of("x", "step"), "y", Map.of("precision", Attribute.of(10L)));
        var y = new Value("y", ValueType.UINT8, List.of(Axis.of(4)), Value.Layout.PLAIN);
        var model = Model.of(new Graph("g", List.of(floats("x", 4)), List.of(y), constants, List.of(node)), 25, 12);
        assertThat(OpsetConversion.convert(model, 23, "m").graph().nodes())
                .singleElement()
                .matches(kept -> kept.whole("precision", 0) == 10);
        assertThat(OpsetConversion.convert(model, 22, "m").graph().nodes())
                .extracting(Node::op)
                .containsExactly("Cast", "Cast", "QuantizeLinear");
        assertThatThrownBy(() -> OpsetConversion.convert(model, 18, "m"))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("numbers other than 32-bit floats came with opset 19, got tensor(float16)");
    }

    @Test
    void reductionsThatScatterLacksAreNamed() {
        var indices = new Value("i", ValueType.INT64, List.of(Axis.of(1)), Value.Layout.PLAIN);
        var node = Node.of("ScatterElements", List.of("x", "i", "u"), "y", Map.of("reduction", Attribute.of("max")));
        var inputs = List.of(floats("x", 3), indices, floats("u", 1));
        var model = Model.of(new Graph("g", inputs, List.of(floats("y", 3)), constants, List.of(node)), 18, 8);
        assertThatThrownBy(() -> OpsetConversion.convert(model, 17, "m"))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("reduction max came with opset 18");
    }

    @Test
    void headsThatAreNoMultipleAreNamed() {
        var node = Node.of("Attention", List.of("q", "k", "v"), "y", Map.of());
        var inputs = List.of(floats("q", 1, 2, 2, 4), floats("k", 1, 3, 3, 4), floats("v", 1, 3, 3, 4));
        var model =
                Model.of(new Graph("g", inputs, List.of(floats("y", 1, 2, 2, 4)), constants, List.of(node)), 23, 11);
        assertThatThrownBy(() -> OpsetConversion.convert(model, 17, "m"))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("its heads of queries, 2, must be a multiple of those of keys, 3");
    }

    @Test
    void axesMoveBetweenAttributesAndInputs() throws IOException {
        var file = file(
                17,
                List.of(floats("x", 2, 3)),
                List.of(floats("y", 2, 1), floats("a", 1, 3), floats("b", 1, 3)),
                Node.of("ReduceMax", List.of("x"), "y", Map.of("axes", Attribute.ints(1))),
                Node.of("Split", List.of("x"), List.of("a", "b"), Map.of("axis", Attribute.of(0L))));
        var newer = at(26, file);
        var input = Map.of("x", array(new float[] {1, 5, 2, -4, -3, -9}, 2, 3));
        assertThat(run(newer, input, "y")).containsExactly(5, -3);
        var back = folder.resolve("back.onnx");
        OnnxOpset.convert(newer, back, 13, 1, OnnxWriter.EXTERNAL_DATA_ABOVE);
        assertThat(run(back, input, "y")).containsExactly(5, -3);
        assertThat(run(back, input, "b")).containsExactly(-4, -3, -9);
    }

    @Test
    void whatHasNoFormIsNamedAllAtOnce() throws IOException {
        var bits = new Value("i", ValueType.INT32, List.of(Axis.of(2)), Value.Layout.PLAIN);
        var file = file(
                26,
                List.of(floats("x", 1, 1, 2, 2), floats("w", 1, 1, 1, 1), floats("o", 1, 2, 2, 2), bits),
                List.of(floats("y", 2), floats("z", 1, 1, 2, 2)),
                Node.of("BitCast", List.of("i"), "y", Map.of("to", Attribute.of(1L))),
                Node.of("DeformConv", List.of("x", "w", "o"), "z", Map.of()));
        assertThatThrownBy(() -> OnnxOpset.convert(file, folder.resolve("o.onnx"), 17, 1, 1L << 30))
                .isInstanceOfSatisfying(
                        SpecException.class,
                        e -> assertThat(e.problems())
                                .containsExactly(
                                        "m.onnx: node \"y\": BitCast of opset 26 has no form at opset 17: no operator"
                                                + " before opset 26 reads the bits of tensor(int32) as tensor(float)",
                                        "m.onnx: node \"z\": DeformConv of opset 26 has no form at opset 17: it came with opset"
                                                + " 19"));
        assertThat(folder.resolve("o.onnx")).doesNotExist();
    }

    /** Of opset 9: axes, sizes and limits are attributes, and Softmax takes all axes from one on for one. */
    @Test
    void formsOfOpset9AreBroughtUp() throws IOException {
        constants.put("scales", Tensor.of(new float[] {1, 1, 2, 2}, 4));
        var file = file(
                9,
                List.of(floats("x", 1, 2, 2)),
                List.of(floats("s", 1, 2, 2), floats("u", 1, 1, 4, 6), floats("t", 1, 2, 1), floats("r", 2, 2)),
                Node.of("Softmax", List.of("x"), "s", Map.of()),
                Node.of("Unsqueeze", List.of("x"), "x4", Map.of("axes", Attribute.ints(0))),
                Node.of(
                        "Slice",
                        List.of("x4"),
                        "c",
                        Map.of("axes", Attribute.ints(1), "starts", Attribute.ints(0), "ends", Attribute.ints(1))),
                Node.of(
                        "Pad",
                        List.of("c"),
                        "p",
                        Map.of("pads", Attribute.ints(0, 0, 0, 0, 0, 0, 0, 1), "value", Attribute.of(9f))),
                Node.of("Upsample", List.of("p", "scales"), "u", Map.of("mode", Attribute.of("nearest"))),
                Node.of("Clip", List.of("x"), "l", Map.of("min", Attribute.of(1.5f))),
                Node.of("TopK", List.of("l"), List.of("t", "at"), Map.of("k", Attribute.of(1L))),
                Node.of("Dropout", List.of("x"), List.of("d"), Map.of("ratio", Attribute.of(0.3f))),
                Node.of(
                        "ReduceSum",
                        List.of("d"),
                        "r",
                        Map.of("axes", Attribute.ints(0), "keepdims", Attribute.of(0L))));
        var x = new float[] {1, 2, 3, 4};
        for (int opset : new int[] {13, 17, 26}) {
            var input = Map.of("x", array(x, 1, 2, 2));
            var up = at(opset, file);
            double sum = Math.exp(1) + Math.exp(2) + Math.exp(3) + Math.exp(4);
            // float32 has 7 digits
            assertThat(run(up, input, "s")[3]).isCloseTo(Math.exp(4) / sum, within(1e-6));
            assertThat(run(up, input, "u"))
                    .containsExactly(1, 1, 2, 2, 9, 9, 1, 1, 2, 2, 9, 9, 3, 3, 4, 4, 9, 9, 3, 3, 4, 4, 9, 9);
            assertThat(run(up, input, "t")).containsExactly(2, 4);
            assertThat(run(up, input, "r")).containsExactly(1, 2, 3, 4);
        }
    }

    /** Of opset 6: the second input's axes begin at the one that is said. ONNX Runtime runs no such file to compare with. */
    @Test
    void broadcastingOfOpset6IsBroughtUp() throws IOException {
        constants.put("b", Tensor.of(new float[] {10, 20}, 2));
        var file = file(
                6,
                List.of(floats("x", 1, 2, 3)),
                List.of(floats("y", 1, 2, 3)),
                Node.of(
                        "Add",
                        List.of("x", "b"),
                        "y",
                        Map.of("broadcast", Attribute.of(1L), "axis", Attribute.of(1L))));
        var out = folder.resolve("at17.onnx");
        OnnxWriter.write(OpsetConversion.convert(OnnxReader.read(file), 17, "m.onnx"), out);
        assertThat(run(out, Map.of("x", array(new float[] {1, 2, 3, 4, 5, 6}, 1, 2, 3)), "y"))
                .containsExactly(11, 12, 13, 24, 25, 26);
    }

    /** ONNX Runtime has no Swish at opsets 25 and 26. */
    @Test
    void swishIsWrittenOutWhereNothingRunsIt() throws IOException {
        var file = file(
                24,
                List.of(floats("x", 2)),
                List.of(floats("y", 2)),
                Node.of("Swish", List.of("x"), "y", Map.of("alpha", Attribute.of(2f))));
        var newer = at(26, file);
        // float32 has 7 digits
        assertThat(run(newer, Map.of("x", array(new float[] {1, -3}, 2)), "y"))
                .containsExactly(new double[] {1 / (1 + Math.exp(-2)), -3 / (1 + Math.exp(6))}, within(1e-6));
    }

    @Test
    void noConstantIsWrittenThatNoNodeTakes() throws IOException {
        var file = file(
                23,
                List.of(floats("q", 1, 1, 2, 4), floats("k", 1, 1, 3, 4), floats("v", 1, 1, 3, 4), floats("m", 2, 3)),
                List.of(floats("y", 1, 1, 2, 4)),
                Node.of("Attention", List.of("q", "k", "v", "m"), "y", Map.of()));
        var graph = OnnxReader.read(at(17, file)).graph();
        assertThat(graph.nodes().stream().flatMap(node -> node.inputs().stream()))
                .containsAll(graph.initializers().keySet());
    }

    @Test
    void aScanOverBatchesHasNoForm() throws IOException {
        var step = new Graph(
                "step",
                List.of(floats("s", 1), floats("a", 1)),
                List.of(floats("t", 1), floats("b", 1)),
                Map.of(),
                List.of(
                        Node.of("Add", List.of("s", "a"), "t", Map.of()),
                        Node.of("Identity", List.of("t"), "b", Map.of())));
        var file = file(
                8,
                List.of(floats("s0", 1, 1), floats("x", 1, 3, 1)),
                List.of(floats("s3", 1, 1), floats("y", 1, 3, 1)),
                Node.of(
                        "Scan",
                        List.of("", "s0", "x"),
                        List.of("s3", "y"),
                        Map.of("body", new Attribute.Body(step), "num_scan_inputs", Attribute.of(1L))));
        assertThatThrownBy(() -> OpsetConversion.convert(OnnxReader.read(file), 17, "m.onnx"))
                .hasMessageContaining("Scan of opset 8 has no form at opset 13: before opset 9 it runs over batches");
    }
}
