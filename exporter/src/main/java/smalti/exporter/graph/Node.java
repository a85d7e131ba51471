package smalti.exporter.graph;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * One use of an operator.
 *
 * @param name unique among those of its graph that have one; of nodes that this exporter makes, that of the first output
 * @param domain empty for ONNX's own
 * @param op such as {@code Conv}
 * @param inputs empty strings for those left out
 * @param outputs empty strings for those left out
 * @param attributes sorted, so that the same node is always the same bytes
 */
public record Node(
        String name,
        String domain,
        String op,
        List<String> inputs,
        List<String> outputs,
        SortedMap<String, Attribute> attributes) {
    public Node {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
        attributes = Collections.unmodifiableSortedMap(new TreeMap<>(attributes));
    }

    /** A node of ONNX's own domain. */
    public static Node of(String op, List<String> inputs, List<String> outputs, Map<String, Attribute> attributes) {
        return new Node(outputs.get(0), "", op, inputs, outputs, new TreeMap<>(attributes));
    }

    public static Node of(String op, List<String> inputs, String output, Map<String, Attribute> attributes) {
        return of(op, inputs, List.of(output), attributes);
    }

    /** Whether this is the operator of ONNX's own domain. */
    public boolean is(String operator) {
        return domain.isEmpty() && op.equals(operator);
    }

    /** The same node with other inputs. */
    public Node withInputs(List<String> others) {
        return new Node(name, domain, op, others, outputs, attributes);
    }

    /** The same node on other values; it is named after its first output again. */
    Node renamed(UnaryOperator<String> names) {
        UnaryOperator<String> given = value -> value.isEmpty() ? value : names.apply(value);
        var renamed = outputs.stream().map(given).toList();
        return new Node(renamed.get(0), domain, op, inputs.stream().map(given).toList(), renamed, attributes);
    }
}
