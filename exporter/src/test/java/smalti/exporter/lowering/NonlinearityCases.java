package smalti.exporter.lowering;

import static smalti.exporter.lowering.OpCases.PICTURES;
import static smalti.exporter.lowering.OpCases.array;
import static smalti.exporter.lowering.OpCases.constant;
import static smalti.exporter.lowering.OpCases.doubles;
import static smalti.exporter.lowering.OpCases.get;
import static smalti.exporter.lowering.OpCases.spec;
import static smalti.spec.bundle.ElementType.BFLOAT16;
import static smalti.spec.bundle.ElementType.FLOAT16;
import static smalti.spec.bundle.ElementType.FLOAT32;
import static smalti.spec.bundle.ElementType.FLOAT64;

import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.stream.Stream;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ops.impl.scalar.RectifiedLinearDerivative;
import org.nd4j.linalg.api.ops.impl.transforms.custom.ThresholdRelu;
import org.nd4j.linalg.api.ops.impl.transforms.gradient.CubeDerivative;
import org.nd4j.linalg.api.ops.impl.transforms.gradient.HardSigmoidDerivative;
import org.nd4j.linalg.api.ops.impl.transforms.gradient.RationalTanhDerivative;
import org.nd4j.linalg.api.ops.impl.transforms.gradient.RectifiedTanhDerivative;
import org.nd4j.linalg.api.ops.impl.transforms.gradient.SELUDerivative;
import org.nd4j.linalg.api.ops.impl.transforms.strict.GELUDerivative;
import org.nd4j.linalg.api.ops.impl.transforms.strict.TanhDerivative;
import smalti.spec.bundle.ElementType;

/** What activation functions mean. */
@SuppressWarnings("deprecation") // graphs that exist use these
final class NonlinearityCases {
    static final ElementType[] FLOATS = {FLOAT32, FLOAT64, FLOAT16, BFLOAT16};
    private static final ElementType[] NOT_BRAIN = {FLOAT32, FLOAT64, FLOAT16};
    private static final ElementType[] NOT_HALF = {FLOAT32, FLOAT64, BFLOAT16};

    private NonlinearityCases() {}

    static Stream<OpCase> all() {
        return Stream.of(curves(), slopes(), backwards(), rows(), layers()).flatMap(cases -> cases);
    }

    static OpCase use(
            String op,
            String label,
            String shape,
            OpCase.Build build,
            Function<Map<String, Doubles>, Doubles> reference) {
        return use(op, label, Map.of("x", shape), build, reference);
    }

    /** @param shapes of the inputs by name, all of floats */
    static OpCase use(
            String op,
            String label,
            Map<String, String> shapes,
            OpCase.Build build,
            Function<Map<String, Doubles>, Doubles> reference) {
        var inputs = new java.util.TreeMap<>(shapes)
                .entrySet().stream()
                        .map(shape -> spec(shape.getKey(), FLOAT32, shape.getValue()))
                        .toList();
        return new OpCase(
                op, label, inputs, PICTURES, Map.of(), build, in -> Map.of("y", reference.apply(in)), 0, null);
    }

    static SDVariable made(DifferentialFunction operation) {
        return operation.outputVariable().rename("y");
    }

    private static Stream<OpCase> curve(
            String op, BiFunction<SameDiff, SDVariable, SDVariable> build, DoubleUnaryOperator reference) {
        return use(
                op,
                "",
                "N 3 h",
                (graph, in) -> build.apply(graph, in.apply("x")),
                in -> get(in, "x").map(reference))
                .domain("x", x -> 2 * x)
                .of(FLOATS)
                .stream();
    }

