package smalti.exporter.lowering;

import static smalti.spec.bundle.ElementType.BFLOAT16;
import static smalti.spec.bundle.ElementType.BOOL;
import static smalti.spec.bundle.ElementType.FLOAT16;
import static smalti.spec.bundle.ElementType.FLOAT32;
import static smalti.spec.bundle.ElementType.FLOAT64;
import static smalti.spec.bundle.ElementType.INT16;
import static smalti.spec.bundle.ElementType.INT32;
import static smalti.spec.bundle.ElementType.INT64;
import static smalti.spec.bundle.ElementType.INT8;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarRemainder;
import org.nd4j.linalg.api.ops.impl.scalar.comparison.ScalarAnd;
import org.nd4j.linalg.api.ops.impl.scalar.comparison.ScalarEps;
import org.nd4j.linalg.api.ops.impl.scalar.comparison.ScalarNot;
import org.nd4j.linalg.api.ops.impl.scalar.comparison.ScalarOr;
import org.nd4j.linalg.api.ops.impl.scalar.comparison.ScalarSetValue;
import org.nd4j.linalg.api.ops.impl.scalar.comparison.ScalarXor;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.TruncateDivOp;
import org.nd4j.linalg.api.ops.impl.transforms.strict.SetRange;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.TensorSpec;

/** Functions of one element and of two. */
final class ElementCases {
    private static final ElementType[] FLOATS = {FLOAT32, FLOAT64, FLOAT16, BFLOAT16};
    private static final ElementType[] NUMBERS = {FLOAT32, FLOAT64, FLOAT16, BFLOAT16, INT32, INT64};
    /** In which ONNX Runtime has no float64 kernel. */
    private static final double BY_FLOAT = 1e-6;

    private final List<OpCase> cases = new ArrayList<>();

    static Stream<OpCase> all() {
        var made = new ElementCases();
        made.functions();
        made.numbers();
        made.pairs();
        made.scalars();
        made.tests();
        return made.cases.stream();
    }

    private OpCase one(String op, BiFunction<SameDiff, SDVariable, SDVariable> build, DoubleUnaryOperator meaning) {
        return new OpCase(
                op,
                "",
                List.of(TensorSpec.of("x", FLOAT32, "N h 3")),
                OpCases.PICTURES,
                Map.of(),
                (graph, in) -> build.apply(graph, in.apply("x")).rename("y"),
                in -> Map.of("y", OpCases.get(in, "x").map(meaning)),
                0,
                null);
    }

    private OpCase two(String op, String label, String a, String b, Three build, DoubleBinaryOperator meaning) {
        return new OpCase(
                op,
                label,
                List.of(TensorSpec.of("a", FLOAT32, a), TensorSpec.of("b", FLOAT32, b)),
                OpCases.PICTURES,
                Map.of(),
                (graph, in) -> build.of(graph, in.apply("a"), in.apply("b")).rename("y"),
                in -> Map.of("y", OpCases.get(in, "a").with(OpCases.get(in, "b"), meaning)),
                0,
                null);
    }

    private interface Three {
        SDVariable of(SameDiff graph, SDVariable a, SDVariable b);
    }

    private void floats(OpCase useCase) {
        cases.addAll(useCase.within(BY_FLOAT).of(FLOATS));
    }

