package smalti.exporter.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Numbers chosen by indices, conditions or size. */
final class SelectionShapes {
    private SelectionShapes() {}

    static Map<String, ShapeRule> rows() {
        return Map.ofEntries(
                Map.entry("Compress", SelectionShapes::compressed),
                Map.entry("Gather", SelectionShapes::gathered),
                Map.entry("GatherElements", node -> node.shape(1)),
                Map.entry("GatherND", SelectionShapes::gatheredNd),
                Map.entry("NonZero", SelectionShapes::nonZero),
                Map.entry("OneHot", SelectionShapes::oneHot),
                Map.entry("Scatter", ShapeRule.SAME),
                Map.entry("ScatterElements", ShapeRule.SAME),
                Map.entry("ScatterND", ShapeRule.SAME),
                Map.entry("TopK", ShapeRule.of(SelectionShapes::top).andThen(KnownNode::giveSecondLikeFirst)));
    }

    private static @Nullable List<Axis> gathered(KnownNode node) {
        var data = node.shape(0);
        var indices = node.shape(1);
        if (data == null || indices == null) {
            return null;
        }
        int axis = Axes.index(node.whole("axis", 0), data.size());
        if (axis < 0) {
            return null;
        }
        var result = new ArrayList<>(data.subList(0, axis));
        result.addAll(indices);
        result.addAll(data.subList(axis + 1, data.size()));
        return result;
    }

    private static @Nullable List<Axis> gatheredNd(KnownNode node) {
        var data = node.shape(0);
        var indices = node.shape(1);
        if (data == null || indices == null || indices.isEmpty()) {
            return null;
        }
        var last = indices.get(indices.size() - 1);
        long from = last.isFixed() ? last.size() + node.whole("batch_dims", 0) : -1;
        if (from < 0 || from > data.size()) {
            return null;
        }
        var result = new ArrayList<>(indices.subList(0, indices.size() - 1));
        result.addAll(data.subList((int) from, data.size()));
        return result;
    }

    private static @Nullable List<Axis> top(KnownNode node) {
        var shape = node.shape(0);
        if (shape == null) {
            return null;
        }
        int axis = Axes.index(node.whole("axis", -1), shape.size());
        var count = node.longs(1);
        long k = node.whole("k", count == null || count.size() != 1 ? -1 : count.get(0));
        return axis < 0 ? null : Axes.with(shape, axis, k < 0 ? Axis.UNKNOWN : Axis.of(k));
    }

    private static @Nullable List<Axis> oneHot(KnownNode node) {
        var indices = node.shape(0);
        if (indices == null) {
            return null;
        }
        int rank = indices.size() + 1;
        int axis = Axes.index(node.whole("axis", -1), rank);
        if (axis < 0) {
            return null;
        }
        var depth = node.longs(1);
        var result = new ArrayList<>(indices);
        result.add(axis, depth == null || depth.size() != 1 || depth.get(0) < 0 ? Axis.UNKNOWN : Axis.of(depth.get(0)));
        return result;
    }

    private static @Nullable List<Axis> nonZero(KnownNode node) {
        var shape = node.shape(0);
        return shape == null ? null : List.of(Axis.of(Math.max(1, shape.size())), Axis.UNKNOWN);
    }

    private static @Nullable List<Axis> compressed(KnownNode node) {
        var shape = node.shape(0);
        if (shape == null || !node.hasAttribute("axis")) {
            return Axes.unknown(1);
        }
        int axis = Axes.index(node.whole("axis", 0), shape.size());
        return axis < 0 ? null : Axes.with(shape, axis, Axis.UNKNOWN);
    }
}
