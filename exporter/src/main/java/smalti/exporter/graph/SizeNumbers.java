package smalti.exporter.graph;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Shapes.Numbers;

/** The elements of tensors of sizes, which graphs compute to reshape by. */
final class SizeNumbers {
    private SizeNumbers() {}

    /** Gives the elements of the first output, as far as they are known. */
    static void infer(KnownNode node) {
        var known = known(node);
        if (known != null) {
            node.give(known);
        }
    }

    private static @Nullable Numbers known(KnownNode node) {
        return switch (node.op()) {
            case "Shape" -> shape(node);
            case "Size" -> size(node);
            case "Constant" -> constant(node);
            case "Identity" -> node.numbers(0);
            case "Cast" -> isWhole(node.outputElement(0)) ? fitting(node, node.numbers(0)) : null;
            case "Squeeze", "Unsqueeze", "Reshape" -> same(node);
            case "Gather" -> gathered(node);
            case "Slice" -> sliced(node);
            case "Concat" -> concatenated(node);
            case "Add", "Sub", "Mul", "Div" -> fitting(node, arithmetic(node));
            default -> null;
        };
    }

    private static boolean isWhole(@Nullable ValueType type) {
        return type == ValueType.INT64 || type == ValueType.INT32;
    }

    /** What the output's type cannot hold is unknown: runtimes keep the last bits of it, or do something else. */
    private static @Nullable Numbers fitting(KnownNode node, @Nullable Numbers known) {
        if (known == null || node.outputElement(0) == ValueType.INT64) {
            return known;
        }
        var values = new ArrayList<@Nullable Long>();
        var axes = new ArrayList<Axis>();
        for (int i = 0; i < known.values().size(); i++) {
            var value = known.values().get(i);
            boolean fits = value == null || value == value.intValue();
            values.add(fits ? value : null);
            axes.add(fits ? known.axes().get(i) : Axis.UNKNOWN);
        }
        return new Numbers(values, axes, known.scalar());
    }

    private static @Nullable Numbers shape(KnownNode node) {
        var range = SourceShapes.shapeRange(node);
        return range == null ? null : Numbers.of(range, false);
    }

    private static @Nullable Numbers size(KnownNode node) {
        var shape = node.shape(0);
        return shape == null ? null : Numbers.of(List.of(Axes.product(shape)), true);
    }

    private static @Nullable Numbers constant(KnownNode node) {
        if (node.attribute("value_int") instanceof Attribute.Int number) {
            return Numbers.of(Tensor.of(new long[] {number.value()}));
        }
        return node.attribute("value_ints") instanceof Attribute.Ints list
                ? Numbers.of(Tensor.sizes(list.values()))
                : null;
    }

    private static @Nullable Numbers same(KnownNode node) {
        var known = node.numbers(0);
        var shape = node.outputShape(0);
        return known == null || shape == null || shape.size() > 1
                ? null
                : new Numbers(known.values(), known.axes(), shape.isEmpty());
    }

    private static @Nullable Numbers gathered(KnownNode node) {
        var data = node.numbers(0);
        var indices = node.numbers(1);
        if (data == null || indices == null || !indices.isWhole() || data.scalar()) {
            return null;
        }
        var values = new ArrayList<@Nullable Long>();
        var axes = new ArrayList<Axis>();
        for (var index : indices.values()) {
            int at = index == null ? -1 : Axes.index(index, data.axes().size());
            if (at < 0) {
                return null;
            }
            values.add(data.values().get(at));
            axes.add(data.axes().get(at));
        }
        return new Numbers(values, axes, indices.scalar());
    }

    private static @Nullable Numbers sliced(KnownNode node) {
        var data = node.numbers(0);
        var starts = node.list("starts", 1);
        var ends = node.list("ends", 2);
        var steps = node.longs(4);
        boolean plain = !node.has(4) || (steps != null && steps.equals(List.of(1L)));
        if (data == null || data.scalar() || starts == null || ends == null || starts.size() != 1 || !plain) {
            return null;
        }
        int size = data.axes().size();
        long start = starts.get(0);
        long end = ends.get(0);
        int first = (int) Math.max(0, Math.min(size, start < 0 ? start + size : start));
        int last = (int) Math.max(first, Math.min(size, end < 0 ? end + size : end));
        return new Numbers(data.values().subList(first, last), data.axes().subList(first, last), false);
    }

    private static @Nullable Numbers concatenated(KnownNode node) {
        var values = new ArrayList<@Nullable Long>();
        var axes = new ArrayList<Axis>();
        for (int i = 0; i < node.inputs(); i++) {
            var part = node.numbers(i);
            if (part == null || part.scalar()) {
                return null;
            }
            values.addAll(part.values());
            axes.addAll(part.axes());
        }
        return new Numbers(values, axes, false);
    }

    private static @Nullable Numbers arithmetic(KnownNode node) {
        var one = node.numbers(0);
        var other = node.numbers(1);
        if (one == null || other == null || node.opset() < 7) {
            return null;
        }
        int count = Math.max(one.axes().size(), other.axes().size());
        boolean fits = (one.axes().size() == count || one.axes().size() == 1)
                && (other.axes().size() == count || other.axes().size() == 1);
        if (!fits) {
            return null;
        }
        var values = new ArrayList<@Nullable Long>();
        var axes = new ArrayList<Axis>();
        for (int i = 0; i < count; i++) {
            int a = one.axes().size() == 1 ? 0 : i;
            int b = other.axes().size() == 1 ? 0 : i;
            var value = compute(node, one.values().get(a), other.values().get(b));
            values.add(value);
            boolean neutral = (node.op().equals("Mul") || node.op().equals("Div"))
                    && Long.valueOf(1).equals(other.values().get(b));
            axes.add(
                    value != null
                            ? (value >= 0 ? Axis.of(value) : Axis.UNKNOWN)
                            : neutral ? one.axes().get(a) : Axis.UNKNOWN);
        }
        return new Numbers(values, axes, one.scalar() && other.scalar());
    }

    private static @Nullable Long compute(KnownNode node, @Nullable Long a, @Nullable Long b) {
        if (a == null || b == null) {
            return null;
        }
        return switch (node.op()) {
            case "Add" -> Math.addExact(a, b);
            case "Sub" -> Math.subtractExact(a, b);
            case "Mul" -> Math.multiplyExact(a, b);
            // ONNX's division of whole numbers rounds to zero, as Java's does
            default -> b == 0 ? null : a / b;
        };
    }
}
