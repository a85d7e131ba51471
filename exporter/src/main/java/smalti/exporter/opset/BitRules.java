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
    private static void bitCast(NodeConversion site) {
        var from = site.type(0);
        int code = (int) site.node().whole("to", 0);
        var to = ValueType.ofOnnxCode(code)
                .filter(type -> type == from || (type.isWhole() && from.isWhole() && type.bytes() == from.bytes()))
                .orElseThrow(() -> new NoForm(
                        "no operator before opset 26 reads the bits of %s as %s", from.text(), TypeTexts.of(code)));
        site.end("Cast", Map.of("to", Attribute.of((long) to.onnxCode())), site.input(0));
    }

    /** −1 − x. */
    private static void not(NodeConversion site) {
        var wide = site.cast(site.input(0), ValueType.INT64);
        var turned = site.op("Sub", site.scalar(ValueType.INT64, -1), wide);
        site.end("Cast", Map.of("to", Attribute.of((long) site.type(0).onnxCode())), turned);
    }

    /**
     * Both are cut into parts of four bits, two parts say a place in a table, and what stands there is put together again: by a
     * MatMul, as ONNX Runtime's ReduceSum keeps no more than 53 bits, and the axis of a tensor without numbers.
     */
    private static void ofBoth(NodeConversion site, LongBinaryOperator operation) {
        var numbers = new long[PART_SIZE * PART_SIZE];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = operation.applyAsLong(i / PART_SIZE, i % PART_SIZE);
        }
        var type = site.type(0);
        int parts = type.bytes() * Byte.SIZE / PART;
        var shifts = new long[parts];
        var units = new long[parts];
        for (int i = 0; i < parts; i++) {
            shifts[i] = (long) i * PART;
            units[i] = 1L << (i * PART);
        }
        var shift = site.constant(Tensor.of(shifts, parts).cast(ValueType.UINT64));
        var one = site.op("Mul", parts(site, 0, shift), site.scalar(ValueType.INT64, PART_SIZE));
        var made = site.op("Gather", site.list(numbers), site.op("Add", one, parts(site, 1, shift)));
        var column = site.constant(Tensor.of(units, parts, 1));
        var whole = site.op("Squeeze", site.op("MatMul", made, column), site.list(-1));
        site.end("Cast", Map.of("to", Attribute.of((long) type.onnxCode())), whole);
    }

    /** @return [.., parts], int64, each in [0, 16), the lowest first */
    private static String parts(NodeConversion site, int input, String shift) {
        var bits = site.unsqueeze(site.cast(site.input(input), ValueType.UINT64), -1);
        var shifted = site.op("BitShift", Map.of("direction", Attribute.of("RIGHT")), bits, shift);
        return site.cast(site.op("Mod", shifted, site.scalar(ValueType.UINT64, PART_SIZE)), ValueType.INT64);
    }
}
