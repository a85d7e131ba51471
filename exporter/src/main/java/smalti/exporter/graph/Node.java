package smalti.exporter.graph;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * One operator of ONNX's default domain.
 *
 * @param name unique in its graph; the name of its first output
 * @param op such as {@code Conv}
 * @param attributes sorted, so that the same node is always the same bytes
 */
public record Node(
        String name, String op, List<String> inputs, List<String> outputs, SortedMap<String, Attribute> attributes) {
    public Node {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
        attributes = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(attributes));
    }

    public static Node of(String op, List<String> inputs, String output, Map<String, Attribute> attributes) {
        return new Node(output, op, inputs, List.of(output), new TreeMap<>(attributes));
    }

    /** The same node on other values; it is named after its first output again. */
    Node renamed(UnaryOperator<String> names) {
        var renamed = outputs.stream().map(names).toList();
        return new Node(renamed.get(0), op, inputs.stream().map(names).toList(), renamed, attributes);
    }
}
