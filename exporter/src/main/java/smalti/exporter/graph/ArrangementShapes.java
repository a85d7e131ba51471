package smalti.exporter.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Shapes.Numbers;

/** The same numbers in another order or shape, and parts, joins and repeats of them. */
final class ArrangementShapes {
    private ArrangementShapes() {}

    static Map<String, ShapeRule> rows() {
        return Map.ofEntries(
                Map.entry("Concat", ArrangementShapes::concatenated),
                Map.entry("DepthToSpace", node -> blocks(node, true)),
                Map.entry("Expand", ArrangementShapes::expanded),
                Map.entry("Flatten", ArrangementShapes::flattened),
                Map.entry("Pad", ArrangementShapes::padded),
                Map.entry("Reshape", ArrangementShapes::reshaped),
                Map.entry("ReverseSequence", ShapeRule.SAME),
                Map.entry("Slice", ArrangementShapes::sliced),
                Map.entry("SpaceToDepth", node -> blocks(node, false)),
                Map.entry("Split", ShapeRule.UNKNOWN.andThen(ArrangementShapes::split)),
                Map.entry("Squeeze", ArrangementShapes::squeezed),
                Map.entry("Tile", ArrangementShapes::tiled),
                Map.entry("Transpose", ArrangementShapes::transposed),
                Map.entry("Unsqueeze", ArrangementShapes::unsqueezed));
    }

    private static @Nullable List<Axis> reshaped(KnownNode node) {
        var shape = node.shape(0);
        var fixed = node.wholes("shape");
        var asked = fixed == null ? node.numbers(1) : Numbers.of(Tensor.sizes(fixed));
        if (asked == null) {
            var rank = node.shape(1);
            return rank != null
                            && rank.size() == 1
                            && rank.get(0).isFixed()
                            && rank.get(0).size() < 64
                    ? Axes.unknown((int) rank.get(0).size())
                    : null;
        }
        boolean copies = node.whole("allowzero", 0) == 0;
        var axes = new ArrayList<Axis>();
        int rest = -1;
        for (int i = 0; i < asked.axes().size(); i++) {
            var value = asked.values().get(i);
            if (value != null && value == 0 && copies) {
                axes.add(shape != null && i < shape.size() ? shape.get(i) : Axis.UNKNOWN);
            } else if (value != null && value == -1) {
                rest = i;
                axes.add(Axis.UNKNOWN);
            } else {
                // a size by name came from a shape: it is never −1, and 0 only of an empty tensor
                axes.add(value == null ? asked.axes().get(i) : Axis.of(value));
            }
        }
        if (rest >= 0 && shape != null) {
            axes.set(rest, rest(shape, axes, rest));
        }
        return axes;
    }

    /** What one axis must be that all elements fit: those sizes that stand on both sides cancel. */
    private static Axis rest(List<Axis> from, List<Axis> to, int rest) {
        var left = new ArrayList<>(from);
        long divisor = 1;
        for (int i = 0; i < to.size(); i++) {
            var axis = to.get(i);
            if (i == rest) {
                continue;
            }
            if (axis.isFixed()) {
                divisor = Math.multiplyExact(divisor, axis.size());
            } else if (axis.name() == null || !left.remove(axis)) {
                return Axis.UNKNOWN;
            }
        }
        long product = 1;
        Axis free = null;
        for (var axis : left) {
            if (axis.isFixed()) {
                product = Math.multiplyExact(product, axis.size());
            } else if (free != null) {
                return Axis.UNKNOWN;
            } else {
                free = axis;
            }
        }
        if (divisor <= 0 || product <= 0 || product % divisor != 0) {
            return Axis.UNKNOWN;
        }
        return free == null ? Axis.of(product / divisor) : product == divisor ? free : Axis.UNKNOWN;
    }

    private static @Nullable List<Axis> flattened(KnownNode node) {
        var shape = node.shape(0);
        if (shape == null) {
            return Axes.unknown(2);
        }
        long axis = node.whole("axis", 1);
        int at = (int) (axis < 0 ? axis + shape.size() : axis);
        if (at < 0 || at > shape.size()) {
            return null;
        }
        return List.of(Axes.product(shape.subList(0, at)), Axes.product(shape.subList(at, shape.size())));
    }

