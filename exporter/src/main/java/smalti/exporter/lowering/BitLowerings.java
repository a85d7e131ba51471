package smalti.exporter.lowering;

import static java.util.Map.entry;

import java.util.Map;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.samediff.SourceOp;

/** Bits of whole numbers. Where ONNX has no operator for them, numbers are taken apart in INT64, up to 32 bits. */
final class BitLowerings {
    /** The opset that brought BitwiseAnd and its like. */
    private static final int BITWISE = 18;

    private BitLowerings() {}

    static Map<String, Lowering> rows() {
        return Map.ofEntries(
                entry("bitwise_and", (op, to) -> pair(op, to, "BitwiseAnd")),
                entry("bitwise_or", (op, to) -> pair(op, to, "BitwiseOr")),
                entry("bitwise_xor", (op, to) -> pair(op, to, "BitwiseXor")),
                entry("bits_hamming_distance", (op, to) -> {
                    var f = new Formula(op, to);
                    f.give(f.sum(f.abs(f.sub(bits(f, 0), bits(f, 1))), false));
                }),
                entry("shift_bits", (op, to) -> {
                    var f = new Formula(op, to);
                    f.give(f.mul(unsigned(f, 0), power(f, places(f))));
                }),
                entry("rshift_bits", (op, to) -> {
                    var f = new Formula(op, to);
                    width(f, 0);
                    var divisor = power(f, places(f));
                    var x = to.cast(op, to.in(op, 0), ValueType.INT64);
                    f.give(floorDiv(f, x, divisor));
                }),
                entry("cyclic_shift_bits", (op, to) -> turn(op, to, true)),
                entry("cyclic_rshift_bits", (op, to) -> turn(op, to, false)));
    }

    private static int width(Formula f, int index) {
        var type = f.to().value(f.op(), index).type();
        Emitter.require(
                type.isWhole() && type.bytes() <= 4,
                "whole numbers of at most 32 bits are covered below opset 18 and in shifts, got %s",
                type);
        return 8 * type.bytes();
    }

    private static Piece places(Formula f) {
        return f.to().cast(f.op(), f.to().in(f.op(), 1), ValueType.INT64);
    }

    /** 2 to the piece, which is from 0 to 32. */
    private static Piece power(Formula f, Piece exponent) {
        var powers = new long[33];
        for (int i = 0; i < powers.length; i++) {
            powers[i] = 1L << i;
        }
        return f.apply("Gather", f.constant(Tensor.of(powers, powers.length)), exponent);
    }

    private static Piece floorDiv(Formula f, Piece x, Piece divisor) {
        return f.div(f.sub(x, f.apply("Mod", x, divisor)), divisor);
    }

    /** The bits as a number that is not negative; ONNX's Mod has the sign of the divisor. */
    private static Piece unsigned(Formula f, int index) {
        var x = f.to().cast(f.op(), f.to().in(f.op(), index), ValueType.INT64);
        return f.apply("Mod", x, f.number(x, (double) (1L << width(f, index))));
    }

    /** A new last axis of 0 and 1, the lowest bit first. */
    private static Piece bits(Formula f, int index) {
        int width = width(f, index);
        var x = f.unsqueeze(unsigned(f, index), -1);
        return f.apply("Mod", f.div(x, f.constant(Tensor.of(powers(width), width))), f.number(x, 2));
    }

    private static long[] powers(int width) {
        var powers = new long[width];
        for (int i = 0; i < width; i++) {
            powers[i] = 1L << i;
        }
        return powers;
    }

    private static void pair(SourceOp op, Emitter to, String onnx) {
        var f = new Formula(op, to);
        if (to.opset() >= BITWISE) {
            f.give(f.apply(onnx, to.in(op, 0), to.in(op, 1)));
            return;
        }
        var a = bits(f, 0);
        var b = bits(f, 1);
        var bits = switch (onnx) {
            case "BitwiseAnd" -> f.mul(a, b);
            case "BitwiseOr" -> f.apply("Max", a, b);
            default -> f.abs(f.sub(a, b));
        };
        int width = width(f, 0);
        f.give(f.sum(f.mul(bits, f.constant(Tensor.of(powers(width), width))), false, -1));
    }

    /** What leaves at one end comes in at the other. */
    private static void turn(SourceOp op, Emitter to, boolean left) {
        var f = new Formula(op, to);
        int width = width(f, 0);
        var x = unsigned(f, 0);
        var given = places(f);
        var rest = f.sub(width, given);
        var up = f.apply("Mod", f.mul(x, power(f, left ? given : rest)), f.number(x, (double) (1L << width)));
        f.give(f.add(up, f.div(x, power(f, left ? rest : given))));
    }
}
