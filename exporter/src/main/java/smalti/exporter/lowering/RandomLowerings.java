package smalti.exporter.lowering;

import static java.util.Map.entry;

import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.ValueType;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.samediff.SourceOp;

/** Random numbers: the distribution is the same, the numbers are not. */
final class RandomLowerings {
    /** Of so many draws none is within two deviations once in 4·10¹⁰ times. */
    private static final int DRAWS = 8;

    /** A row of the table of thresholds holds 1,242 of them. */
    private static final double MOST_RATE = 1000;

    private RandomLowerings() {}

    static Map<String, Lowering> rows() {
        return Map.ofEntries(
                entry("distribution_gaussian", (op, to) -> {
                    var f = new Formula(op, to);
                    f.give(normal(f, extra(op, 0), extra(op, 1)));
                }),
                entry("distribution_lognormal", (op, to) -> {
                    var f = new Formula(op, to);
                    f.give(f.exp(normal(f, extra(op, 0), extra(op, 1))));
                }),
                entry("distribution_truncated", RandomLowerings::truncated),
                entry("distribution_uniform", (op, to) -> {
                    var f = new Formula(op, to);
                    f.give(uniform(f, shape(f), extra(op, 0), extra(op, 1)));
                }),
                entry("distribution_bernoulli", (op, to) -> {
                    var f = new Formula(op, to);
                    f.give(f.indicator(f.less(uniform(f, shape(f), 0, 1), extra(op, 0)), ValueType.FLOAT32));
                }),
                entry("distribution_binomial", (op, to) -> {
                    var f = new Formula(op, to);
                    var shape = new java.util.ArrayList<>(shape(f));
                    shape.add(0, (long) extra(op, 0));
                    var hits = f.indicator(f.less(uniform(f, shape, 0, 1), extra(op, 1)), ValueType.FLOAT32);
                    f.give(f.sum(hits, false, 0));
                }),
                entry("randomuniform", (op, to) -> {
                    var f = new Formula(op, to);
                    var type = to.outputType(op);
                    Emitter.require(type.isFloat(), "the result must be of floats, got %s", type);
                    f.give(uniform(f, shape(f), f.real(0), f.real(1)));
                }),
                entry("randomnormal", (op, to) -> {
                    var f = new Formula(op, to);
                    f.give(normal(f, f.real(0), f.real(1)));
                }),
                entry("random_normal", (op, to) -> {
                    var f = new Formula(op, to);
                    f.give(normal(f, 0, 1));
                }),
                entry("random_bernoulli", (op, to) -> {
                    var f = new Formula(op, to);
                    f.give(f.indicator(f.less(uniform(f, shape(f), 0, 1), f.real(0)), ValueType.FLOAT32));
                }),
                entry("random_gamma", RandomLowerings::gamma),
                entry("random_poisson", RandomLowerings::poisson),
                entry("random_multinomial", RandomLowerings::multinomial),
                entry("random_shuffle", RandomLowerings::shuffled),
                entry("random_crop", RandomLowerings::cropped),
                entry("random_exponential", (op, to) -> {
                    var f = new Formula(op, to);
                    // from 0 up, below 1
                    var uniform = uniform(f, shape(f), 0, 1);
                    f.give(f.mul(f.log(f.sub(1, uniform)), -1 / f.real(0)));
                }));
    }

    private static double extra(SourceOp op, int index) {
        Emitter.require(op.extras().size() > index, "number %s is needed, got %s", index, op.extras());
        return op.extras().get(index);
    }

    private static List<Long> shape(Formula f) {
        return f.to().outputShape(f.op());
    }

    private static Piece normal(Formula f, double mean, double deviation) {
        return f.to().make(
                        f.op(),
                        ValueType.FLOAT32,
                        "RandomNormal",
                        Map.of(
                                "shape", Attribute.ints(shape(f)),
                                "mean", Attribute.of((float) mean),
                                "scale", Attribute.of((float) deviation),
                                "dtype", Attribute.of((long) ValueType.FLOAT32.onnxCode())));
    }

    private static Piece uniform(Formula f, List<Long> shape, double low, double high) {
        return f.to().make(
                        f.op(),
                        ValueType.FLOAT32,
                        "RandomUniform",
                        Map.of(
                                "shape", Attribute.ints(shape),
                                "low", Attribute.of((float) low),
                                "high", Attribute.of((float) high),
                                "dtype", Attribute.of((long) ValueType.FLOAT32.onnxCode())));
    }

    /** Drawn again beyond two deviations. */
    private static void truncated(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var drawn = f.min(f.max(normal(f, 0, 1), -2), 2);
        for (int i = 0; i < DRAWS; i++) {
            var again = normal(f, 0, 1);
            drawn = f.where(f.less(f.abs(again), 2), again, drawn);
        }
        f.give(f.add(f.mul(drawn, extra(op, 1)), extra(op, 0)));
    }

