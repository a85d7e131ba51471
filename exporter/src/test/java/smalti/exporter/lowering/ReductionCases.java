package smalti.exporter.lowering;

import static smalti.spec.bundle.ElementType.BFLOAT16;
import static smalti.spec.bundle.ElementType.BOOL;
import static smalti.spec.bundle.ElementType.FLOAT16;
import static smalti.spec.bundle.ElementType.FLOAT32;
import static smalti.spec.bundle.ElementType.FLOAT64;
import static smalti.spec.bundle.ElementType.INT32;
import static smalti.spec.bundle.ElementType.INT64;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.function.ToDoubleBiFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.TensorSpec;

/** Sums and their like, and distances. */
final class ReductionCases {
    private static final ElementType[] FLOATS = {FLOAT32, FLOAT64, FLOAT16, BFLOAT16};
    private static final ElementType[] NUMBERS = {FLOAT32, FLOAT64, FLOAT16, BFLOAT16, INT32, INT64};
    private static final List<int[]> AXES =
            List.of(new int[] {1}, new int[] {0, 2}, new int[] {2}, new int[] {0, 1, 2});

    private final List<OpCase> cases = new ArrayList<>();

    static Stream<OpCase> all() {
        var made = new ReductionCases();
        made.keeping();
        made.dropping();
        made.distances();
        made.others();
        return made.cases.stream();
    }

    private interface Build {
        SDVariable of(SameDiff graph, SDVariable x, boolean keep, int[] axes);
    }

    private OpCase reduction(String op, boolean keep, int[] axes, Build build, ToDoubleFunction<double[]> meaning) {
        return new OpCase(
                op,
                Arrays.toString(axes) + (keep ? " kept" : ""),
                List.of(TensorSpec.of("x", FLOAT32, "N h 3")),
                OpCases.PICTURES,
                Map.of(),
                (graph, in) -> build.of(graph, in.apply("x"), keep, axes).rename("y"),
                in -> Map.of("y", OpCases.get(in, "x").reduced(keep, meaning, axes)),
                1e-6,
                null);
    }

    private void keeping() {
        for (var axes : AXES) {
            for (boolean keep : new boolean[] {false, true}) {
                add("reduce_sum", keep, axes, (g, x, k, a) -> x.sum(k, a), xs -> sum(xs, v -> v), NUMBERS);
                add("reduce_mean", keep, axes, (g, x, k, a) -> x.mean(k, a), ReductionCases::mean, FLOATS);
                add("reduce_max", keep, axes, (g, x, k, a) -> x.max(k, a), ReductionCases::max, NUMBERS);
                add("reduce_min", keep, axes, (g, x, k, a) -> x.min(k, a), xs -> -max(negated(xs)), NUMBERS);
                add("reduce_norm1", keep, axes, (g, x, k, a) -> x.norm1(k, a), xs -> sum(xs, Math::abs), FLOATS);
                add(
                        "reduce_norm2",
                        keep,
                        axes,
                        (g, x, k, a) -> x.norm2(k, a),
                        xs -> Math.sqrt(sum(xs, v -> v * v)),
                        FLOATS);
                add(
                        "reduce_normmax",
                        keep,
                        axes,
                        (g, x, k, a) -> x.normmax(k, a),
                        xs -> Arrays.stream(xs).map(Math::abs).max().orElse(0),
                        FLOATS);
                add(
                        "reduce_sqnorm",
                        keep,
                        axes,
                        (g, x, k, a) -> g.squaredNorm(x, k, a),
                        xs -> sum(xs, v -> v * v),
                        FLOATS);
                cases.addAll(reduction(
                                "reduce_prod",
                                keep,
                                axes,
                                (g, x, k, a) -> x.prod(k, a),
                                xs -> Arrays.stream(xs).reduce(1, (p, q) -> p * q))
                        .domain("x", v -> v < 0 ? -0.9 : 1.1)
                        .of(FLOAT32, FLOAT64));
                for (boolean corrected : new boolean[] {false, true}) {
                    if (axes[0] == 0 && corrected) {
                        continue; // of a batch of one there is nothing to divide by
                    }
                    add(
                            "var",
                            keep,
                            axes,
                            (g, x, k, a) -> g.variance(x, corrected, k, a),
                            xs -> variance(xs, corrected),
                            FLOATS);
                    add(
                            "std",
                            keep,
                            axes,
                            (g, x, k, a) -> g.standardDeviation(x, corrected, k, a),
                            xs -> Math.sqrt(variance(xs, corrected)),
                            FLOATS);
                }
            }
        }
    }