    private void functions() {
        floats(one("acos", (g, x) -> g.math.acos(x), Math::acos).domain("x", Math::tanh));
        floats(one("acosh", (g, x) -> g.math.acosh(x), x -> Math.log(x + Math.sqrt(x * x - 1)))
                .domain("x", x -> 1.5 + Math.abs(x)));
        floats(one("asin", (g, x) -> g.math.asin(x), Math::asin).domain("x", Math::tanh));
        floats(one("asinh", (g, x) -> g.math.asinh(x), x -> Math.log(x + Math.sqrt(x * x + 1))));
        floats(one("atan", (g, x) -> g.math.atan(x), Math::atan));
        floats(one("atanh", (g, x) -> g.math.atanh(x), x -> 0.5 * Math.log((1 + x) / (1 - x)))
                .domain("x", x -> 0.8 * Math.tanh(x)));
        floats(one("cos", (g, x) -> g.math.cos(x), Math::cos));
        floats(one("cosh", (g, x) -> g.math.cosh(x), Math::cosh));
        floats(one("sin", (g, x) -> g.math.sin(x), Math::sin));
        floats(one("sinh", (g, x) -> g.math.sinh(x), Math::sinh));
        floats(one("tan", (g, x) -> g.math.tan(x), Math::tan).domain("x", Math::tanh));
        floats(one("tanh", (g, x) -> g.math.tanh(x), Math::tanh));
        floats(one("exp", (g, x) -> g.math.exp(x), Math::exp));
        floats(one("expm1", (g, x) -> g.math.expm1(x), Math::expm1));
        floats(one("log", (g, x) -> g.math.log(x), Math::log).domain("x", x -> 0.2 + Math.abs(x)));
        floats(one("log1p", (g, x) -> g.math.log1p(x), Math::log1p).domain("x", Math::abs));
        for (double base : new double[] {2, 10}) {
            floats(one("log_x", (g, x) -> g.math.log(x, base), x -> Math.log(x) / Math.log(base))
                    .domain("x", x -> 0.2 + Math.abs(x)));
        }
        floats(one("sqrt", (g, x) -> g.math.sqrt(x), Math::sqrt).domain("x", Math::abs));
        floats(one("rsqrt", (g, x) -> g.math.rsqrt(x), x -> 1 / Math.sqrt(x)).domain("x", x -> 0.3 + Math.abs(x)));
        floats(one("Reciprocal", (g, x) -> g.math.reciprocal(x), x -> 1 / x)
                .domain("x", x -> x < 0 ? x - 0.3 : x + 0.3));
        floats(one("sigmoid", (g, x) -> g.nn.sigmoid(x), x -> 1 / (1 + Math.exp(-x))));
        floats(one("erf", (g, x) -> g.math.erf(x), ElementCases::erf));
        floats(one("erfc", (g, x) -> g.math.erfc(x), x -> 1 - erf(x)));
        floats(one("rational_tanh", (g, x) -> g.math.rationalTanh(x), ElementCases::rationalTanh));
        floats(one("rectified_tanh", (g, x) -> g.math.rectifiedTanh(x), x -> Math.max(0, Math.tanh(x))));
    }

    /** By its series, in doubles. */
    private static double erf(double x) {
        double sum = 0;
        double term = x;
        for (int n = 0; n < 200; n++) {
            sum += term / (2 * n + 1);
            term *= -x * x / (n + 1);
        }
        return 2 / Math.sqrt(Math.PI) * sum;
    }

    private static double rationalTanh(double x) {
        double y = 2 * x / 3;
        double bound = 1 - 1 / (1 + Math.abs(y) + y * y + 1.41645 * Math.pow(y, 4));
        return 1.7159 * Math.signum(y) * bound;
    }

    private void numbers() {
        cases.addAll(one("abs", (g, x) -> g.math.abs(x), Math::abs)
                .domain("x", x -> x - 2)
                .of(NUMBERS));
        cases.addAll(one("neg", (g, x) -> g.math.neg(x), x -> -x).of(NUMBERS));
        cases.addAll(one("sign", (g, x) -> g.math.sign(x), Math::signum)
                .domain("x", x -> Math.rint(x) - 2)
                .of(NUMBERS));
        cases.addAll(one("ceil", (g, x) -> g.math.ceil(x), Math::ceil).of(FLOATS));
        cases.addAll(one("floor", (g, x) -> g.math.floor(x), Math::floor).of(FLOATS));
        cases.addAll(one("round", (g, x) -> g.math.round(x), x -> Math.signum(x) * Math.floor(Math.abs(x) + 0.5))
                .domain("x", x -> Math.rint(4 * x) / 2)
                .of(FLOATS));
        cases.addAll(one("square", (g, x) -> g.math.square(x), x -> x * x).of(NUMBERS));
        cases.addAll(one("cube", (g, x) -> g.math.cube(x), x -> x * x * x).of(NUMBERS));
        cases.addAll(one("identity", (g, x) -> g.identity(x), x -> x).of(NUMBERS));
    }

