package smalti.spec.onnx;

import java.util.List;
import java.util.Optional;

/**
 * Nodes in the order of the file, and what goes in and comes out.
 *
 * @param inputs those that an initializer gives a default too
 * @param values types of values in between, where the file says them
 */
public record OnnxGraph(
        String name,
        List<OnnxNode> nodes,
        List<OnnxTensor> initializers,
        List<OnnxValue> inputs,
        List<OnnxValue> outputs,
        List<OnnxValue> values) {
    public OnnxGraph {
        nodes = List.copyOf(nodes);
        initializers = List.copyOf(initializers);
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
        values = List.copyOf(values);
    }

    /** The last initializer of a name. Sparse ones are among them, named as their values are. */
    public Optional<OnnxTensor> initializer(String name) {
        return initializers.stream()
                .filter(tensor -> tensor.name().equals(name))
                .reduce((one, last) -> last);
    }
}
