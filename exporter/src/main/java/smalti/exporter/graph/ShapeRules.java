package smalti.exporter.graph;

import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What follows of a node's outputs from its inputs and attributes; the rules for shapes stand by kinds of operators. */
final class ShapeRules {
    private static final Map<String, ShapeRule> BY_OP = Stream.of(
                    ArrangementShapes.rows(),
                    AttentionShapes.rows(),
                    ControlShapes.rows(),
                    ConvolutionShapes.rows(),
                    ElementShapes.rows(),
                    MatrixShapes.rows(),
                    NormalizationShapes.rows(),
                    QuantizationShapes.rows(),
                    RecurrentShapes.rows(),
                    ReductionShapes.rows(),
                    ResizeShapes.rows(),
                    SelectionShapes.rows(),
                    SourceShapes.rows())
            .flatMap(rows -> rows.entrySet().stream())
            .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));

    private ShapeRules() {}

    static void infer(Shapes shapes, Node node, int opset) {
        if (!node.domain().isEmpty() || node.outputs().isEmpty()) {
            return;
        }
        var known = new KnownNode(shapes, node, opset);
        ElementTypes.infer(known);
        try {
            var rule = BY_OP.getOrDefault(node.op(), ShapeRule.UNKNOWN);
            var shape = rule.first(known);
            if (shape != null) {
                known.give(0, shape);
            }
            rule.further(known);
            SizeNumbers.infer(known);
        } catch (ArithmeticException e) {
            // a size beyond 64 bits stays unknown, as no run will ever come to it
            return;
        }
    }
}