    private static Stream<OpCase> curve(
            String op,
            ElementType[] types,
            double tolerance,
            BiFunction<SameDiff, SDVariable, SDVariable> build,
            DoubleUnaryOperator reference) {
        var used = List.of(types);
        return curve(op, build, reference)
                .filter(useCase -> used.contains(useCase.inputs().get(0).type()))
                .map(useCase -> useCase.within(tolerance));
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    private static double clip(double x, double low, double high) {
        return Math.max(low, Math.min(high, x));
    }

    private static double selu(double x) {
        return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x));
    }

    private static double rational(double x) {
        double y = Math.abs(2 * x / 3);
        return 1.7159 * Math.signum(x) * (1 - 1 / (1 + y + y * y + 1.41645 * y * y * y * y));
    }

    private static double slope(DoubleUnaryOperator function, double x) {
        return (function.applyAsDouble(x + 1e-4) - function.applyAsDouble(x - 1e-4)) / 2e-4;
    }

    private static Stream<OpCase> curves() {
        return Stream.of(
                        curve("elu", (graph, x) -> graph.nn.elu("y", x), x -> x > 0 ? x : Math.expm1(x)),
                        curve("selu", (graph, x) -> graph.nn.selu("y", x), NonlinearityCases::selu),
                        curve("gelu", FLOATS, 1e-7, (graph, x) -> graph.nn.gelu("y", x), x -> x * sigmoid(1.702 * x)),
                        curve(
                                        "precise_gelu",
                                        NOT_BRAIN,
                                        0,
                                        (graph, x) -> graph.nn.preciseGelu("y", x),
                                        x -> x
                                                / 2
                                                * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))))
                                .map(useCase -> useCase.sameDiffIsWrong("the cube's factor is not 0.044715")),
                        curve(
                                "hard_sigmoid",
                                FLOATS,
                                1e-7,
                                (graph, x) -> graph.nn.hardSigmoid("y", x),
                                x -> clip(0.2 * x + 0.5, 0, 1)),
                        curve("hardtanh", (graph, x) -> graph.nn.hardTanh("y", x), x -> clip(x, -1, 1)),
                        curve("logsigmoid", (graph, x) -> graph.nn.logSigmoid("y", x), x -> Math.log(sigmoid(x))),
                        curve("relu6", (graph, x) -> graph.nn.relu6("y", x, 0), x -> clip(x, 0, 6)),
                        curve("softplus", (graph, x) -> graph.nn.softplus("y", x), x -> Math.log1p(Math.exp(x))),
                        curve("softsign", (graph, x) -> graph.nn.softsign("y", x), x -> x / (1 + Math.abs(x))),
                        curve("swish", (graph, x) -> graph.nn.swish("y", x), x -> x * sigmoid(x)),
                        curve(
                                "rational_tanh",
                                FLOATS,
                                1e-7,
                                (graph, x) -> graph.math.rationalTanh("y", x),
                                NonlinearityCases::rational),
                        curve(
                                "rectified_tanh",
                                (graph, x) -> graph.math.rectifiedTanh("y", x),
                                x -> Math.max(0, Math.tanh(x))),
                        curve(
                                "thresholdedrelu",
                                (graph, x) -> made(new ThresholdRelu(graph, x, false, 0.5)),
                                x -> x > 0.5 ? x : 0),
                        use(
                                "dropout_inverted",
                                "",
                                "4 3 5",
                                (graph, in) -> graph.nn.dropoutInverted("y", in.apply("x"), 0.5),
                                in -> get(in, "x"))
                                .sameDiffIsWrong("it drops at inference too")
                                .of(FLOATS)
                                .stream(),
                        curve("dropout", (graph, x) -> graph.nn.dropout("y", x, 0.75), x -> 0.75 * x)
                                .map(useCase -> useCase.sameDiffIsWrong("it drops at inference too")))
                .flatMap(cases -> cases);
    }

    private static Stream<OpCase> slopes() {
        return Stream.of(
                        curve(
                                "hardtanhderivative",
                                (graph, x) -> graph.nn.hardTanhDerivative("y", x),
                                x -> Math.abs(x) <= 1 ? 1 : 0),
                        curve(
                                "softsignderivative",
                                (graph, x) -> graph.nn.softsignDerivative("y", x),
                                x -> Math.pow(1 + Math.abs(x), -2)),
                        curve(
                                "seluderivative",
                                (graph, x) -> made(new SELUDerivative(graph, x, false)),
                                x -> 1.0507009873554805 * (x > 0 ? 1 : 1.6732632423543772 * Math.exp(x))),
                        curve(
                                        "_geluderivative",
                                        NOT_HALF,
                                        1e-6,
                                        (graph, x) -> made(new GELUDerivative(graph, x, false)),
                                        x -> slope(v -> v * sigmoid(1.702 * v), x))
                                .map(useCase -> useCase.within(1e-6)),
                        curve(
                                "_tanhderivative",
                                (graph, x) -> made(new TanhDerivative(graph, x, false)),
                                x -> 1 / Math.pow(Math.cosh(x), 2)),
                        curve(
                                "cubederivative",
                                (graph, x) -> made(new CubeDerivative(graph, x, false)),
                                x -> 3 * x * x),
                        curve(
                                "hard_sigmoidderivative",
                                FLOATS,
                                1e-7,
                                (graph, x) -> made(new HardSigmoidDerivative(graph, x, false)),
                                x -> Math.abs(x) < 2.5 ? 0.2 : 0),
                        curve(
                                        "rational_tanh_derivative",
                                        (graph, x) -> made(new RationalTanhDerivative(graph, x, false)),
                                        x -> slope(NonlinearityCases::rational, x))
                                .map(useCase -> useCase.within(1e-5)),
                        curve(
                                "rectified_tanh_derivative",
                                (graph, x) -> made(new RectifiedTanhDerivative(graph, x, false)),
                                x -> x > 0 ? 1 / Math.pow(Math.cosh(x), 2) : 0))
                .flatMap(cases -> cases);
    }

    private static Stream<OpCase> backward(
            String op, BiFunction<SameDiff, SDVariable[], SDVariable> build, DoubleBinaryOperator reference) {
        return use(
                op,
                "",
                Map.of("a", "N 3 h", "b", "N 3 h"),
                (graph, in) -> build.apply(graph, new SDVariable[] {in.apply("a"), in.apply("b")}),
                in -> get(in, "a").with(get(in, "b"), reference))
                .of(FLOATS)
                .stream();
    }

    private static Stream<OpCase> backwards() {
        return Stream.of(
                        backward(
                                "sigmoid_bp",
                                (graph, in) -> graph.nn.sigmoidDerivative("y", in[0], in[1]),
                                (x, slope) -> slope * sigmoid(x) * sigmoid(-x)),
                        backward(
                                "tanh_bp",
                                (graph, in) -> made(new org.nd4j.linalg.api.ops.impl.transforms.gradient.TanhDerivative(
                                        graph, in[0], in[1])),
                                (x, slope) -> slope / Math.pow(Math.cosh(x), 2)),
                        backward(
                                "relu_bp",
                                (graph, in) -> made(new RectifiedLinearDerivative(graph, in[0], in[1])),
                                (x, slope) -> x > 0 ? slope : 0))
                .flatMap(cases -> cases)
                .filter(useCase -> useCase.inputs().get(0).type() != BFLOAT16); // which nd4j refuses
    }

    /** Sums of exponentials over an axis. */
    static Doubles softmax(Doubles x, int axis) {
        return Doubles.filled(x.shape, at -> {
            double sum = 0;
            for (int i = 0; i < x.shape[axis]; i++) {
                var other = at.clone();
                other[axis] = i;
                sum += Math.exp(x.at(other) - x.at(at));
            }
            return 1 / sum;
        });
    }

    private static Stream<OpCase> rows() {
        return Stream.of(
                        use(
                                "crelu",
                                "",
                                "N 3 h",
                                (graph, in) -> graph.nn.cReLU("y", in.apply("x")),
                                in -> Doubles.filled(
                                        new int[] {get(in, "x").shape[0], 3, 2 * get(in, "x").shape[2]}, at -> {
                                            var x = get(in, "x");
                                            int width = x.shape[2];
                                            return at[2] < width
                                                    ? Math.max(0, x.at(at))
                                                    : Math.max(0, -x.at(at[0], at[1], at[2] - width));
                                        })),
                        use(
                                "softmax",
                                "last axis",
                                "N h 5",
                                (graph, in) -> graph.nn.softmax("y", in.apply("x")),
                                in -> softmax(get(in, "x"), 2)),
                        use(
                                "softmax",
                                "axis 1 of 3",
                                "N 4 h",
                                (graph, in) -> graph.nn.softmax("y", in.apply("x"), 1),
                                in -> softmax(get(in, "x"), 1)),
                        use(
                                "log_softmax",
                                "last axis",
                                "N h 5",
                                (graph, in) -> graph.nn.logSoftmax("y", in.apply("x")),
                                in -> softmax(get(in, "x"), 2).map(Math::log)),
                        use(
                                "softmax_bp",
                                "last axis",
                                Map.of("a", "N h 5", "b", "N h 5"),
                                (graph, in) -> graph.nn.softmaxDerivative("y", in.apply("a"), in.apply("b"), -1),
                                in -> {
                                    var y = softmax(get(in, "a"), 2);
                                    var slope = get(in, "b");
                                    return Doubles.filled(y.shape, at -> {
                                        double sum = 0;
                                        for (int i = 0; i < 5; i++) {
                                            double own = i == at[2] ? 1 : 0;
                                            sum += slope.at(at[0], at[1], i) * y.at(at[0], at[1], i) * (own - y.at(at));
                                        }
                                        return sum;
                                    });
                                }))
                .flatMap(useCase -> useCase.of(FLOATS).stream());
    }

    private static Stream<OpCase> layers() {
        var weights = array(6, 4);
        var bias = array(4);
        var slopes = array(3, 1);
        return Stream.of(
                        use(
                                "prelu",
                                "slopes of channels",
                                "N 3 h",
                                (graph, in) ->
                                        graph.nn.prelu("y", in.apply("x"), cast(graph, slopes, in.apply("x")), 2),
                                in -> Doubles.filled(get(in, "x").shape, at -> {
                                    double x = get(in, "x").at(at);
                                    return x < 0 ? x * doubles(slopes).at(at[1], 0) : x;
                                })),
                        use(
                                "xw_plus_b",
                                "constants",
                                "N 6",
                                (graph, in) -> graph.nn.linear(
                                        "y",
                                        in.apply("x"),
                                        cast(graph, weights, in.apply("x")),
                                        cast(graph, bias, in.apply("x"))),
                                in -> get(in, "x").times(doubles(weights)).with(doubles(bias), Double::sum)),
                        use(
                                "relu_layer",
                                "constants",
                                "5 6",
                                (graph, in) -> graph.nn.reluLayer(
                                        "y",
                                        in.apply("x"),
                                        cast(graph, weights, in.apply("x")),
                                        cast(graph, bias, in.apply("x"))),
                                in -> get(in, "x")
                                        .times(doubles(weights))
                                        .with(doubles(bias), Double::sum)
                                        .map(x -> Math.max(0, x))))
                .flatMap(useCase -> useCase.of(FLOAT32, FLOAT16).stream());
    }

    /** A constant of another variable's type. */
    static SDVariable cast(SameDiff graph, org.nd4j.linalg.api.ndarray.INDArray array, SDVariable like) {
        return constant(graph, array.castTo(like.dataType()));
    }
}
