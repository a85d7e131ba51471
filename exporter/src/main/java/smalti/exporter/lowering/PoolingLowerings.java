package smalti.exporter.lowering;

import static java.util.Map.entry;

import java.util.Map;
import java.util.stream.IntStream;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.samediff.SourceOp;

/** Pooling over windows, and windows as they are. */
final class PoolingLowerings {
    private PoolingLowerings() {}

    static Map<String, Lowering> rows() {
        return Map.ofEntries(
                entry("maxpool2d", (op, to) -> largest(op, to, 2)),
                entry("maxpool3dnew", (op, to) -> largest(op, to, 3)),
                entry("avgpool2d", (op, to) -> average(op, to, 2)),
                entry("avgpool3dnew", (op, to) -> average(op, to, 3)),
                entry("im2col", PoolingLowerings::columns),
                entry("col2im", PoolingLowerings::picture),
                entry("dilation2d", PoolingLowerings::dilated),
                entry("extract_image_patches", PoolingLowerings::patches));
    }

    /** From N…C to NC…, where the first is so. */
    static Piece channelsFirst(Formula f, Piece x, int rank, boolean last) {
        return last
                ? f.transpose(
                        x,
                        IntStream.range(0, rank)
                                .map(axis -> axis == 0 ? 0 : axis == 1 ? rank - 1 : axis - 1)
                                .toArray())
                : x;
    }

    /** And back. */
    static Piece channelsBack(Formula f, Piece x, int rank, boolean last) {
        return last
                ? f.transpose(
                        x,
                        IntStream.range(0, rank)
                                .map(axis -> axis == 0 ? 0 : axis == rank - 1 ? 1 : axis + 1)
                                .toArray())
                : x;
    }

    /** nd4j's arguments after the window: a further number, 1 for channels last. */
    private static boolean last(Formula f, int axes) {
        return f.op().ints().size() > 4 * axes + 2 && f.integer(4 * axes + 2) == 1;
    }

    private static void largest(SourceOp op, Emitter to, int axes) {
        var f = new Formula(op, to);
        var window = Window.of(f, axes);
        boolean last = last(f, axes);
        var x = channelsFirst(f, f.in(0), axes + 2, last);
        long[] padding = new long[2 * axes];
        if (window.isStatic(f, last)) {
            padding = window.padding(f, last);
        } else {
            Emitter.require(x.type().isFloat(), "whole numbers need fixed sizes in padding mode 1");
            x = window.padded(f, x, x.type() == ValueType.FLOAT64 ? -Double.MAX_VALUE : -Float.MAX_VALUE);
        }
        f.give(channelsBack(f, f.apply("MaxPool", window.attributes(padding), x), axes + 2, last));
    }

    private static void average(SourceOp op, Emitter to, int axes) {
        var f = new Formula(op, to);
        var window = Window.of(f, axes);
        boolean last = last(f, axes);
        boolean countsPadding = f.integer(4 * axes + 1) == 1;
        Emitter.require(
                window.dilations().stream().allMatch(dilation -> dilation == 1),
                "the dilation must be 1, got %s",
                window.dilations());
        var x = channelsFirst(f, f.in(0), axes + 2, last);
        Piece y;
        if (window.isStatic(f, last)) {
            y = pooled(f, window, x, window.padding(f, last), countsPadding);
        } else {
            var padded = window.padded(f, x, 0);
            y = pooled(f, window, padded, new long[2 * axes], true);
            if (!countsPadding) {
                var ones = f.apply("Expand", f.number(x, 1), f.shape(x));
                y = f.div(y, pooled(f, window, window.padded(f, ones, 0), new long[2 * axes], true));
            }
        }
        f.give(channelsBack(f, y, axes + 2, last));
    }

    private static Piece pooled(Formula f, Window window, Piece x, long[] padding, boolean countsPadding) {
        var attributes = window.attributes(padding);
        attributes.remove("dilations");
        attributes.put("count_include_pad", Attribute.of(countsPadding));
        return f.apply("AveragePool", attributes, x);
    }

    /** Every place of the window as a channel of its own, by a convolution with unit vectors. */
    private static Piece unfolded(
            Formula f, Piece x, Window window, long channels, boolean placesFirst, long[] padding) {
        int places = (int) (window.kernel().get(0) * window.kernel().get(1));
        int count = (int) channels;
        var weights = new float[places * count * count * places];
        for (int channel = 0; channel < count; channel++) {
            for (int place = 0; place < places; place++) {
                int output = placesFirst ? place * count + channel : channel * places + place;
                weights[(output * count + channel) * places + place] = 1;
            }
        }
        long[] sizes = {
            (long) places * count,
            count,
            window.kernel().get(0),
            window.kernel().get(1)
        };
        var kernel = f.constant(Tensor.of(weights, sizes).cast(x.type()));
        var attributes = window.attributes(padding);
        attributes.put("group", Attribute.of(1L));
        return f.apply("Conv", attributes, x, kernel);
    }

    /** To [N, C, kH, kW, oH, oW]; nd4j's arguments: kH, kW, sH, sW, pH, pW, dH, dW, mode. */
    private static void columns(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var window = Window.of(f, 2);
        Emitter.require(window.isStatic(f, false), "sizes must be fixed in padding mode 1");
        var x = f.in(0);
        long channels = f.size(0, 1);
        var y = unfolded(f, x, window, channels, false, window.padding(f, false));
        var shape = f.shape(y);
        var sizes = java.util.List.of(
                f.slice(shape, 0, 0, 1),
                f.longs(channels, window.kernel().get(0), window.kernel().get(1)),
                f.slice(shape, 0, 2, 4));
        f.give(f.apply("Reshape", y, f.concat(0, sizes)));
    }

