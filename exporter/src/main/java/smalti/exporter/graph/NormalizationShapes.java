package smalti.exporter.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What brings numbers to a common scale leaves their shape. */
final class NormalizationShapes {
    /** The first output has the shape of the first input. */
    private static final Set<String> NORMALIZATIONS = Set.of(
            "BatchNormalization",
            "GroupNormalization",
            "Hardmax",
            "InstanceNormalization",
            "LRN",
            "LogSoftmax",
            "LpNormalization",
            "MeanVarianceNormalization",
            "RMSNormalization",
            "RotaryEmbedding",
            "Softmax");

    private NormalizationShapes() {}

    static Map<String, ShapeRule> rows() {
        var rows = new HashMap<String, ShapeRule>();
        NORMALIZATIONS.forEach(op -> rows.put(op, ShapeRule.SAME));
        rows.put("LayerNormalization", ShapeRule.SAME.andThen(NormalizationShapes::statistics));
        return rows;
    }

    /** Mean and deviation have one number for each row. */
    private static void statistics(KnownNode node) {
        var shape = node.shape(0);
        if (shape == null) {
            return;
        }
        int axis = Axes.index(node.whole("axis", -1), shape.size());
        for (int i = 1; i < node.outputs() && axis >= 0; i++) {
            List<Axis> kept = new ArrayList<>(shape);
            for (int k = axis; k < kept.size(); k++) {
                kept.set(k, Axis.of(1));
            }
            node.give(i, kept);
        }
    }
}
