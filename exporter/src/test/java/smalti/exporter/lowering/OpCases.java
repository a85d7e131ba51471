package smalti.exporter.lowering;

import static smalti.spec.bundle.ElementType.FLOAT32;
import static smalti.spec.bundle.ElementType.INT64;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.stream.Stream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import smalti.spec.CounterRandom;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;

/** What each operation means. */
final class OpCases {
    /** Whole-number inputs are below this. */
    static final int CODES = 7;

    static final List<Map<String, Integer>> PICTURES =
            List.of(Map.of("N", 1, "h", 4, "w", 4), Map.of("N", 3, "h", 5, "w", 2), Map.of("N", 2, "h", 3, "w", 8));
    static final String IMAGE = "N 3 2*h 2*w";

    private OpCases() {}

    static Stream<OpCase> all() {
        return Stream.of(
                        ConvolutionCases.all(),
                        ElementCases.all(),
                        ReductionCases.all(),
                        ArrangementCases.all(),
                        BlockCases.all(),
                        CountCases.all(),
                        SelectionCases.all(),
                        ScatterCases.all(),
                        ImageCases.all(),
                        LossCases.all(),
                        MatrixCases.all(),
                        NonlinearityCases.all(),
                        NormalizationCases.all(),
                        PoolingCases.all(),
                        LegacyCases.all(),
                        RecurrentCases.all(),
                        ResizeCases.all(),
                        biases(),
                        elements(),
                        pairs(),
                        numbers(),
                        products(),
                        shapes(),
                        indices())
                .flatMap(cases -> cases);
    }

    private static Stream<OpCase> biases() {
        var bias = array(3);
        var wide = array(6);
        return Stream.of(
                useCase(
                        "biasadd",
                        "NCHW",
                        IMAGE,
                        (graph, in) -> graph.nn.biasAdd("y", in.apply("x"), constant(graph, bias), true),
                        x -> x.with(doubles(bias).reshaped(3, 1, 1), Double::sum)),
                useCase(
                        "biasadd",
                        "last axis",
                        "N h 6",
                        (graph, in) -> graph.nn.biasAdd("y", in.apply("x"), constant(graph, wide), false),
                        x -> x.with(doubles(wide), Double::sum)),
                useCase(
                        "biasadd",
                        "of a matrix, NCHW",
                        "N 6",
                        (graph, in) -> graph.nn.biasAdd("y", in.apply("x"), constant(graph, wide), true),
                        x -> x.with(doubles(wide), Double::sum)));
    }

    private static Stream<OpCase> elements() {
        return Stream.of(
                element("relu", (graph, x) -> graph.nn.relu("y", x, 0), x -> Math.max(x, 0)),
                element("leakyrelu", (graph, x) -> graph.nn.leakyRelu("y", x, 0.2), x -> x > 0 ? x : 0.2 * x),
                element("leakyrelu", (graph, x) -> graph.nn.leakyRelu("y", x, 0.01), x -> x > 0 ? x : 0.01 * x),
                element("tanh", (graph, x) -> graph.math.tanh("y", x), Math::tanh),
                element("sigmoid", (graph, x) -> graph.nn.sigmoid("y", x), x -> 1 / (1 + Math.exp(-x))),
                element("neg", (graph, x) -> graph.math.neg("y", x), x -> -x),
                element("exp", (graph, x) -> graph.math.exp("y", x), Math::exp),
                element("abs", (graph, x) -> graph.math.abs("y", x), Math::abs),
                element("sqrt", (graph, x) -> graph.math.sqrt("y", graph.math.abs(x)), x -> Math.sqrt(Math.abs(x))),
                element("square", (graph, x) -> graph.math.square("y", x), x -> x * x),
                element("identity", (graph, x) -> graph.identity("y", x), x -> x));
    }