    private void pairs() {
        DoubleUnaryOperator apart = x -> x < 0 ? x - 1 : x + 1;
        for (var shapes : new String[][] {{"N h 3", "N h 3"}, {"N h w 3", "h 1 3"}, {"N h w", "1"}}) {
            var label = Arrays.toString(shapes);
            var a = shapes[0];
            var b = shapes[1];
            cases.addAll(
                    two("add", label, a, b, (g, x, y) -> x.add(y), Double::sum).of(NUMBERS));
            cases.addAll(two("subtract", label, a, b, (g, x, y) -> x.sub(y), (x, y) -> x - y)
                    .of(NUMBERS));
            cases.addAll(two("multiply", label, a, b, (g, x, y) -> x.mul(y), (x, y) -> x * y)
                    .of(NUMBERS));
            cases.addAll(two("divide", label, a, b, (g, x, y) -> x.div(y), (x, y) -> x / y)
                    .domain("b", apart)
                    .of(FLOATS));
            cases.addAll(two("reversesubtract", label, a, b, (g, x, y) -> x.rsub(y), (x, y) -> y - x)
                    .of(NUMBERS));
            cases.addAll(two("reversedivide", label, a, b, (g, x, y) -> x.rdiv(y), (x, y) -> y / x)
                    .domain("a", apart)
                    .of(FLOATS));
            cases.addAll(two("maximum", label, a, b, (g, x, y) -> g.math.max(x, y), Math::max)
                    .of(NUMBERS));
            cases.addAll(two("minimum", label, a, b, (g, x, y) -> g.math.min(x, y), Math::min)
                    .of(NUMBERS));
            cases.addAll(two(
                            "squaredsubtract",
                            label,
                            a,
                            b,
                            (g, x, y) -> g.math.squaredDifference(x, y),
                            (x, y) -> (x - y) * (x - y))
                    .of(NUMBERS));
            comparisons(label, a, b);
        }
        var a = "N h 3";
        cases.addAll(two("divide", "whole", a, a, (g, x, y) -> x.div(y), (x, y) -> (long) (x / y))
                .domain("a", x -> 5 * x - 12)
                .domain("b", x -> x + 1)
                .of(INT32, INT64));
        floats(two("Pow", "", a, a, (g, x, y) -> g.math.pow(x, y), Math::pow).domain("a", x -> 0.3 + Math.abs(x)));
        floats(two("tf_atan2", "", a, a, (g, x, y) -> g.math.atan2(x, y), Math::atan2));
        floats(two("tf_atan2", "on the axes", a, a, (g, x, y) -> g.math.atan2(x, y), Math::atan2)
                .domain("a", x -> x < 0 ? -1 : 2)
                .domain("b", x -> Math.abs(x) < 0.7 ? 0 : x));
        quotients();
        for (var name : List.of("and", "or", "xor")) {
            cases.addAll(two(
                            name,
                            "",
                            a,
                            a,
                            (g, x, y) -> name.equals("and")
                                    ? g.math.and(x, y)
                                    : name.equals("or") ? g.math.or(x, y) : g.math.xor(x, y),
                            (x, y) -> name.equals("and")
                                    ? Math.min(x, y)
                                    : name.equals("or") ? Math.max(x, y) : Math.abs(x - y))
                    .of(BOOL));
        }
    }

