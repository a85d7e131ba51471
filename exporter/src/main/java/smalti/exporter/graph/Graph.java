package smalti.exporter.graph;

import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * A whole ONNX graph.
 *
 * @param initializers constants by name; never also inputs in graphs that this exporter makes
 * @param nodes each after those whose outputs it takes
 * @param values what the file says of values inside, as far as it does
 * @param rest a GraphProto of what no pass looks into, written as it was read
 */
public record Graph(
        String name,
        List<Value> inputs,
        List<Value> outputs,
        Map<String, ? extends Constant> initializers,
        List<Node> nodes,
        List<Value> values,
        ByteBuffer rest) {
    public Graph {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
        initializers = Collections.unmodifiableMap(new LinkedHashMap<>(initializers));
        nodes = List.copyOf(nodes);
        values = List.copyOf(values);
    }

    public Graph(
            String name,
            List<Value> inputs,
            List<Value> outputs,
            Map<String, ? extends Constant> initializers,
            List<Node> nodes) {
        this(name, inputs, outputs, initializers, nodes, List.of(), ByteBuffer.allocate(0));
    }

    /** The same graph of other nodes and constants; what was said of values that are no more is left out. */
    public Graph with(Map<String, ? extends Constant> otherInitializers, List<Node> otherNodes) {
        var made = new HashSet<String>(otherInitializers.keySet());
        otherNodes.forEach(node -> made.addAll(node.outputs()));
        var known = values.stream().filter(value -> made.contains(value.name())).toList();
        return new Graph(name, inputs, outputs, otherInitializers, otherNodes, known, rest);
    }

    /** The values of graphs around this one that its nodes, its outputs and the graphs inside take. */
    public Set<String> captured() {
        var captured = new LinkedHashSet<String>();
        nodes.forEach(node -> captured.addAll(node.uses()));
        outputs.forEach(output -> captured.add(output.name()));
        inputs.forEach(input -> captured.remove(input.name()));
        captured.removeAll(initializers.keySet());
        nodes.forEach(node -> node.outputs().forEach(captured::remove));
        return captured;
    }

    /** The same graph with other names for the values that it takes from around it. */
    Graph capturing(UnaryOperator<String> names) {
        var captured = captured();
        UnaryOperator<String> given = name -> captured.contains(name) ? names.apply(name) : name;
        var renamed = outputs.stream()
                .map(output -> new Value(given.apply(output.name()), output.type()))
                .toList();
        return new Graph(
                name,
                inputs,
                renamed,
                initializers,
                nodes.stream().map(node -> node.renamed(given)).toList(),
                values,
                rest);
    }
}
