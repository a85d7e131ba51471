package smalti.exporter.lowering;

import static java.util.Map.entry;

import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.ValueType;
import smalti.exporter.lowering.Emitter.Piece;

/** Activation functions, their derivatives, and what is made of them. */
final class NonlinearityLowerings {
    /** Klambauer et al. 2017, arXiv:1706.02515. */
    private static final double SELU_SCALE = 1.0507009873554805;

    private static final double SELU_ALPHA = 1.6732632423543772;

    private NonlinearityLowerings() {}

    /** A function of one input. */
    @FunctionalInterface
    private interface Curve {
        Piece of(Formula f, Piece x);
    }

    static Map<String, Lowering> rows() {
        return Map.ofEntries(
                curve("crelu", (f, x) -> f.concat(-1, List.of(f.max(x, 0), f.max(f.neg(x), 0)))),
                curve("elu", (f, x) -> elu(f, x, f.op().reals().isEmpty() ? 1 : f.real(0), 1)),
                curve("selu", (f, x) -> elu(f, x, SELU_ALPHA, SELU_SCALE)),
                curve("seluderivative", NonlinearityLowerings::seluSlope),
                curve("gelu", (f, x) -> gated(f, x, 1.702)),
                curve("_geluderivative", NonlinearityLowerings::geluSlope),
                curve("precise_gelu", NonlinearityLowerings::tanhGelu),
                curve("hard_sigmoid", (f, x) -> f.min(f.max(f.add(f.mul(x, 0.2), 0.5), 0), 1)),
                curve("hard_sigmoidderivative", (f, x) -> f.mul(f.indicator(f.less(f.abs(x), 2.5), x.type()), 0.2)),
                curve("hardtanh", (f, x) -> f.min(f.max(x, -1), 1)),
                curve(
                        "hardtanhderivative",
                        (f, x) -> f.indicator(f.apply("LessOrEqual", f.abs(x), f.number(x, 1)), x.type())),
                curve("logsigmoid", (f, x) -> f.neg(f.softplus(f.neg(x)))),
                curve("log_softmax", (f, x) -> f.logSoftmax(x, axis(f))),
                curve("softmax", (f, x) -> f.softmax(x, axis(f))),
                curve("relu6", (f, x) -> f.min(f.max(x, f.scalar()), 6)),
                curve("softplus", Formula::softplus),
                curve("softsign", (f, x) -> f.div(x, f.add(f.abs(x), 1))),
                curve("softsignderivative", (f, x) -> f.div(1, f.square(f.add(f.abs(x), 1)))),
                curve("swish", (f, x) -> gated(f, x, 1)),
                curve("_tanhderivative", NonlinearityLowerings::tanhSlope),
                curve("cubederivative", (f, x) -> f.mul(f.square(x), 3)),
                curve("rational_tanh", NonlinearityLowerings::rationalTanh),
                curve("rational_tanh_derivative", NonlinearityLowerings::rationalTanhSlope),
                curve("rectified_tanh", (f, x) -> f.max(f.apply("Tanh", x), 0)),
                curve("rectified_tanh_derivative", (f, x) -> f.where(f.greater(x, 0), tanhSlope(f, x), f.number(x, 0))),
                curve("thresholdedrelu", (f, x) -> f.where(f.greater(x, f.real(0)), x, f.number(x, 0))),
                backward("sigmoid_bp", NonlinearityLowerings::sigmoidSlope),
                backward("tanh_bp", NonlinearityLowerings::tanhSlope),
                backward("relu_bp", (f, x) -> f.indicator(f.greater(x, 0), x.type())),
                entry("softmax_bp", (op, to) -> {
                    var f = new Formula(op, to);
                    var y = f.softmax(f.in(0), axis(f));
                    var weighted = f.mul(y, f.in(1));
                    f.give(f.sub(weighted, f.mul(y, f.sum(weighted, true, axis(f)))));
                }),
                entry("prelu", (op, to) -> {
                    var f = new Formula(op, to);
                    var x = f.in(0);
                    f.give(f.where(f.less(x, 0), f.mul(x, f.in(1)), x));
                }),
                entry("relu_layer", (op, to) -> {
                    var f = new Formula(op, to);
                    f.give(f.max(f.add(f.matmul(f.in(0), f.in(1)), f.in(2)), 0));
                }),
                entry("xw_plus_b", (op, to) -> {
                    var f = new Formula(op, to);
                    Emitter.require(
                            op.ints().stream().allMatch(transposed -> transposed == 0),
                            "nothing must be transposed, got %s",
                            op.ints());
                    f.give(f.add(f.matmul(f.in(0), f.in(1)), f.in(2)));
                }),
                // in an inference graph every element is kept
                entry("dropout_inverted", (op, to) -> new Formula(op, to).give(to.apply(op, "Identity", to.in(op, 0)))),
                entry("dropout", NonlinearityLowerings::dropout));
    }