    /**
     * Inputs: a shape, alpha, beta. Drawn again where it is refused, which is rarer than once in 20 times; from alpha + 1
     * where alpha is below 1.
     *
     * <p>Source: Marsaglia and Tsang 2000, "A simple method for generating gamma variables".
     */
    private static void gamma(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var alpha = to.cast(op, to.in(op, 1), ValueType.FLOAT32);
        var isSmall = f.less(alpha, 1);
        var d = f.add(f.where(isSmall, f.add(alpha, 1), alpha), -1.0 / 3);
        var c = f.div(1, f.sqrt(f.mul(d, 9)));
        var drawn = d;
        for (int i = 0; i < DRAWS; i++) {
            var x = normal(f, 0, 1);
            var root = f.add(f.mul(x, c), 1);
            var v = f.max(f.mul(f.mul(root, root), root), Float.MIN_NORMAL);
            var u = f.log(f.sub(1, uniform(f, shape(f), 0, 1)));
            var bound = f.add(f.mul(f.square(x), 0.5), f.mul(d, f.add(f.sub(f.log(v), v), 1)));
            var taken = f.apply("And", f.greater(root, 0), f.apply("Less", u, bound));
            drawn = f.where(taken, f.mul(d, v), drawn);
        }
        var boost = f.apply("Pow", f.sub(1, uniform(f, shape(f), 0, 1)), f.div(1, alpha));
        drawn = f.where(isSmall, f.mul(drawn, boost), drawn);
        f.give(to.has(op, 2) ? f.div(drawn, to.cast(op, to.in(op, 2), ValueType.FLOAT32)) : drawn);
    }

    /** Inputs: a shape, rates: how many thresholds of the cumulative distribution a uniform number is above. */
    private static void poisson(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var rates = to.constant(op, 1, "the rates");
        double most = 0;
        for (int i = 0; i < rates.count(); i++) {
            most = Math.max(most, rates.number(i));
        }
        Emitter.require(most <= MOST_RATE, "rates must be at most %s, got %s", MOST_RATE, most);
        int steps = (int) Math.ceil(most + 7 * Math.sqrt(most) + 20);
        int count = rates.count();
        var table = new double[count * steps];
        for (int i = 0; i < count; i++) {
            double rate = rates.number(i);
            double below = 0;
            double factorial = 0;
            for (int k = 0; k < steps; k++) {
                factorial += k == 0 ? 0 : Math.log(k);
                below += Math.exp(
                        (rate == 0 ? (k == 0 ? 0 : Double.NEGATIVE_INFINITY) : k * Math.log(rate)) - rate - factorial);
                table[i * steps + k] = below;
            }
        }
        var sizes = new java.util.ArrayList<>(rates.dims());
        sizes.add((long) steps);
        var drawn = uniform(f, shape(f), 0, 1);
        var thresholds =
                f.constant(drawn, table, sizes.stream().mapToLong(size -> size).toArray());
        var above = f.apply("GreaterOrEqual", f.unsqueeze(drawn, -1), thresholds);
        f.give(f.sum(f.indicator(above, ValueType.FLOAT32), false, -1));
    }

    /** Inputs: logarithms of weights, how many to draw; the argument is the axis that is the batch, the second without. */
    private static void multinomial(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        Emitter.require(f.rank(0) == 2, "[batch, classes] is needed, got %s", to.value(op, 0));
        boolean turned = op.ints().isEmpty() || Emitter.axis(f.integer(0), 2) == 1;
        var weights = to.cast(op, to.in(op, 0), ValueType.FLOAT32);
        long count = (long) to.constant(op, 1, "how many to draw").number(0);
        var drawn = to.make(
                op,
                ValueType.INT64,
                "Multinomial",
                Map.of("sample_size", Attribute.of(count), "dtype", Attribute.of((long) ValueType.INT64.onnxCode())),
                turned ? f.transpose(weights, 1, 0) : weights);
        f.give(turned ? f.transpose(drawn, 1, 0) : drawn);
    }

    /** By the order of as many random numbers as there are rows. */
    private static void shuffled(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var x = to.in(op, 0);
        var count = f.slice(f.shape(x), 0, 0, 1);
        var rows = f.apply("Expand", to.number(op, ValueType.FLOAT32, 0), count);
        var random = to.make(op, ValueType.FLOAT32, "RandomUniformLike", Map.of(), rows);
        var order = new Piece(
                to.applyAll(op, 2, "TopK", Map.of("axis", Attribute.of(0L)), random, count)
                        .get(1)
                        .name(),
                ValueType.INT64);
        f.give(f.apply("Gather", Map.of("axis", Attribute.of(0L)), x, order));
    }

    /** Inputs: the whole, the sizes of the part. */
    private static void cropped(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        int rank = f.rank(0);
        var sizes = f.longs(to.constant(op, 1, "the sizes").longs());
        var x = to.in(op, 0);
        var last = f.sub(f.shape(x), sizes);
        var share = uniform(f, List.of((long) rank), 0, 1);
        var place = f.mul(share, to.cast(op, f.add(last, 1), ValueType.FLOAT32));
        var from = f.apply("Min", to.cast(op, place, ValueType.INT64), last);
        var axes = f.longs(java.util.stream.LongStream.range(0, rank).toArray());
        f.give(f.apply("Slice", x, from, f.add(from, sizes), axes));
    }
}
