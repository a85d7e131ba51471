package smalti.exporter.lowering;

import static java.util.Map.entry;

import java.util.Map;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.samediff.SourceOp;

/**
 * Losses. nd4j's inputs are predictions, weights and labels; its first argument says how they are reduced: 0 not at all,
 * 1 to the sum, 2 to the sum over that of the weights, 3 to the sum over the number of weights that are not 0.
 */
final class LossLowerings {
    private LossLowerings() {}

    /** The loss of each element, before weights. */
    @FunctionalInterface
    private interface Loss {
        Piece of(Formula f, Piece prediction, Piece label);
    }

    static Map<String, Lowering> rows() {
        return Map.ofEntries(
                loss("absolute_difference_loss", (f, p, l) -> f.abs(f.sub(p, l))),
                loss("mean_sqerr_loss", (f, p, l) -> f.square(f.sub(p, l))),
                loss(
                        "cosine_distance_loss",
                        (f, p, l) -> f.sub(1, f.sum(f.mul(p, l), true, Emitter.axis(f.integer(1), f.rank(0))))),
                loss("hinge_loss", (f, p, l) -> f.max(f.sub(1, f.mul(f.add(f.mul(l, 2), -1), p)), 0)),
                loss("huber_loss", LossLowerings::huber),
                loss("log_loss", LossLowerings::log),
                loss("log_poisson_loss", LossLowerings::poisson),
                loss("mean_pairwssqerr_loss", LossLowerings::pairs),
                loss("sigm_cross_entropy_loss", LossLowerings::sigmoid),
                loss("softmax_cross_entropy_loss", LossLowerings::softmax),
                entry("l2_loss", (op, to) -> {
                    var f = new Formula(op, to);
                    f.give(f.mul(f.sum(f.square(f.in(0)), false), 0.5));
                }),
                entry("softmax_cross_entropy_loss_with_logits", (op, to) -> {
                    var f = new Formula(op, to);
                    long axis = op.ints().isEmpty() ? f.rank(0) - 1 : Emitter.axis(f.integer(0), f.rank(0));
                    f.give(f.neg(f.sum(f.mul(f.in(1), f.logSoftmax(f.in(0), axis)), false, axis)));
                }),
                entry("sparse_softmax_cross_entropy_loss_with_logits", LossLowerings::sparse));
    }

    private static Map.Entry<String, Lowering> loss(String name, Loss loss) {
        return entry(name, (op, to) -> {
            var f = new Formula(op, to);
            var each = loss.of(f, f.in(0), f.in(2));
            var weights = to.cast(op, f.in(1), each.type());
            var weighted = f.mul(each, weights);
            f.give(
                    switch ((int) f.integer(0)) {
                        case 0 -> weighted;
                        case 1 -> f.sum(weighted, false);
                        case 2 -> mean(f, weighted, spread(f, weights, each));
                        case 3 -> {
                            var counted = f.apply("Not", f.equal(spread(f, weights, each), 0));
                            yield mean(f, weighted, f.indicator(counted, each.type()));
                        }
                        default -> throw new NotCovered("the reduction must be from 0 to 3, got " + f.integer(0));
                    });
        });
    }

    private static Piece spread(Formula f, Piece weights, Piece each) {
        return f.apply("Expand", weights, f.shape(each));
    }

    /** 0 where the weights are. */
    private static Piece mean(Formula f, Piece weighted, Piece weights) {
        var sum = f.sum(weights, false);
        var none = f.equal(sum, 0);
        return f.where(none, f.number(sum, 0), f.div(f.sum(weighted, false), f.where(none, f.number(sum, 1), sum)));
    }

    private static Piece huber(Formula f, Piece p, Piece l) {
        double delta = f.real(0);
        var distance = f.abs(f.sub(p, l));
        var near = f.min(distance, delta);
        return f.add(f.mul(f.square(near), 0.5), f.mul(f.sub(distance, near), delta));
    }

    private static Piece log(Formula f, Piece p, Piece l) {
        double epsilon = f.real(0);
        var yes = f.mul(l, f.log(f.add(p, epsilon)));
        var no = f.mul(f.sub(1, l), f.log(f.sub(1 + epsilon, p)));
        return f.neg(f.add(yes, no));
    }

    /** The predictions are logarithms; the full loss has Stirling's approximation of the labels' factorials. */
    private static Piece poisson(Formula f, Piece p, Piece l) {
        var loss = f.sub(f.exp(p), f.mul(l, p));
        if (f.op().ints().size() < 2 || f.integer(1) == 0) {
            return loss;
        }
        var stirling = f.add(f.sub(f.mul(l, f.log(l)), l), f.mul(f.log(f.mul(l, 2 * Math.PI)), 0.5));
        return f.add(loss, stirling);
    }

    /** The mean of ((pᵢ − pⱼ) − (lᵢ − lⱼ))² over the pairs of a sample, by way of Σ(dᵢ − dⱼ)² = n Σd² − (Σd)². */
    private static Piece pairs(Formula f, Piece p, Piece l) {
        int rank = f.rank(0);
        Emitter.require(rank >= 2, "samples must have elements, got rank %s", rank);
        var axes = new long[rank - 1];
        double n = 1;
        for (int axis = 1; axis < rank; axis++) {
            axes[axis - 1] = axis;
            n *= f.size(0, axis);
        }
        var difference = f.sub(p, l);
        var squares = f.sum(f.square(difference), true, axes);
        var sum = f.sum(difference, true, axes);
        return f.mul(f.sub(squares, f.mul(f.square(sum), 1 / n)), 2 / Math.max(n - 1, 1));
    }

    private static Piece sigmoid(Formula f, Piece p, Piece l) {
        double smoothing = f.real(0);
        var target = smoothing == 0 ? l : f.add(f.mul(l, 1 - smoothing), 0.5 * smoothing);
        return f.sub(f.softplus(p), f.mul(p, target));
    }

    private static Piece softmax(Formula f, Piece p, Piece l) {
        double smoothing = f.real(0);
        int last = f.rank(0) - 1;
        Emitter.require(f.integer(0) != 0, "the losses of samples must be reduced, as nd4j's shape of them is unclear");
        var target = smoothing == 0 ? l : f.add(f.mul(l, 1 - smoothing), smoothing / f.size(0, last));
        return f.neg(f.sum(f.mul(target, f.logSoftmax(p, last)), false, last));
    }

    private static void sparse(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var logits = f.in(1);
        int rank = f.rank(1);
        long classes = f.size(1, rank - 1);
        var label = to.cast(op, to.in(op, 0), smalti.exporter.graph.ValueType.INT64);
        var classNumbers = new long[(int) classes];
        for (int i = 0; i < classes; i++) {
            classNumbers[i] = i;
        }
        var chosen = f.apply("Equal", f.unsqueeze(label, -1), f.constant(Tensor.of(classNumbers, classes)));
        var logs = f.apply("LogSoftmax", Map.of("axis", Attribute.of(-1L)), logits);
        f.give(f.neg(f.sum(f.where(chosen, logs, f.number(logs, 0)), false, -1)));
    }
}