    /** Near whole multiples a float32 quotient rounds up to the whole number: a divisor too much or too little is left. */
    private void quotients() {
        DoubleUnaryOperator quarters = x -> Math.rint(8 * x) / 4;
        // 0.3 is no number of binary digits, nor are its multiples
        DoubleUnaryOperator multiples = x -> 0.3 * Math.rint(40 * x);
        DoubleUnaryOperator third = x -> x < 0 ? -0.3 : 0.3;
        for (var shapes : new String[][] {{"N h 3", "N h 3"}, {"N h w 3", "h 1 3"}, {"h 1", "N h w"}, {"N h w", "1"}}) {
            for (var op : List.of("floordiv", "floormod", "mod")) {
                DoubleBinaryOperator meaning = op.equals("floordiv") ? ElementCases::floorDiv : ElementCases::floorMod;
                var label = Arrays.toString(shapes);
                cases.addAll(two(op, label, shapes[0], shapes[1], quotient(op), meaning)
                        .domain("a", quarters)
                        .domain("b", x -> x < 0 ? -0.75 : 1)
                        .of(FLOATS));
                cases.addAll(two(op, "multiples " + label, shapes[0], shapes[1], quotient(op), meaning)
                        .domain("a", multiples)
                        .domain("b", third)
                        .of(FLOATS));
                // nd4j's mod of whole numbers has the dividend's sign, as Java's
                cases.addAll(two(
                                op,
                                "whole " + label,
                                shapes[0],
                                shapes[1],
                                quotient(op),
                                op.equals("mod") ? (x, y) -> x % y : meaning)
                        .domain("a", x -> 7 * x - 20)
                        .domain("b", x -> x < 3 ? x - 4 : x)
                        .of(INT32, INT64, INT16, INT8));
            }
        }
        for (var op : List.of("floordiv", "floormod", "mod")) {
            cases.addAll(two(
                            op,
                            "large",
                            "N h 3",
                            "N h 3",
                            quotient(op),
                            op.equals("floordiv") ? ElementCases::floorDiv : ElementCases::floorMod)
                    .domain("a", x -> 1e6 * x)
                    .domain("b", x -> 0.3 + Math.abs(x))
                    .of(FLOAT32, FLOAT64));
        }
    }

    private static Three quotient(String op) {
        return (g, x, y) -> switch (op) {
            case "floordiv" -> g.math.floorDiv(x, y);
            case "floormod" -> g.math.floorMod(x, y);
            default -> g.math.mod(x, y);
        };
    }

    /** By decimals of any length: exact but for the last rounding. */
    private static double floorMod(double x, double y) {
        var divisor = new BigDecimal(y);
        return new BigDecimal(x).subtract(divisor.multiply(floored(x, y))).doubleValue();
    }

    private static double floorDiv(double x, double y) {
        return floored(x, y).doubleValue();
    }

    private static BigDecimal floored(double x, double y) {
        var parts = new BigDecimal(x).divideAndRemainder(new BigDecimal(y)); // towards 0
        boolean isBelow = parts[1].signum() * Math.signum(y) < 0;
        return isBelow ? parts[0].subtract(BigDecimal.ONE) : parts[0];
    }

    private void comparisons(String label, String a, String b) {
        // + 0.0: SameDiff takes −0 for another number than 0 in 16 bits
        DoubleUnaryOperator whole = x -> Math.rint(x) + 0.0;
        cases.addAll(two("equals", label, a, b, (g, x, y) -> x.eq(y), (x, y) -> x == y ? 1 : 0)
                .domain("a", whole)
                .domain("b", whole)
                .of(NUMBERS));
        cases.addAll(two("not_equals", label, a, b, (g, x, y) -> x.neq(y), (x, y) -> x != y ? 1 : 0)
                .domain("a", whole)
                .domain("b", whole)
                .of(NUMBERS));
        cases.addAll(two("greater", label, a, b, (g, x, y) -> x.gt(y), (x, y) -> x > y ? 1 : 0)
                .of(NUMBERS));
        cases.addAll(two("greater_equal", label, a, b, (g, x, y) -> x.gte(y), (x, y) -> x >= y ? 1 : 0)
                .domain("a", whole)
                .domain("b", whole)
                .of(NUMBERS));
        cases.addAll(two("less", label, a, b, (g, x, y) -> x.lt(y), (x, y) -> x < y ? 1 : 0)
                .of(NUMBERS));
        cases.addAll(two("less_equal", label, a, b, (g, x, y) -> x.lte(y), (x, y) -> x <= y ? 1 : 0)
                .domain("a", whole)
                .domain("b", whole)
                .of(NUMBERS));
    }

    private void remainder(double s, DoubleUnaryOperator domain, ElementType... types) {
        cases.addAll(one(
                        "remainder_scalar",
                        (g, x) -> new ScalarRemainder(g, x, s).outputVariable(),
                        x -> Math.IEEEremainder(x, s))
                .domain("x", domain)
                .of(types));
    }