    private void dropping() {
        for (var axes : AXES) {
            add(
                    "amax",
                    false,
                    axes,
                    (g, x, k, a) -> g.math.reduceAMax(x, a),
                    xs -> Arrays.stream(xs).map(Math::abs).max().orElse(0),
                    FLOATS);
            add(
                    "amin",
                    false,
                    axes,
                    (g, x, k, a) -> g.math.reduceAmin(x, a),
                    xs -> Arrays.stream(xs).map(Math::abs).min().orElse(0),
                    FLOATS);
            add(
                    "amean",
                    false,
                    axes,
                    (g, x, k, a) -> g.math.reduceAmean(x, a),
                    xs -> sum(xs, Math::abs) / xs.length,
                    FLOATS);
            add("asum", false, axes, (g, x, k, a) -> g.math.asum(x, a), xs -> sum(xs, Math::abs), FLOATS);
            for (var counted : List.of("countNonZero", "countZero")) {
                boolean zeros = counted.equals("countZero");
                cases.addAll(reduction(
                                counted,
                                false,
                                axes,
                                (g, x, k, a) -> zeros ? g.math.countZero(x, a) : g.math.countNonZero(x, a),
                                xs -> sum(xs, v -> (v == 0) == zeros ? 1 : 0))
                        .domain("x", x -> Math.rint(x) + 0.0)
                        .of(NUMBERS));
            }
            positive("entropy", axes, (g, x, k, a) -> g.math.entropy(x, a), xs -> -sum(xs, v -> v * Math.log(v)));
            positive(
                    "shannonentropy",
                    axes,
                    (g, x, k, a) -> g.math.shannonEntropy(x, a),
                    xs -> -sum(xs, v -> v * Math.log(v) / Math.log(2)));
            positive(
                    "logentropy",
                    axes,
                    (g, x, k, a) -> g.math.logEntropy(x, a),
                    xs -> Math.log(-sum(xs, v -> v * Math.log(v))));
            add(
                    "reduce_logsumexp",
                    false,
                    axes,
                    (g, x, k, a) -> g.math.logSumExp(x, a),
                    xs -> Math.log(sum(xs, Math::exp)),
                    FLOATS);
        }
        for (var name : List.of("all", "any")) {
            for (var axes : AXES) {
                cases.addAll(reduction(
                                name,
                                false,
                                axes,
                                (g, x, k, a) -> name.equals("all") ? g.all(x, a) : g.any(x, a),
                                xs -> name.equals("all")
                                        ? Arrays.stream(xs).min().orElse(1)
                                        : Arrays.stream(xs).max().orElse(0))
                        .of(BOOL));
            }
        }
    }

    private void positive(String op, int[] axes, Build build, ToDoubleFunction<double[]> meaning) {
        cases.addAll(reduction(op, false, axes, build, meaning)
                .domain("x", v -> 0.1 + 0.2 / (1 + Math.exp(-v)))
                .of(FLOAT32, FLOAT64));
    }

    private void add(
            String op,
            boolean keep,
            int[] axes,
            Build build,
            ToDoubleFunction<double[]> meaning,
            ElementType... types) {
        cases.addAll(reduction(op, keep, axes, build, meaning).of(types));
    }

    private interface Distance {
        SDVariable of(SameDiff graph, SDVariable a, SDVariable b, int[] axes);
    }

    private void distances() {
        distance("dot", (g, a, b, axes) -> a.dot(b, axes), (a, b) -> zip(a, b, (p, q) -> p * q), v -> v);
        distance(
                "manhattan",
                (g, a, b, axes) -> g.math.manhattanDistance(a, b, axes),
                (a, b) -> zip(a, b, (p, q) -> Math.abs(p - q)),
                v -> v);
        distance(
                "euclidean",
                (g, a, b, axes) -> g.math.euclideanDistance(a, b, axes),
                (a, b) -> Math.sqrt(zip(a, b, (p, q) -> (p - q) * (p - q))),
                v -> v);
        distance(
                "cosinesimilarity",
                (g, a, b, axes) -> g.math.cosineSimilarity(a, b, axes),
                ReductionCases::cosine,
                v -> v);
        distance(
                "cosinedistance",
                (g, a, b, axes) -> g.math.cosineDistance(a, b, axes),
                (a, b) -> 1 - cosine(a, b),
                v -> v);
        distance(
                "hammingdistance",
                (g, a, b, axes) -> g.math.hammingDistance(a, b, axes),
                (a, b) -> zip(a, b, (p, q) -> p == q ? 0 : 1) / a.length,
                Math::rint);
        distance(
                "jaccarddistance",
                (g, a, b, axes) -> g.math.jaccardDistance(a, b, axes),
                (a, b) -> 1 - zip(a, b, Math::min) / zip(a, b, Math::max),
                v -> 0.1 + Math.abs(v));
    }

