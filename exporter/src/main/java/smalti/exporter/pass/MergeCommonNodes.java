package smalti.exporter.pass;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;

/** Computes once what is computed twice from the same values, and keeps one of equal constants. */
final class MergeCommonNodes extends GraphPass {
    MergeCommonNodes() {
        super("common-nodes");
    }

    private record Key(String op, List<String> inputs, List<Boolean> outputs, Map<String, Attribute> attributes) {}

    @Override
    void rewrite(GraphEdit draft) {
        mergeConstants(draft);
        var first = new HashMap<Key, Node>();
        draft.each(node -> {
            if (!OperatorKinds.isRepeatable(node)) {
                return;
            }
            var made = node.outputs().stream().map(String::isEmpty).toList();
            var same = first.putIfAbsent(new Key(node.op(), node.inputs(), made, node.attributes()), node);
            if (same == null || draft.maker(same.output()) == null) {
                return;
            }
            // left where the outputs of both are the graph's
            if (node.outputs().size() == 1) {
                draft.bypass(node, same.output());
            } else {
                draft.bypass(node, same.outputs());
            }
        });
    }

    private static void mergeConstants(GraphEdit draft) {
        var first = new HashMap<Constant, String>();
        draft.initializers().forEach((name, constant) -> {
            if (constant instanceof Tensor && draft.isPlainInitializer(name)) {
                var same = first.putIfAbsent(constant, name);
                if (same != null) {
                    draft.redirect(name, same);
                }
            }
        });
    }
}
