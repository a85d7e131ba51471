package smalti.exporter.lowering;

import java.util.HashMap;
import java.util.Map;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.ValueType;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.samediff.SourceOp;

/** Functions of one element, or of two in the same place (broadcast as in NumPy on both sides). */
final class ElementLowerings {
    private static final Map<String, Attribute> FMOD = Map.of("fmod", Attribute.of(1L));

    /** What nd4j takes for equal where no distance is given. */
    static final double NEAR = 1e-12;

    private ElementLowerings() {}

    /** A function of values. */
    @FunctionalInterface
    interface One {
        Piece of(SourceOp op, Emitter to, Piece x);
    }

    @FunctionalInterface
    interface Two {
        Piece of(SourceOp op, Emitter to, Piece a, Piece b);
    }

    static Map<String, Lowering> rows() {
        var rows = new HashMap<String, Lowering>();
        functions(rows);
        anyNumbers(rows);
        tests(rows);
        pairs(rows);
        numbers(rows);
        return rows;
    }

    /** Of floats; whole numbers become floats first, as nd4j's results are floats. */
    private static void functions(Map<String, Lowering> rows) {
        Map.ofEntries(
                        Map.entry("acos", "Acos"),
                        Map.entry("acosh", "Acosh"),
                        Map.entry("asin", "Asin"),
                        Map.entry("asinh", "Asinh"),
                        Map.entry("atan", "Atan"),
                        Map.entry("atanh", "Atanh"),
                        Map.entry("cos", "Cos"),
                        Map.entry("cosh", "Cosh"),
                        Map.entry("erf", "Erf"),
                        Map.entry("exp", "Exp"),
                        Map.entry("log", "Log"),
                        Map.entry("sigmoid", "Sigmoid"),
                        Map.entry("sin", "Sin"),
                        Map.entry("sinh", "Sinh"),
                        Map.entry("sqrt", "Sqrt"),
                        Map.entry("tan", "Tan"),
                        Map.entry("tanh", "Tanh"),
                        Map.entry("Reciprocal", "Reciprocal"))
                .forEach((op, onnx) -> rows.put(op, function((node, to, x) -> to.apply(node, onnx, x))));
        rows.put("rsqrt", function((op, to, x) -> to.apply(op, "Reciprocal", to.apply(op, "Sqrt", x))));
        rows.put(
                "erfc",
                function((op, to, x) -> to.apply(op, "Sub", to.number(op, x.type(), 1), to.apply(op, "Erf", x))));
        rows.put(
                "log1p",
                function((op, to, x) -> to.apply(op, "Log", to.apply(op, "Add", x, to.number(op, x.type(), 1)))));
        rows.put(
                "expm1",
                function((op, to, x) -> to.apply(op, "Sub", to.apply(op, "Exp", x), to.number(op, x.type(), 1))));
        rows.put("log_x", function((op, to, x) -> {
            double base = scalar(op);
            Emitter.require(base > 0 && base != 1, "the base must be positive and not 1, got %s", base);
            return to.apply(op, "Mul", to.apply(op, "Log", x), to.number(op, x.type(), 1 / Math.log(base)));
        }));
    }

    /** Of any numbers, the result is of their type. */
    private static void anyNumbers(Map<String, Lowering> rows) {
        rows.put("abs", one((op, to, x) -> to.apply(op, "Abs", x)));
        rows.put("neg", one((op, to, x) -> to.apply(op, "Neg", x)));
        rows.put("sign", one((op, to, x) -> to.apply(op, "Sign", x)));
        rows.put("ceil", one((op, to, x) -> x.type().isFloat() ? to.apply(op, "Ceil", x) : x));
        rows.put("floor", one((op, to, x) -> x.type().isFloat() ? to.apply(op, "Floor", x) : x));
        // halves go away from zero, where ONNX's Round goes to the even neighbour
        rows.put("round", one((op, to, x) -> {
            if (!x.type().isFloat()) {
                return x;
            }
            var away = to.apply(op, "Floor", to.apply(op, "Add", to.apply(op, "Abs", x), to.number(op, x.type(), 0.5)));
            return to.apply(op, "Mul", to.apply(op, "Sign", x), away);
        }));
        rows.put("square", one((op, to, x) -> to.apply(op, "Mul", x, x)));
        rows.put("cube", one((op, to, x) -> to.apply(op, "Mul", to.apply(op, "Mul", x, x), x)));
    }