    private void remainders() {
        remainder(3, x -> 4 * x, FLOAT32, FLOAT64, FLOAT16);
        // ties, to the even quotient
        remainder(-4, x -> 2 * Math.rint(x) - 5, FLOAT32, FLOAT64);
        // large quotients, of a number that every type has
        remainder(0.3125, x -> 1e5 * x, FLOAT32, FLOAT64);
        // beyond float32, which SameDiff takes whole numbers through; the same remainders as without the large part
        wholeRemainder(3, x -> 4 * x - 12 - 6 * 0x1p25, INT32, INT64);
        wholeRemainder(-4, x -> 2 * x - 5 + 0x1p28, INT32, INT64);
        wholeRemainder(6, x -> 3 * x - 9 + 12 * 0x1p24, INT32, INT64);
        wholeRemainder(7, x -> 1e15 * x - 3e15, INT64);
    }

    private void wholeRemainder(double s, DoubleUnaryOperator domain, ElementType... types) {
        int first = cases.size();
        remainder(s, domain, types);
        cases.subList(first, cases.size())
                .replaceAll(useCase -> useCase.sameDiffIsWrong("whole numbers go through float32"));
    }

    private void scalars() {
        for (double s : new double[] {0, 2}) {
            cases.addAll(one("not_scalar", (g, x) -> new ScalarNot(g, x, s).outputVariable(), x -> x == s ? 0 : 1)
                    .of(FLOAT32, FLOAT64, INT32));
            cases.addAll(
                    one("and_scalar", (g, x) -> new ScalarAnd(g, x, s).outputVariable(), x -> x != 0 && s != 0 ? 1 : 0)
                            .of(FLOAT32, FLOAT64, INT32));
            cases.addAll(
                    one("or_scalar", (g, x) -> new ScalarOr(g, x, s).outputVariable(), x -> x != 0 || s != 0 ? 1 : 0)
                            .of(FLOAT32, FLOAT64, INT32));
            cases.addAll(one(
                            "xor_scalar",
                            (g, x) -> new ScalarXor(g, x, s).outputVariable(),
                            x -> (x != 0) != (s != 0) ? 1 : 0)
                    .of(FLOAT32, FLOAT64, INT32));
            cases.addAll(one("eps_scalar", (g, x) -> new ScalarEps(g, x, s).outputVariable(), x -> x == s ? 1 : 0)
                    .domain("x", Math::rint)
                    .of(FLOAT32, FLOAT64));
        }
        cases.addAll(one("not_scalar", (g, x) -> new ScalarNot(g, x, 0).outputVariable(), x -> x)
                .of(BOOL));
        remainders();
        cases.addAll(one("setvalorless_scalar", (g, x) -> new ScalarSetValue(g, x, 0.5).outputVariable(), x -> 0.5)
                .of(FLOAT32, FLOAT64));
        cases.addAll(two(
                        "realdiv",
                        "broadcast",
                        "N h 3",
                        "h 1",
                        (g, a, b) -> AnyOp.like("realdiv", g, a, b).outputVariable(),
                        (a, b) -> a / b)
                .domain("b", x -> Math.abs(x) + 1)
                .of(FLOAT32, FLOAT64));
        cases.addAll(two(
                        "truncatediv",
                        "towards 0",
                        "N h 3",
                        "N h 3",
                        (g, a, b) -> new TruncateDivOp(g, a, b, false).outputVariable(),
                        (a, b) -> (a - a % b) / b)
                .domain("a", x -> 3 * x - 9)
                .domain("b", x -> x < 3 ? x - 4 : x)
                .of(INT32, INT64));
        for (double[] ends : new double[][] {{0, 1}, {-0.5, 2}}) {
            cases.addAll(one(
                            "setrange",
                            (g, x) -> new SetRange(g, x, false, ends[0], ends[1]).outputVariable(),
                            x -> x >= ends[0] && x <= ends[1]
                                    ? x
                                    : ends[0] == 0
                                            ? Math.floor(1 / (1 + Math.exp(-x)))
                                            : Math.floor(x * (ends[1] - ends[0])) + ends[0])
                    .of(FLOAT32, FLOAT64));
        }
        for (double s : new double[] {0.5, 2, -3}) {
            var types = s == Math.rint(s) ? NUMBERS : FLOATS;
            var apart = (DoubleUnaryOperator) x -> x < 0 ? x - 1 : x + 1;
            cases.addAll(one("add_scalar", (g, x) -> x.add(s), x -> x + s).of(types));
            cases.addAll(one("sub_scalar", (g, x) -> x.sub(s), x -> x - s).of(types));
            cases.addAll(one("mul_scalar", (g, x) -> x.mul(s), x -> x * s).of(types));
            cases.addAll(one("div_scalar", (g, x) -> x.div(s), x -> x / s).of(FLOATS));
            cases.addAll(one("rsub_scalar", (g, x) -> x.rsub(s), x -> s - x).of(types));
            cases.addAll(one("rdiv_scalar", (g, x) -> x.rdiv(s), x -> s / x)
                    .domain("x", apart)
                    .of(FLOATS));
            cases.addAll(one("max_scalar", (g, x) -> g.scalarMax(x, s), x -> Math.max(x, s))
                    .of(types));
            cases.addAll(one("scalar_min", (g, x) -> g.scalarMin(x, s), x -> Math.min(x, s))
                    .of(types));
            cases.addAll(one("set_scalar", (g, x) -> g.scalarSet(x, s), x -> s).of(FLOATS));
            cases.addAll(
                    one("step", (g, x) -> g.math.step(x, s), x -> x > s ? 1 : 0).of(FLOATS));
            floats(one("pow", (g, x) -> g.math.pow(x, s), x -> Math.pow(x, s)).domain("x", x -> 0.4 + Math.abs(x)));
            cases.addAll(one("fmod_scalar", (g, x) -> g.scalarFloorMod(x, s), x -> x % s)
                    .domain("x", x -> Math.rint(8 * x) / 8)
                    .of(FLOAT32, FLOAT64));
            DoubleUnaryOperator half = x -> Math.rint(2 * x) / 2 + 0.0;
            cases.addAll(one("equals_scalar", (g, x) -> x.eq(s), x -> x == s ? 1 : 0)
                    .domain("x", half)
                    .of(types));
            cases.addAll(one("notequals_scalar", (g, x) -> x.neq(s), x -> x != s ? 1 : 0)
                    .domain("x", half)
                    .of(types));
            cases.addAll(one("greaterthan_scalar", (g, x) -> x.gt(s), x -> x > s ? 1 : 0)
                    .domain("x", half)
                    .of(types));
            cases.addAll(one("greaterthanorequal_scalar", (g, x) -> x.gte(s), x -> x >= s ? 1 : 0)
                    .domain("x", half)
                    .of(types));
            cases.addAll(one("lessthan_scalar", (g, x) -> x.lt(s), x -> x < s ? 1 : 0)
                    .domain("x", half)
                    .of(types));
            cases.addAll(one("lessthanorequal_scalar", (g, x) -> x.lte(s), x -> x <= s ? 1 : 0)
                    .domain("x", half)
                    .of(types));
        }
    }

    private void tests() {
        DoubleUnaryOperator odd = x -> x > 1 ? Double.POSITIVE_INFINITY : x < -1 ? Double.NaN : x;
        for (var type : FLOATS) {
            var blind = "finds no NaN in 16 bits";
            var nan = one("isnan", (g, x) -> g.math.isNaN(x), x -> Double.isNaN(x) ? 1 : 0)
                    .domain("x", odd);
            var finite = one("isfinite", (g, x) -> g.math.isFinite(x), x -> Double.isFinite(x) ? 1 : 0)
                    .domain("x", odd);
            cases.addAll((type == FLOAT16 ? nan.sameDiffIsWrong(blind) : nan).of(type));
            cases.addAll((type == FLOAT16 ? finite.sameDiffIsWrong(blind) : finite).of(type));
        }
        cases.addAll(one("isinf", (g, x) -> g.math.isInfinite(x), x -> Double.isInfinite(x) ? 1 : 0)
                .domain("x", odd)
                .of(FLOATS));
    }
}