    private static @Nullable List<Axis> squeezed(KnownNode node) {
        var shape = node.shape(0);
        if (shape == null) {
            return null;
        }
        var axes = node.list("axes", 1);
        if (axes != null) {
            return Axes.without(shape, axes, false);
        }
        if (node.isGiven("axes", 1) || !shape.stream().allMatch(Axis::isFixed)) {
            return null;
        }
        return shape.stream().filter(axis -> axis.size() != 1).toList();
    }

    private static @Nullable List<Axis> unsqueezed(KnownNode node) {
        var shape = node.shape(0);
        var axes = node.list("axes", 1);
        if (shape == null || axes == null) {
            return null;
        }
        int rank = shape.size() + axes.size();
        var one = new boolean[rank];
        for (long axis : axes) {
            int counted = Axes.index(axis, rank);
            if (counted < 0) {
                return null;
            }
            one[counted] = true;
        }
        var left = shape.iterator();
        var result = new ArrayList<Axis>();
        for (boolean added : one) {
            if (!added && !left.hasNext()) {
                return null;
            }
            result.add(added ? Axis.of(1) : left.next());
        }
        return result;
    }

    private static @Nullable List<Axis> transposed(KnownNode node) {
        var shape = node.shape(0);
        var order = node.wholes("perm");
        if (shape == null) {
            return order == null ? null : Axes.unknown(order.size());
        }
        var axes = new ArrayList<Axis>();
        for (int i = 0; i < shape.size(); i++) {
            long from = order == null ? shape.size() - 1 - i : i < order.size() ? order.get(i) : -1;
            if (from < 0 || from >= shape.size()) {
                return null;
            }
            axes.add(shape.get((int) from));
        }
        return axes;
    }

    private static @Nullable List<Axis> concatenated(KnownNode node) {
        List<Axis> all = null;
        var along = new ArrayList<Axis>();
        for (int i = 0; i < node.inputs(); i++) {
            var shape = node.shape(i);
            if (shape == null || (all != null && all.size() != shape.size())) {
                return null;
            }
            int axis = Axes.index(node.whole("axis", 1), shape.size());
            if (axis < 0) {
                return null;
            }
            along.add(shape.get(axis));
            if (all == null) {
                all = shape;
            } else {
                var merged = new ArrayList<Axis>();
                for (int k = 0; k < shape.size(); k++) {
                    merged.add(all.get(k).isFixed() ? all.get(k) : shape.get(k).isFixed() ? shape.get(k) : all.get(k));
                }
                all = merged;
            }
        }
        if (all == null) {
            return null;
        }
        var sum = along.size() == 1
                ? along.get(0)
                : along.stream().allMatch(Axis::isFixed)
                        ? Axis.of(along.stream().mapToLong(Axis::size).sum())
                        : Axis.UNKNOWN;
        return Axes.with(all, Axes.index(node.whole("axis", 1), all.size()), sum);
    }

    private static void split(KnownNode node) {
        var shape = node.shape(0);
        if (shape == null) {
            return;
        }
        int axis = Axes.index(node.whole("axis", 0), shape.size());
        if (axis < 0) {
            return;
        }
        var sizes = node.list("split", 1);
        int parts = node.outputs();
        for (int i = 0; i < parts; i++) {
            var size = Axis.UNKNOWN;
            if (sizes != null && sizes.size() == parts && sizes.get(i) >= 0) {
                size = Axis.of(sizes.get(i));
            } else if (!node.isGiven("split", 1)
                    && shape.get(axis).isFixed()
                    && shape.get(axis).size() % parts == 0) {
                size = Axis.of(shape.get(axis).size() / parts);
            }
            node.give(i, Axes.with(shape, axis, size));
        }
    }

