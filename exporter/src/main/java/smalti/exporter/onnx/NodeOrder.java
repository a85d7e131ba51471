package smalti.exporter.onnx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.Predicate;
import smalti.exporter.graph.Node;

/**
 * The nodes of a graph in the order of its file, where that puts each behind those that it needs.
 *
 * @param problems values that nothing makes, and circles
 * @param misplaced the nodes that stand before one that they need in the file, which ONNX forbids
 */
record NodeOrder(List<Node> nodes, List<String> problems, List<String> misplaced) {
    private static final int MOST_NAMED = 20;

    /**
     * @param made the values of the graph, each made once
     * @param isAround whether it sees a value around it
     */
    static NodeOrder of(List<Node> nodes, Set<String> made, Predicate<String> isAround) {
        var maker = new HashMap<String, Integer>();
        for (int i = 0; i < nodes.size(); i++) {
            for (var output : nodes.get(i).outputs()) {
                maker.put(output, i);
            }
        }
        maker.remove("");
        var problems = new ArrayList<String>();
        var misplaced = new ArrayList<String>();
        var waiting = new int[nodes.size()];
        var users = new ArrayList<List<Integer>>();
        nodes.forEach(node -> users.add(new ArrayList<>()));
        var ready = new PriorityQueue<Integer>();
        for (int i = 0; i < nodes.size(); i++) {
            var makers = new LinkedHashSet<Integer>();
            for (var used : nodes.get(i).uses()) {
                var by = maker.get(used);
                if (by != null) {
                    makers.add(by);
                    if (by > i && misplaced.size() < MOST_NAMED) {
                        misplaced.add(String.format(
                                Locale.ROOT,
                                "%s must stand behind %s, which makes \"%s\" for it, got it before",
                                told(nodes.get(i)),
                                told(nodes.get(by)),
                                used));
                    }
                } else if (!made.contains(used) && !isAround.test(used)) {
                    problems.add(told(nodes.get(i)) + " takes \"" + used + "\", which nothing makes");
                }
            }
            waiting[i] = makers.size();
            for (int by : makers) {
                users.get(by).add(i);
            }
            if (waiting[i] == 0) {
                ready.add(i);
            }
        }
        var sorted = new ArrayList<Node>();
        while (!ready.isEmpty()) {
            int next = ready.remove();
            sorted.add(nodes.get(next));
            for (int user : users.get(next)) {
                if (--waiting[user] == 0) {
                    ready.add(user);
                }
            }
        }
        if (sorted.size() < nodes.size()) {
            var stuck = new ArrayList<String>();
            for (int i = 0; i < nodes.size() && stuck.size() < MOST_NAMED; i++) {
                if (waiting[i] > 0) {
                    stuck.add(told(nodes.get(i)));
                }
            }
            problems.add("nodes must not need one another in a circle, got " + String.join(", ", stuck));
        }
        return new NodeOrder(sorted, problems, misplaced);
    }

    /** A node in errors: its operator, and its name or else its outputs. */
    static String told(Node node) {
        var name = node.name().isEmpty() ? String.join(",", node.outputs()) : node.name();
        return node.op() + " \"" + name + "\"";
    }
}
