package smalti.exporter.cost;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one run of a graph costs.
 *
 * @param nodes in the order of the graph
 * @param flops of all nodes; the unknown parts are nodes
 * @param peakBytes the most bytes of values that live at once; the unknown parts are values
 * @param peakAt the node at which that is; null of a graph without nodes
 * @param largest the largest value that a node makes or the graph takes; null where no size is known
 */
public record GraphCost(
        String name,
        List<NodeCost> nodes,
        Total flops,
        Total peakBytes,
        @Nullable String peakAt,
        @Nullable ValueCost largest) {
    public GraphCost {
        nodes = List.copyOf(nodes);
    }
}
