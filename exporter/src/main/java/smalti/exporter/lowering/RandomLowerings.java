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
}
