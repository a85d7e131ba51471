package smalti.exporter.lowering;

import static smalti.exporter.lowering.NonlinearityCases.softmax;
import static smalti.exporter.lowering.NonlinearityCases.use;
import static smalti.exporter.lowering.OpCases.PICTURES;
import static smalti.exporter.lowering.OpCases.array;
import static smalti.exporter.lowering.OpCases.doubles;
import static smalti.exporter.lowering.OpCases.get;
import static smalti.exporter.lowering.OpCases.spec;
import static smalti.spec.bundle.ElementType.FLOAT16;
import static smalti.spec.bundle.ElementType.FLOAT32;
import static smalti.spec.bundle.ElementType.FLOAT64;
import static smalti.spec.bundle.ElementType.INT32;
import static smalti.spec.bundle.ElementType.INT64;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.nd4j.autodiff.loss.LossReduce;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.loss.SoftmaxCrossEntropyWithLogitsLoss;
import smalti.spec.bundle.ElementType;

/** What losses mean. */
final class LossCases {
    private LossCases() {}

    /** A loss in SameDiff. */
    @FunctionalInterface
    private interface Build {
        SDVariable of(SameDiff graph, SDVariable label, SDVariable prediction, SDVariable weights, LossReduce how);
    }

    /** Each element's loss; of places and the two arrays. */
    @FunctionalInterface
    private interface Each {
        Doubles of(Doubles prediction, Doubles label);
    }

    private static double log1pExp(double x) {
        return Math.log1p(Math.exp(x));
    }

    static Stream<OpCase> all() {
        return Stream.of(
                        loss(
                                "absolute_difference_loss",
                                x -> x,
                                (graph, l, p, w, how) -> graph.loss.absoluteDifference("y", l, p, w, how),
                                (p, l) -> p.with(l, (a, b) -> Math.abs(a - b))),
                        loss(
                                "mean_sqerr_loss",
                                x -> x,
                                (graph, l, p, w, how) -> graph.loss.meanSquaredError("y", l, p, w, how),
                                (p, l) -> p.with(l, (a, b) -> Math.pow(a - b, 2))),
                        loss(
                                "cosine_distance_loss",
                                x -> x,
                                (graph, l, p, w, how) -> graph.loss.cosineDistance("y", l, p, w, how, 1),
                                (p, l) -> Doubles.filled(new int[] {p.shape[0], 1}, at -> {
                                    double sum = 0;
                                    for (int i = 0; i < p.shape[1]; i++) {
                                        sum += p.at(at[0], i) * l.at(at[0], i);
                                    }
                                    return 1 - sum;
                                })),
                        loss(
                                "hinge_loss",
                                x -> x > 0 ? 1 : 0,
                                (graph, l, p, w, how) -> graph.loss.hingeLoss("y", l, p, w, how),
                                (p, l) -> p.with(l, (a, b) -> Math.max(0, 1 - (b > 0.5 ? a : -a)))),
                        loss(
                                "huber_loss",
                                x -> x,
                                (graph, l, p, w, how) -> graph.loss.huberLoss("y", l, p, w, how, 0.4),
                                (p, l) -> p.with(l, (a, b) -> {
                                    double distance = Math.abs(a - b);
                                    return distance <= 0.4 ? distance * distance / 2 : 0.4 * distance - 0.08;
                                })),
                        loss(
                                        "log_loss",
                                        x -> x > 0 ? 1 : 0,
                                        (graph, l, p, w, how) -> graph.loss.logLoss("y", l, p, w, how, 1e-3),
                                        (p, l) -> p.with(
                                                l,
                                                (a, b) -> -b * Math.log(a + 1e-3) - (1 - b) * Math.log(1 - a + 1e-3)))
                                .map(useCase -> useCase.domain("p", x -> 1 / (1 + Math.exp(-x)))),
                        loss(
                                "log_poisson_loss",
                                x -> Math.abs(x) + 1,
                                (graph, l, p, w, how) -> graph.loss.logPoisson("y", l, p, w, how, false),
                                (p, l) -> p.with(l, (a, b) -> Math.exp(a) - a * b)),
                        loss(
                                "log_poisson_loss",
                                x -> Math.abs(x) + 1,
                                (graph, l, p, w, how) -> graph.loss.logPoisson("y", l, p, w, how, true),
                                (p, l) -> p.with(
                                        l,
                                        (a, b) -> Math.exp(a)
                                                - a * b
                                                + b * Math.log(b)
                                                - b
                                                + Math.log(2 * Math.PI * b) / 2)),
                        loss(
                                        "mean_pairwssqerr_loss",
                                        x -> x,
                                        (graph, l, p, w, how) -> graph.loss.meanPairwiseSquaredError("y", l, p, w, how),
                                        LossCases::pairs)
                                .map(useCase -> useCase.sameDiffIsWrong("it is not divided by the number of pairs")),
                        loss(
                                "sigm_cross_entropy_loss",
                                x -> x > 0 ? 1 : 0,
                                (graph, l, p, w, how) -> graph.loss.sigmoidCrossEntropy("y", l, p, w, how, 0.1),
                                (p, l) -> p.with(l, (a, b) -> {
                                    double target = 0.9 * b + 0.05;
                                    return target * log1pExp(-a) + (1 - target) * log1pExp(a);
                                })),
                        softmaxes(),
                        plain())
                .flatMap(cases -> cases);
    }

