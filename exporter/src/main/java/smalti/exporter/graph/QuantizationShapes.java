package smalti.exporter.graph;

import java.util.List;
import java.util.Map;

/** What rounds numbers to steps and back leaves their shape. */
final class QuantizationShapes {
    private QuantizationShapes() {}

    static Map<String, ShapeRule> rows() {
        return Map.of(
                "DequantizeLinear", ShapeRule.SAME,
                "DynamicQuantizeLinear", ShapeRule.SAME.andThen(QuantizationShapes::steps),
                "QuantizeLinear", ShapeRule.SAME);
    }

    /** One scale and one zero point. */
    private static void steps(KnownNode node) {
        for (int i = 1; i < node.outputs(); i++) {
            node.give(i, List.of());
        }
    }
}
