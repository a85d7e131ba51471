package smalti.exporter.lowering;

import java.util.HashMap;
import java.util.Map;
import smalti.exporter.graph.ValueType;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.samediff.SourceOp;

/** Functions of elements that nd4j keeps from before its operations had arguments of their own. */
final class LegacyLowerings {
    private LegacyLowerings() {}

    /** Of one array. */
    @FunctionalInterface
    private interface One {
        Piece of(Formula f, Piece x);
    }

    /** Of two arrays. */
    @FunctionalInterface
    private interface Two {
        Piece of(Formula f, Piece x, Piece y);
    }

    static Map<String, Lowering> rows() {
        var rows = new HashMap<String, Lowering>();
        curves(rows);
        pairs(rows);
        truths(rows);
        return rows;
    }

    private static void one(Map<String, Lowering> rows, String name, One function) {
        rows.put(name, (op, to) -> {
            var f = new Formula(op, to);
            f.give(function.of(f, f.in(0)));
        });
    }

    private static void two(Map<String, Lowering> rows, String name, Two function) {
        rows.put(name, (op, to) -> {
            var f = new Formula(op, to);
            f.give(function.of(f, f.in(0), f.in(1)));
        });
    }

    private static Piece sigmoid(Formula f, Piece x) {
        return f.apply("Sigmoid", x);
    }

    private static Piece mish(Formula f, Piece x) {
        return f.apply("Tanh", f.softplus(x));
    }

    private static void curves(Map<String, Lowering> rows) {
        one(rows, "mish", (f, x) -> f.mul(x, mish(f, x)));
        one(rows, "oneminus", (f, x) -> f.sub(1, x));
        one(rows, "timesoneminus", (f, x) -> f.mul(x, f.sub(1, x)));
        one(rows, "rint", (f, x) -> f.apply("Round", x));
        one(rows, "replace_nans", (f, x) -> f.where(isNan(f, x), f.number(x, extra(f)), x));
        // what is outside of the range is stretched over it, or its sigmoid where the range is from 0 to 1
        one(rows, "setrange", (f, x) -> {
            var ends = f.op().extras();
            Emitter.require(ends.size() == 2, "two ends are needed, got %s", ends);
            double low = ends.get(0);
            double high = ends.get(1);
            var share = low == 0 && high == 1 ? sigmoid(f, x) : x;
            var moved = f.add(f.apply("Floor", f.mul(share, high - low)), low);
            var inside = f.apply("And", f.atLeast(x, low), f.apply("LessOrEqual", x, f.number(x, high)));
            return f.where(inside, x, moved);
        });
        // slopes: x · (1 − x) of the sigmoid, and what the product rule gives
        one(rows, "_sigmoidderivative", (f, x) -> f.mul(sigmoid(f, x), f.sub(1, sigmoid(f, x))));
        one(rows, "_swishderivative", (f, x) -> {
            var s = sigmoid(f, x);
            return f.mul(s, f.add(f.mul(x, f.sub(1, s)), 1));
        });
        rows.put("identity_n", (op, to) -> {
            for (int i = 0; i < op.outputs().size(); i++) {
                to.give(op, i, to.in(op, i));
            }
        });
    }

    /** The number of an operation of one array, wherever nd4j keeps it. */
    private static double extra(Formula f) {
        return f.op().scalar() != null
                ? f.scalar()
                : f.op().extras().isEmpty() ? 0 : f.op().extras().get(0);
    }

    private static Piece isNan(Formula f, Piece x) {
        return f.apply("IsNaN", x);
    }

    private static void pairs(Map<String, Lowering> rows) {
        two(rows, "divide_no_nan", (f, x, y) -> {
            var none = f.equal(y, 0);
            return f.where(none, f.number(x, 0), f.div(x, f.where(none, f.number(y, 1), y)));
        });
        rows.put("mergesum", (op, to) -> {
            var f = new Formula(op, to);
            var sum = f.in(0);
            for (int i = 1; i < op.inputs().size(); i++) {
                sum = f.add(sum, f.in(i));
            }
            f.give(sum);
        });
    }

    private static Piece truth(Formula f, Piece x) {
        return f.to().cast(f.op(), x, ValueType.BOOL);
    }

    private static void truths(Map<String, Lowering> rows) {
        two(rows, "boolean_and", (f, x, y) -> f.apply("And", truth(f, x), truth(f, y)));
        two(rows, "boolean_or", (f, x, y) -> f.apply("Or", truth(f, x), truth(f, y)));
        two(rows, "boolean_xor", (f, x, y) -> f.apply("Xor", truth(f, x), truth(f, y)));
        for (var name : new String[] {"boolean_not", "bool_not"}) {
            one(rows, name, (f, x) -> f.apply("Not", truth(f, x)));
        }
        rows.put("hasnan", (op, to) -> anywhere(op, to, "IsNaN"));
        rows.put("hasinf", (op, to) -> anywhere(op, to, "IsInf"));
    }

    private static void anywhere(SourceOp op, Emitter to, String test) {
        var f = new Formula(op, to);
        var found = f.to().cast(op, f.apply(test, f.in(0)), ValueType.INT32);
        var axes = ReductionLowerings.axes(op, to);
        to.give(op, truth(f, ReductionLowerings.reduce(op, to, "ReduceMax", found, axes, op.keepDims())));
    }
}
