package smalti.exporter.pass;

import java.util.TreeMap;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;

/** A pass over each graph of a model on its own, the bodies of nodes before the graph around them. */
abstract class GraphPass implements Pass {
    private final String name;

    GraphPass(String name) {
        this.name = name;
    }

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final Model apply(Model model) {
        var draft = new GraphEdit(model);
        return rewritten(draft) ? model.with(draft.graph()) : model;
    }

    private boolean rewritten(GraphEdit draft) {
        for (var node : draft.nodes()) {
            if (node.bodies().isEmpty()) {
                continue;
            }
            var attributes = new TreeMap<>(node.attributes());
            boolean changed = false;
            for (var attribute : node.attributes().entrySet()) {
                if (attribute.getValue() instanceof Attribute.Body body) {
                    var inner = new GraphEdit(draft, body.value());
                    if (rewritten(inner)) {
                        Graph graph = inner.graph();
                        attributes.put(attribute.getKey(), new Attribute.Body(graph));
                        changed = true;
                    }
                }
            }
            if (changed) {
                draft.replace(node, node.withAttributes(attributes));
            }
        }
        rewrite(draft);
        return draft.isChanged();
    }

    /** Changes one graph; its bodies are done. */
    abstract void rewrite(GraphEdit draft);
}