    private static void tests(Map<String, Lowering> rows) {
        rows.put("isnan", (op, to) -> to.give(op, to.apply(op, "IsNaN", to.in(op, 0))));
        rows.put("isinf", (op, to) -> to.give(op, infinite(op, to)));
        rows.put("isfinite", (op, to) -> {
            var nan = to.apply(op, "IsNaN", to.in(op, 0));
            to.give(op, to.apply(op, "Not", to.apply(op, "Or", nan, infinite(op, to))));
        });
    }

    /** IsInf of 16-bit floats came with opset 20 alone. */
    private static Piece infinite(SourceOp op, Emitter to) {
        var x = to.in(op, 0);
        return to.apply(op, "IsInf", x.type() == ValueType.FLOAT64 ? x : to.cast(op, x, ValueType.FLOAT32));
    }

    private static void pairs(Map<String, Lowering> rows) {
        rows.put("add", two((op, to, a, b) -> to.apply(op, "Add", a, b)));
        rows.put("subtract", two((op, to, a, b) -> to.apply(op, "Sub", a, b)));
        rows.put("multiply", two((op, to, a, b) -> to.apply(op, "Mul", a, b)));
        rows.put("divide", two((op, to, a, b) -> to.apply(op, "Div", a, b)));
        rows.put("reversesubtract", two((op, to, a, b) -> to.apply(op, "Sub", b, a)));
        rows.put("reversedivide", two((op, to, a, b) -> to.apply(op, "Div", b, a)));
        rows.put("maximum", two((op, to, a, b) -> to.apply(op, "Max", a, b)));
        rows.put("minimum", two((op, to, a, b) -> to.apply(op, "Min", a, b)));
        rows.put("Pow", two((op, to, a, b) -> to.apply(op, "Pow", a, b)));
        rows.put("squaredsubtract", two((op, to, a, b) -> {
            var difference = to.apply(op, "Sub", a, b);
            return to.apply(op, "Mul", difference, difference);
        }));
        rows.put("realdiv", two((op, to, a, b) -> to.apply(op, "Div", a, b)));
        rows.put("truncatediv", two((op, to, a, b) -> {
            Emitter.require(a.type().isWhole(), "whole numbers are covered, got %s; cast them", a.type());
            return to.apply(op, "Div", a, b);
        }));
        rows.put("floordiv", two(ElementLowerings::floorDiv));
        rows.put("floormod", two(ElementLowerings::floorMod));
        rows.put("mod", two(ElementLowerings::mod));
        rows.put("tf_atan2", two(ElementLowerings::atan2));
        Map.of(
                        "equals", "Equal",
                        "greater", "Greater",
                        "greater_equal", "GreaterOrEqual",
                        "less", "Less",
                        "less_equal", "LessOrEqual")
                .forEach((op, onnx) -> rows.put(op, two((node, to, a, b) -> to.apply(node, onnx, a, b))));
        rows.put("not_equals", two((op, to, a, b) -> to.apply(op, "Not", to.apply(op, "Equal", a, b))));
        Map.of("and", "And", "or", "Or", "xor", "Xor").forEach((name, onnx) -> {
            rows.put(name, logic(onnx));
        });
    }

    private static Lowering logic(String onnx) {
        return two((op, to, a, b) -> {
            Emitter.require(a.type() == ValueType.BOOL && b.type() == ValueType.BOOL, "both must be BOOL");
            return to.apply(op, onnx, a, b);
        });
    }