    private static Stream<OpCase> pairs() {
        return Stream.of(
                pair("add", (a, b) -> a.add("y", b), Double::sum),
                pair("subtract", (a, b) -> a.sub("y", b), (a, b) -> a - b),
                pair("multiply", (a, b) -> a.mul("y", b), (a, b) -> a * b),
                pair("divide", (a, b) -> a.div("y", b.add(9)), (a, b) -> a / (b + 9)),
                pair("reversesubtract", (a, b) -> a.rsub("y", b), (a, b) -> b - a),
                pair("reversedivide", (a, b) -> a.add(9).rdiv("y", b), (a, b) -> b / (a + 9)));
    }

    private static OpCase pair(
            String op, java.util.function.BinaryOperator<SDVariable> build, DoubleBinaryOperator reference) {
        var signature = new Signature(
                List.of(spec("a", FLOAT32, "N h w 3"), spec("b", FLOAT32, "h 1 3")),
                List.of(spec("y", FLOAT32, "N h w 3")));
        return new OpCase(
                op,
                "broadcast",
                signature,
                PICTURES,
                (graph, in) -> build.apply(in.apply("a"), in.apply("b")),
                in -> get(in, "a").with(get(in, "b"), reference));
    }

    private static Stream<OpCase> numbers() {
        return Stream.of(
                element("add_scalar", (graph, x) -> x.add("y", 0.3), x -> x + 0.3),
                element("sub_scalar", (graph, x) -> x.sub("y", 0.3), x -> x - 0.3),
                element("mul_scalar", (graph, x) -> x.mul("y", 0.3), x -> x * 0.3),
                element("div_scalar", (graph, x) -> x.div("y", 0.3), x -> x / 0.3),
                element("rsub_scalar", (graph, x) -> x.rsub("y", 0.3), x -> 0.3 - x),
                element(
                        "rdiv_scalar",
                        (graph, x) -> graph.math.abs(x).add(1).rdiv("y", 0.3),
                        x -> 0.3 / (Math.abs(x) + 1)));
    }

    private static Stream<OpCase> products() {
        var weights = array(6, 4);
        var turned = array(4, 6);
        return Stream.of(
                useCase(
                        "matmul",
                        "plain",
                        "N 6",
                        "N 4",
                        FLOAT32,
                        (graph, in) -> graph.mmul("y", in.apply("x"), constant(graph, weights)),
                        x -> x.times(doubles(weights))),
                useCase(
                        "matmul",
                        "constant transposed",
                        "N 6",
                        "N 4",
                        FLOAT32,
                        (graph, in) -> graph.mmul("y", in.apply("x"), constant(graph, turned), false, true, false),
                        x -> x.times(doubles(turned).permuted(1, 0))),
                useCase(
                        "matmul",
                        "input transposed",
                        "6 N",
                        "N 4",
                        FLOAT32,
                        (graph, in) -> graph.mmul("y", in.apply("x"), constant(graph, weights), true, false, false),
                        x -> x.permuted(1, 0).times(doubles(weights))),
                useCase(
                        "tensordot",
                        "four axes with two",
                        "N h w 6",
                        "N h w 4",
                        FLOAT32,
                        (graph, in) -> graph.tensorMmul(
                                "y", in.apply("x"), constant(graph, weights), new int[] {3}, new int[] {0}),
                        x -> x.times(doubles(weights))),
                useCase(
                        "tensordot",
                        "after a permutation",
                        "N 6 h w",
                        "N h w 4",
                        FLOAT32,
                        (graph, in) -> graph.tensorMmul(
                                "y",
                                in.apply("x").permute(0, 2, 3, 1),
                                constant(graph, weights),
                                new int[] {3},
                                new int[] {0}),
                        x -> x.permuted(0, 2, 3, 1).times(doubles(weights))));
    }