    private static Map.Entry<String, Lowering> curve(String name, Curve curve) {
        return entry(name, (op, to) -> {
            var f = new Formula(op, to);
            Emitter.require(
                    to.value(op, 0).type().isFloat(),
                    "the input must be of floats, got %s",
                    to.value(op, 0).type());
            f.give(curve.of(f, f.in(0)));
        });
    }

    /** The slope at the first input times the second. */
    private static Map.Entry<String, Lowering> backward(String name, Curve slope) {
        return entry(name, (op, to) -> {
            var f = new Formula(op, to);
            f.give(f.mul(slope.of(f, f.in(0)), f.in(1)));
        });
    }

    private static long axis(Formula f) {
        return f.op().ints().isEmpty() ? f.rank(0) - 1 : Emitter.axis(f.integer(0), f.rank(0));
    }

    /** x · σ(ax); ONNX Runtime makes one operator of the product, which it does not have in FLOAT64. */
    private static Piece gated(Formula f, Piece x, double factor) {
        var inner = factor == 1 ? x : f.mul(x, factor);
        return x.type() == ValueType.FLOAT64
                ? f.div(x, f.add(f.exp(f.neg(inner)), 1))
                : f.mul(x, f.apply("Sigmoid", inner));
    }

    private static Piece elu(Formula f, Piece x, double alpha, double scale) {
        if (x.type() == ValueType.FLOAT32) {
            return scale == 1
                    ? f.apply("Elu", Map.of("alpha", Attribute.of((float) alpha)), x)
                    : f.apply(
                            "Selu",
                            Map.of("alpha", Attribute.of((float) alpha), "gamma", Attribute.of((float) scale)),
                            x);
        }
        var low = f.mul(f.add(f.exp(f.min(x, 0)), -1), alpha);
        return f.mul(f.where(f.greater(x, 0), x, low), scale);
    }

    private static Piece seluSlope(Formula f, Piece x) {
        var low = f.mul(f.exp(f.min(x, 0)), SELU_ALPHA * SELU_SCALE);
        return f.where(f.greater(x, 0), f.number(x, SELU_SCALE), low);
    }

    private static Piece geluSlope(Formula f, Piece x) {
        var s = f.apply("Sigmoid", f.mul(x, 1.702));
        return f.mul(s, f.add(f.mul(f.mul(x, f.sub(1, s)), 1.702), 1));
    }

    /** Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2. */
    private static Piece tanhGelu(Formula f, Piece x) {
        var inner = f.mul(f.add(x, f.mul(f.mul(f.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI));
        return f.mul(f.mul(x, 0.5), f.add(f.apply("Tanh", inner), 1));
    }

    private static Piece sigmoidSlope(Formula f, Piece x) {
        var s = f.apply("Sigmoid", x);
        return f.mul(s, f.sub(1, s));
    }

    private static Piece tanhSlope(Formula f, Piece x) {
        return f.sub(1, f.square(f.apply("Tanh", x)));
    }

    private static Piece rational(Formula f, Piece y) {
        var square = f.square(y);
        return f.add(f.add(f.add(f.abs(y), 1), square), f.mul(f.square(square), 1.41645));
    }

    /** 1.7159 tanh(2x/3), approximated as in arXiv:1508.01292. */
    private static Piece rationalTanh(Formula f, Piece x) {
        var y = f.mul(x, 2.0 / 3);
        return f.mul(f.mul(f.apply("Sign", y), f.sub(1, f.div(1, rational(f, y)))), 1.7159);
    }

    private static Piece rationalTanhSlope(Formula f, Piece x) {
        var y = f.mul(x, 2.0 / 3);
        var size = f.abs(y);
        var inner = f.add(f.add(f.mul(size, 2), 1), f.mul(f.mul(f.square(size), size), 4 * 1.41645));
        return f.mul(f.div(inner, f.square(rational(f, y))), 1.7159 * 2 / 3);
    }

    /** Not scaled in training, so scaled here: Srivastava et al. 2014, figure 2. */
    private static void dropout(smalti.exporter.samediff.SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        Emitter.require(op.extras().size() == 1, "the probability of keeping is missing, got %s", op.extras());
        f.give(f.mul(f.in(0), op.extras().get(0)));
    }
}
