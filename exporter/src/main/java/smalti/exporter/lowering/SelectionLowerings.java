package smalti.exporter.lowering;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.ValueType;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.samediff.SourceOp;

/** Choices between elements, conditions on them, and bounds. */
final class SelectionLowerings {
    private SelectionLowerings() {}

    static Map<String, Lowering> rows() {
        var rows = new HashMap<String, Lowering>();
        rows.put("Where", SelectionLowerings::where);
        // compare and replace, compare and set: the extras are the number compared with, the one to set, ε and the mode
        rows.put("car", (op, to) -> {
            var holds = condition(op, to, 0, 2, 3);
            to.give(op, to.apply(op, "Where", holds, to.in(op, 1), to.in(op, 0)));
        });
        rows.put("cas", (op, to) -> {
            var x = to.in(op, 0);
            var set = to.number(op, x.type(), op.extras().get(1));
            to.give(op, to.apply(op, "Where", condition(op, to, 0, 2, 3), set, x));
        });
        rows.put("choose", (op, to) -> {
            Emitter.require(
                    op.outputs().size() == 2 && op.ints().size() == 1,
                    "what is chosen and its count are covered, got %s",
                    op.outputs());
            var x = to.in(op, 0);
            var value = to.has(op, 1)
                    ? to.cast(op, to.in(op, 1), x.type())
                    : to.number(op, x.type(), new Formula(op, to).real(0));
            int mode = Math.toIntExact(op.ints().get(0));
            var holds = to.apply(op, "Reshape", met(op, to, x, value, ElementLowerings.NEAR, mode), to.longs(op, -1));
            var line = to.apply(op, "Reshape", x, to.longs(op, -1));
            var chosen = to.make(op, x.type(), "Compress", Map.of("axis", Attribute.of(0L)), line, holds);
            var count = to.apply(op, "Size", chosen);
            to.give(op, 0, chosen);
            to.give(op, 1, count);
        });
        rows.put("match_condition_transform", (op, to) -> to.give(op, condition(op, to, 0, 1, 2)));
        rows.put("match_condition", (op, to) -> {
            var matches = to.cast(op, condition(op, to, 0, 1, 2), ValueType.INT64);
            to.give(
                    op,
                    ReductionLowerings.reduce(
                            op, to, "ReduceSum", matches, ReductionLowerings.axes(op, to), op.keepDims()));
        });
        rows.put("first_index", (op, to) -> index(op, to, false));
        rows.put("last_index", (op, to) -> index(op, to, true));
        rows.put("ClipByValue", (op, to) -> {
            Emitter.require(op.reals().size() == 2, "two constant bounds are covered, got %s", op.reals());
            var x = to.in(op, 0);
            var least = to.number(op, x.type(), op.reals().get(0));
            to.give(
                    op,
                    to.apply(
                            op,
                            "Clip",
                            x,
                            least,
                            to.number(op, x.type(), op.reals().get(1))));
        });
        rows.put("clipbynorm", (op, to) -> {
            var x = to.in(op, 0);
            var axes = ReductionLowerings.axes(op, to, op.ints());
            clip(op, to, ReductionLowerings.reduce(op, to, "ReduceL2", x, axes, true));
        });
        rows.put("clipbyavgnorm", (op, to) -> {
            var x = to.in(op, 0);
            var axes = ReductionLowerings.axes(op, to, op.ints());
            var squares = to.apply(op, "Mul", x, x);
            var norm = ReductionLowerings.reduce(op, to, "ReduceL2", x, axes, true);
            var ones = to.apply(op, "Expand", to.number(op, x.type(), 1), to.apply(op, "Shape", squares));
            clip(op, to, to.apply(op, "Div", norm, ReductionLowerings.reduce(op, to, "ReduceSum", ones, axes, true)));
        });
        rows.put("ismax", (op, to) -> {
            // the first of the largest, over all elements or along one axis
            var x = to.in(op, 0);
            int rank = to.value(op, 0).rank();
            Emitter.require(op.ints().size() <= 1, "one axis or none is covered, got %s", op.ints());
            var flat = op.ints().isEmpty();
            long axis = flat ? 0 : Emitter.axis(op.ints().get(0), rank);
            var line = flat ? to.apply(op, "Reshape", x, to.longs(op, -1)) : x;
            var place = to.apply(op, "ArgMax", Map.of("axis", Attribute.of(axis), "keepdims", Attribute.of(1L)), line);
            var length = to.apply(
                    op,
                    "Gather",
                    Map.of("axis", Attribute.of(0L)),
                    to.apply(op, "Shape", line),
                    to.constant(op, smalti.exporter.graph.Tensor.of(new long[] {axis})));
            var range = to.make(
                    op,
                    ValueType.INT64,
                    "Range",
                    Map.of(),
                    to.number(op, ValueType.INT64, 0),
                    length,
                    to.number(op, ValueType.INT64, 1));
            var sizes = new long[flat ? 1 : rank];
            java.util.Arrays.fill(sizes, 1);
            sizes[(int) axis] = -1;
            var is = to.apply(op, "Equal", to.apply(op, "Reshape", range, to.longs(op, sizes)), place);
            to.give(op, flat ? to.apply(op, "Reshape", is, to.apply(op, "Shape", x)) : is);
        });
        rows.put("is_non_decreasing", (op, to) -> ordered(op, to, "GreaterOrEqual"));
        rows.put("is_strictly_increasing", (op, to) -> ordered(op, to, "Greater"));
        rows.put(
                "is_numeric_tensor",
                (op, to) -> to.give(
                        op, to.number(op, ValueType.BOOL, to.value(op, 0).type() == ValueType.BOOL ? 0 : 1)));
        return rows;
    }

