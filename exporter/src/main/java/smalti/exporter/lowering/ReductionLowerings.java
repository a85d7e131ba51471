package smalti.exporter.lowering;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.ValueType;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.samediff.SourceOp;

/** Sums and their like over axes, and distances between two arrays along axes. */
final class ReductionLowerings {
    /** nd4j's mark for all axes. */
    private static final long ALL = Integer.MAX_VALUE;

    private ReductionLowerings() {}

    static Map<String, Lowering> rows() {
        var rows = new HashMap<String, Lowering>();
        plain(rows);
        composed(rows);
        distances(rows);
        places(rows);
        return rows;
    }

    private static void plain(Map<String, Lowering> rows) {
        rows.put("reduce_sum", reduction("ReduceSum"));
        rows.put("reduce_mean", reduction("ReduceMean"));
        rows.put("reduce_max", reduction("ReduceMax"));
        rows.put("reduce_min", reduction("ReduceMin"));
        rows.put("reduce_prod", reduction("ReduceProd"));
        rows.put("reduce_norm1", reduction("ReduceL1"));
        rows.put("reduce_norm2", reduction("ReduceL2"));
        rows.put("reduce_sqnorm", reduction("ReduceSumSquare"));
        for (var name : List.of("reduce_normmax", "amax")) {
            rows.put(name, of("ReduceMax", (op, to, x) -> to.apply(op, "Abs", x)));
        }
        rows.put("amin", of("ReduceMin", (op, to, x) -> to.apply(op, "Abs", x)));
        rows.put("asum", of("ReduceSum", (op, to, x) -> to.apply(op, "Abs", x)));
        rows.put("amean", of("ReduceMean", (op, to, x) -> to.apply(op, "Abs", x)));
        rows.put("countNonZero", of("ReduceSum", (op, to, x) -> ones(op, to, x, false)));
        rows.put("countZero", of("ReduceSum", (op, to, x) -> ones(op, to, x, true)));
        rows.put("all", of("ReduceMin", (op, to, x) -> to.cast(op, to.cast(op, x, ValueType.BOOL), ValueType.INT32)));
        rows.put("any", of("ReduceMax", (op, to, x) -> to.cast(op, to.cast(op, x, ValueType.BOOL), ValueType.INT32)));
    }

    private static void composed(Map<String, Lowering> rows) {
        // −Σ x·ln x, −Σ x·log₂ x and ln of the first
        rows.put("entropy", (op, to) -> to.give(op, entropy(op, to, 1)));
        rows.put("shannonentropy", (op, to) -> to.give(op, entropy(op, to, 1 / Math.log(2))));
        rows.put("logentropy", (op, to) -> to.give(op, to.apply(op, "Log", entropy(op, to, 1))));
        rows.put("reduce_logsumexp", (op, to) -> {
            boolean keep = !op.reals().isEmpty() && op.reals().get(0) != 0;
            to.give(op, reduce(op, to, "ReduceLogSumExp", to.in(op, 0), axes(op, to, op.ints()), keep));
        });
        rows.put("zero_fraction", (op, to) -> {
            var zeros = to.cast(op, isZero(op, to, to.in(op, 0)), to.outputType(op));
            to.give(op, reduce(op, to, "ReduceMean", zeros, axes(op, to, List.of()), false));
        });
        rows.put("var", (op, to) -> to.give(op, variance(op, to)));
        rows.put("std", (op, to) -> to.give(op, to.apply(op, "Sqrt", variance(op, to))));
        rows.put("moments", (op, to) -> {
            boolean keep = op.flags().contains(true);
            var x = to.cast(op, to.in(op, 0), to.outputType(op));
            var axes = axes(op, to, op.ints());
            to.give(op, 0, reduce(op, to, "ReduceMean", x, axes, keep));
            to.give(op, 1, reduce(op, to, "ReduceMean", squaredDeviations(op, to, x, axes), axes, keep));
        });
    }

    private static void distances(Map<String, Lowering> rows) {
        rows.put("dot", distance((op, to, a, b) -> sum(op, to, to.apply(op, "Mul", a, b))));
        rows.put("manhattan", distance((op, to, a, b) -> sum(op, to, to.apply(op, "Abs", to.apply(op, "Sub", a, b)))));
        rows.put(
                "euclidean",
                distance((op, to, a, b) ->
                        reduce(op, to, "ReduceL2", to.apply(op, "Sub", a, b), axes(op, to), op.keepDims())));
        rows.put("cosinesimilarity", distance(ReductionLowerings::cosine));
        rows.put(
                "cosinedistance",
                distance((op, to, a, b) -> to.apply(op, "Sub", to.number(op, a.type(), 1), cosine(op, to, a, b))));
        rows.put("hammingdistance", distance((op, to, a, b) -> {
            var differ = to.apply(op, "Not", to.apply(op, "Equal", a, b));
            return reduce(op, to, "ReduceMean", to.cast(op, differ, a.type()), axes(op, to), op.keepDims());
        }));
        // 1 − Σ min(a, b) / Σ max(a, b)
        rows.put("jaccarddistance", distance((op, to, a, b) -> {
            var least = sum(op, to, to.apply(op, "Min", a, b));
            var most = sum(op, to, to.apply(op, "Max", a, b));
            return to.apply(op, "Sub", to.number(op, a.type(), 1), to.apply(op, "Div", least, most));
        }));
    }

    private static void places(Map<String, Lowering> rows) {
        rows.put("argmax", (op, to) -> to.give(op, place(op, to, "ArgMax")));
        rows.put("argmin", (op, to) -> to.give(op, place(op, to, "ArgMin")));
    }

