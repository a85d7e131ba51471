package smalti.exporter.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is known of values, and what stays unknown. */
final class ShapesTest {
    private final Map<String, Constant> initializers = new LinkedHashMap<>();
    private final List<Node> nodes = new ArrayList<>();
    private final List<Value> inputs = new ArrayList<>();

    private ShapesTest input(String name, Object... axes) {
        var shape = new ArrayList<Axis>();
        for (var axis : axes) {
            shape.add(axis instanceof Integer size ? Axis.of(size) : Axis.named((String) axis));
        }
        inputs.add(new Value(name, ValueType.FLOAT32, shape, Value.Layout.PLAIN));
        return this;
    }

    private ShapesTest sizes(String name, Long... sizes) {
        initializers.put(name, Tensor.sizes(List.of(sizes)));
        return this;
    }

    private ShapesTest node(String op, String output, Map<String, Attribute> attributes, String... of) {
        nodes.add(Node.of(op, List.of(of), output, attributes));
        return this;
    }

    private Shapes shapes(int opset) {
        return Shapes.of(Model.of(new Graph("g", inputs, List.of(), initializers, nodes), opset, 8));
    }

    private String shape(int opset, String value) {
        return shapes(opset).shape(value).map(Object::toString).orElse("unknown");
    }

    @Test
    void theBatchGoesThroughAReshapeThatIsPutTogether() {
        input("x", "N", 3, 4)
                .sizes("first", 0L)
                .sizes("rest", -1L)
                .node("Shape", "s", Map.of(), "x")
                .node("Gather", "n", Map.of(), "s", "first")
                .node("Concat", "to", Map.of("axis", Attribute.of(0L)), "n", "rest")
                .node("Reshape", "y", Map.of(), "x", "to");
        assertThat(shape(17, "y")).isEqualTo("[N, 12]");
    }

    /** 2⁴⁰ + 5 as INT32 is 5 in ONNX Runtime, and so is nothing that other runtimes need agree on. */
    @Test
    void aNumberThatItsTypeCannotHoldIsUnknown() {
        var toInt32 = Map.<String, Attribute>of("to", Attribute.of((long) ValueType.INT32.onnxCode()));
        var toInt64 = Map.<String, Attribute>of("to", Attribute.of((long) ValueType.INT64.onnxCode()));
        sizes("large", (1L << 40) + 5)
                .sizes("most", (long) Integer.MAX_VALUE)
                .sizes("least", (long) Integer.MIN_VALUE)
                .node("Cast", "cut", toInt32, "large")
                .node("Cast", "wide", toInt64, "cut")
                .node("Cast", "fits", toInt32, "most")
                .node("Cast", "low", toInt32, "least")
                .node("Cast", "kept", toInt64, "fits")
                .node("Add", "over", Map.of(), "fits", "fits")
                .node("Sub", "under", Map.of(), "low", "fits");
        var shapes = shapes(17);
        for (var unknown : List.of("cut", "wide", "over", "under")) {
            assertThat(shapes.longs(unknown)).as(unknown).isEmpty();
        }
        assertThat(shapes.longs("kept")).contains(List.of((long) Integer.MAX_VALUE));
        assertThat(shapes.longs("low")).contains(List.of((long) Integer.MIN_VALUE));
    }

