package smalti.exporter.lowering;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;
import smalti.exporter.lowering.Emitter.Piece;

/**
 * How a kernel goes over the spatial axes.
 *
 * @param mode nd4j's: 0 pads as given, 1 pads so that the output is the input's size over the stride, 2 pads in front so
 *     that no output sees what comes after it
 */
record Window(List<Long> kernel, List<Long> strides, List<Long> pads, List<Long> dilations, long mode) {
    static final long GIVEN = 0;
    static final long SAME = 1;
    static final long CAUSAL = 2;

    /** From nd4j's arguments: kernel, strides, pads and dilations of every axis, the mode. */
    static Window of(Formula f, int axes) {
        var ints = f.op().ints();
        Emitter.require(ints.size() > 4 * axes, "%s arguments are needed, got %s", 4 * axes + 1, ints);
        var window = new Window(
                ints.subList(0, axes),
                ints.subList(axes, 2 * axes),
                ints.subList(2 * axes, 3 * axes),
                ints.subList(3 * axes, 4 * axes),
                ints.get(4 * axes));
        Emitter.require(window.mode >= GIVEN && window.mode <= CAUSAL, "the padding mode must be 0 to 2, got %s", ints);
        return window;
    }

    int axes() {
        return kernel.size();
    }

    /** How many elements the kernel spans. */
    long span(int axis) {
        return (kernel.get(axis) - 1) * dilations.get(axis) + 1;
    }

    private static long same(long size, long stride, long span) {
        return Math.max((size + stride - 1) / stride * stride - stride + span - size, 0);
    }

    /** Whether the pads are the same for every input. */
    boolean isStatic(Formula f, boolean channelsLast) {
        return mode != SAME
                || IntStream.range(0, axes())
                        .allMatch(axis -> strides.get(axis) == 1 || f.isFixed(0, axis + (channelsLast ? 1 : 2)));
    }

    /** What ONNX's attribute of that name holds, where it is the same for every input. */
    long[] padding(Formula f, boolean channelsLast) {
        var padding = new long[2 * axes()];
        for (int axis = 0; axis < axes(); axis++) {
            if (mode == GIVEN) {
                padding[axis] = pads.get(axis);
                padding[axes() + axis] = pads.get(axis);
            } else if (mode == CAUSAL) {
                padding[axis] = span(axis) - 1;
            } else {
                long total = strides.get(axis) == 1
                        ? span(axis) - 1
                        : same(f.size(0, axis + (channelsLast ? 1 : 2)), strides.get(axis), span(axis));
                padding[axis] = total / 2;
                padding[axes() + axis] = total - total / 2;
            }
        }
        return padding;
    }

    Map<String, Attribute> attributes(long[] padding) {
        var attributes = new HashMap<String, Attribute>();
        attributes.put("kernel_shape", Attribute.ints(kernel));
        attributes.put("strides", Attribute.ints(strides));
        attributes.put("pads", Attribute.ints(padding));
        attributes.put("dilations", Attribute.ints(dilations));
        return attributes;
    }

    /**
     * The input with the pads of mode SAME, found at run time from its sizes.
     *
     * @param x channels first
     */
    Piece padded(Formula f, Piece x, double value) {
        var size = f.slice(f.shape(x), 0, 2, Long.MAX_VALUE);
        var stride = f.longs(strides.stream().mapToLong(Long::longValue).toArray());
        var span = f.longs(IntStream.range(0, axes()).mapToLong(this::span).toArray());
        var steps = f.div(f.add(size, f.sub(stride, f.longs(1))), stride);
        var needed = f.add(f.mul(f.sub(steps, f.longs(1)), stride), f.sub(span, size));
        var total = f.max(needed, 0);
        var front = f.div(total, f.longs(2));
        var none = f.longs(0, 0);
        var pads = f.concat(0, List.of(none, front, none, f.sub(total, front)));
        return f.apply("Pad", x, pads, f.constant(Tensor.scalar(x.type(), value)));
    }
}