    private static @Nullable List<Axis> sliced(KnownNode node) {
        var shape = node.shape(0);
        if (shape == null) {
            return null;
        }
        var starts = node.list("starts", 1);
        var ends = node.list("ends", 2);
        var axes = node.list("axes", 3);
        var steps = node.longs(4);
        if (axes == null && !node.isGiven("axes", 3) && starts != null) {
            axes = new ArrayList<>();
            for (long i = 0; i < starts.size(); i++) {
                axes.add(i);
            }
        }
        if (axes == null) {
            return Axes.unknown(shape.size());
        }
        List<Axis> result = new ArrayList<>(shape);
        for (int i = 0; i < axes.size(); i++) {
            int axis = Axes.index(axes.get(i), shape.size());
            if (axis < 0) {
                return null;
            }
            boolean sure = starts != null
                    && ends != null
                    && starts.size() == axes.size()
                    && ends.size() == axes.size()
                    && (!node.has(4) || (steps != null && steps.size() == axes.size()));
            result.set(
                    axis,
                    sure && starts != null && ends != null
                            ? slice(shape.get(axis), starts.get(i), ends.get(i), steps == null ? 1 : steps.get(i))
                            : Axis.UNKNOWN);
        }
        return result;
    }

    private static Axis slice(Axis axis, long start, long end, long step) {
        if (start == 0 && step == 1 && end >= Integer.MAX_VALUE) {
            return axis;
        }
        if (!axis.isFixed() || step == 0) {
            return Axis.UNKNOWN;
        }
        long size = axis.size();
        long first = start < 0 ? start + size : start;
        long last = end < 0 ? Math.max(end, -size - 1) + size : end;
        if (step > 0) {
            first = Math.max(0, Math.min(size, first));
            last = Math.max(0, Math.min(size, last));
            return Axis.of(Math.max(0, (last - first + step - 1) / step));
        }
        if (step == Long.MIN_VALUE) {
            return Axis.UNKNOWN;
        }
        first = Math.max(-1, Math.min(size - 1, first));
        last = Math.max(-1, Math.min(size - 1, last));
        return Axis.of(Math.max(0, (first - last - step - 1) / -step));
    }

    private static @Nullable List<Axis> expanded(KnownNode node) {
        var asked = node.numbers(1);
        return asked == null ? null : Axes.broadcast(node.shape(0), asked.axes());
    }

    private static @Nullable List<Axis> tiled(KnownNode node) {
        var shape = node.shape(0);
        var repeats = node.longs(1);
        if (shape == null || node.opset() < 6) {
            return null;
        }
        if (repeats == null || repeats.size() != shape.size()) {
            return Axes.unknown(shape.size());
        }
        var result = new ArrayList<Axis>();
        for (int i = 0; i < shape.size(); i++) {
            var axis = shape.get(i);
            long times = repeats.get(i);
            result.add(
                    times == 1
                            ? axis
                            : axis.isFixed() && times >= 0
                                    ? Axis.of(Math.multiplyExact(axis.size(), times))
                                    : Axis.UNKNOWN);
        }
        return result;
    }

    private static @Nullable List<Axis> padded(KnownNode node) {
        var shape = node.shape(0);
        if (shape == null) {
            return null;
        }
        int rank = shape.size();
        var pads = node.wholes("pads") != null ? node.wholes("pads") : node.list("paddings", 1);
        var axes = node.longs(3);
        if (pads == null || (node.has(3) && axes == null)) {
            return Axes.unknown(rank);
        }
        int count = pads.size() / 2;
        if (axes == null ? count != rank : axes.size() != count) {
            return null;
        }
        List<Axis> result = new ArrayList<>(shape);
        for (int i = 0; i < count; i++) {
            int axis = axes == null ? i : Axes.index(axes.get(i), rank);
            if (axis < 0) {
                return null;
            }
            long added = pads.get(i) + pads.get(i + count);
            var size = shape.get(axis);
            boolean none = pads.get(i) == 0 && pads.get(i + count) == 0;
            result.set(
                    axis,
                    none
                            ? size
                            : size.isFixed() && size.size() + added >= 0 ? Axis.of(size.size() + added) : Axis.UNKNOWN);
        }
        return result;
    }

    private static @Nullable List<Axis> blocks(KnownNode node, boolean grows) {
        var shape = node.shape(0);
        long block = node.whole("blocksize", 0);
        if (shape == null || shape.size() != 4 || block <= 0) {
            return null;
        }
        return List.of(
                shape.get(0),
                scaled(shape.get(1), block * block, !grows),
                scaled(shape.get(2), block, grows),
                scaled(shape.get(3), block, grows));
    }

    private static Axis scaled(Axis axis, long by, boolean grows) {
        return axis.isFixed() ? Axis.of(grows ? Math.multiplyExact(axis.size(), by) : axis.size() / by) : Axis.UNKNOWN;
    }
}
