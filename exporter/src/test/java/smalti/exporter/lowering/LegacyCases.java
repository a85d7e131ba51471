package smalti.exporter.lowering;

import static smalti.exporter.lowering.Cases.ints;
import static smalti.exporter.lowering.Cases.named;
import static smalti.exporter.lowering.Cases.numbered;
import static smalti.exporter.lowering.NonlinearityCases.made;
import static smalti.exporter.lowering.NonlinearityCases.use;
import static smalti.exporter.lowering.OpCases.PICTURES;
import static smalti.exporter.lowering.OpCases.get;
import static smalti.exporter.lowering.OpCases.spec;
import static smalti.spec.bundle.ElementType.BOOL;
import static smalti.spec.bundle.ElementType.FLOAT32;
import static smalti.spec.bundle.ElementType.FLOAT64;
import static smalti.spec.bundle.ElementType.INT32;
import static smalti.spec.bundle.ElementType.INT64;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.custom.DivideNoNan;
import org.nd4j.linalg.api.ops.custom.FakeQuantWithMinMaxVarsPerChannel;
import org.nd4j.linalg.api.ops.custom.Roll;
import org.nd4j.linalg.api.ops.impl.reduce.bool.IsInf;
import org.nd4j.linalg.api.ops.impl.reduce.bool.IsNaN;
import org.nd4j.linalg.api.ops.impl.scalar.ReplaceNans;
import org.nd4j.linalg.api.ops.impl.transforms.bool.BooleanNot;
import org.nd4j.linalg.api.ops.impl.transforms.custom.FakeQuantWithMinMaxArgs;
import org.nd4j.linalg.api.ops.impl.transforms.custom.FakeQuantWithMinMaxVars;
import org.nd4j.linalg.api.ops.impl.transforms.custom.ListDiff;
import org.nd4j.linalg.api.ops.impl.transforms.custom.LogicalAnd;
import org.nd4j.linalg.api.ops.impl.transforms.custom.LogicalOr;
import org.nd4j.linalg.api.ops.impl.transforms.custom.LogicalXor;
import org.nd4j.linalg.api.ops.impl.transforms.custom.Unique;
import org.nd4j.linalg.api.ops.impl.transforms.custom.UniqueWithCounts;
import org.nd4j.linalg.api.ops.impl.transforms.same.OneMinus;
import org.nd4j.linalg.api.ops.impl.transforms.same.TimesOneMinus;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Mish;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Rint;
import org.nd4j.linalg.api.ops.impl.transforms.strict.SigmoidDerivative;
import org.nd4j.linalg.api.ops.impl.transforms.strict.SwishDerivative;
import org.nd4j.linalg.factory.Nd4j;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.TensorSpec;

/** Elements one by one and in pairs, and elements found, moved and counted, by operations that nd4j's own faces hide. */
final class LegacyCases {
    private LegacyCases() {}

