package smalti.exporter.lowering;

import static java.util.Map.entry;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.samediff.SourceOp;

/** Elements counted, and what is found of them, such as boxes. */
final class CountLowerings {
    /** Bins of a histogram where their number is not given. */
    private static final long BINS = 100;

    private CountLowerings() {}

    static Map<String, Lowering> rows() {
        return Map.ofEntries(
                entry("bincount", CountLowerings::counts),
                entry("histogram_fixed_width", CountLowerings::histogram),
                entry("sufficient_statistics", CountLowerings::statistics),
                entry("compare_and_bitpack", CountLowerings::packed),
                entry("non_max_suppression", CountLowerings::suppressed),
                entry("non_max_suppression_v3", CountLowerings::suppressed),
                entry("draw_bounding_boxes", CountLowerings::drawn));
    }

    private static Piece range(Formula f, Piece count) {
        var zero = f.to().number(f.op(), ValueType.INT64, 0);
        var one = f.to().number(f.op(), ValueType.INT64, 1);
        return f.to().make(f.op(), ValueType.INT64, "Range", Map.of(), zero, count, one);
    }

    private static Piece whole(Formula f, Piece piece) {
        return f.to().cast(f.op(), piece, ValueType.INT64);
    }

    /**
     * Inputs: numbers, then weights of each, then the least and the greatest count of bins; those two may be arguments.
     * There are as many bins as the largest number asks for, within those bounds; what is beyond them or below 0 is not
     * counted.
     */
    private static void counts(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        int inputs = op.inputs().size();
        var numbers = f.reshape(whole(f, to.in(op, 0)), -1);
        var length = f.max(f.add(f.most(numbers, false), 1), 0);
        if (inputs > 2) {
            length = f.apply("Max", length, f.reshape(whole(f, to.in(op, inputs - 2)), new long[0]));
            length = f.apply("Min", length, f.reshape(whole(f, to.in(op, inputs - 1)), new long[0]));
        } else {
            length = op.ints().isEmpty() ? length : f.max(length, (double) f.integer(0));
            length = op.ints().size() < 2 ? length : f.min(length, (double) f.integer(1));
        }
        var type = to.outputType(op);
        boolean weighted = inputs == 2 || inputs == 4;
        var wide = type.isFloat() ? f.wide(to.number(op, type, 0)).type() : type;
        var counted = weighted
                ? f.reshape(to.cast(op, to.in(op, 1), wide), -1)
                : f.apply("Expand", to.number(op, wide, 1), f.shape(numbers));
        // one bin more, for what is not counted
        var isCounted = f.apply("And", f.atLeast(numbers, 0), f.apply("Less", numbers, length));
        var bins = f.where(isCounted, numbers, length);
        f.give(f.slice(collected(f, f.add(length, 1), bins, counted), 0, 0, -1));
    }

    /** Sums of what falls into each bin; numbers and their bins are lists of one length. */
    private static Piece collected(Formula f, Piece length, Piece bins, Piece numbers) {
        if (f.to().opset() >= 16) {
            var empty = f.apply("Expand", f.number(numbers, 0), f.reshape(length, 1));
            var attributes = Map.of("axis", Attribute.of(0L), "reduction", Attribute.of("add"));
            return f.apply("ScatterElements", attributes, empty, bins, numbers);
        }
        // ONNX adds up nothing that meets at one place: a table [bins, numbers]
        var is = f.apply("Equal", f.unsqueeze(range(f, length), 1), f.unsqueeze(bins, 0));
        return f.sum(f.mul(f.indicator(is, numbers.type()), f.unsqueeze(numbers, 0)), false, 1);
    }

    /**
     * Inputs: values, the ends of the range, how many bins; what is beyond the range counts in the outer bins. Whole
     * numbers are shared out in FLOAT64, as TensorFlow does.
     */
    private static void histogram(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        long bins = to.has(op, 2)
                ? (long) to.constant(op, 2, "the number of bins").number(0)
                : op.ints().isEmpty() ? BINS : f.integer(0);
        var type = to.value(op, 0).type();
        var computed = type.isWhole() ? ValueType.FLOAT64 : f.in(0).type();
        var values = f.reshape(to.cast(op, to.in(op, 0), computed), -1);
        var ends = to.cast(op, to.in(op, 1), computed);
        var low = f.slice(ends, 0, 0, 1);
        var width = f.sub(f.slice(ends, 0, 1, 2), low);
        var share = f.div(f.sub(values, low), width);
        var bin = whole(f, f.min(f.max(f.apply("Floor", f.mul(share, (double) bins)), 0), bins - 1.0));
        var ones = f.apply("Expand", to.number(op, to.outputType(op), 1), f.shape(bin));
        f.give(collected(f, to.number(op, ValueType.INT64, (double) bins), bin, ones));
    }

