package smalti.exporter.cost;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Shapes;

/** The operations of one node by its operator's formula; the package says which convention each follows. */
final class FlopRules {
    private static final Set<String> ELEMENTWISE = Set.of(
            "Abs",
            "Acos",
            "Acosh",
            "Add",
            "And",
            "Asin",
            "Asinh",
            "Atan",
            "Atanh",
            "BitShift",
            "BitwiseAnd",
            "BitwiseNot",
            "BitwiseOr",
            "BitwiseXor",
            "Ceil",
            "Celu",
            "Clip",
            "Cos",
            "Cosh",
            "CumProd",
            "CumSum",
            "Div",
            "Elu",
            "Equal",
            "Erf",
            "Exp",
            "Floor",
            "Gelu",
            "Greater",
            "GreaterOrEqual",
            "HardSigmoid",
            "HardSwish",
            "IsInf",
            "IsNaN",
            "LeakyRelu",
            "Less",
            "LessOrEqual",
            "Log",
            "Mish",
            "Mod",
            "Mul",
            "Neg",
            "Not",
            "Or",
            "PRelu",
            "Pow",
            "Reciprocal",
            "Relu",
            "Round",
            "Selu",
            "Shrink",
            "Sigmoid",
            "Sign",
            "Sin",
            "Sinh",
            "Softplus",
            "Softsign",
            "Sqrt",
            "Sub",
            "Swish",
            "Tan",
            "Tanh",
            "ThresholdedRelu",
            "Where",
            "Xor");

    /** Take any number of inputs. */
    private static final Set<String> VARIADIC = Set.of("Max", "Mean", "Min", "Sum");

    private static final Set<String> MOVES = Set.of(
            "BitCast",
            "Cast",
            "CastLike",
            "Compress",
            "Concat",
            "ConcatFromSequence",
            "Constant",
            "ConstantOfShape",
            "DepthToSpace",
            "Dropout",
            "Expand",
            "EyeLike",
            "Flatten",
            "Gather",
            "GatherElements",
            "GatherND",
            "Identity",
            "NonZero",
            "OneHot",
            "Optional",
            "OptionalGetElement",
            "OptionalHasElement",
            "Pad",
            "Range",
            "Reshape",
            "ReverseSequence",
            "Scatter",
            "ScatterElements",
            "ScatterND",
            "SequenceAt",
            "SequenceConstruct",
            "SequenceEmpty",
            "SequenceErase",
            "SequenceInsert",
            "SequenceLength",
            "Shape",
            "Size",
            "Slice",
            "SpaceToDepth",
            "Split",
            "SplitToSequence",
            "Squeeze",
            "TensorScatter",
            "Tile",
            "Transpose",
            "Trilu",
            "Unsqueeze",
            "Upsample");

    private final Node node;
    private final Shapes shapes;

    private FlopRules(Node node, Shapes shapes) {
        this.node = node;
        this.shapes = shapes;
    }

