package smalti.exporter.inspect;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import smalti.exporter.cost.Flops;
import smalti.exporter.cost.GraphCost;
import smalti.exporter.cost.Total;

/**
 * All nodes of one operator, those of bodies included, each body once.
 *
 * @param parameters that its nodes take; what several take counts for each
 * @param flops of a loop, those of the whole run
 */
public record OperatorShare(String op, int nodes, long parameters, Total flops) {
    /** The most frequent first. */
    static List<OperatorShare> of(GraphCost graph) {
        var shares = new LinkedHashMap<String, OperatorShare>();
        add(graph, shares);
        var list = new ArrayList<>(shares.values());
        list.sort(Comparator.comparingInt(OperatorShare::nodes).reversed().thenComparing(OperatorShare::op));
        return list;
    }

    private static void add(GraphCost graph, Map<String, OperatorShare> shares) {
        for (var node : graph.nodes()) {
            var before = shares.getOrDefault(node.op(), new OperatorShare(node.op(), 0, 0, new Total(0, 0)));
            long known = node.flops() instanceof Flops.Counted counted ? counted.count() : 0;
            long sum = before.flops().known() + known;
            long parameters = before.parameters() + node.parameters();
            boolean unknown = node.flops() instanceof Flops.Unknown || sum < 0;
            shares.put(
                    node.op(),
                    new OperatorShare(
                            node.op(),
                            before.nodes() + 1,
                            parameters < 0 ? Long.MAX_VALUE : parameters,
                            new Total(
                                    sum < 0 ? before.flops().known() : sum,
                                    before.flops().unknown() + (unknown ? 1 : 0))));
            node.bodies().forEach(body -> add(body, shares));
        }
    }
}