    @Test
    void attentionKeepsTheQueriesAndGivesThemTheWidthOfTheValues() {
        input("q", "B", 4, 24).input("k", "B", 6, 16).input("v", "B", 6, 20).input("p", "B", 2, 5, 8);
        var attributes = Map.of("q_num_heads", Attribute.of(3L), "kv_num_heads", Attribute.of(2L));
        nodes.add(Node.of(
                "Attention",
                List.of("q", "k", "v", "", "p", "p"),
                List.of("y", "keys", "values", "weights"),
                attributes));
        assertThat(shape(23, "y")).isEqualTo("[B, 4, 30]");
        assertThat(shape(23, "keys")).isEqualTo("[B, 2, 11, 8]");
        assertThat(shape(23, "values")).isEqualTo("[B, 2, 11, 10]");
        assertThat(shape(23, "weights")).isEqualTo("[B, 3, 4, 11]");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Relu | [N, 3, 8, 9]",
                "Transpose | [9, 8, 3, N]",
                "Flatten | [N, 216]",
                "GlobalAveragePool | [N, 3, 1, 1]",
                "ReduceMean | [1, 1, 1, 1]",
                "ArgMax | [1, 3, 8, 9]",
                "NonZero | [4, ?]",
                "Shape | [4]",
                "Size | []",
                "SequenceAt | unknown"
            })
    void ofOneInput(String op, String expected) {
        input("x", "N", 3, 8, 9).node(op, "y", Map.of(), "x");
        assertThat(shape(13, "y")).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "3 | 1 | 1 | 1 | [N, 5, 8, 9]",
                "3 | 2 | 1 | 1 | [N, 5, 4, 5]",
                "3 | 1 | 2 | 1 | [N, 5, 6, 7]",
                "1 | 1 | 1 | 0 | [N, 5, 8, 9]"
            })
    void ofConvolutions(int kernel, int stride, int dilation, int pad, String expected) {
        initializers.put("w", Tensor.of(new float[15 * kernel * kernel], 5, 3, kernel, kernel));
        input("x", "N", 3, 8, 9)
                .node(
                        "Conv",
                        "y",
                        Map.of(
                                "strides", Attribute.ints(stride, stride),
                                "dilations", Attribute.ints(dilation, dilation),
                                "pads", Attribute.ints(pad, pad, pad, pad)),
                        "x",
                        "w");
        assertThat(shape(17, "y")).isEqualTo(expected);
    }

    @Test
    void ofTransposedConvolutions() {
        initializers.put("w", Tensor.of(new float[96], 3, 2, 4, 4));
        var doubling = Map.of("strides", Attribute.ints(2, 2), "pads", Attribute.ints(1, 1, 1, 1));
        input("x", "N", 3, 8, 9).node("ConvTranspose", "y", doubling, "x", "w");
        assertThat(shape(17, "y")).isEqualTo("[N, 2, 16, 18]");
    }

    @Test
    void broadcastsKeepFreeSizes() {
        input("x", "N", 3, 1)
                .input("z", 4)
                .input("u", "M", 1, 1)
                .node("Add", "y", Map.of(), "x", "z")
                .node("Mul", "v", Map.of(), "y", "u");
        assertThat(shape(17, "y")).isEqualTo("[N, 3, 4]");
        // N and M may be the same, or one of them 1
        assertThat(shape(17, "v")).isEqualTo("[?, 3, 4]");
    }

    @Test
    void matricesMultiply() {
        input("x", "N", 2, 3, 4)
                .input("w", 4, 5)
                .input("v", 4)
                .node("MatMul", "y", Map.of(), "x", "w")
                .node("MatMul", "z", Map.of(), "x", "v");
        assertThat(shape(17, "y")).isEqualTo("[N, 2, 3, 5]");
        assertThat(shape(17, "z")).isEqualTo("[N, 2, 3]");
    }

    @Test
    void slicesCount() {
        input("x", "N", 10)
                .sizes("from", 8L)
                .sizes("to", -20L)
                .sizes("axis", 1L)
                .sizes("step", -3L)
                .node("Slice", "y", Map.of(), "x", "from", "to", "axis", "step");
        // 8, 5, 2
        assertThat(shape(17, "y")).isEqualTo("[N, 3]");
        assertThat(shapes(17).longs("step")).contains(List.of(-3L));
    }

    @Test
    void resizingFollowsConstantScales() {
        initializers.put("scales", Tensor.of(new float[] {1, 1, 2, 0.4f}, 4));
        var cropped = Map.of("coordinate_transformation_mode", Attribute.of("tf_crop_and_resize"));
        input("x", "N", 3, 5, 9)
                .input("free", "N", 3, "h", "w")
                .node("Resize", "y", Map.of(), "x", "", "scales")
                .node("Resize", "z", Map.of(), "free", "", "scales")
                .node("Resize", "part", cropped, "x", "", "scales")
                .node("Upsample", "old", Map.of(), "x", "scales");
        assertThat(shape(17, "y")).isEqualTo("[N, 3, 10, 3]");
        assertThat(shape(17, "z")).isEqualTo("[N, 3, ?, ?]");
        assertThat(shape(17, "part")).isEqualTo("[?, ?, ?, ?]");
        assertThat(shape(9, "old")).isEqualTo("[N, 3, 10, 3]");
    }

    @Test
    void axesMovedFromAttributesToInputs() {
        input("x", "N", 1, 4)
                .sizes("axes", 1L)
                .node("Squeeze", "old", Map.of("axes", Attribute.ints(1)), "x")
                .node("Squeeze", "y", Map.of(), "x", "axes");
        assertThat(shape(11, "old")).isEqualTo("[N, 4]");
        assertThat(shape(13, "y")).isEqualTo("[N, 4]");
    }

    @Test
    void anInputsDefaultSaysNothing() {
        inputs.add(new Value("to", ValueType.INT64, List.of(Axis.of(2)), Value.Layout.PLAIN));
        input("x", "N", 12).sizes("to", 3L, -1L).node("Reshape", "y", Map.of(), "x", "to");
        assertThat(shape(17, "y")).isEqualTo("[?, ?]");
    }

    @Test
    void typesFollowTheTable() {
        input("x", "N", 3)
                .node("Cast", "half", Map.of("to", Attribute.of(10L)), "x")
                .node("Relu", "r", Map.of(), "half")
                .node("Greater", "g", Map.of(), "r", "r")
                .node("Shape", "s", Map.of(), "r")
                .node("QuantizeLinear", "q", Map.of(), "x", "x")
                .node("DequantizeLinear", "d", Map.of(), "q", "x")
                .node("ArgMax", "a", Map.of(), "x");
        var shapes = shapes(17);
        assertThat(shapes.element("r")).contains(ValueType.FLOAT16);
        assertThat(shapes.element("g")).contains(ValueType.BOOL);
        assertThat(shapes.element("s")).contains(ValueType.INT64);
        assertThat(shapes.element("q")).contains(ValueType.UINT8);
        assertThat(shapes.element("d")).contains(ValueType.FLOAT32);
        assertThat(shapes.element("a")).contains(ValueType.INT64);
    }

    @Test
    void sizesBeyond64BitsStayUnknown() {
        input("x", 2).sizes("times", Long.MAX_VALUE).node("Tile", "y", Map.of(), "x", "times");
        assertThat(shape(17, "y")).isEqualTo("unknown");
    }
}