    private static void numbers(Map<String, Lowering> rows) {
        rows.put("add_scalar", number((op, to, x, s) -> to.apply(op, "Add", x, s)));
        rows.put("sub_scalar", number((op, to, x, s) -> to.apply(op, "Sub", x, s)));
        rows.put("mul_scalar", number((op, to, x, s) -> to.apply(op, "Mul", x, s)));
        rows.put("div_scalar", number((op, to, x, s) -> to.apply(op, "Div", x, s)));
        rows.put("rsub_scalar", number((op, to, x, s) -> to.apply(op, "Sub", s, x)));
        rows.put("rdiv_scalar", number((op, to, x, s) -> to.apply(op, "Div", s, x)));
        rows.put("max_scalar", number((op, to, x, s) -> to.apply(op, "Max", x, s)));
        rows.put("scalar_min", number((op, to, x, s) -> to.apply(op, "Min", x, s)));
        rows.put("fmod_scalar", number((op, to, x, s) -> to.apply(op, "Mod", FMOD, x, s)));
        rows.put("pow", number((op, to, x, s) -> to.apply(op, "Pow", x, s)));
        rows.put("remainder_scalar", number((op, to, x, s) -> remainder(op, to, x)));
        rows.put("setvalorless_scalar", number((op, to, x, s) -> to.apply(op, "Expand", s, to.apply(op, "Shape", x))));
        rows.put("set_scalar", number((op, to, x, s) -> to.apply(op, "Expand", s, to.apply(op, "Shape", x))));
        rows.put("step", number((op, to, x, s) -> to.cast(op, to.apply(op, "Greater", x, s), x.type())));
        Map.of(
                        "equals_scalar", "Equal",
                        "greaterthan_scalar", "Greater",
                        "greaterthanorequal_scalar", "GreaterOrEqual",
                        "lessthan_scalar", "Less",
                        "lessthanorequal_scalar", "LessOrEqual")
                .forEach((op, onnx) -> rows.put(op, number((node, to, x, s) -> to.apply(node, onnx, x, s))));
        rows.put("not_scalar", number((op, to, x, s) -> to.apply(op, "Not", to.apply(op, "Equal", x, s))));
        rows.put("eps_scalar", number((op, to, x, s) -> {
            var distance = to.apply(op, "Abs", to.apply(op, "Sub", x, s));
            return to.apply(
                    op,
                    "LessOrEqual",
                    distance,
                    to.number(op, x.type(), x.type().isFloat() ? NEAR : 0));
        }));
        // what is not 0 is true
        Map.of("and_scalar", "And", "or_scalar", "Or", "xor_scalar", "Xor").forEach((name, onnx) -> {
            rows.put(name, (op, to) -> {
                var truth = to.number(op, ValueType.BOOL, scalar(op) == 0 ? 0 : 1);
                to.give(op, to.apply(op, onnx, to.cast(op, to.in(op, 0), ValueType.BOOL), truth));
            });
        });
        rows.put("notequals_scalar", number((op, to, x, s) -> to.apply(op, "Not", to.apply(op, "Equal", x, s))));
    }

    /**
     * To the nearest whole quotient, halves to the even one: what is left by twice the divisor, less the divisor once or
     * twice. Each step is exact.
     */
    private static Piece remainder(SourceOp op, Emitter to, Piece number) {
        var f = new Formula(op, to);
        double divisor = Math.abs(scalar(op));
        if (number.type().isFloat()) {
            // of the type's own precision, twice which is exact
            var size = to.number(op, number.type(), divisor);
            var rest = to.apply(op, "Mod", FMOD, number, f.add(size, size));
            var most = f.abs(rest);
            var once = f.sub(most, size);
            var half = f.mul(size, 0.5);
            var twice = f.where(f.apply("GreaterOrEqual", once, half), f.sub(once, size), once);
            var near = f.where(f.apply("Greater", most, half), twice, most);
            return f.where(f.less(number, 0), f.neg(near), near);
        }
        Emitter.require(
                number.type() != ValueType.UINT8 && number.type().isWhole(),
                "remainders may be below 0, which %s does not hold; cast it",
                number.type());
        Emitter.require(
                divisor >= 1 && divisor < 0x1p63, "the number must be from 1 to 2^63 in size, got %s", scalar(op));
        long size = (long) divisor;
        var x = to.cast(op, number, ValueType.INT64);
        // beyond half the range twice the divisor is beyond the range, and x within it
        var rest = size > Long.MAX_VALUE / 2 ? x : to.apply(op, "Mod", FMOD, x, f.longs(2 * size));
        var least = f.where(f.greater(rest, 0), f.neg(rest), rest); // below 0 the range is wider
        var once = f.add(least, f.longs(size));
        var twice = f.where(
                f.apply("LessOrEqual", once, f.longs(-(size / 2 + size % 2))), f.add(once, f.longs(size)), once);
        var near = f.where(f.apply("Less", least, f.longs(-(size / 2))), twice, least);
        return f.where(f.greater(rest, 0), f.neg(near), near);
    }