    private void distance(
            String op, Distance build, ToDoubleBiFunction<double[], double[]> meaning, DoubleUnaryOperator domain) {
        for (var axes : List.of(new int[] {1}, new int[] {1, 2})) {
            cases.addAll(new OpCase(
                            op,
                            Arrays.toString(axes),
                            List.of(TensorSpec.of("a", FLOAT32, "N h 3"), TensorSpec.of("b", FLOAT32, "N h 3")),
                            OpCases.PICTURES,
                            Map.of("a", domain, "b", domain),
                            (graph, in) -> build.of(graph, in.apply("a"), in.apply("b"), axes)
                                    .rename("y"),
                            in -> {
                                // the two side by side on a last axis, so that one reduction sees both
                                var a = OpCases.get(in, "a");
                                var b = OpCases.get(in, "b");
                                var both = Doubles.joined(
                                        3,
                                        a.reshaped(a.shape[0], a.shape[1], a.shape[2], 1),
                                        b.reshaped(b.shape[0], b.shape[1], b.shape[2], 1));
                                var all = Arrays.copyOf(axes, axes.length + 1);
                                all[axes.length] = 3;
                                return Map.of(
                                        "y",
                                        both.reduced(
                                                false, xs -> meaning.applyAsDouble(every(xs, 0), every(xs, 1)), all));
                            },
                            2e-6,
                            null)
                    .of(FLOAT32, FLOAT64));
        }
    }

    private void others() {
        for (boolean keep : new boolean[] {false, true}) {
            for (int axis : new int[] {1, 2, -1}) {
                int at = axis < 0 ? 2 : axis;
                for (var type : List.of(FLOAT32, FLOAT64, FLOAT16, INT32)) {
                    cases.addAll(reduction(
                                    "argmax",
                                    keep,
                                    new int[] {at},
                                    (g, x, k, a) -> g.argmax(x, k, axis),
                                    xs -> place(xs, 1))
                            .of(type));
                    cases.addAll(reduction(
                                    "argmin",
                                    keep,
                                    new int[] {at},
                                    (g, x, k, a) -> g.argmin(x, k, axis),
                                    xs -> place(xs, -1))
                            .of(type));
                }
            }
        }
        cases.addAll(reduction(
                        "zero_fraction",
                        false,
                        new int[] {0, 1, 2},
                        (g, x, k, a) -> g.math.zeroFraction(x),
                        xs -> sum(xs, v -> v == 0 ? 1 : 0) / xs.length)
                .domain("x", Math::rint)
                .of(FLOAT32, FLOAT64));
        for (var axes : AXES) {
            cases.addAll(new OpCase(
                            "moments",
                            Arrays.toString(axes),
                            List.of(TensorSpec.of("x", FLOAT32, "N h 3")),
                            OpCases.PICTURES,
                            Map.of(),
                            (graph, in) -> {
                                var made = graph.math.moments(in.apply("x"), axes, false);
                                made[1].rename("z");
                                return made[0].rename("y");
                            },
                            in -> Map.of(
                                    "y", OpCases.get(in, "x").reduced(false, ReductionCases::mean, axes),
                                    "z", OpCases.get(in, "x").reduced(false, xs -> variance(xs, false), axes)),
                            1e-6,
                            null)
                    .of(FLOAT32, FLOAT64));
        }
    }

    private static double place(double[] xs, int sign) {
        int place = 0;
        for (int i = 1; i < xs.length; i++) {
            place = sign * xs[i] > sign * xs[place] ? i : place;
        }
        return place;
    }

    private static double[] every(double[] xs, int first) {
        var half = new double[xs.length / 2];
        Arrays.setAll(half, i -> xs[2 * i + first]);
        return half;
    }

    private static double zip(double[] a, double[] b, java.util.function.DoubleBinaryOperator of) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += of.applyAsDouble(a[i], b[i]);
        }
        return sum;
    }

    private static double cosine(double[] a, double[] b) {
        return zip(a, b, (p, q) -> p * q) / Math.sqrt(zip(a, a, (p, q) -> p * q) * zip(b, b, (p, q) -> p * q));
    }

    private static double sum(double[] xs, DoubleUnaryOperator of) {
        return Arrays.stream(xs).map(of).sum();
    }

    private static double mean(double[] xs) {
        return sum(xs, v -> v) / xs.length;
    }

    private static double max(double[] xs) {
        return Arrays.stream(xs).max().orElse(0);
    }

    private static double[] negated(double[] xs) {
        return Arrays.stream(xs).map(v -> -v).toArray();
    }

    private static double variance(double[] xs, boolean corrected) {
        double mean = mean(xs);
        return sum(xs, v -> (v - mean) * (v - mean)) / (xs.length - (corrected ? 1 : 0));
    }
}
