package smalti.exporter.opset;

import java.util.HashMap;
import java.util.Map;
import java.util.function.LongBinaryOperator;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/** Whole numbers bit by bit, by their definitions. */
final class BitRules {
    private static final int PART = 4;
    private static final int PART_SIZE = 1 << PART;

    private BitRules() {}

    static Map<String, OpsetRule> rows() {
        var rows = new HashMap<String, OpsetRule>();
        rows.put("BitCast", BitRules::bitCast);
        rows.put("BitwiseNot", BitRules::not);
        rows.put("BitwiseAnd", site -> ofBoth(site, (a, b) -> a & b));
        rows.put("BitwiseOr", site -> ofBoth(site, (a, b) -> a | b));
        rows.put("BitwiseXor", site -> ofBoth(site, (a, b) -> a ^ b));
        return rows;
    }

    /** Between whole numbers of one width it is a cast, which keeps the lower bits. */
    private static void bitCast(Site site) {
        var from = site.type(0);
        int code = (int) site.node().whole("to", 0);
        var to = ValueType.ofOnnxCode(code)
                .filter(type -> type == from || (type.isWhole() && from.isWhole() && type.bytes() == from.bytes()))
                .orElseThrow(() -> new NoForm(
                        "no operator before opset 26 reads the bits of %s as %s", from.text(), TypeTexts.of(code)));
        site.end("Cast", Map.of("to", Attribute.of((long) to.onnxCode())), site.input(0));
    }

    /** −1 − x. */
    private static void not(Site site) {
        var wide = site.cast(site.input(0), ValueType.INT64);
        var turned = site.op("Sub", site.scalar(ValueType.INT64, -1), wide);
        site.end("Cast", Map.of("to", Attribute.of((long) site.type(0).onnxCode())), turned);
    }

    /**
     * Both are cut into parts of four bits, two parts say a place in a table, and what stands there is put together again: each half of
     * 64 bits by itself, as ONNX Runtime's ReduceSum keeps no more than 53 bits.
     */
    private static void ofBoth(Site site, LongBinaryOperator operation) {
        var numbers = new long[PART_SIZE * PART_SIZE];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = operation.applyAsLong(i / PART_SIZE, i % PART_SIZE);
        }
        var table = site.list(numbers);
        var type = site.type(0);
        var made = joined(site, table, 0, Math.min(Integer.SIZE, type.bytes() * Byte.SIZE));
        if (type.bytes() > Integer.BYTES) {
            var upper = joined(site, table, Integer.SIZE, Integer.SIZE);
            var unit = site.scalar(ValueType.INT64, 1L << Integer.SIZE);
            made = site.op("Add", made, site.op("Mul", upper, unit));
        }
        site.end("Cast", Map.of("to", Attribute.of((long) type.onnxCode())), made);
    }

    /** Some bits of what is made, as whole numbers. */
    private static String joined(Site site, String table, int first, int bits) {
        int parts = bits / PART;
        var shifts = new long[parts];
        var units = new long[parts];
        for (int i = 0; i < parts; i++) {
            shifts[i] = first + (long) i * PART;
            units[i] = 1L << (i * PART);
        }
        var shift = site.constant(Tensor.of(shifts, parts).cast(ValueType.UINT64));
        var one = site.op("Mul", parts(site, 0, shift), site.scalar(ValueType.INT64, PART_SIZE));
        var made = site.op("Gather", table, site.op("Add", one, parts(site, 1, shift)));
        var keeps = Map.<String, Attribute>of("keepdims", Attribute.of(0L));
        return site.op("ReduceSum", keeps, site.op("Mul", made, site.list(units)), site.list(-1));
    }

    /** @return [.., parts], int64, each in [0, 16), the lowest first */
    private static String parts(Site site, int input, String shift) {
        var bits = site.unsqueeze(site.cast(site.input(input), ValueType.UINT64), -1);
        var shifted = site.op("BitShift", Map.of("direction", Attribute.of("RIGHT")), bits, shift);
        return site.cast(site.op("Mod", shifted, site.scalar(ValueType.UINT64, PART_SIZE)), ValueType.INT64);
    }
}
