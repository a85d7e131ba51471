package smalti.exporter.pass;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;

/** Puts the nodes of another graph in the place of one node, under names of their own. */
final class Inlining {
    private final GraphEdit draft;

    Inlining(GraphEdit draft) {
        this.draft = draft;
    }

    /**
     * Replaces a node by what it runs.
     *
     * @param inputs a value for each input of the body; those that are missing are left out
     * @param ends what the body makes for each output of the node
     * @param stacked how many of the last outputs gain a first axis of one
     */
    void inline(Node node, Graph body, List<String> inputs, List<String> ends, int stacked) {
        var names = new HashMap<String, String>();
        for (int i = 0; i < body.inputs().size(); i++) {
            names.put(body.inputs().get(i).name(), i < inputs.size() ? inputs.get(i) : "");
        }
        body.initializers().forEach((name, constant) -> {
            var given = draft.fresh(name);
            names.put(name, given);
            draft.place(given, constant);
        });
        var made = new HashSet<String>();
        body.nodes().forEach(inner -> made.addAll(inner.outputs()));
        var after = new ArrayList<Node>();
        for (int i = 0; i < Math.min(node.outputs().size(), ends.size()); i++) {
            var output = node.outputs().get(i);
            var end = ends.get(i);
            if (output.isEmpty()) {
                continue;
            }
            boolean plain = i < ends.size() - stacked;
            if (plain && made.contains(end) && !names.containsKey(end)) {
                names.put(end, output);
            } else {
                after.add(plain ? Node.of("Identity", List.of(end), output, Map.of()) : stacked(end, output));
            }
        }
        for (var inner : body.nodes()) {
            for (var output : inner.outputs()) {
                if (!output.isEmpty() && !names.containsKey(output)) {
                    names.put(output, draft.fresh(output));
                }
            }
        }
        var nodes = new ArrayList<Node>();
        for (var inner : body.nodes()) {
            var renamed = inner.renamed(name -> names.getOrDefault(name, name));
            nodes.add(new Node(
                    inner.name(),
                    inner.domain(),
                    inner.op(),
                    renamed.inputs(),
                    renamed.outputs(),
                    renamed.attributes()));
        }
        for (var end : after) {
            var taken = new ArrayList<>(end.inputs());
            taken.set(0, names.getOrDefault(taken.get(0), taken.get(0)));
            nodes.add(end.withInputs(taken));
        }
        draft.replace(node, nodes.toArray(Node[]::new));
    }

    private Node stacked(String end, String output) {
        var first = Tensor.sizes(List.of(0L));
        return Node.of("Unsqueeze", List.of(end, draft.add(output + "_axis", first)), output, Map.of());
    }

    /** Replaces a node that gives what it was given. */
    void pass(Node node, List<String> given) {
        var nodes = new ArrayList<Node>();
        for (int i = 0; i < node.outputs().size(); i++) {
            if (!node.outputs().get(i).isEmpty()) {
                nodes.add(new Node(
                        node.name(),
                        "",
                        "Identity",
                        List.of(given.get(i)),
                        List.of(node.outputs().get(i)),
                        new TreeMap<String, Attribute>()));
            }
        }
        draft.replace(node, nodes.toArray(Node[]::new));
    }
}