    /** NHWC; nd4j's arguments: kH, kW, sH, sW, rates, 1 for padding to the same size. */
    private static void patches(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var ints = op.ints();
        Emitter.require(ints.size() == 7, "7 arguments are needed, got %s", ints);
        var window = new Window(
                ints.subList(0, 2), ints.subList(2, 4), java.util.List.of(0L, 0L), ints.subList(4, 6), ints.get(6));
        var x = f.transpose(f.in(0), 0, 3, 1, 2);
        boolean fixed = window.isStatic(f, true);
        var padding = fixed ? window.padding(f, true) : new long[4];
        var y = unfolded(f, fixed ? x : window.padded(f, x, 0), window, f.size(0, 3), true, padding);
        f.give(f.transpose(y, 0, 2, 3, 1));
    }

    /**
     * From [N, C, kH, kW, oH, oW], where what meets at a place adds up: a transposed convolution with unit vectors. nd4j's
     * arguments: sH, sW, pH, pW, H, W, dH, dW.
     */
    private static void picture(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var ints = op.ints();
        Emitter.require(ints.size() >= 8 && f.rank(0) == 6, "6 axes and 8 arguments are needed, got %s", ints);
        var window = new Window(
                java.util.List.of(f.size(0, 2), f.size(0, 3)),
                ints.subList(0, 2),
                ints.subList(2, 4),
                ints.subList(6, 8),
                Window.GIVEN);
        long channels = f.size(0, 1);
        int places = Math.toIntExact(window.kernel().get(0) * window.kernel().get(1));
        var padding = new long[4];
        var more = new long[2];
        for (int axis = 0; axis < 2; axis++) {
            padding[axis] = window.pads().get(axis);
            long whole = (f.size(0, 4 + axis) - 1) * window.strides().get(axis) + window.span(axis);
            long behind = whole - padding[axis] - ints.get(4 + axis);
            padding[2 + axis] = Math.max(0, behind);
            more[axis] = Math.max(0, -behind);
            Emitter.require(
                    more[axis]
                            < Math.max(
                                    window.strides().get(axis),
                                    window.dilations().get(axis)),
                    "the picture must end where the last window does, got %s",
                    ints);
        }
        var weights = new float[Math.toIntExact(channels) * places * places];
        for (int row = 0; row < channels * places; row++) {
            weights[row * places + row % places] = 1;
        }
        var x = f.in(0);
        var columns = f.apply(
                "Reshape", x, f.longs(0, channels * places, f.size(0, 4), f.size(0, 5))); // a column for each place
        var kernel = f.constant(Tensor.of(
                        weights,
                        channels * places,
                        1,
                        window.kernel().get(0),
                        window.kernel().get(1))
                .cast(x.type()));
        var attributes = window.attributes(padding);
        attributes.put("group", Attribute.of(channels));
        attributes.put("output_padding", Attribute.ints(more));
        f.give(f.apply("ConvTranspose", attributes, columns, kernel));
    }

    /**
     * NHWC, kernel [kH, kW, C]: the largest of the window's elements with the kernel's added. nd4j's arguments: 1 for
     * padding to the same size, dilations of the four axes, strides of the four axes.
     */
    private static void dilated(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var ints = op.ints();
        Emitter.require(ints.size() == 9, "9 arguments are needed, got %s", ints);
        var window = new Window(
                java.util.List.of(f.size(1, 0), f.size(1, 1)),
                ints.subList(6, 8),
                java.util.List.of(0L, 0L),
                ints.subList(2, 4),
                ints.get(0) == 1 ? Window.SAME : Window.GIVEN);
        var x = f.transpose(f.in(0), 0, 3, 1, 2);
        if (window.mode() == Window.SAME) {
            x = window.padded(f, x, x.type() == ValueType.FLOAT64 ? -Double.MAX_VALUE : -Float.MAX_VALUE);
        }
        var kernel = f.transpose(f.in(1), 2, 0, 1); // [C, kH, kW]
        Piece largest = null;
        for (long row = 0; row < window.kernel().get(0); row++) {
            for (long column = 0; column < window.kernel().get(1); column++) {
                var seen = stepped(f, stepped(f, x, window, 0, row), window, 1, column);
                var weight = f.slice(f.slice(kernel, 1, row, row + 1), 2, column, column + 1);
                var sum = f.add(seen, weight);
                largest = largest == null ? sum : f.apply("Max", largest, sum);
            }
        }
        f.give(f.transpose(java.util.Objects.requireNonNull(largest), 0, 2, 3, 1));
    }

    /** What one place of the kernel sees. */
    private static Piece stepped(Formula f, Piece x, Window window, int axis, long place) {
        long from = place * window.dilations().get(axis);
        long behind = window.span(axis) - 1 - from;
        return f.apply(
                "Slice",
                x,
                f.longs(from),
                f.longs(behind == 0 ? Long.MAX_VALUE : -behind),
                f.longs(2 + axis),
                f.longs(window.strides().get(axis)));
    }
}
