package smalti.exporter.graph;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Values made of none, or of the sizes of another. */
final class SourceShapes {
    private SourceShapes() {}

    static Map<String, ShapeRule> rows() {
        return Map.ofEntries(
                Map.entry("Constant", SourceShapes::constant),
                Map.entry("ConstantOfShape", SourceShapes::filled),
                Map.entry("EyeLike", ShapeRule.SAME),
                Map.entry("RandomNormal", node -> Axes.ofSizes(node.wholes("shape"))),
                Map.entry("RandomNormalLike", ShapeRule.SAME),
                Map.entry("RandomUniform", node -> Axes.ofSizes(node.wholes("shape"))),
                Map.entry("RandomUniformLike", ShapeRule.SAME),
                Map.entry("Range", SourceShapes::range),
                Map.entry("Shape", SourceShapes::shapeOfShape),
                Map.entry("Size", node -> List.of()));
    }

    private static @Nullable List<Axis> constant(KnownNode node) {
        if (node.attribute("value") instanceof Attribute.Array array) {
            node.giveConstant(array.value());
            return null;
        }
        for (var attribute : node.attributes().entrySet()) {
            var value = attribute.getValue();
            switch (attribute.getKey()) {
                case "value_int", "value_float", "value_string" -> {
                    return List.of();
                }
                case "value_ints", "value_floats" -> {
                    return value instanceof Attribute.Ints list
                            ? List.of(Axis.of(list.values().size()))
                            : value instanceof Attribute.Reals reals
                                    ? List.of(Axis.of(reals.values().size()))
                                    : Axes.unknown(1);
                }
                default -> {}
            }
        }
        return null;
    }

    private static List<Axis> range(KnownNode node) {
        var start = node.longs(0);
        var limit = node.longs(1);
        var step = node.longs(2);
        if (start == null || limit == null || step == null) {
            return Axes.unknown(1);
        }
        if (start.size() != 1 || limit.size() != 1 || step.size() != 1 || step.get(0) <= 0) {
            return Axes.unknown(1);
        }
        long span = limit.get(0) - start.get(0);
        return List.of(Axis.of(Math.max(0, (span + step.get(0) - 1) / step.get(0))));
    }

    private static List<Axis> shapeOfShape(KnownNode node) {
        var range = shapeRange(node);
        return range == null ? Axes.unknown(1) : List.of(Axis.of(range.size()));
    }

    /** The range of axes that Shape gives, the whole by default. */
    static @Nullable List<Axis> shapeRange(KnownNode node) {
        var shape = node.shape(0);
        if (shape == null) {
            return null;
        }
        int rank = shape.size();
        long start = node.whole("start", 0);
        long end = node.whole("end", rank);
        int first = (int) Math.max(0, Math.min(rank, start < 0 ? start + rank : start));
        int last = (int) Math.max(0, Math.min(rank, end < 0 ? end + rank : end));
        return shape.subList(first, Math.max(first, last));
    }

    private static @Nullable List<Axis> filled(KnownNode node) {
        var sizes = node.numbers(0);
        return sizes == null ? null : sizes.axes();
    }
}
