package smalti.exporter.graph;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A whole ONNX graph.
 *
 * @param initializers constants by name, in the order in which nodes first use them; never also inputs
 * @param nodes each after those whose outputs it takes
 */
public record Graph(
        String name, List<Value> inputs, List<Value> outputs, Map<String, Tensor> initializers, List<Node> nodes) {
    public Graph {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
        initializers = Collections.unmodifiableMap(new LinkedHashMap<>(initializers));
        nodes = List.copyOf(nodes);
    }
}
