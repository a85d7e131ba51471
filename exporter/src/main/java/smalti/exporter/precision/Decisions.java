package smalti.exporter.precision;

import java.util.HashSet;
import java.util.Set;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.ValueType;

/** What a graph decides by its numbers, such as which code vector is nearest: those numbers stay exact. */
final class Decisions {
    private static final Set<String> DECIDING = Set.of(
            "ArgMin",
            "ArgMax",
            "TopK",
            "NonMaxSuppression",
            "Greater",
            "GreaterOrEqual",
            "Less",
            "LessOrEqual",
            "Equal",
            "Hardmax");

    /** Functions of single elements, and what only moves them. */
    private static final Set<String> BEFORE_DECIDING = Set.of(
            "Add",
            "Sub",
            "Mul",
            "Div",
            "Neg",
            "Sqrt",
            "Relu",
            "Softmax",
            "LogSoftmax",
            "Reshape",
            "Transpose",
            "Cast",
            "Round",
            "Floor",
            "Ceil");

    private Decisions() {}

    /** The values on which a decision rests, through functions of single elements. */
    static Set<String> values(Graph graph) {
        var deciding = new HashSet<String>();
        for (int i = graph.nodes().size() - 1; i >= 0; i--) {
            var node = graph.nodes().get(i);
            boolean passes = BEFORE_DECIDING.contains(node.op())
                    && node.outputs().stream().anyMatch(deciding::contains);
            if (node.domain().isEmpty() && (DECIDING.contains(node.op()) || isIndex(node) || passes)) {
                deciding.addAll(node.inputs());
            }
        }
        return deciding;
    }

    /** Floats as whole numbers, except bytes, which are pixels. */
    private static boolean isIndex(Node node) {
        return node.is("Cast")
                && ValueType.ofOnnxCode((int) node.whole("to", 0))
                        .filter(to -> to.isWhole() && to != ValueType.UINT8)
                        .isPresent();
    }
}
