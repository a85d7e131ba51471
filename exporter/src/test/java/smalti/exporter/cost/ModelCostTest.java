package smalti.exporter.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Type;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.spec.SpecException;
import smalti.spec.file.RecordTree;

/** Against figures worked out by hand and against loops that count what they do. */
final class ModelCostTest {
    private final List<Value> inputs = new ArrayList<>();
    private final List<Value> outputs = new ArrayList<>();
    private final Map<String, Constant> constants = new LinkedHashMap<>();
    private final List<Node> nodes = new ArrayList<>();

    private ModelCostTest input(String name, ValueType type, Object... axes) {
        inputs.add(value(name, type, axes));
        return this;
    }

    private ModelCostTest input(String name, Object... axes) {
        return input(name, ValueType.FLOAT32, axes);
    }

    private static Value value(String name, ValueType type, Object... axes) {
        var shape = new ArrayList<Axis>();
        for (var axis : axes) {
            shape.add(
                    axis instanceof Integer size
                            ? Axis.of(size)
                            : axis.equals("?") ? Axis.UNKNOWN : Axis.named((String) axis));
        }
        return new Value(name, type, shape, Value.Layout.PLAIN);
    }

    private static Tensor zeros(ValueType type, long... dims) {
        long count = 1;
        var sizes = new ArrayList<Long>();
        for (long dim : dims) {
            count *= dim;
            sizes.add(dim);
        }
        return new Tensor(type, sizes, ByteBuffer.allocate((int) count * type.bytes()));
    }

    private ModelCostTest weights(String name, long... dims) {
        constants.put(name, zeros(ValueType.FLOAT32, dims));
        return this;
    }

    private ModelCostTest sizes(String name, Long... sizes) {
        constants.put(name, Tensor.sizes(List.of(sizes)));
        return this;
    }

    private ModelCostTest node(String op, String output, Map<String, Attribute> attributes, String... of) {
        nodes.add(Node.of(op, List.of(of), output, attributes));
        return this;
    }

    private ModelCostTest node(String op, String output, String... of) {
        return node(op, output, Map.of(), of);
    }

    private ModelCostTest output(String name) {
        outputs.add(new Value(name, ValueType.FLOAT32, null, Value.Layout.PLAIN));
        return this;
    }

    private Model model() {
        return Model.of(new Graph("g", inputs, outputs, constants, nodes), 17, 8);
    }

    private ModelCost cost() {
        return ModelCost.of(model());
    }

    private Flops flops(String node) {
        return cost().graph().nodes().stream()
                .filter(cost -> cost.name().equals(node))
                .findFirst()
                .orElseThrow()
                .flops();
    }

    private static Flops counted(long count) {
        return new Flops.Counted(count);
    }

    private static Graph body(List<Value> inputs, List<String> outputs, Node... nodes) {
        return new Graph(
                "body",
                inputs,
                outputs.stream()
                        .map(name -> new Value(name, ValueType.FLOAT32, null, Value.Layout.PLAIN))
                        .toList(),
                Map.of(),
                List.of(nodes));
    }

    /** What a convolution's plain loop does, taps on padding included. */
    private static long convolution(int n, int in, int out, int group, int size, int kernel, int stride, int pad) {
        long count = 0;
        for (int image = 0; image < n; image++) {
            for (int channel = 0; channel < out; channel++) {
                for (int y = -pad; y + kernel <= size + pad; y += stride) {
                    for (int x = -pad; x + kernel <= size + pad; x += stride) {
                        for (int c = 0; c < in / group; c++) {
                            for (int tap = 0; tap < kernel * kernel; tap++) {
                                count += 2;
                            }
                        }
                        count++; // the bias
                    }
                }
            }
        }
        return count;
    }

