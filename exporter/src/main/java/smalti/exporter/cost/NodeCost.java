package smalti.exporter.cost;

import java.util.List;

/**
 * What a node costs.
 *
 * @param name the node's own, or that of its first output where it has none
 * @param op with the domain in front where it is not ONNX's own
 * @param outputs those left out are not among them
 * @param parameters elements of the constants that it takes
 * @param parameterBytes their bytes
 * @param bodies the graphs that it runs, in the order of {@link smalti.exporter.graph.Node#bodies}
 */
public record NodeCost(
        String name,
        String op,
        List<ValueCost> outputs,
        long parameters,
        long parameterBytes,
        Flops flops,
        List<GraphCost> bodies) {
    public NodeCost {
        outputs = List.copyOf(outputs);
        bodies = List.copyOf(bodies);
    }
}