    static Stream<OpCase> all() {
        return Stream.of(curves(), pairs(), truths(), moved(), scattered(), found(), counted(), quantized())
                .flatMap(cases -> cases);
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    private static Stream<OpCase> curve(
            String op, BiFunction<SameDiff, SDVariable, DifferentialFunction> build, DoubleUnaryOperator meaning) {
        return use(
                op,
                "",
                "N 3 h",
                (graph, in) -> made(build.apply(graph, in.apply("x"))),
                in -> get(in, "x").map(meaning))
                .domain("x", x -> 2 * x)
                .within(1e-6)
                .of(FLOAT32, FLOAT64)
                .stream();
    }

    /** By the difference of neighbours, far more exact than needed. */
    private static double slope(DoubleUnaryOperator function, double x) {
        double step = 1e-4;
        return (8 * (function.applyAsDouble(x + step) - function.applyAsDouble(x - step))
                        - function.applyAsDouble(x + 2 * step)
                        + function.applyAsDouble(x - 2 * step))
                / (12 * step);
    }

    @SuppressWarnings("deprecation") // old graphs hold it
    private static Stream<OpCase> curves() {
        return Stream.of(
                        curve("mish", (g, x) -> new Mish(g, x, false), x -> x * Math.tanh(Math.log1p(Math.exp(x)))),
                        curve("oneminus", (g, x) -> new OneMinus(g, x, false), x -> 1 - x),
                        curve("timesoneminus", (g, x) -> new TimesOneMinus(g, x, false), x -> x * (1 - x)),
                        curve("rint", (g, x) -> new Rint(g, x, false), Math::rint),
                        curve(
                                        "replace_nans",
                                        (g, x) -> new ReplaceNans(g, x, false, 7.5),
                                        x -> Double.isNaN(x) ? 7.5 : x)
                                .map(useCase -> useCase.domain("x", x -> x > 1 ? Double.NaN : x)),
                        curve(
                                "_sigmoidderivative",
                                (g, x) -> new SigmoidDerivative(g, x, false),
                                x -> slope(LegacyCases::sigmoid, x)),
                        curve(
                                "_swishderivative",
                                (g, x) -> new SwishDerivative(g, x),
                                x -> slope(y -> y * sigmoid(y), x)),
                        Stream.of(new OpCase(
                                "identity_n",
                                "",
                                List.of(spec("x", FLOAT32, "N 3"), spec("z", FLOAT32, "h")),
                                PICTURES,
                                Map.of(),
                                (graph, in) -> named(AnyOp.of(
                                                "identity_n",
                                                graph,
                                                List.of(DataType.FLOAT, DataType.FLOAT),
                                                in.apply("x"),
                                                in.apply("z"))
                                        .outputVariables()),
                                in -> numbered(List.of(get(in, "x"), get(in, "z"))),
                                0,
                                null)))
                .flatMap(cases -> cases);
    }

    @FunctionalInterface
    private interface Maker {
        DifferentialFunction of(SameDiff graph, SDVariable x, SDVariable y);
    }

    private static OpCase pair(String op, Maker maker, DoubleBinaryOperator meaning) {
        return use(
                op,
                "",
                Map.of("x", "N 3 h", "z", "N 3 h"),
                (graph, in) -> made(maker.of(graph, in.apply("x"), in.apply("z"))),
                in -> get(in, "x").with(get(in, "z"), meaning));
    }

    private static Stream<OpCase> pairs() {
        return Stream.of(
                        pair("divide_no_nan", DivideNoNan::new, (x, y) -> y == 0 ? 0 : x / y)
                                .domain("z", x -> Math.abs(x) < 0.5 ? 0 : x)
                                .of(FLOAT32, FLOAT64),
                        pair("mergesum", (g, x, y) -> AnyOp.like("mergesum", g, x, y, x), (x, y) -> 2 * x + y)
                                .of(FLOAT32, FLOAT64))
                .flatMap(List::stream);
    }

    private static OpCase logical(String op, Maker maker, DoubleBinaryOperator meaning) {
        return new OpCase(
                op,
                "",
                List.of(spec("x", BOOL, "N 3 h"), spec("z", BOOL, "N 3 h")),
                PICTURES,
                Map.of(),
                (graph, in) -> made(maker.of(graph, in.apply("x"), in.apply("z"))),
                in -> Map.of("y", get(in, "x").with(get(in, "z"), meaning)),
                0,
                null);
    }

    private static OpCase whether(
            String op, BiFunction<SameDiff, SDVariable, DifferentialFunction> build, DoubleUnaryOperator found) {
        return use(
                        op,
                        "last axis",
                        "N 3 h",
                        (graph, in) -> made(build.apply(graph, in.apply("x"))),
                        in -> get(in, "x")
                                .reduced(
                                        false,
                                        line -> Arrays.stream(line).anyMatch(x -> found.applyAsDouble(x) != 0) ? 1 : 0,
                                        2))
                .domain("x", x -> x > 1.2 ? Double.NaN : x < -1.2 ? Double.POSITIVE_INFINITY : x);
    }

    private static Stream<OpCase> truths() {
        return Stream.of(
                logical("boolean_and", LogicalAnd::new, (x, y) -> x * y),
                logical("boolean_or", LogicalOr::new, Math::max),
                logical("boolean_xor", LogicalXor::new, (x, y) -> x == y ? 0 : 1),
                logical("boolean_not", (g, x, y) -> AnyOp.like("boolean_not", g, x), (x, y) -> 1 - x),
                logical("bool_not", (g, x, y) -> new BooleanNot(g, x), (x, y) -> 1 - x),
                whether("hasnan", (g, x) -> new IsNaN(g, x, new int[] {2}, false), x -> Double.isNaN(x) ? 1 : 0),
                whether("hasinf", (g, x) -> new IsInf(g, x, new int[] {2}, false), x -> Double.isInfinite(x) ? 1 : 0));
    }

    private static OpCase arranged(
            String op,
            String label,
            String shape,
            BiFunction<SameDiff, SDVariable, DifferentialFunction> build,
            Function<Doubles, Doubles> meaning) {
        return use(
                op,
                label,
                shape,
                (graph, in) -> made(build.apply(graph, in.apply("x"))),
                in -> meaning.apply(get(in, "x")));
    }

    private static int turned(int place, int shift, int size) {
        return Math.floorMod(place - shift, size);
    }

    private static Stream<OpCase> moved() {
        return Stream.of(
                        arranged(
                                        "roll",
                                        "flat",
                                        "3 5",
                                        (g, x) -> new Roll(g, x, 2),
                                        x -> Doubles.filled(x.shape, at -> x.data[turned(at[0] * 5 + at[1], 2, 15)]))
                                .of(FLOAT32, FLOAT64, INT32),
                        arranged(
                                        "roll",
                                        "axes",
                                        "N 4 5",
                                        (g, x) -> AnyOp.like("roll", g, x, ints(g, 1, -2), ints(g, 1, 2)),
                                        x -> Doubles.filled(
                                                x.shape, at -> x.at(at[0], turned(at[1], 1, 4), turned(at[2], -2, 5))))
                                .sameDiffIsWrong("several axes are mixed up")
                                .of(FLOAT32, INT32),
                        arranged(
                                        "reverse_v2",
                                        "",
                                        "N 4 5",
                                        (g, x) -> AnyOp.like("reverse_v2", g, x, ints(g, 0, 2)),
                                        x -> Doubles.filled(
                                                x.shape, at -> x.at(x.shape[0] - 1 - at[0], at[1], 4 - at[2])))
                                .of(FLOAT32, FLOAT64, INT64),
                        arranged(
                                        "parallel_stack",
                                        "",
                                        "N 4",
                                        (g, x) -> AnyOp.like("parallel_stack", g, x, x),
                                        x -> Doubles.filled(new int[] {2, x.shape[0], 4}, at -> x.at(at[1], at[2])))
                                .of(FLOAT32, FLOAT64),
                        arranged(
                                        "flatten_2d",
                                        "",
                                        "N 4 5",
                                        (g, x) -> AnyOp.like("flatten_2d", g, x).ints(1),
                                        x -> x.reshaped(x.shape[0], 20))
                                .of(FLOAT32, FLOAT64),
                        arranged(
                                        "broadcast_to",
                                        "",
                                        "3 1 4",
                                        (g, x) -> AnyOp.like("broadcast_to", g, x, ints(g, 2, 3, 5, 4)),
                                        x -> new Doubles(2, 3, 5, 4).with(x, Double::sum))
                                .of(FLOAT32, FLOAT64, INT32),
                        List.of(new OpCase(
                                "shapes_of",
                                "",
                                List.of(spec("x", FLOAT32, "N 3 h"), spec("z", FLOAT32, "h w")),
                                PICTURES,
                                Map.of(),
                                (graph, in) -> named(AnyOp.of(
                                                "shapes_of",
                                                graph,
                                                List.of(DataType.INT64, DataType.INT64),
                                                in.apply("x"),
                                                in.apply("z"))
                                        .outputVariables()),
                                in -> numbered(Stream.of(get(in, "x"), get(in, "z"))
                                        .map(x -> Doubles.of(Arrays.stream(x.shape)
                                                .asDoubleStream()
                                                .toArray()))
                                        .toList()),
                                0,
                                null)))
                .flatMap(List::stream);
    }

    private static Stream<OpCase> scattered() {
        int[][] paths = {{2, 1}, {0, 3}};
        return Stream.of(
                        path("scatter_nd_update", paths, (x, y) -> y),
                        path("scatter_nd_add", paths, Double::sum).since(16),
                        path("scatter_nd_sub", paths, (x, y) -> x - y).since(16),
                        use(
                                "embedding_lookup",
                                "",
                                "5 4",
                                (graph, in) -> AnyOp.like(
                                                "embedding_lookup", graph, in.apply("x"), ints(graph, 3, 0, 3))
                                        .ints(0)
                                        .outputVariable()
                                        .rename("y"),
                                in -> get(in, "x").taken(0, 3, 0, 3)))
                .map(useCase -> useCase);
    }

    private static OpCase path(String op, int[][] paths, DoubleBinaryOperator meaning) {
        return use(
                op,
                "",
                Map.of("x", "3 4 2", "z", "2 2"),
                (graph, in) -> made(AnyOp.like(
                        op, graph, in.apply("x"), graph.constant(Nd4j.createFromArray(paths)), in.apply("z"))),
                in -> Doubles.filled(get(in, "x").shape, at -> {
                    double own = get(in, "x").at(at);
                    for (int i = 0; i < paths.length; i++) {
                        if (paths[i][0] == at[0] && paths[i][1] == at[1]) {
                            return meaning.applyAsDouble(own, get(in, "z").at(i, at[2]));
                        }
                    }
                    return own;
                }));
    }

    private static List<Doubles> distinct(Doubles x, boolean counts) {
        var values = new ArrayList<>(
                new LinkedHashSet<>(Arrays.stream(x.data).boxed().toList()));
        var made = new ArrayList<Doubles>();
        made.add(Doubles.of(values.stream().mapToDouble(v -> v).toArray()));
        made.add(Doubles.of(Arrays.stream(x.data).map(v -> values.indexOf(v)).toArray()));
        if (counts) {
            made.add(Doubles.of(values.stream()
                    .mapToDouble(v -> Arrays.stream(x.data).filter(w -> w == v).count())
                    .toArray()));
        }
        return made;
    }

    private static Stream<OpCase> found() {
        return Stream.of(
                        several("unique", "11", INT32, (g, x) -> new Unique(g, x), x -> distinct(x, false)),
                        several("unique", "9", FLOAT32, (g, x) -> new Unique(g, x), x -> distinct(x, false))
                                .domain("x", x -> Math.rint(x) + 0.0),
                        several(
                                "unique_with_counts",
                                "11",
                                INT64,
                                (g, x) -> new UniqueWithCounts(g, x),
                                x -> distinct(x, true)),
                        several("listdiff", "9", INT32, (g, x) -> new ListDiff(g, x, ints(g, 2, 5, 0)), x -> {
                            var places = IntStream.range(0, 9)
                                    .filter(i -> x.at(i) != 2 && x.at(i) != 5 && x.at(i) != 0)
                                    .toArray();
                            return List.of(
                                    x.taken(0, places),
                                    Doubles.of(Arrays.stream(places)
                                            .asDoubleStream()
                                            .toArray()));
                        }),
                        use(
                                "nth_element",
                                "third least",
                                "N 3 7",
                                (graph, in) -> AnyOp.like("nth_element", graph, in.apply("x"), ints(graph, 2))
                                        .ints(0)
                                        .outputVariable()
                                        .rename("y"),
                                in -> get(in, "x").reduced(false, line -> sorted(line)[2], 2)),
                        use(
                                "nth_element",
                                "second largest",
                                "N 3 7",
                                (graph, in) -> AnyOp.like("nth_element", graph, in.apply("x"), ints(graph, 1))
                                        .ints(1)
                                        .outputVariable()
                                        .rename("y"),
                                in -> get(in, "x").reduced(false, line -> sorted(line)[5], 2)),
                        extreme("argamax", 1),
                        extreme("argamin", -1).sameDiffIsWrong("it does not find the least size"),
                        choice("where_np").sameDiffIsWrong("it does not choose by the condition"),
                        choice("select"))
                .map(useCase -> useCase);
    }

    private static double[] sorted(double[] line) {
        var sorted = line.clone();
        Arrays.sort(sorted);
        return sorted;
    }

    private static OpCase extreme(String op, double sign) {
        return use(
                op,
                "middle axis",
                "N 5 3",
                (graph, in) -> AnyOp.of(op, graph, List.of(DataType.INT64), in.apply("x"))
                        .ints(1)
                        .outputVariable()
                        .rename("y"),
                in -> get(in, "x").permuted(0, 2, 1).map(Math::abs).least(-sign));
    }

    private static OpCase choice(String op) {
        return new OpCase(
                op,
                "",
                List.of(spec("x", FLOAT32, "N 3 h"), spec("z", FLOAT32, "N 3 h"), spec("c", BOOL, "N 3 h")),
                PICTURES,
                Map.of(),
                (graph, in) ->
                        made(AnyOp.of(op, graph, List.of(DataType.FLOAT), in.apply("c"), in.apply("x"), in.apply("z"))),
                in -> Map.of(
                        "y",
                        Doubles.filled(
                                get(in, "x").shape,
                                at -> get(in, "c").at(at) != 0
                                        ? get(in, "x").at(at)
                                        : get(in, "z").at(at))),
                0,
                null);
    }

    private static OpCase several(
            String op,
            String shape,
            ElementType type,
            BiFunction<SameDiff, SDVariable, DifferentialFunction> build,
            Function<Doubles, List<Doubles>> meaning) {
        return new OpCase(
                op,
                shape + " " + type,
                List.of(TensorSpec.of("x", type, shape)),
                PICTURES,
                Map.of(),
                (graph, in) -> named(build.apply(graph, in.apply("x")).outputVariables()),
                in -> numbered(meaning.apply(get(in, "x"))),
                0,
                null);
    }

    private static Stream<OpCase> counted() {
        return Stream.of(
                use(
                        "rgb_to_grs",
                        "",
                        "N h w 3",
                        (graph, in) -> made(AnyOp.like("rgb_to_grs", graph, in.apply("x"))),
                        in -> Doubles.filled(
                                new int[] {get(in, "x").shape[0], get(in, "x").shape[1], get(in, "x").shape[2], 1},
                                at -> 0.2989 * get(in, "x").at(at[0], at[1], at[2], 0)
                                        + 0.587 * get(in, "x").at(at[0], at[1], at[2], 1)
                                        + 0.114 * get(in, "x").at(at[0], at[1], at[2], 2))),
                several(
                        "toggle_bits",
                        "11",
                        INT32,
                        (g, x) -> AnyOp.like("toggle_bits", g, x),
                        x -> List.of(x.map(v -> ~(int) v))),
                use(
                        "logdet",
                        "",
                        "N 2 2",
                        (graph, in) -> {
                            var x = in.apply("x");
                            var square = graph.mmul(x, graph.permute(x, 0, 2, 1));
                            return AnyOp.like("logdet", graph, square.add(graph.constant(Nd4j.eye(2))))
                                    .outputVariable()
                                    .rename("y");
                        },
                        in -> Doubles.filled(new int[] {get(in, "x").shape[0]}, at -> {
                            var x = get(in, "x");
                            double a = 1 + Math.pow(x.at(at[0], 0, 0), 2) + Math.pow(x.at(at[0], 0, 1), 2);
                            double d = 1 + Math.pow(x.at(at[0], 1, 0), 2) + Math.pow(x.at(at[0], 1, 1), 2);
                            double b = x.at(at[0], 0, 0) * x.at(at[0], 1, 0) + x.at(at[0], 0, 1) * x.at(at[0], 1, 1);
                            return Math.log(a * d - b * b);
                        })),
                use(
                                "weighted_cross_entropy_with_logits",
                                "",
                                Map.of("t", "N h", "x", "N h", "w", "h"),
                                (graph, in) -> AnyOp.like(
                                                "weighted_cross_entropy_with_logits",
                                                graph,
                                                in.apply("t"),
                                                in.apply("x"),
                                                in.apply("w"))
                                        .outputVariable()
                                        .rename("y"),
                                in -> Doubles.filled(get(in, "x").shape, at -> {
                                    double t = get(in, "t").at(at);
                                    double x = get(in, "x").at(at);
                                    double w = get(in, "w").at(at[1]);
                                    return -w * t * Math.log(sigmoid(x)) - (1 - t) * Math.log(1 - sigmoid(x));
                                }))
                        .domain("t", x -> x > 0 ? 1 : 0)
                        .domain("w", Math::abs));
    }

    /** TensorFlow's: the range is moved so that 0 stays 0. */
    private static double quantized(double x, double low, double high, int bits, boolean narrow) {
        int least = narrow ? 1 : 0;
        int most = (1 << bits) - 1;
        double step = (high - low) / (most - least);
        long zero = Math.round(Math.max(least, Math.min(most, least - low / step)));
        long code = Math.round(Math.max((least - zero) * step, Math.min((most - zero) * step, x)) / step + zero);
        return (code - zero) * step;
    }

    private static Stream<OpCase> quantized() {
        var lows = Nd4j.createFromArray(-0.9f, -0.2f, -2f);
        var highs = Nd4j.createFromArray(1f, 1.5f, 0.5f);
        return Stream.of(
                        use(
                                "fake_quant_with_min_max_args",
                                "",
                                "N 3",
                                (graph, in) ->
                                        made(new FakeQuantWithMinMaxArgs(graph, in.apply("x"), -0.7f, 1.3f, true, 6)),
                                in -> get(in, "x").map(x -> quantized(x, -0.7f, 1.3f, 6, true))),
                        use(
                                "fake_quant_with_min_max_vars",
                                "",
                                "N 3",
                                (graph, in) -> made(new FakeQuantWithMinMaxVars(
                                        graph,
                                        in.apply("x"),
                                        graph.constant(Nd4j.scalar(-0.7f)),
                                        graph.constant(Nd4j.scalar(1.3f)),
                                        false,
                                        8)),
                                in -> get(in, "x").map(x -> quantized(x, -0.7f, 1.3f, 8, false))),
                        use(
                                "fake_quant_with_min_max_vars_per_channel",
                                "",
                                "N 3",
                                (graph, in) -> made(new FakeQuantWithMinMaxVarsPerChannel(
                                        graph, in.apply("x"), graph.constant(lows), graph.constant(highs), 8, false)),
                                in -> Doubles.filled(
                                        get(in, "x").shape,
                                        at -> quantized(
                                                get(in, "x").at(at),
                                                lows.getFloat(at[1]),
                                                highs.getFloat(at[1]),
                                                8,
                                                false))))
                .map(useCase -> useCase.within(1e-6));
    }
}