    @ParameterizedTest
    @CsvSource({"1,3,8,1,9,3,1,1", "2,4,6,2,8,3,2,1", "1,6,6,6,7,5,1,0", "3,2,5,1,4,1,1,0"})
    void aConvolutionCountsAsItsLoop(int n, int in, int out, int group, int size, int kernel, int stride, int pad) {
        input("x", n, in, size, size)
                .weights("w", out, in / group, kernel, kernel)
                .weights("b", out)
                .node(
                        "Conv",
                        "y",
                        Map.of(
                                "group",
                                Attribute.of(group),
                                "strides",
                                Attribute.ints(stride, stride),
                                "pads",
                                Attribute.ints(pad, pad, pad, pad)),
                        "x",
                        "w",
                        "b");
        assertThat(flops("y")).isEqualTo(counted(convolution(n, in, out, group, size, kernel, stride, pad)));
    }

    @Test
    void aTransposedConvolutionCountsAsItsLoop() {
        input("x", 2, 3, 5, 5)
                .weights("w", 3, 4, 4, 4)
                .weights("b", 4)
                .node(
                        "ConvTranspose",
                        "y",
                        Map.of("strides", Attribute.ints(2, 2), "pads", Attribute.ints(1, 1, 1, 1)),
                        "x",
                        "w",
                        "b");
        long count = 0;
        for (int element = 0; element < 2 * 3 * 5 * 5; element++) {
            for (int tap = 0; tap < 4 * 4 * 4; tap++) {
                count += 2; // scattered into the output
            }
        }
        for (int element = 0; element < 2 * 4 * 10 * 10; element++) {
            count++;
        }
        assertThat(flops("y")).isEqualTo(counted(count));
    }

    @Test
    void matricesCountAsTheirLoops() {
        input("x", 6, 5)
                .input("t", 2, 1, 3, 4)
                .weights("w", 7, 5)
                .weights("b", 7)
                .weights("m", 3, 4, 8)
                .node("Gemm", "gemm", Map.of("transB", Attribute.of(1), "alpha", Attribute.of(0.5f)), "x", "w", "b")
                .node("MatMul", "product", "t", "m");
        long gemm = 0;
        for (int row = 0; row < 6; row++) {
            for (int column = 0; column < 7; column++) {
                for (int k = 0; k < 5; k++) {
                    gemm += 2;
                }
                gemm += 2; // alpha and the bias
            }
        }
        assertThat(flops("gemm")).isEqualTo(counted(gemm));
        assertThat(flops("product")).isEqualTo(counted(2L * 3 * 3 * 8 * 4 * 2));
    }

    @Test
    void anLstmCountsAsItsEquations() {
        int steps = 3;
        int batch = 2;
        int in = 5;
        int hidden = 4;
        input("x", steps, batch, in)
                .weights("w", 2, 4L * hidden, in)
                .weights("r", 2, 4L * hidden, hidden)
                .weights("b", 2, 8L * hidden)
                .node(
                        "LSTM",
                        "y",
                        Map.of("hidden_size", Attribute.of(hidden), "direction", Attribute.of("bidirectional")),
                        "x",
                        "w",
                        "r",
                        "b");
        long count = 0;
        for (int unit = 0; unit < 2 * steps * batch * hidden; unit++) {
            for (int gate = 0; gate < 4; gate++) {
                count += 2 * in + 2 * hidden + 2; // both products and both biases
            }
            count += 3 + 2; // sigmoids of i, o and f, tanh of c and of the new cell
            count += 2 + 1 + 1; // f·C, i·c, their sum, o·tanh(C)
        }
        assertThat(flops("y")).isEqualTo(counted(count));
    }

    /** x is [2, 3, 8, 10], so has 480 elements. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Relu | 480",
                "Sigmoid | 480",
                "Softmax | 2400",
                "GlobalAveragePool | 480",
                "GlobalMaxPool | 474",
                "ReduceSum | 479",
                "ReduceMean | 480",
                "ReduceSumSquare | 959",
                "ReduceL2 | 960",
                "ArgMax | 240",
                "Hardmax | 480",
                "LpNormalization | 1440",
                "MeanVarianceNormalization | 2400",
                "DynamicQuantizeLinear | 2400"
            })
    void ofOneInput(String op, long expected) {
        input("x", 2, 3, 8, 10).node(op, "y", "x");
        assertThat(flops("y")).isEqualTo(counted(expected));
    }

    /** A sum of nothing is 0, and takes nothing. */
    @Test
    void ofNothing() {
        input("x", 2, 0, 4).sizes("axes", 1L).node("ReduceSumSquare", "y", "x", "axes");
        assertThat(flops("y")).isEqualTo(counted(0));
    }

