package smalti.exporter.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Windows that slide over [N,C,…]. */
final class ConvolutionShapes {
    private ConvolutionShapes() {}

    static Map<String, ShapeRule> rows() {
        return Map.ofEntries(
                Map.entry("AveragePool", ConvolutionShapes::pooled),
                Map.entry("Conv", node -> convolved(node, 1)),
                Map.entry("ConvInteger", node -> convolved(node, 1)),
                Map.entry("ConvTranspose", ConvolutionShapes::deconvolved),
                Map.entry("GlobalAveragePool", ConvolutionShapes::globallyPooled),
                Map.entry("GlobalLpPool", ConvolutionShapes::globallyPooled),
                Map.entry("GlobalMaxPool", ConvolutionShapes::globallyPooled),
                Map.entry("LpPool", ConvolutionShapes::pooled),
                Map.entry("MaxPool", ShapeRule.of(ConvolutionShapes::pooled).andThen(KnownNode::giveSecondLikeFirst)),
                Map.entry("QLinearConv", node -> convolved(node, 3)));
    }

    private static @Nullable List<Axis> convolved(KnownNode node, int weights) {
        return window(node, node.shape(weights), 0, 1, false);
    }

    private static @Nullable List<Axis> deconvolved(KnownNode node) {
        var shape = window(node, node.shape(1), 1, node.whole("group", 1), true);
        var sizes = node.wholes("output_shape");
        if (shape != null && sizes != null) {
            var result = new ArrayList<>(shape.subList(0, 2));
            for (int i = 2; i < shape.size(); i++) {
                int from = sizes.size() - shape.size() + i;
                result.add(from >= 0 ? Axis.of(sizes.get(from)) : Axis.UNKNOWN);
            }
            return result;
        }
        return shape;
    }

    private static @Nullable List<Axis> window(
            KnownNode node, @Nullable List<Axis> weights, int channelAxis, long times, boolean up) {
        var shape = node.shape(0);
        if (shape == null || weights == null || weights.size() != shape.size() || shape.size() < 3) {
            return null;
        }
        var kernel = node.wholes("kernel_shape");
        if (kernel == null) {
            var sizes = weights.subList(2, weights.size());
            if (!sizes.stream().allMatch(Axis::isFixed)) {
                return Axes.unknown(shape.size());
            }
            kernel = sizes.stream().map(Axis::size).toList();
        }
        if (kernel.size() != shape.size() - 2) {
            return null;
        }
        var channels = weights.get(channelAxis);
        var result = new ArrayList<Axis>();
        result.add(shape.get(0));
        result.add(
                channels.isFixed() ? Axis.of(Math.multiplyExact(channels.size(), Math.max(1, times))) : Axis.UNKNOWN);
        result.addAll(windows(node, shape, kernel, up));
        return result;
    }

    private static @Nullable List<Axis> pooled(KnownNode node) {
        var shape = node.shape(0);
        var kernel = node.wholes("kernel_shape");
        if (shape == null || kernel == null || kernel.size() != shape.size() - 2) {
            return null;
        }
        var result = new ArrayList<>(shape.subList(0, 2));
        result.addAll(windows(node, shape, kernel, false));
        return result;
    }

    private static @Nullable List<Axis> globallyPooled(KnownNode node) {
        var shape = node.shape(0);
        if (shape == null || shape.size() < 2) {
            return null;
        }
        var result = new ArrayList<>(shape.subList(0, 2));
        for (int i = 2; i < shape.size(); i++) {
            result.add(Axis.of(1));
        }
        return result;
    }

    /** Sizes of a sliding window's axes. */
    private static List<Axis> windows(KnownNode node, List<Axis> shape, List<Long> kernel, boolean up) {
        int spatial = kernel.size();
        var strides = node.wholes("strides");
        var dilations = node.wholes("dilations");
        var pads = node.wholes("pads");
        var autoPad = node.text("auto_pad", "NOTSET");
        var result = new ArrayList<Axis>();
        for (int i = 0; i < spatial; i++) {
            var axis = shape.get(i + 2);
            long stride = at(strides, i, 1);
            long window = (kernel.get(i) - 1) * at(dilations, i, 1) + 1;
            long padding = autoPad.equals("VALID") ? 0 : at(pads, i, 0) + at(pads, i + spatial, 0);
            boolean same = autoPad.startsWith("SAME");
            if (!axis.isFixed() || stride <= 0 || kernel.get(i) <= 0) {
                result.add(Axis.UNKNOWN);
            } else if (up) {
                long size = same
                        ? axis.size() * stride
                        : (axis.size() - 1) * stride + at(node.wholes("output_padding"), i, 0) + window - padding;
                result.add(size >= 0 ? Axis.of(size) : Axis.UNKNOWN);
            } else if (same) {
                result.add(Axis.of((axis.size() + stride - 1) / stride));
            } else {
                long span = axis.size() + padding - window;
                boolean ceils = node.whole("ceil_mode", 0) == 1;
                // of a last window that lies in the padding alone, versions differ
                result.add(span < 0 || (ceils && span % stride != 0) ? Axis.UNKNOWN : Axis.of(span / stride + 1));
            }
        }
        return result;
    }

    private static long at(@Nullable List<Long> values, int index, long otherwise) {
        return values == null || index >= values.size() ? otherwise : values.get(index);
    }
}
