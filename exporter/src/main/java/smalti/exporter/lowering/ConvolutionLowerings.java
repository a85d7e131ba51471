package smalti.exporter.lowering;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.samediff.SourceOp;

/**
 * Convolutions. nd4j's arguments are those of a {@link Window}, then the data format (0: channels first) and that of the
 * weights.
 *
 * <p>ONNX's own padding modes stay unused: consumers differ in them.
 */
final class ConvolutionLowerings {
    private static final List<Long> ONES = List.of(1L, 1L);

    private ConvolutionLowerings() {}

    static Map<String, Lowering> rows() {
        return Map.of(
                "conv1d", (op, to) -> convolution(op, to, 1),
                "conv2d", (op, to) -> convolution(op, to, 2),
                "conv3dnew", (op, to) -> convolution(op, to, 3),
                "deconv2d", (op, to) -> transposed(op, to, 2),
                "deconv3d", (op, to) -> transposed(op, to, 3),
                "deconv2d_tf", ConvolutionLowerings::turnedBack,
                "depthwise_conv2d", ConvolutionLowerings::depthwise,
                "sconv2d", ConvolutionLowerings::separable,
                "biasadd", ConvolutionLowerings::biasAdd);
    }

    /**
     * nd4j's arguments after the window: 1 for channels last, the weights' format. Format 0 is [kernel…, in, out], 1
     * [out, in, kernel…] and 2 [out, kernel…, in]; a transposed convolution has in and out the other way round, and so
     * has ONNX.
     */
    private static void convolution(SourceOp op, Emitter to, int axes) {
        var f = new Formula(op, to);
        var window = checked(f, axes, 1);
        boolean last = last(f, axes);
        var x = PoolingLowerings.channelsFirst(f, f.in(0), axes + 2, last);
        var y = convolved(f, window, x, weights(f, 1, axes), bias(f, 2), 1, last);
        f.give(PoolingLowerings.channelsBack(f, y, axes + 2, last));
    }

    private static void transposed(SourceOp op, Emitter to, int axes) {
        var f = new Formula(op, to);
        var window = checked(f, axes, 1);
        boolean last = last(f, axes);
        var x = PoolingLowerings.channelsFirst(f, f.in(0), axes + 2, last);
        var padding = new long[2 * axes];
        var more = new long[axes];
        for (int axis = 0; axis < axes; axis++) {
            // in mode SAME the output is the input's size times the stride
            long total = window.span(axis) - window.strides().get(axis);
            Emitter.require(window.mode() != Window.CAUSAL, "no transposed convolution is causal");
            Emitter.require(
                    window.mode() == Window.GIVEN || total >= -1,
                    "the kernel must not be smaller than the stride less 1 in padding mode 1, got %s",
                    op.ints());
            boolean same = window.mode() == Window.SAME;
            padding[axis] = same ? Math.max(total, 0) / 2 : window.pads().get(axis);
            padding[axes + axis] = same ? Math.max(total, 0) - padding[axis] : padding[axis];
            more[axis] = same ? Math.max(-total, 0) : 0;
        }
        var attributes = window.attributes(padding);
        if (Arrays.stream(more).anyMatch(extra -> extra > 0)) {
            attributes.put("output_padding", Attribute.ints(more));
        }
        var y = f.apply("ConvTranspose", attributes, operands(x, weights(f, 1, axes), bias(f, 2)));
        f.give(PoolingLowerings.channelsBack(f, y, axes + 2, last));
    }

    /** Inputs: the result's shape, weights, what a convolution made; nd4j runs it with strides of 1 alone. */
    private static void turnedBack(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var window = checked(f, 2, 1);
        Emitter.require(
                window.strides().stream().allMatch(stride -> stride == 1),
                "the strides must be 1, got %s; use deconv2d",
                window.strides());
        boolean last = last(f, 2);
        var padding = new long[4];
        for (int axis = 0; axis < 2; axis++) {
            long total = window.span(axis) - 1;
            boolean same = window.mode() == Window.SAME;
            padding[axis] = same ? total / 2 : window.pads().get(axis);
            padding[2 + axis] = same ? total - total / 2 : padding[axis];
        }
        var x = PoolingLowerings.channelsFirst(f, f.in(2), 4, last);
        var y = f.apply("ConvTranspose", window.attributes(padding), x, weights(f, 1, 2));
        f.give(PoolingLowerings.channelsBack(f, y, 4, last));
    }

    /** Weights [kH, kW, in, multiplier] or, by format, [multiplier, in, kH, kW] or [multiplier, kH, kW, in]. */
    private static void depthwise(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        boolean last = last(f, 2);
        var x = PoolingLowerings.channelsFirst(f, f.in(0), 4, last);
        f.give(PoolingLowerings.channelsBack(f, perChannel(f, x, bias(f, 2), last), 4, last));
    }