    @Test
    void ofFurtherInputsAndAttributes() {
        var window = Map.of("kernel_shape", Attribute.ints(2, 2), "strides", Attribute.ints(2, 2));
        input("x", 1, 2, 4, 6)
                .weights("scale", 2)
                .weights("wide", 6)
                .node("MaxPool", "max", window, "x") // 12 outputs
                .node("AveragePool", "average", window, "x")
                .node("BatchNormalization", "batch", "x", "scale", "scale", "scale", "scale")
                .node("InstanceNormalization", "instance", "x", "scale", "scale")
                .node("LayerNormalization", "layer", "x", "wide", "wide")
                .node("LayerNormalization", "unbiased", "x", "wide")
                .node("LRN", "lrn", Map.of("size", Attribute.of(5)), "x")
                .node("Add", "sum", "x", "wide")
                .node("Max", "most", "x", "x", "x")
                .node("Mean", "mean", "x", "x", "x")
                .node("Where", "where", "x", "x", "wide");
        assertThat(cost().graph().nodes())
                .extracting(NodeCost::flops)
                .extracting(flops -> ((Flops.Counted) flops).count())
                .containsExactly(36L, 48L, 96L, 336L, 336L, 288L, 432L, 48L, 96L, 144L, 48L);
    }

    @Test
    void quantizedOperators() {
        constants.put("zero", Tensor.scalar(ValueType.UINT8, 0));
        constants.put("scale", Tensor.scalar(ValueType.FLOAT32, 1));
        constants.put("w", zeros(ValueType.INT8, 4, 3, 3, 3));
        constants.put("b", zeros(ValueType.INT32, 4));
        constants.put("m", zeros(ValueType.UINT8, 5, 7));
        input("x", 1, 3, 6, 6)
                .input("row", ValueType.UINT8, 2, 5)
                .node("QuantizeLinear", "q", "x", "scale", "zero") // 108 elements
                .node("DequantizeLinear", "d", "q", "scale")
                .node("QLinearConv", "c", "q", "scale", "zero", "w", "scale", "zero", "scale", "zero", "b")
                .node("ConvInteger", "i", "q", "w")
                .node("MatMulInteger", "p", "row", "m")
                .node("QLinearMatMul", "r", "row", "scale", "zero", "m", "scale", "zero", "scale", "zero");
        assertThat(cost().graph().nodes())
                .extracting(NodeCost::flops)
                .containsExactly(
                        counted(324),
                        counted(108),
                        counted(4 * 16 * (2 * 27 + 1 + 3)),
                        counted(4 * 16 * 2 * 27),
                        counted(14 * 10),
                        counted(14 * (10 + 3)));
        var quantized = cost().graph().nodes().get(0).outputs().get(0);
        assertThat(quantized.text()).isEqualTo("uint8[1, 3, 6, 6]");
        assertThat(quantized.bytes()).isEqualTo(108);
    }

    @Test
    void resizingCountsTapsOfTheAxesThatChange() {
        constants.put("scales", Tensor.of(new float[] {1, 1, 2, 2}, 4));
        input("x", 1, 2, 3, 3);
        for (var mode : List.of("nearest", "linear", "cubic")) {
            node("Resize", mode, Map.of("mode", Attribute.of(mode)), "x", "", "scales");
        }
        assertThat(cost().graph().nodes())
                .extracting(NodeCost::flops)
                .containsExactly(new Flops.NothingToCount(), counted(72 * 2 * 4), counted(72 * 2 * 16));
    }