    /** How many elements are summed, their sum, and that of their squares; both of the distance from a third input. */
    private static void statistics(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        int rank = f.rank(0);
        var axes = Arrays.stream(to.constant(op, 1, "the axes").longs())
                .map(axis -> Emitter.axis(axis, rank))
                .toArray();
        var x = to.has(op, 2) ? f.sub(f.in(0), f.in(2)) : f.in(0);
        var sizes = f.gather(f.shape(x), 0, axes);
        var count = IntStream.range(0, axes.length)
                .mapToObj(i -> f.slice(sizes, 0, i, i + 1))
                .reduce(f::mul)
                .orElse(f.longs(1));
        to.give(op, 0, to.cast(op, f.reshape(count, new long[0]), x.type()));
        to.give(op, 1, f.sum(x, false, axes));
        to.give(op, 2, f.sum(f.square(x), false, axes));
    }

    /** Eight comparisons along the last axis make a byte, the first its highest bit. */
    private static void packed(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var x = f.in(0);
        var bits = f.indicator(f.apply("Greater", x, f.wide(to.in(op, 1))), ValueType.INT32);
        var shape = f.shape(x);
        var sizes = f.concat(0, List.of(f.slice(shape, 0, 0, -1), f.longs(-1, 8)));
        var values = f.constant(Tensor.of(new int[] {128, 64, 32, 16, 8, 4, 2, 1}, 8));
        f.give(f.sum(f.mul(f.apply("Reshape", bits, sizes), values), false, f.rank(0)));
    }

    /** Boxes [boxes, 4] of two corners, y first, and their scores; then limits as inputs, or as arguments. */
    private static void suppressed(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var boxes = f.unsqueeze(to.cast(op, to.in(op, 0), ValueType.FLOAT32), 0);
        var scores = f.unsqueeze(to.cast(op, to.in(op, 1), ValueType.FLOAT32), 0, 1);
        var count = to.has(op, 2) ? f.reshape(whole(f, to.in(op, 2)), 1) : f.longs(f.integer(0));
        var limits = new Piece[2];
        for (int i = 0; i < 2; i++) {
            var given = to.has(op, 3 + i)
                    ? to.cast(op, to.in(op, 3 + i), ValueType.FLOAT32)
                    : to.number(
                            op, ValueType.FLOAT32, op.reals().size() > i ? f.real(i) : i == 0 ? 0.5 : -Float.MAX_VALUE);
            limits[i] = f.reshape(given, 1);
        }
        var found =
                to.make(op, ValueType.INT64, "NonMaxSuppression", Map.of(), boxes, scores, count, limits[0], limits[1]);
        f.give(f.squeeze(f.slice(found, 1, 2, 3), 1)); // of [found, (batch, class, box)]
    }

    /**
     * Pictures [N, H, W, C], boxes [N, boxes, 4] of shares of a picture's height and width, colours [colours, C]. A
     * later box is drawn over an earlier one; edges outside are not drawn, nor boxes that end before they begin.
     */
    private static void drawn(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var y = f.in(0);
        var shape = f.shape(y);
        long count = f.size(1, 1);
        Emitter.require(to.has(op, 2), "colours must be given");
        long colors = f.size(2, 0);
        var places = new Piece[2];
        var ends = new Piece[2][2];
        for (int axis = 0; axis < 2; axis++) {
            var size = f.slice(shape, 0, 1 + axis, 2 + axis);
            var sizes = new long[] {1, 1, 1, 1};
            sizes[1 + axis] = -1;
            places[axis] = f.reshape(range(f, f.reshape(size, new long[0])), sizes);
            for (int end = 0; end < 2; end++) {
                var share = f.slice(f.in(1), 2, axis + 2L * end, axis + 2L * end + 1); // [N, boxes, 1]
                ends[axis][end] = whole(f, f.mul(share, to.cast(op, f.sub(size, f.longs(1)), share.type())));
            }
        }
        for (long box = 0; box < count; box++) {
            var inside = new Piece[2];
            var edges = new Piece[2];
            var ordered = new Piece[2];
            for (int axis = 0; axis < 2; axis++) {
                var first = f.unsqueeze(f.slice(ends[axis][0], 1, box, box + 1), 3);
                var last = f.unsqueeze(f.slice(ends[axis][1], 1, box, box + 1), 3);
                inside[axis] = f.apply(
                        "And",
                        f.apply("GreaterOrEqual", places[axis], first),
                        f.apply("LessOrEqual", places[axis], last));
                ordered[axis] = f.apply("LessOrEqual", first, last);
                edges[axis] =
                        f.apply("Or", f.apply("Equal", places[axis], first), f.apply("Equal", places[axis], last));
            }
            var lines = f.apply("Or", f.apply("And", edges[0], inside[1]), f.apply("And", edges[1], inside[0]));
            var drawn = f.apply("And", lines, f.apply("And", ordered[0], ordered[1])); // [N, H, W, 1]
            y = f.where(drawn, f.slice(f.in(2), 0, box % colors, box % colors + 1), y);
        }
        f.give(y);
    }
}