    /** Depthwise, then pointwise, whose weights are the input after if that has 4 axes. */
    private static void separable(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        boolean last = last(f, 2);
        boolean pointwise = to.has(op, 2) && f.rank(2) == 4;
        var x = PoolingLowerings.channelsFirst(f, f.in(0), 4, last);
        var y = perChannel(f, x, pointwise ? null : bias(f, 2), last);
        if (pointwise) {
            var point = new Window(ONES, ONES, List.of(0L, 0L), ONES, Window.GIVEN);
            y = convolved(f, point, y, weights(f, 2, 2), bias(f, 3), 1, false);
        }
        f.give(PoolingLowerings.channelsBack(f, y, 4, last));
    }

    private static Piece perChannel(Formula f, Piece x, @Nullable Piece bias, boolean last) {
        var window = checked(f, 2, 1);
        int format = format(f, 2);
        long channels = f.size(1, format == 0 ? 2 : format == 1 ? 1 : 3);
        long multiplier = f.size(1, format == 0 ? 3 : 0);
        int[] order =
                format == 0 ? new int[] {2, 3, 0, 1} : format == 1 ? new int[] {1, 0, 2, 3} : new int[] {3, 0, 1, 2};
        var sizes = List.of(
                channels * multiplier,
                1L,
                window.kernel().get(0),
                window.kernel().get(1));
        var constant = f.to().constant(f.op(), 1);
        var weights = constant == null
                ? f.apply("Reshape", permuted(f, 1, order), f.to().longs(f.op(), sizes))
                : f.wide(f.constant(constant.permuted(order).reshaped(sizes)));
        return convolved(f, window, x, weights, bias, channels, last);
    }

    private static Piece convolved(
            Formula f, Window window, Piece x, Piece weights, @Nullable Piece bias, long groups, boolean last) {
        boolean fixed = window.isStatic(f, last);
        var padding = fixed ? window.padding(f, last) : new long[2 * window.axes()];
        var attributes = window.attributes(padding);
        if (groups != 1) {
            attributes.put("group", Attribute.of(groups));
        }
        return f.apply("Conv", attributes, operands(fixed ? x : window.padded(f, x, 0), weights, bias));
    }

    private static Piece[] operands(Piece x, Piece weights, @Nullable Piece bias) {
        return bias == null ? new Piece[] {x, weights} : new Piece[] {x, weights, bias};
    }

    private static boolean last(Formula f, int axes) {
        return f.op().ints().size() > 4 * axes + 1 && f.integer(4 * axes + 1) == 1;
    }

    private static int format(Formula f, int axes) {
        long format = f.op().ints().size() > 4 * axes + 2 ? f.integer(4 * axes + 2) : 0;
        Emitter.require(format >= 0 && format <= 2, "the weights' format must be from 0 to 2, got %s", format);
        return (int) format;
    }

    private static Window checked(Formula f, int axes, int weights) {
        var window = Window.of(f, axes);
        int from = format(f, axes) == 0 ? 0 : format(f, axes) == 1 ? 2 : 1;
        for (int axis = 0; axis < axes; axis++) {
            long size = f.size(weights, from + axis);
            Emitter.require(
                    size == window.kernel().get(axis),
                    "axis %s of the weights must be the kernel's %s, got %s",
                    from + axis,
                    window.kernel().get(axis),
                    size);
        }
        return window;
    }

    /** To [out, in, kernel…] of a convolution, [in, out, kernel…] of a transposed one. */
    private static Piece weights(Formula f, int input, int axes) {
        int format = format(f, axes);
        int rank = axes + 2;
        Emitter.require(
                f.rank(input) == rank, "the weights must have %s axes, got %s", rank, f.to().value(f.op(), input));
        var order = new int[rank];
        order[0] = format == 0 ? rank - 1 : 0;
        order[1] = format == 0 ? rank - 2 : format == 1 ? 1 : rank - 1;
        for (int axis = 0; axis < axes; axis++) {
            order[2 + axis] = axis + (format == 0 ? 0 : format == 1 ? 2 : 1);
        }
        return permuted(f, input, order);
    }

    /** At export time where the weights are known. */
    private static Piece permuted(Formula f, int input, int... order) {
        var constant = f.to().constant(f.op(), input);
        return constant == null ? f.transpose(f.in(input), order) : f.wide(f.constant(constant.permuted(order)));
    }

    private static @Nullable Piece bias(Formula f, int input) {
        if (!f.to().has(f.op(), input)) {
            return null;
        }
        var constant = f.to().constant(f.op(), input);
        return constant == null
                ? f.reshape(f.in(input), -1)
                : f.wide(f.constant(constant.reshaped(List.of(elements(constant)))));
    }

    /** Channels are axis 1 where the flag says NCHW, else the last axis, where ONNX's broadcasting is right as it is. */
    private static void biasAdd(SourceOp op, Emitter to) {
        int rank = to.value(op, 0).rank();
        var bias = to.constant(op, 1, "the bias");
        boolean channelsFirst = !op.flags().isEmpty() && op.flags().get(0);
        var sizes = new ArrayList<>(List.of(elements(bias)));
        for (int axis = 2; channelsFirst && axis < rank; axis++) {
            sizes.add(1L);
        }
        to.finish(op, "Add", to.input(op, 0), to.constant(op, "bias", bias.reshaped(sizes)));
    }

    private static long elements(Tensor tensor) {
        return tensor.dims().stream().reduce(1L, Math::multiplyExact);
    }
}