    @Test
    void whatIsUnknownStaysUnknown() {
        input("x", "N", 4, "w").node("NonZero", "at", "x").node("Relu", "free", "x");
        nodes.add(new Node("own", "custom", "Relu", List.of("x"), List.of("o"), new java.util.TreeMap<>()));
        node("Unique", "u", "x").node("Neg", "n", "at");
        var cost = cost();
        assertThat(cost.open()).containsExactly("w");
        assertThat(cost.assumed()).containsExactly("N");
        assertThat(cost.graph().nodes())
                .extracting(NodeCost::flops)
                .containsExactly(
                        new Flops.NothingToCount(),
                        new Flops.Unknown("the shape of free is unknown"),
                        new Flops.Unknown("no rule for operators of custom"),
                        new Flops.Unknown("no rule for Unique"),
                        new Flops.Unknown("the shape of n is unknown"));
        assertThat(cost.graph().flops()).isEqualTo(new Total(0, 4));
        assertThat(cost.graph().peakBytes()).isEqualTo(new Total(0, 6));
        assertThat(cost.graph().nodes().get(2).op()).isEqualTo("custom.Relu");
        assertThat(cost.graph().nodes().get(1).outputs().get(0))
                .isEqualTo(new ValueCost("free", "float32", List.of("1", "4", "w"), null));

        var sized = ModelCost.of(model(), Map.of("N", 2L, "w", 5L));
        assertThat(sized.open()).isEmpty();
        assertThat(sized.assumed()).isEmpty();
        assertThat(sized.graph().nodes().get(1).flops()).isEqualTo(counted(40));
        assertThat(sized.graph().nodes().get(0).flops()).isEqualTo(new Flops.NothingToCount());
        assertThat(sized.graph().nodes().get(0).outputs().get(0).bytes()).isNull();
    }

    @Test
    void sizesOfMultiplesAndOfAxesWithoutAName() {
        input("x", "N", 3, "4*h", "?").input("codes", "N", "h").node("Relu", "y", "x");
        assertThat(cost().open()).containsExactly("h", "x[3]");
        var cost = ModelCost.of(model(), Map.of("h", 6L, "x[3]", 7L));
        assertThat(cost.graph().nodes().get(0).flops()).isEqualTo(counted(3 * 24 * 7));
        assertThat(cost.sizes()).isEqualTo(Map.of("N", 1L, "h", 6L, "x[3]", 7L));
        assertThatThrownBy(() -> ModelCost.of(model(), Map.of("h", 0L, "q", 3L)))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("the size of h must be at least 1, got 0")
                .hasMessageContaining("(N, h, x[3]), got q");
    }

    @Test
    void sharedConstantsCountOnce() {
        input("x", 1, 4)
                .weights("w", 4, 4)
                .weights("unused", 3)
                .node("MatMul", "a", "x", "w")
                .node("MatMul", "b", "a", "w");
        nodes.add(Node.of("Constant", List.of(), "c", Map.of("value", new Attribute.Array(zeros(ValueType.INT8, 4)))));
        node("Add", "y", "b", "c");
        var cost = cost();
        assertThat(cost.graph().nodes()).extracting(NodeCost::parameters).containsExactly(16L, 16L, 0L, 4L);
        assertThat(cost.graph().nodes()).extracting(NodeCost::parameterBytes).containsExactly(64L, 64L, 0L, 4L);
        assertThat(cost.parameters()).isEqualTo(16 + 3 + 4);
        assertThat(cost.parameterBytes()).isEqualTo(64 + 12 + 4);
    }

    @Test
    void constantsThatAreInputsTooAreConstants() {
        input("x", 1, 6).input("to", ValueType.INT64, 2).sizes("to", 2L, 3L).node("Reshape", "y", "x", "to");
        var made = cost().graph().nodes().get(0);
        assertThat(made.outputs().get(0).shape()).containsExactly("2", "3");
        assertThat(made.parameters()).isEqualTo(2);
    }

    /** x 40 B; a 80 B of x; b 80 B of a; c 80 B of a and b; y 40 B of c. */
    @Test
    void memoryIsWhatLivesAtOnce() {
        input("x", 1, 10)
                .weights("w", 10, 20)
                .weights("v", 20, 10)
                .node("MatMul", "a", "x", "w")
                .node("Relu", "b", "a")
                .node("Add", "c", "a", "b")
                .node("Relu", "unused", "c")
                .node("MatMul", "y", "c", "v")
                .output("y");
        var graph = cost().graph();
        assertThat(graph.peakBytes()).isEqualTo(new Total(40 + 80 + 80 + 80, 0)); // at c
        assertThat(graph.peakAt()).isEqualTo("c");
        assertThat(graph.largest()).isEqualTo(new ValueCost("a", "float32", List.of("1", "20"), 80L));
    }

