package smalti.exporter.pass;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;

/**
 * Computes what depends on constants alone, in ONNX Runtime, and what shape inference knows; makes Constant nodes
 * initializers, and a CastLike of a known type a Cast.
 */
final class FoldConstants extends GraphPass {
    /** Nodes that were among those with which ONNX Runtime ended: it would do so again in the next round. */
    private final Set<Node> deadly = Collections.newSetFromMap(new IdentityHashMap<>());

    FoldConstants() {
        super("constants");
    }

    @Override
    void rewrite(GraphEdit draft) {
        draft.each(node -> {
            if (node.is("Constant")) {
                moveToInitializers(node, draft);
            } else if (!takeFromShapes(node, draft) && node.is("CastLike")) {
                nameType(node, draft);
            }
        });
        var chosen = ConstantNodes.of(draft);
        var results = new ConstantRun(draft, deadly).results(chosen);
        for (var node : chosen.nodes()) {
            var kept = chosen.kept(node);
            if (!kept.isEmpty() && results.keySet().containsAll(kept)) {
                draft.place(node, results);
            }
        }
    }

    private static void moveToInitializers(Node node, GraphEdit draft) {
        var constant = GraphEdit.ofNode(node);
        if (constant != null && !draft.isOutput(node.output()) && draft.model().allowsPlainInitializers()) {
            draft.remove(node);
            draft.place(node.output(), constant);
        }
    }

    private static boolean takeFromShapes(Node node, GraphEdit draft) {
        if (!OperatorKinds.isRepeatable(node) || node.outputs().size() != 1) {
            return false;
        }
        var known = draft.shapes().longs(node.output());
        var rank = draft.shapes().rank(node.output());
        var type = draft.shapes().element(node.output());
        if (known.isEmpty() || rank.isEmpty() || type.isEmpty()) {
            return false;
        }
        var tensor = Tensor.sizes(known.get()).cast(type.get());
        draft.place(node, Map.of(node.output(), rank.get() == 0 ? tensor.reshaped(List.of()) : tensor));
        return true;
    }

    /** The second input of a CastLike gives its type alone. */
    private static void nameType(Node node, GraphEdit draft) {
        draft.shapes().element(node.input(1)).ifPresent(type -> {
            var attributes = new TreeMap<>(node.attributes());
            attributes.put("to", Attribute.of((long) type.onnxCode()));
            draft.replace(node, new Node(node.name(), "", "Cast", List.of(node.input(0)), node.outputs(), attributes));
        });
    }
}