    /** Ends a formula; the message is the reason. */
    private static final class Unknowable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Unknowable(String reason) {
            super(reason, null, false, false);
        }
    }

    static Flops of(Node node, Shapes shapes) {
        if (!node.domain().isEmpty()) {
            return new Flops.Unknown("no rule for operators of " + node.domain());
        }
        var rules = new FlopRules(node, shapes);
        try {
            if (rules.moves()) {
                return new Flops.NothingToCount();
            }
            return rules.count()
                    .<Flops>map(Flops.Counted::new)
                    .orElseGet(() -> new Flops.Unknown("no rule for " + node.op()));
        } catch (Unknowable e) {
            return new Flops.Unknown(String.valueOf(e.getMessage()));
        } catch (ArithmeticException e) {
            return new Flops.Unknown("beyond 63 bits");
        }
    }

    private boolean moves() {
        return switch (node.op()) {
            case "Resize", "Upsample" -> node.text("mode", "nearest").equals("nearest");
            case "ScatterElements", "ScatterND" ->
                node.text("reduction", "none").equals("none");
            default -> MOVES.contains(node.op());
        };
    }

    private Optional<Long> count() {
        if (ELEMENTWISE.contains(node.op())) {
            return Optional.of(out());
        } else if (VARIADIC.contains(node.op())) {
            int steps = node.inputs().size()
                    - (node.op().equals("Mean") && node.inputs().size() > 1 ? 0 : 1);
            return Optional.of(times(out(), steps));
        }
        return Optional.ofNullable(
                switch (node.op()) {
                    case "Conv" -> convolution(1, 2);
                    case "ConvInteger" -> convolution(1, -1);
                    case "QLinearConv" -> plus(convolution(3, 8), times(out(), 3));
                    case "ConvTranspose" -> transposedConvolution();
                    case "Gemm" -> gemm();
                    case "MatMul", "MatMulInteger" -> times(out(), 2, last(0));
                    case "QLinearMatMul" -> plus(times(out(), 2, last(0)), times(out(), 3));
                    case "QuantizeLinear" -> times(in(0), has(2) ? 3 : 2);
                    case "DequantizeLinear" -> times(in(0), has(2) ? 2 : 1);
                    case "DynamicQuantizeLinear" -> times(in(0), 5);
                    case "MaxPool" -> times(out(), window() - 1);
                    case "AveragePool" -> times(out(), window());
                    case "LpPool" -> times(out(), 2, window());
                    case "GlobalAveragePool", "ReduceMean", "ReduceL1", "ReduceLogSum" -> in(0);
                    case "GlobalLpPool", "ReduceL2", "ReduceLogSumExp" -> times(in(0), 2);
                    case "ReduceSumSquare" -> Math.max(0, times(in(0), 2) - out());
                    case "GlobalMaxPool", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ArgMax", "ArgMin" ->
                        Math.max(0, in(0) - out());
                    case "BatchNormalization" -> times(in(0), 2);
                    case "InstanceNormalization", "GroupNormalization" -> times(in(0), 7);
                    case "RMSNormalization" -> times(in(0), 4);
                    case "RotaryEmbedding" -> times(in(0), 3);
                    case "Attention" -> attention();
                    case "LayerNormalization" -> times(in(0), has(2) ? 7 : 6);
                    case "MeanVarianceNormalization", "Softmax", "LogSoftmax" -> times(in(0), 5);
                    case "LpNormalization" -> times(in(0), 3);
                    case "LRN" -> times(in(0), Math.addExact(node.whole("size", 1), 4));
                    case "Hardmax" -> in(0);
                    case "ScatterElements", "ScatterND" -> in(2);
                    case "Resize", "Upsample" -> resize();
                    case "LSTM" -> recurrent(4, 9);
                    case "GRU" -> recurrent(3, 8);
                    case "RNN" -> recurrent(1, 1);
                    default -> null;
                });
    }

    private boolean has(int index) {
        return !node.input(index).isEmpty();
    }

    private long in(int index) {
        return elements(node.input(index));
    }

    private long out() {
        return elements(node.output());
    }

    private long elements(String value) {
        return product(shape(value));
    }

    private List<Long> shape(String value) {
        return shapes.fixedShape(value).orElseThrow(() -> new Unknowable("the shape of " + value + " is unknown"));
    }

    private long last(int index) {
        var shape = shape(node.input(index));
        if (shape.isEmpty()) {
            throw new Unknowable(node.input(index) + " has no axis");
        }
        return shape.get(shape.size() - 1);
    }

    private static long product(List<Long> sizes) {
        // 0 of one axis makes 0, however large the others are
        return sizes.contains(0L) ? 0 : sizes.stream().reduce(1L, Math::multiplyExact);
    }

    private static long times(long... factors) {
        long product = 1;
        for (long factor : factors) {
            product = Math.multiplyExact(product, factor);
        }
        return product;
    }

    private static long plus(long one, long other) {
        return Math.addExact(one, other);
    }

    /** @param bias −1 if there is none such */
    private long convolution(int weights, int bias) {
        var kernel = shape(node.input(weights));
        if (kernel.size() < 3) {
            throw new Unknowable(node.input(weights) + " is no kernel");
        }
        long taps = product(kernel.subList(1, kernel.size()));
        return plus(times(out(), 2, taps), bias >= 0 && has(bias) ? out() : 0);
    }

    private long transposedConvolution() {
        var kernel = shape(node.input(1));
        if (kernel.size() < 3) {
            throw new Unknowable(node.input(1) + " is no kernel");
        }
        long taps = product(kernel.subList(1, kernel.size()));
        return plus(times(in(0), 2, taps), has(2) ? out() : 0);
    }

    private long gemm() {
        var a = shape(node.input(0));
        if (a.size() != 2) {
            throw new Unknowable(node.input(0) + " is no matrix");
        }
        long inner = a.get(node.whole("transA", 0) == 0 ? 1 : 0);
        long count = times(out(), 2, inner);
        if (node.real("alpha", 1) != 1) {
            count = plus(count, out());
        }
        if (has(2)) {
            count = plus(count, out());
            count = plus(count, node.real("beta", 1) == 1 ? 0 : in(2));
        }
        return count;
    }

    /** Both products, the scale and the softmax of each weight; a mask, a cap and turns of three axes are not looked at. */
    private long attention() {
        var queries = shape(node.input(0));
        var keys = shape(node.input(1));
        if (queries.size() != keys.size() || queries.size() < 3 || queries.size() > 4) {
            throw new Unknowable("the ranks of its inputs are wrong");
        }
        boolean byHeads = queries.size() == 4;
        long heads = byHeads ? queries.get(1) : node.whole("q_num_heads", 1);
        long turns = queries.get(byHeads ? 2 : 1);
        long width = byHeads ? queries.get(3) : queries.get(2) / Math.max(1, heads);
        long total =
                plus(keys.get(byHeads ? 2 : 1), has(4) ? shape(node.input(4)).get(2) : 0);
        long weights = times(queries.get(0), heads, turns, total);
        return plus(plus(times(weights, 2, width), times(weights, 6)), times(out(), 2, total));
    }

    /** The elements under a pooling window. */
    private long window() {
        var kernel = node.wholes("kernel_shape").orElseThrow(() -> new Unknowable("it has no kernel_shape"));
        long elements = product(kernel);
        if (elements < 1) {
            throw new Unknowable("its window " + kernel + " is empty");
        }
        return elements;
    }

    private long resize() {
        if (node.whole("antialias", 0) != 0) {
            throw new Unknowable("no rule for Resize with antialias");
        }
        long taps = node.text("mode", "nearest").equals("cubic") ? 4 : 2;
        var from = shape(node.input(0));
        var to = shape(node.output());
        long count = times(out(), 2);
        boolean changes = false;
        for (int i = 0; i < Math.min(from.size(), to.size()); i++) {
            if (!from.get(i).equals(to.get(i))) {
                count = times(count, taps);
                changes = true;
            }
        }
        return changes ? count : 0;
    }

    /**
     * @param gates matrices in one for each direction
     * @param steps elementwise ones for each hidden unit
     */
    private long recurrent(int gates, int steps) {
        var input = shape(node.input(0)); // [T, N, I], of layout 1 [N, T, I]
        var weights = shape(node.input(2)); // [D, gates·H, H]
        if (input.size() != 3 || weights.size() != 3) {
            throw new Unknowable("the ranks of its inputs are wrong");
        }
        long hidden = weights.get(2);
        long unit = times(2, gates, plus(input.get(2), hidden));
        unit = plus(unit, has(3) ? 2L * gates : 0);
        unit = plus(unit, steps);
        unit = plus(unit, node.op().equals("LSTM") && has(7) ? 6 : 0);
        return times(input.get(0), input.get(1), weights.get(0), hidden, unit);
    }
}