    private static Stream<OpCase> shapes() {
        var constant = array(5);
        return Stream.of(
                useCase(
                        "permute",
                        "to channels last",
                        "N 3 h w",
                        "N h w 3",
                        FLOAT32,
                        (graph, in) -> graph.permute("y", in.apply("x"), 0, 2, 3, 1),
                        x -> x.permuted(0, 2, 3, 1)),
                useCase(
                        "transpose",
                        "matrix",
                        "N 6",
                        "6 N",
                        FLOAT32,
                        (graph, in) -> graph.transpose("y", in.apply("x")),
                        x -> x.permuted(1, 0)),
                useCase(
                        "reshape",
                        "to pictures",
                        "N 12",
                        "N 3 2 2",
                        FLOAT32,
                        (graph, in) -> graph.reshape("y", in.apply("x"), -1, 3, 2, 2),
                        x -> x.reshaped(x.shape[0], 3, 2, 2)),
                useCase(
                        "reshape",
                        "by a constant",
                        "N 12",
                        "N 4 3",
                        FLOAT32,
                        (graph, in) -> graph.reshape(
                                "y",
                                in.apply("x"),
                                graph.constant(graph.generateNewVarName("c", 0), Nd4j.createFromArray(-1, 4, 3))),
                        x -> x.reshaped(x.shape[0], 4, 3)),
                useCase(
                        "reshape",
                        "of a permutation",
                        "N 3 4",
                        "N 12",
                        FLOAT32,
                        (graph, in) -> graph.reshape("y", in.apply("x").permute(0, 2, 1), -1, 12),
                        x -> x.permuted(0, 2, 1).reshaped(x.shape[0], 12)),
                useCase(
                        "expand_dims",
                        "in the middle",
                        "N h",
                        "N 1 h",
                        FLOAT32,
                        (graph, in) -> graph.expandDims("y", in.apply("x"), 1),
                        x -> x.reshaped(x.shape[0], 1, x.shape[1])),
                useCase(
                        "squeeze",
                        "in the middle",
                        "N 1 h",
                        "N h",
                        FLOAT32,
                        (graph, in) -> graph.squeeze("y", in.apply("x"), 1),
                        x -> x.reshaped(x.shape[0], x.shape[2])),
                useCase(
                        "concat",
                        "channels with their squares",
                        "N 2 h",
                        "N 4 h",
                        FLOAT32,
                        (graph, in) -> graph.concat("y", 1, in.apply("x"), graph.math.square(in.apply("x"))),
                        x -> Doubles.filled(
                                new int[] {x.shape[0], 4, x.shape[2]},
                                at -> at[1] < 2
                                        ? x.at(at[0], at[1], at[2])
                                        : Math.pow(x.at(at[0], at[1] - 2, at[2]), 2))),
                useCase(
                        "concat",
                        "with a constant",
                        "5",
                        "10",
                        FLOAT32,
                        (graph, in) -> graph.concat("y", 0, constant(graph, constant), in.apply("x")),
                        x -> Doubles.filled(
                                new int[] {10},
                                at -> at[0] < 5 ? doubles(constant).at(at[0]) : x.at(at[0] - 5))));
    }

    private static Stream<OpCase> indices() {
        var table = array(CODES, 4);
        return Stream.of(
                useCase(
                        "argmin",
                        "last axis",
                        "N h w 9",
                        "N h w",
                        INT64,
                        (graph, in) -> graph.argmin("y", in.apply("x"), 3),
                        x -> x.least(1)),
                useCase(
                        "argmax",
                        "axis from the end",
                        "N h 9",
                        "N h",
                        INT64,
                        (graph, in) -> graph.argmax("y", in.apply("x"), -1),
                        x -> x.least(-1)),
                useCase(
                        "argmin",
                        "keeping the axis",
                        "N h 9",
                        "N h 1",
                        INT64,
                        (graph, in) -> graph.argmin("y", in.apply("x"), true, 2),
                        x -> x.least(1).reshaped(x.shape[0], x.shape[1], 1)),
                index("gather", "N", "N 4", (graph, in) -> graph.gather("y", constant(graph, table), in, 0), table),
                index(
                        "gather",
                        "N h w",
                        "N h w 4",
                        (graph, in) -> graph.gather("y", constant(graph, table), in, 0),
                        table),
                oneHot("N", "N 7", 1, 0),
                oneHot("N h", "N h 7", 5, -1),
                new OpCase(
                        "cast",
                        "long to float",
                        new Signature(List.of(spec("x", INT64, "N h")), List.of(spec("y", FLOAT32, "N h"))),
                        PICTURES,
                        (graph, in) -> graph.castTo("y", in.apply("x"), DataType.FLOAT),
                        in -> get(in, "x")),
                useCase(
                        "cast",
                        "float to long",
                        "N h",
                        "N h",
                        INT64,
                        (graph, in) -> graph.castTo("y", in.apply("x").mul(10), DataType.INT64),
                        x -> x.map(value -> (double) (long) (float) (value * 10))));
    }