    /** With one input: the places [count, rank] where it is not 0; with three: a choice. */
    private static void where(SourceOp op, Emitter to) {
        var condition = to.cast(op, to.in(op, 0), ValueType.BOOL);
        if (op.inputs().size() == 1) {
            var places = to.apply(op, "NonZero", condition);
            to.give(op, to.apply(op, "Transpose", Map.of("perm", Attribute.ints(1, 0)), places));
        } else {
            to.give(op, to.apply(op, "Where", condition, to.in(op, 1), to.in(op, 2)));
        }
    }

    /** Where the elements of the first input meet one of nd4j's conditions, by its number. */
    private static Piece condition(SourceOp op, Emitter to, int valueAt, int epsilonAt, int modeAt) {
        var extras = op.extras();
        Emitter.require(extras.size() > modeAt, "a number and a condition are needed, got %s", extras);
        var x = to.in(op, 0);
        var value = to.number(op, x.type(), extras.get(valueAt));
        return met(op, to, x, value, extras.get(epsilonAt), extras.get(modeAt).intValue());
    }

    private static Piece met(SourceOp op, Emitter to, Piece x, Piece value, double epsilon, int mode) {
        return switch (mode) {
            case 0 -> near(op, to, x, value, epsilon);
            case 1, 11 -> to.apply(op, "Not", near(op, to, x, value, epsilon));
            case 2 -> to.apply(op, "Less", x, value);
            case 3 -> to.apply(op, "Greater", x, value);
            case 4 -> to.apply(op, "LessOrEqual", x, value);
            case 5 -> to.apply(op, "GreaterOrEqual", x, value);
            default ->
                throw new NotCovered(
                        "conditions 0 (equal) to 5 (at least) and 11 (not equal) are covered, got " + mode);
        };
    }

    private static Piece near(SourceOp op, Emitter to, Piece x, Piece value, double epsilon) {
        var distance = to.apply(op, "Abs", to.apply(op, "Sub", x, value));
        return x.type().isFloat()
                ? to.apply(op, "LessOrEqual", distance, to.number(op, x.type(), epsilon))
                : to.apply(op, "Equal", x, value);
    }

    /** −1 where no element meets the condition. */
    private static void index(SourceOp op, Emitter to, boolean last) {
        var axes = ReductionLowerings.axes(op, to);
        Emitter.require(axes.size() == 1, "one axis is covered, got %s", axes);
        int modeAt = op.extras().size() - 1;
        var matches = to.cast(op, condition(op, to, 0, 1, modeAt), ValueType.INT32);
        var attributes = Map.of(
                "axis", Attribute.of(axes.get(0)),
                "keepdims", Attribute.of(op.keepDims() ? 1L : 0L),
                "select_last_index", Attribute.of(last ? 1L : 0L));
        var place = to.apply(op, "ArgMax", attributes, matches);
        var any = to.cast(
                op, ReductionLowerings.reduce(op, to, "ReduceMax", matches, axes, op.keepDims()), ValueType.BOOL);
        to.give(op, to.apply(op, "Where", any, place, to.number(op, ValueType.INT64, -1)));
    }

    /** x · bound/norm where the norm is above the bound. */
    private static void clip(SourceOp op, Emitter to, Piece norm) {
        Emitter.require(op.reals().size() == 1, "a constant bound is covered, got %s", op.reals());
        var x = to.in(op, 0);
        var bound = to.number(op, x.type(), op.reals().get(0));
        var factor = to.apply(op, "Div", bound, to.apply(op, "Max", norm, bound));
        to.give(op, to.apply(op, "Mul", x, factor));
    }

    private static void ordered(SourceOp op, Emitter to, String comparison) {
        var line = to.apply(op, "Reshape", to.in(op, 0), to.longs(op, -1));
        var axis = to.longs(op, 0);
        var later = to.apply(op, "Slice", line, to.longs(op, 1), to.longs(op, Long.MAX_VALUE), axis);
        var earlier = to.apply(op, "Slice", line, to.longs(op, 0), to.longs(op, -1), axis);
        var holds = to.cast(op, to.apply(op, comparison, later, earlier), ValueType.INT32);
        // of no pair it holds: a 1 in front
        var all = to.apply(
                op,
                "Concat",
                Map.of("axis", Attribute.of(0L)),
                to.constant(op, smalti.exporter.graph.Tensor.of(new int[] {1}, 1)),
                holds);
        to.give(op, ReductionLowerings.reduce(op, to, "ReduceMin", all, List.of(0L), false));
    }
}
