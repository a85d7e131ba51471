package smalti.exporter.lowering;

import static java.util.Map.entry;

import java.util.List;
import java.util.Map;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.samediff.SourceOp;

/** Colours of pictures; the channels are the last axis unless an argument says another. */
final class ColorLowerings {
    /** Row by row: what red, green and blue give to the three channels. */
    private static final double[] TO_YIQ = {
        0.299, 0.59590059, 0.21153661, 0.587, -0.27455667, -0.52273617, 0.114, -0.32134392, 0.31119955
    };

    private static final double[] FROM_YIQ = {
        1, 1, 1, 0.95598634, -0.27201283, -1.10674021, 0.6208248, -0.64720424, 1.70423049
    };

    private static final double[] TO_YUV = {
        0.299, -0.14714119, 0.61497538, 0.587, -0.28886916, -0.51496512, 0.114, 0.43601035, -0.10001026
    };

    private static final double[] FROM_YUV = {1, 1, 1, 0, -0.394642334, 2.03206185, 1.13988303, -0.58062185, 0};

    private ColorLowerings() {}

    static Map<String, Lowering> rows() {
        return Map.ofEntries(
                entry("rgb_to_yiq", (op, to) -> linear(op, to, TO_YIQ)),
                entry("yiq_to_rgb", (op, to) -> linear(op, to, FROM_YIQ)),
                entry("rgb_to_yuv", (op, to) -> linear(op, to, TO_YUV)),
                entry("yuv_to_rgb", (op, to) -> linear(op, to, FROM_YUV)),
                entry("rgb_to_hsv", (op, to) -> {
                    var f = new Formula(op, to);
                    f.give(f.concat(axis(f), hsv(f, f.in(0))));
                }),
                entry("hsv_to_rgb", (op, to) -> {
                    var f = new Formula(op, to);
                    var parts = f.split(f.in(0), axis(f), 3);
                    f.give(rgb(f, parts.get(0), parts.get(1), parts.get(2)));
                }),
                entry("adjust_hue", (op, to) -> {
                    var f = new Formula(op, to);
                    var hsv = hsv(f, f.in(0));
                    var hue = f.add(hsv.get(0), f.real(0));
                    f.give(rgb(f, f.sub(hue, f.apply("Floor", hue)), hsv.get(1), hsv.get(2)));
                }),
                entry("adjust_saturation", (op, to) -> {
                    var f = new Formula(op, to);
                    var hsv = hsv(f, f.in(0));
                    var saturation = f.min(f.max(f.mul(hsv.get(1), f.real(0)), 0), 1);
                    f.give(rgb(f, hsv.get(0), saturation, hsv.get(2)));
                }),
                entry("adjust_contrast_v2", ColorLowerings::contrast));
    }

    private static long axis(Formula f) {
        return f.op().ints().isEmpty() ? f.rank(0) - 1 : Emitter.axis(f.integer(0), f.rank(0));
    }

    private static void linear(SourceOp op, Emitter to, double[] matrix) {
        var f = new Formula(op, to);
        int rank = f.rank(0);
        int axis = (int) axis(f);
        var order = java.util.stream.IntStream.range(0, rank).toArray();
        order[axis] = rank - 1;
        order[rank - 1] = axis;
        var x = f.in(0);
        f.give(f.transpose(f.matmul(f.transpose(x, order), f.constant(x, matrix, 3, 3)), order));
    }

    /** Hue, saturation and value, all from 0 to 1. */
    private static List<Piece> hsv(Formula f, Piece x) {
        long axis = axis(f);
        var parts = f.split(x, axis, 3);
        var red = parts.get(0);
        var green = parts.get(1);
        var blue = parts.get(2);
        var value = f.most(x, true, axis);
        var range = f.sub(value, f.least(x, true, axis));
        var grey = f.equal(range, 0);
        var sixth = f.div(1.0 / 6, f.where(grey, f.number(x, 1), range));
        var none = f.equal(value, 0);
        var saturation = f.where(none, f.number(x, 0), f.div(range, f.where(none, f.number(x, 1), value)));
        var ofRed = f.mul(f.sub(green, blue), sixth);
        var ofGreen = f.add(f.mul(f.sub(blue, red), sixth), 1.0 / 3);
        var ofBlue = f.add(f.mul(f.sub(red, green), sixth), 2.0 / 3);
        var hue =
                f.where(f.apply("Equal", red, value), ofRed, f.where(f.apply("Equal", green, value), ofGreen, ofBlue));
        hue = f.where(f.less(hue, 0), f.add(hue, 1), hue);
        return List.of(f.where(grey, f.number(x, 0), hue), saturation, value);
    }

    /** value − value · saturation · max(0, min(k, 4 − k, 1)) with k = (n + 6 hue) mod 6 and n = 5, 3, 1. */
    private static Piece rgb(Formula f, Piece hue, Piece saturation, Piece value) {
        var channels = new java.util.ArrayList<Piece>();
        for (int n : new int[] {5, 3, 1}) {
            var turned = f.add(f.mul(hue, 6), n);
            var k = f.sub(turned, f.mul(f.apply("Floor", f.mul(turned, 1.0 / 6)), 6));
            var part = f.max(f.min(f.apply("Min", k, f.sub(4, k)), 1), 0);
            channels.add(f.sub(value, f.mul(f.mul(value, saturation), part)));
        }
        return f.concat(axis(f), channels);
    }

    /** Away from the mean of each channel of each picture; the last three axes are height, width and channels. */
    private static void contrast(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        int rank = f.rank(0);
        Emitter.require(rank >= 3, "pictures must have 3 axes, got %s", rank);
        var x = f.in(0);
        var mean = f.mean(x, true, rank - 3, rank - 2);
        var factor = op.reals().isEmpty() ? f.wide(to.in(op, 1)) : f.number(x, f.real(0));
        f.give(f.add(f.mul(f.sub(x, mean), factor), mean));
    }
}