    /** The first of equal elements on both sides. */
    private static Piece place(SourceOp op, Emitter to, String onnx) {
        Emitter.require(op.ints().size() == 1, "one axis is covered, got %s", op.ints());
        long axis = Emitter.axis(op.ints().get(0), to.value(op, 0).rank());
        boolean keep = !op.flags().isEmpty() && op.flags().get(0);
        return to.apply(
                op, onnx, Map.of("axis", Attribute.of(axis), "keepdims", Attribute.of(keep ? 1L : 0L)), to.in(op, 0));
    }

    private static Lowering reduction(String onnx) {
        return of(onnx, (op, to, x) -> x);
    }

    /** Reduces a function of each element; the mean and the norms of whole numbers are floats. */
    private static Lowering of(String onnx, ElementLowerings.One function) {
        return (op, to) -> {
            var x = to.in(op, 0);
            var type = to.outputType(op);
            var start = type.isFloat() ? to.cast(op, x, type) : x;
            to.give(op, reduce(op, to, onnx, function.of(op, to, start), axes(op, to), op.keepDims()));
        };
    }

    private static Piece ones(SourceOp op, Emitter to, Piece x, boolean ofZeros) {
        var zero = isZero(op, to, x);
        return to.cast(op, ofZeros ? zero : to.apply(op, "Not", zero), ValueType.INT64);
    }

    private static Piece isZero(SourceOp op, Emitter to, Piece x) {
        return to.apply(op, "Equal", x, to.number(op, x.type(), 0));
    }

    private static Piece entropy(SourceOp op, Emitter to, double factor) {
        var x = to.in(op, 0);
        var sum = sum(op, to, to.apply(op, "Mul", x, to.apply(op, "Log", x)));
        return to.apply(op, "Mul", sum, to.number(op, x.type(), -factor));
    }

    /** The flag says whether it is corrected for the bias of the mean: divided by one less. */
    private static Piece variance(SourceOp op, Emitter to) {
        var x = to.cast(op, to.in(op, 0), to.outputType(op));
        var axes = axes(op, to);
        var squares = squaredDeviations(op, to, x, axes);
        if (!op.flags().contains(true)) {
            return reduce(op, to, "ReduceMean", squares, axes, op.keepDims());
        }
        var sum = reduce(op, to, "ReduceSum", squares, axes, op.keepDims());
        var sizes =
                to.apply(op, "Gather", Map.of("axis", Attribute.of(0L)), to.apply(op, "Shape", x), to.longs(op, axes));
        var count = reduce(op, to, "ReduceProd", sizes, List.of(0L), false);
        var less = to.apply(op, "Sub", count, to.number(op, ValueType.INT64, 1));
        return to.apply(op, "Div", sum, to.cast(op, less, x.type()));
    }

    private static Piece squaredDeviations(SourceOp op, Emitter to, Piece x, List<Long> axes) {
        var deviation = to.apply(op, "Sub", x, reduce(op, to, "ReduceMean", x, axes, true));
        return to.apply(op, "Mul", deviation, deviation);
    }

    private static Piece cosine(SourceOp op, Emitter to, Piece a, Piece b) {
        var product = sum(op, to, to.apply(op, "Mul", a, b));
        var norms = to.apply(
                op,
                "Mul",
                reduce(op, to, "ReduceL2", a, axes(op, to), op.keepDims()),
                reduce(op, to, "ReduceL2", b, axes(op, to), op.keepDims()));
        return to.apply(op, "Div", product, norms);
    }

    private static Piece sum(SourceOp op, Emitter to, Piece x) {
        return reduce(op, to, "ReduceSum", x, axes(op, to), op.keepDims());
    }

    private static Lowering distance(ElementLowerings.Two function) {
        return (op, to) -> {
            Emitter.require(op.inputs().size() >= 2, "two inputs are covered, got %s", op.inputs());
            Emitter.require(
                    to.value(op, 0).rank() == to.value(op, 1).rank(),
                    "both inputs must have as many axes, got %s and %s",
                    to.value(op, 0),
                    to.value(op, 1));
            var type = to.outputType(op);
            to.give(op, function.of(op, to, to.cast(op, to.in(op, 0), type), to.cast(op, to.in(op, 1), type)));
        };
    }

    /** The axes of a legacy reduction. */
    static List<Long> axes(SourceOp op, Emitter to) {
        var given = op.dimensions();
        if (op.inputs().size() > 1 && given.isEmpty()) {
            throw new NotCovered(
                    "the axes must be constant, got \"" + op.inputs().get(1) + "\"");
        }
        return axes(op, to, given);
    }

    static List<Long> axes(SourceOp op, Emitter to, List<Long> given) {
        int rank = to.value(op, 0).rank();
        return given.isEmpty() || given.contains(ALL)
                ? LongStream.range(0, rank).boxed().toList()
                : given.stream()
                        .map(axis -> Emitter.axis(axis, rank))
                        .distinct()
                        .sorted()
                        .toList();
    }

    /** Axes are an input of ReduceSum since opset 13, of the others since 18. */
    static Piece reduce(SourceOp op, Emitter to, String onnx, Piece x, List<Long> axes, boolean keep) {
        var keepDims = Attribute.of(keep ? 1L : 0L);
        if (axes.isEmpty()) {
            return x; // of a scalar
        }
        return onnx.equals("ReduceSum") || to.opset() >= 18
                ? to.apply(op, onnx, Map.of("keepdims", keepDims), x, to.longs(op, axes))
                : to.apply(op, onnx, Map.of("keepdims", keepDims, "axes", Attribute.ints(axes)), x);
    }
}
