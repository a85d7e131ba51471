package smalti.exporter.inspect;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.pass.Passes;

/**
 * What one of the passes that {@code optimize} runs would change.
 *
 * @param pass its name
 * @param nodes those that it would take out, or put another in the place of
 * @param added nodes that it would put in
 */
public record Redundancy(String pass, List<String> nodes, int added) {
    private static final int MOST_ROUNDS = 50;

    public Redundancy {
        nodes = List.copyOf(nodes);
    }

    /** A node that is the same before and after a pass, whatever it is linked to: by its name, if it has one. */
    private record Key(String op, String name) {}

    /** All that the simplifying passes would change, in their order; empty once they have run. */
    @SuppressWarnings("ReferenceEquality") // a pass that changes nothing gives the very same model
    static List<Redundancy> of(Model model) {
        var gone = new LinkedHashMap<String, Set<String>>();
        var added = new TreeMap<String, Integer>();
        var now = model;
        for (int round = 0; round < MOST_ROUNDS; round++) {
            var start = now;
            for (var pass : Passes.simplifying().list()) {
                var after = pass.apply(now);
                if (after != now) {
                    compare(now, after, pass.name(), gone, added);
                    now = after;
                }
            }
            if (now == start) {
                break;
            }
        }
        var list = new ArrayList<Redundancy>();
        gone.forEach((pass, nodes) -> list.add(new Redundancy(pass, List.copyOf(nodes), added.getOrDefault(pass, 0))));
        return list;
    }

    private static void compare(
            Model before, Model after, String pass, Map<String, Set<String>> gone, Map<String, Integer> added) {
        var had = new LinkedHashMap<Key, String>();
        collect(before.graph(), had);
        var has = new LinkedHashMap<Key, String>();
        collect(after.graph(), has);
        var lost = new LinkedHashSet<String>();
        had.forEach((key, name) -> {
            if (!has.containsKey(key)) {
                lost.add(name);
            }
        });
        var fresh = new HashSet<>(has.keySet());
        fresh.removeAll(had.keySet());
        gone.computeIfAbsent(pass, unseen -> new LinkedHashSet<>()).addAll(lost);
        added.merge(pass, fresh.size(), Integer::sum);
    }

    private static void collect(Graph graph, Map<Key, String> nodes) {
        for (Node node : graph.nodes()) {
            var name = node.name().isEmpty() ? String.join(", ", node.outputs()) : node.name();
            nodes.put(new Key(node.op(), name), node.op() + " " + name);
            node.bodies().forEach(body -> collect(body, nodes));
        }
    }
}
