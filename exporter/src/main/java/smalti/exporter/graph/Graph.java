package smalti.exporter.graph;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A whole ONNX graph.
 *
 * @param initializers constants by name; never also inputs in graphs that this exporter makes
 * @param nodes each after those whose outputs it takes
 */
public record Graph(
        String name,
        List<Value> inputs,
        List<Value> outputs,
        Map<String, ? extends Constant> initializers,
        List<Node> nodes) {
    public Graph {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
        initializers = Collections.unmodifiableMap(new LinkedHashMap<>(initializers));
        nodes = List.copyOf(nodes);
    }

    /** The same graph of other nodes and constants. */
    public Graph with(Map<String, ? extends Constant> otherInitializers, List<Node> otherNodes) {
        return new Graph(name, inputs, outputs, otherInitializers, otherNodes);
    }
}