    /**
     * Towards −∞, of whole numbers too, where ONNX's Div goes towards 0.
     *
     * <p>Just below a whole quotient a division rounds up to it. FLOAT64 has digits enough for the quotient of two numbers
     * of any smaller type; for its own, what the division leaves over is taken off first, which is exact.
     */
    private static Piece floorDiv(SourceOp op, Emitter to, Piece a, Piece b) {
        var f = new Formula(op, to);
        if (!a.type().isFloat()) {
            // before opset 14 no smaller whole numbers are subtracted
            var type = a.type() == ValueType.INT64 ? ValueType.INT64 : ValueType.INT32;
            var x = to.cast(op, a, type);
            var y = to.cast(op, b, type);
            var rest = to.apply(op, "Mod", x, y); // of the divisor's sign
            return f.div(f.sub(x, rest), y);
        }
        var x = to.cast(op, a, ValueType.FLOAT64);
        var y = to.cast(op, b, ValueType.FLOAT64);
        var quotient = f.apply("Floor", f.div(x, y));
        if (a.type() == ValueType.FLOAT64) {
            var rest = f.apply("Mod", FMOD, x, y);
            var whole = f.apply("Floor", f.add(f.div(f.sub(x, rest), y), 0.5));
            var floored = f.where(isOfOtherSign(f, rest, y), f.sub(whole, f.number(whole, 1)), whole);
            // of ∞ and by 0 nothing is left over that is a number
            quotient = f.where(f.apply("IsNaN", rest), quotient, floored);
        }
        return to.cast(op, quotient, a.type());
    }

    /** Of the divisor's sign: what is left of the dividend's sign is exact, and one divisor away from it. */
    private static Piece floorMod(SourceOp op, Emitter to, Piece a, Piece b) {
        if (!a.type().isFloat()) {
            return to.apply(op, "Mod", a, b);
        }
        var f = new Formula(op, to);
        var rest = f.apply("Mod", FMOD, a, b);
        return f.where(isOfOtherSign(f, rest, b), f.add(rest, b), rest);
    }

    /** Whether one is above 0 and the other below. */
    private static Piece isOfOtherSign(Formula f, Piece a, Piece b) {
        return f.apply(
                "Or", f.apply("And", f.less(a, 0), f.greater(b, 0)), f.apply("And", f.greater(a, 0), f.less(b, 0)));
    }

    /** Of whole numbers of the dividend's sign, as nd4j has it. */
    private static Piece mod(SourceOp op, Emitter to, Piece a, Piece b) {
        return a.type().isFloat() ? floorMod(op, to, a, b) : to.apply(op, "Mod", FMOD, a, b);
    }

    /** The angle of the point (x, y), y first. */
    private static Piece atan2(SourceOp op, Emitter to, Piece y, Piece x) {
        var type = y.type();
        var zero = to.number(op, type, 0);
        var one = to.number(op, type, 1);
        var isZero = to.apply(op, "Equal", x, zero);
        var angle = to.apply(op, "Atan", to.apply(op, "Div", y, to.apply(op, "Where", isZero, one, x)));
        var negative = to.apply(op, "Less", y, zero);
        var turn = to.apply(op, "Where", negative, to.number(op, type, -Math.PI), to.number(op, type, Math.PI));
        var turned = to.apply(op, "Where", to.apply(op, "Less", x, zero), to.apply(op, "Add", angle, turn), angle);
        var upright = to.apply(op, "Mul", to.apply(op, "Sign", y), to.number(op, type, Math.PI / 2));
        return to.apply(op, "Where", isZero, upright, turned);
    }

    private static Lowering function(One function) {
        return (op, to) -> {
            var type = to.outputType(op);
            Emitter.require(type.isFloat(), "the result must be of floats, got %s", type);
            to.give(op, function.of(op, to, to.cast(op, to.in(op, 0), type)));
        };
    }

    private static Lowering one(One function) {
        return (op, to) -> to.give(op, function.of(op, to, to.in(op, 0)));
    }

    /** Of two arrays of one type; nd4j brings others to the type of the result. */
    private static Lowering two(Two function) {
        return (op, to) -> {
            Emitter.require(op.inputs().size() == 2, "two inputs are covered, got %s", op.inputs());
            var a = to.in(op, 0);
            var b = to.in(op, 1);
            Emitter.require(
                    a.type() == b.type(), "both inputs must be of one type, got %s and %s; cast one", a, b.type());
            to.give(op, function.of(op, to, a, b));
        };
    }

    private static Lowering number(Two function) {
        return (op, to) -> {
            Emitter.require(op.inputs().size() == 1, "one input and one number are covered, got %s", op.inputs());
            var x = to.in(op, 0);
            double number = scalar(op);
            Emitter.require(
                    x.type().isFloat() || number == Math.rint(number),
                    "the number must be whole beside %s, got %s",
                    x.type(),
                    number);
            to.give(op, function.of(op, to, x, to.number(op, x.type(), number)));
        };
    }

    static double scalar(SourceOp op) {
        var number = op.scalar();
        if (number == null) {
            throw new NotCovered("the number is missing");
        }
        return number;
    }
}
