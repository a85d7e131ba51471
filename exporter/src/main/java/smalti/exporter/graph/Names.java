package smalti.exporter.graph;

import java.util.HashSet;
import java.util.Set;

/** The names that values and nodes bear already; new ones are unique and the same every time. */
public final class Names {
    private final Set<String> taken = new HashSet<>();

    public Names() {}

    /** Those of a graph and of the bodies inside it. */
    public static Names of(Graph graph) {
        var names = new Names();
        names.collect(graph);
        return names;
    }

    private void collect(Graph graph) {
        graph.inputs().forEach(input -> taken.add(input.name()));
        graph.outputs().forEach(output -> taken.add(output.name()));
        taken.addAll(graph.initializers().keySet());
        for (var node : graph.nodes()) {
            taken.add(node.name());
            taken.addAll(node.inputs());
            taken.addAll(node.outputs());
            node.bodies().forEach(this::collect);
        }
    }

    /** Takes a name; false if it is taken already. */
    public boolean take(String name) {
        return taken.add(name);
    }

    /** Takes {@code hint} if it is free, else {@code hint_2}, {@code hint_3}, … */
    public String fresh(String hint) {
        var name = hint;
        for (int i = 2; !taken.add(name); i++) {
            name = hint + "_" + i;
        }
        return name;
    }
}