    private static OpCase index(
            String op,
            String from,
            String to,
            java.util.function.BiFunction<SameDiff, SDVariable, SDVariable> build,
            INDArray table) {
        return new OpCase(
                op,
                from,
                new Signature(List.of(spec("x", INT64, from)), List.of(spec("y", FLOAT32, to))),
                PICTURES,
                (graph, in) -> build.apply(graph, in.apply("x")),
                in -> {
                    var x = get(in, "x");
                    var shape = Arrays.copyOf(x.shape, x.shape.length + 1);
                    shape[x.shape.length] = 4;
                    return Doubles.filled(
                            shape,
                            at -> doubles(table).at((int) x.at(Arrays.copyOf(at, at.length - 1)), at[at.length - 1]));
                });
    }

    private static OpCase oneHot(String from, String to, double on, double off) {
        return new OpCase(
                "onehot",
                from + " on " + on + " off " + off,
                new Signature(List.of(spec("x", INT64, from)), List.of(spec("y", FLOAT32, to))),
                PICTURES,
                (graph, in) -> graph.oneHot("y", in.apply("x"), CODES, -1, on, off, DataType.FLOAT),
                in -> {
                    var x = get(in, "x");
                    var shape = Arrays.copyOf(x.shape, x.shape.length + 1);
                    shape[x.shape.length] = CODES;
                    return Doubles.filled(
                            shape, at -> x.at(Arrays.copyOf(at, at.length - 1)) == at[at.length - 1] ? on : off);
                });
    }

    private static OpCase element(
            String op,
            java.util.function.BiFunction<SameDiff, SDVariable, SDVariable> build,
            DoubleUnaryOperator reference) {
        return useCase(op, "", IMAGE, (graph, in) -> build.apply(graph, in.apply("x")), x -> x.map(reference));
    }

    private static OpCase useCase(
            String op, String label, String shape, OpCase.Build build, Function<Doubles, Doubles> reference) {
        return useCase(op, label, shape, shape, FLOAT32, build, reference);
    }

    private static OpCase useCase(
            String op,
            String label,
            String from,
            String to,
            ElementType type,
            OpCase.Build build,
            Function<Doubles, Doubles> reference) {
        return new OpCase(
                op,
                label,
                ends(spec("x", FLOAT32, from), type, to),
                PICTURES,
                build,
                in -> reference.apply(get(in, "x")));
    }

    static Signature ends(TensorSpec input, ElementType type, String output) {
        return new Signature(List.of(input), List.of(spec("y", type, output)));
    }

    static TensorSpec spec(String name, ElementType type, String shape) {
        return TensorSpec.of(name, type, shape);
    }

    static Doubles get(Map<String, Doubles> inputs, String name) {
        return java.util.Objects.requireNonNull(inputs.get(name));
    }

    /** Normal numbers times 0.3, the same for the same shape. */
    static INDArray array(long... shape) {
        var values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
        new CounterRandom(11, 8).normals(Arrays.hashCode(shape), values, 0, values.length);
        return Nd4j.createFromArray(values).muli(0.3).reshape(shape);
    }

    static Doubles doubles(INDArray array) {
        var doubles = new Doubles(
                Arrays.stream(array.shape()).mapToInt(Math::toIntExact).toArray());
        System.arraycopy(array.dup('c').data().asDouble(), 0, doubles.data, 0, doubles.data.length);
        return doubles;
    }

    static SDVariable constant(SameDiff graph, INDArray array) {
        return graph.constant("constant-" + graph.variables().size(), array);
    }
}