    @Test
    void ofTwoBranchesTheDearerCounts() {
        var cheap = body(List.of(), List.of("p"), Node.of("Relu", List.of("x"), "p", Map.of()));
        var dear = body(
                List.of(),
                List.of("q"),
                Node.of("Relu", List.of("x"), "r", Map.of()),
                Node.of("Neg", List.of("r"), "q", Map.of()));
        input("x", 1, 10)
                .input("which", ValueType.BOOL)
                .node(
                        "If",
                        "y",
                        Map.of("then_branch", new Attribute.Body(cheap), "else_branch", new Attribute.Body(dear)),
                        "which")
                .output("y");
        var cost = cost();
        assertThat(cost.graph().flops()).isEqualTo(new Total(20, 0));
        assertThat(cost.graph().nodes().get(0).bodies())
                .extracting(GraphCost::flops)
                .containsExactly(new Total(20, 0), new Total(10, 0));
        // x, which, y, and in the else branch r and q
        assertThat(cost.graph().peakBytes()).isEqualTo(new Total(40 + 1 + 40 + 80, 0));
    }

    @Test
    void aLoopCountsItsTurnsWhereTheyAreKnown() {
        var turn = body(
                List.of(
                        value("i", ValueType.INT64),
                        value("on", ValueType.BOOL),
                        value("state", ValueType.FLOAT32, 1, 10)),
                List.of("again", "next"),
                Node.of("Identity", List.of("on"), "again", Map.of()),
                Node.of("Neg", List.of("state"), "next", Map.of()));
        constants.put("most", Tensor.of(new long[] {5}));
        input("x", 1, 10)
                .input("n", ValueType.INT64)
                .node("Loop", "fixed", Map.of("body", new Attribute.Body(turn)), "most", "", "x")
                .node("Loop", "open", Map.of("body", new Attribute.Body(turn)), "n", "", "x");
        assertThat(flops("fixed")).isEqualTo(counted(50));
        assertThat(flops("open"))
                .isEqualTo(new Flops.Unknown("how often the body runs is known only at run time; once is 10"));
        assertThat(cost().graph().flops()).isEqualTo(new Total(50, 1));
    }

    @Test
    void aScanTakesItsTurnsAndShapesFromWhatItScans() {
        var bare = new Value("s", new Type.OfTensor(ValueType.FLOAT32, null, Value.Layout.PLAIN));
        var step = new Value("e", new Type.OfTensor(ValueType.FLOAT32, null, Value.Layout.PLAIN));
        var body = body(
                List.of(bare, step),
                List.of("t", "out"),
                Node.of("Add", List.of("s", "e"), "t", Map.of()),
                Node.of("Identity", List.of("t"), "out", Map.of()));
        input("start", 4)
                .input("x", 7, 4)
                .node(
                        "Scan",
                        "y",
                        Map.of("body", new Attribute.Body(body), "num_scan_inputs", Attribute.of(1)),
                        "start",
                        "x");
        assertThat(flops("y")).isEqualTo(counted(7 * 4));
    }

    @Test
    void sizesBeyondSixtyThreeBitsAreUnknown() {
        input("x", 1 << 30, 1 << 30, 8)
                .node("Relu", "y", "x")
                .node("Softmax", "z", "x")
                .sizes("to", 1L << 62, 4L)
                .node("Expand", "big", "x", "to");
        assertThat(flops("z")).isEqualTo(new Flops.Unknown("beyond 63 bits"));
        assertThat(flops("y")).isEqualTo(new Flops.Unknown("beyond 63 bits"));
        assertThat(cost().graph().largest()).isNull();
    }

    @Test
    void jsonIsReadBackWhole() {
        input("x", "N", 4).weights("w", 4, 4).node("MatMul", "y", "x", "w").node("Unique", "u", "y");
        var cost = cost();
        assertThat(RecordTree.parse(cost.json(), ModelCost.class, "cost")).isEqualTo(cost);
    }
}
