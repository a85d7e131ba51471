package smalti.exporter.graph;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Attention, over queries, keys and values of three axes [B, T, heads·D] or of four [B, heads, T, D]. */
final class AttentionShapes {
    private AttentionShapes() {}

    static Map<String, ShapeRule> rows() {
        return Map.of("Attention", ShapeRule.of(AttentionShapes::attended).andThen(AttentionShapes::further));
    }

    /** What the keys or the values are as [B, heads, T, D]. */
    private static @Nullable List<Axis> byHeads(@Nullable List<Axis> shape, long heads) {
        if (shape == null || shape.size() == 4) {
            return shape;
        }
        if (shape.size() != 3 || heads < 1) {
            return null;
        }
        var width = shape.get(2);
        return List.of(
                shape.get(0),
                Axis.of(heads),
                shape.get(1),
                width.isFixed() ? Axis.of(width.size() / heads) : Axis.UNKNOWN);
    }

    private static @Nullable List<Axis> attended(KnownNode node) {
        var queries = node.shape(0);
        var values = byHeads(node.shape(2), node.whole("kv_num_heads", 0));
        if (queries == null || values == null || queries.size() < 3 || queries.size() > 4) {
            return null;
        }
        var width = values.get(3);
        if (queries.size() == 4) {
            return Axes.with(queries, 3, width);
        }
        return Axes.with(
                queries,
                2,
                width.isFixed()
                        ? Axis.of(Math.multiplyExact(width.size(), node.whole("q_num_heads", 0)))
                        : Axis.UNKNOWN);
    }

    /** The keys and values with those of the past, and the weights of each query. */
    private static void further(KnownNode node) {
        var keys = byHeads(node.shape(1), node.whole("kv_num_heads", 0));
        var values = byHeads(node.shape(2), node.whole("kv_num_heads", 0));
        var queries = byHeads(node.shape(0), node.whole("q_num_heads", 0));
        if (keys == null || values == null || queries == null) {
            return;
        }
        var total = keys.get(2);
        if (node.has(4)) {
            var past = node.shape(4);
            total = past != null && past.size() == 4 && past.get(2).isFixed() && total.isFixed()
                    ? Axis.of(Math.addExact(past.get(2).size(), total.size()))
                    : Axis.UNKNOWN;
        }
        var shapes = List.of(
                Axes.with(keys, 2, total),
                Axes.with(values, 2, total),
                List.of(queries.get(0), queries.get(1), queries.get(2), total));
        for (int i = 1; i < Math.min(node.outputs(), 4); i++) {
            node.give(i, shapes.get(i - 1));
        }
    }
}
