package smalti.exporter.lowering;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.LongStream;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.samediff.SourceOp;

/** Rows brought together by their numbers. */
final class ScatterLowerings {
    private ScatterLowerings() {}

    static Map<String, Lowering> rows() {
        var rows = new HashMap<String, Lowering>();
        rows.put("scatter_add", (op, to) -> scatter(op, to, "add", 16, to.in(op, 2)));
        rows.put("scatter_sub", (op, to) -> scatter(op, to, "add", 16, to.apply(op, "Neg", to.in(op, 2))));
        rows.put("scatter_mul", (op, to) -> scatter(op, to, "mul", 16, to.in(op, 2)));
        rows.put("scatter_div", (op, to) -> {
            Emitter.require(to.outputType(op).isFloat(), "whole numbers cannot be divided so");
            scatter(op, to, "mul", 16, to.apply(op, "Reciprocal", to.in(op, 2)));
        });
        rows.put("scatter_max", (op, to) -> scatter(op, to, "max", 18, to.in(op, 2)));
        rows.put("scatter_min", (op, to) -> scatter(op, to, "min", 18, to.in(op, 2)));
        for (var unsorted : new boolean[] {false, true}) {
            var prefix = unsorted ? "unsorted_segment_" : "segment_";
            rows.put(prefix + "sum", (op, to) -> to.give(op, sums(op, to, unsorted)));
            rows.put(prefix + "mean", (op, to) -> to.give(op, means(op, to, unsorted, false)));
            rows.put(prefix + "max", (op, to) -> folded(op, to, unsorted, "ReduceMax", -1));
            rows.put(prefix + "min", (op, to) -> folded(op, to, unsorted, "ReduceMin", 1));
            rows.put(prefix + "prod", (op, to) -> folded(op, to, unsorted, "ReduceProd", 0));
        }
        rows.put("unsorted_segment_sqrt_n", (op, to) -> to.give(op, means(op, to, true, true)));
        return rows;
    }

    /** Rows of the first input at the places in the second meet those of the third, one after another. */
    private static void scatter(SourceOp op, Emitter to, String how, int since, Piece updates) {
        Emitter.require(
                to.opset() >= since,
                "ONNX has it since opset %s, and %s is written; raise the opset",
                since,
                to.opset());
        int rank = to.value(op, 1).rank();
        var places = to.apply(op, "Unsqueeze", to.cast(op, to.in(op, 1), ValueType.INT64), to.longs(op, rank));
        var attributes = how.equals("none") ? Map.<String, Attribute>of() : Map.of("reduction", Attribute.of(how));
        // ONNX Runtime computes these in few types
        var x = to.in(op, 0);
        var type = x.type().isFloat() && x.type() != ValueType.FLOAT64 ? ValueType.FLOAT32 : x.type();
        var made = to.make(op, type, "ScatterND", attributes, to.cast(op, x, type), places, to.cast(op, updates, type));
        to.give(op, made);
    }

    /** How many segments there are: given, or one more than the last number. */
    private static long segments(SourceOp op, Emitter to, boolean unsorted) {
        if (unsorted && !op.ints().isEmpty()) {
            return op.ints().get(0);
        }
        var numbers = to.constant(op, unsorted ? 2 : 1, unsorted ? "the count of segments" : "the segments' numbers");
        return unsorted
                ? (long) numbers.number(0)
                : Arrays.stream(numbers.longs()).max().orElse(-1) + 1;
    }

    /** [segments, rows]: 1 where a row belongs to a segment. */
    private static Piece members(SourceOp op, Emitter to, boolean unsorted) {
        Emitter.require(to.value(op, 1).rank() == 1, "the segments' numbers must be a list, got %s", to.value(op, 1));
        var numbers = to.cast(op, to.in(op, 1), ValueType.INT64);
        long count = segments(op, to, unsorted);
        var all = Tensor.of(LongStream.range(0, count).toArray(), count, 1);
        return to.apply(op, "Equal", to.constant(op, all), numbers);
    }

    /** [rows, rest], as a product of matrices wants it. */
    private static Piece flat(SourceOp op, Emitter to) {
        return to.apply(op, "Flatten", Map.of("axis", Attribute.of(1L)), to.in(op, 0));
    }

    /** From [segments, rest] to the axes that the rows had. */
    private static Piece unflat(SourceOp op, Emitter to, Piece flat, long segments) {
        var shape = to.apply(op, "Shape", to.in(op, 0));
        var rest = to.apply(op, "Slice", shape, to.longs(op, 1), to.longs(op, Long.MAX_VALUE), to.longs(op, 0));
        var sizes = to.apply(op, "Concat", Map.of("axis", Attribute.of(0L)), to.longs(op, segments), rest);
        return to.apply(op, "Reshape", flat, sizes);
    }

    private static Piece sums(SourceOp op, Emitter to, boolean unsorted) {
        var x = flat(op, to);
        var members = to.cast(op, members(op, to, unsorted), x.type());
        return unflat(op, to, to.apply(op, "MatMul", members, x), segments(op, to, unsorted));
    }

    private static Piece means(SourceOp op, Emitter to, boolean unsorted, boolean byRoot) {
        var x = flat(op, to);
        var members = to.cast(op, members(op, to, unsorted), x.type());
        var counts = ReductionLowerings.reduce(op, to, "ReduceSum", members, java.util.List.of(1L), true);
        var most = to.apply(op, "Max", counts, to.number(op, x.type(), 1));
        var sums = to.apply(op, "MatMul", members, x);
        var means = to.apply(op, "Div", sums, byRoot ? to.apply(op, "Sqrt", most) : most);
        return unflat(op, to, means, segments(op, to, unsorted));
    }

    /** @param sign of the value that stands for the rows of other segments: the largest, the lowest, or 1 for 0 */
    private static void folded(SourceOp op, Emitter to, boolean unsorted, String onnx, int sign) {
        var x = flat(op, to);
        var belongs = to.apply(op, "Unsqueeze", members(op, to, unsorted), to.longs(op, 2)); // [segments, rows, 1]
        var neutral = to.number(op, x.type(), sign == 0 ? 1 : sign * most(x.type()));
        var chosen = to.apply(op, "Where", belongs, to.apply(op, "Unsqueeze", x, to.longs(op, 0)), neutral);
        var folded = ReductionLowerings.reduce(op, to, onnx, chosen, java.util.List.of(1L), false);
        to.give(op, unflat(op, to, folded, segments(op, to, unsorted)));
    }

    private static double most(ValueType type) {
        return switch (type) {
            case FLOAT64 -> Double.MAX_VALUE;
            case FLOAT16 -> 65504;
            case INT32 -> Integer.MAX_VALUE;
            case INT64 -> Long.MAX_VALUE;
            default -> Float.MAX_VALUE;
        };
    }
}