    private static Doubles pairs(Doubles p, Doubles l) {
        return Doubles.filled(new int[] {p.shape[0], 1}, at -> {
            double sum = 0;
            int pairs = 0;
            for (int i = 0; i < p.shape[1]; i++) {
                for (int j = i + 1; j < p.shape[1]; j++) {
                    sum += Math.pow((p.at(at[0], i) - p.at(at[0], j)) - (l.at(at[0], i) - l.at(at[0], j)), 2);
                    pairs++;
                }
            }
            return sum / pairs;
        });
    }

    /** All four reductions, by weights of elements or samples, one of them 0. */
    private static Stream<OpCase> loss(String op, DoubleUnaryOperator labels, Build build, Each each) {
        var perElement = !op.startsWith("cosine") && !op.startsWith("mean_pair");
        var weights = array(1, perElement ? 5 : 1).add(1);
        weights.putScalar(0, 0, perElement ? 0 : 0.7);
        var cases = new ArrayList<OpCase>();
        for (var how : LossReduce.values()) {
            cases.addAll(use(
                            op,
                            how.toString(),
                            Map.of("p", "N 5", "l", "N 5"),
                            (graph, in) -> build.of(
                                    graph,
                                    in.apply("l"),
                                    in.apply("p"),
                                    NonlinearityCases.cast(graph, weights, in.apply("p")),
                                    how),
                            in -> reduced(each.of(get(in, "p"), get(in, "l")), doubles(weights), how))
                    .domain("l", labels)
                    .within(1e-5)
                    .of(FLOAT32, FLOAT64, FLOAT16));
        }
        return cases.stream();
    }

    private static Doubles reduced(Doubles each, Doubles weights, LossReduce how) {
        var weighted = each.with(weights, (a, b) -> a * b);
        var spread = each.with(weights, (a, b) -> b);
        if (how == LossReduce.NONE) {
            return weighted;
        }
        double sum = 0;
        double divisor = 0;
        for (int i = 0; i < weighted.data.length; i++) {
            sum += weighted.data[i];
            divisor += how == LossReduce.MEAN_BY_WEIGHT ? spread.data[i] : spread.data[i] == 0 ? 0 : 1;
        }
        return number(how == LossReduce.SUM ? sum : sum / divisor);
    }

    private static Doubles number(double value) {
        var number = new Doubles();
        number.data[0] = value;
        return number;
    }

    /** −Σ label · log softmax(x) over the last axis. */
    private static Doubles crossEntropy(Doubles x, Doubles label) {
        var log = softmax(x, 1).map(Math::log);
        return Doubles.filled(new int[] {x.shape[0]}, at -> {
            double sum = 0;
            for (int i = 0; i < x.shape[1]; i++) {
                sum -= label.at(at[0], i) * log.at(at[0], i);
            }
            return sum;
        });
    }

    private static Stream<OpCase> softmaxes() {
        INDArray one = array(1).muli(0).addi(0.7);
        var cases = new ArrayList<OpCase>();
        for (var how : List.of(LossReduce.SUM, LossReduce.MEAN_BY_WEIGHT, LossReduce.MEAN_BY_NONZERO_WEIGHT_COUNT)) {
            cases.addAll(use(
                            "softmax_cross_entropy_loss",
                            how.toString(),
                            Map.of("p", "N 5", "l", "N 5"),
                            (graph, in) -> graph.loss.softmaxCrossEntropy(
                                    "y",
                                    in.apply("l"),
                                    in.apply("p"),
                                    NonlinearityCases.cast(graph, one, in.apply("p")),
                                    how,
                                    0.1),
                            in -> reduced(
                                    crossEntropy(get(in, "p"), get(in, "l").map(x -> 0.9 * x + 0.1 / 5)),
                                    doubles(one),
                                    how))
                    .domain("l", x -> x > 0 ? 1 : 0)
                    .within(1e-5)
                    .of(FLOAT32, FLOAT64, FLOAT16));
        }
        return cases.stream();
    }

    private static Stream<OpCase> plain() {
        var cases = new ArrayList<OpCase>();
        cases.addAll(use("l2_loss", "", "N h 3", (graph, in) -> graph.loss.l2Loss("y", in.apply("x")), in -> {
                    double sum = 0;
                    for (double x : get(in, "x").data) {
                        sum += x * x / 2;
                    }
                    return number(sum);
                })
                .of(FLOAT32, FLOAT64, FLOAT16));
        cases.addAll(use(
                        "softmax_cross_entropy_loss_with_logits",
                        "",
                        Map.of("p", "N 5", "l", "N 5"),
                        (graph, in) -> NonlinearityCases.made(
                                new SoftmaxCrossEntropyWithLogitsLoss(graph, in.apply("p"), in.apply("l"), 1)),
                        in -> crossEntropy(get(in, "p"), get(in, "l")))
                .of(FLOAT32, FLOAT64, FLOAT16));
        for (ElementType type : new ElementType[] {INT32, INT64}) {
            for (ElementType logits : new ElementType[] {FLOAT32, FLOAT64}) {
                cases.add(new OpCase(
                        "sparse_softmax_cross_entropy_loss_with_logits",
                        type + " " + logits,
                        List.of(spec("l", type, "N"), spec("p", logits, "N 7")),
                        PICTURES,
                        Map.of(),
                        (graph, in) -> graph.loss.sparseSoftmaxCrossEntropy("y", in.apply("p"), in.apply("l")),
                        in -> {
                            var log = softmax(get(in, "p"), 1).map(Math::log);
                            var label = get(in, "l");
                            return Map.of("y", Doubles.filled(label.shape, at -> -log.at(at[0], (int) label.at(at))));
                        },
                        0,
                        null));
            }
        }
        return cases.stream();
    }
}
