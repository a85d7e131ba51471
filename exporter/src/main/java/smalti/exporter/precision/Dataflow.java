package smalti.exporter.precision;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/** Who makes and who takes each value of a graph, and which values are constant. */
final class Dataflow {
    private final Graph graph;
    private final Map<String, Node> makers = new HashMap<>();
    private final Map<String, List<Node>> users = new HashMap<>();
    private final Set<String> inputs = new HashSet<>();
    private final Set<String> outputs = new HashSet<>();

    Dataflow(Graph graph) {
        this.graph = graph;
        graph.inputs().forEach(input -> inputs.add(input.name()));
        graph.outputs().forEach(output -> outputs.add(output.name()));
        for (var node : graph.nodes()) {
            node.outputs().forEach(output -> makers.put(output, node));
            var uses = new ArrayList<>(node.inputs());
            node.bodies().forEach(body -> uses.addAll(body.captured()));
            uses.forEach(use ->
                    users.computeIfAbsent(use, unseen -> new ArrayList<>()).add(node));
        }
    }

    Graph graph() {
        return graph;
    }

    /** The node that makes a value; null of inputs and initializers. */
    @Nullable
    Node maker(String value) {
        return makers.get(value);
    }

    /** The nodes that take a value, each as often as it does; bodies that do count for their node. */
    List<Node> users(String value) {
        return users.getOrDefault(value, List.of());
    }

    /** The one place that takes a value; null where there are others, or the value is an output. */
    @Nullable
    Node onlyUser(String value) {
        var all = users(value);
        return all.size() == 1 && !isOutput(value) ? all.get(0) : null;
    }

    boolean isInput(String value) {
        return inputs.contains(value);
    }

    boolean isOutput(String value) {
        return outputs.contains(value);
    }

    /** A constant that no caller can override. */
    @Nullable
    Tensor constant(String value) {
        return !isInput(value) && graph.initializers().get(value) instanceof Tensor tensor ? tensor : null;
    }

    /** Whether a value is one constant number in float32. */
    boolean isNumber(String value, double number) {
        var constant = constant(value);
        return constant != null
                && constant.type() == ValueType.FLOAT32
                && constant.count() == 1
                && constant.number(0) == number;
    }
}
