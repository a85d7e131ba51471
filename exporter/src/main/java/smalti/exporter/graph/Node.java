package smalti.exporter.graph;

import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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

    /** A whole-number attribute. */
    public long whole(String attribute, long otherwise) {
        return attributes.get(attribute) instanceof Attribute.Int number ? number.value() : otherwise;
    }

    /** An attribute of whole numbers, if it is there. */
    public Optional<List<Long>> wholes(String attribute) {
        return attributes.get(attribute) instanceof Attribute.Ints numbers
                ? Optional.of(numbers.values())
                : Optional.empty();
    }

    /** A float attribute. */
    public float real(String attribute, float otherwise) {
        return attributes.get(attribute) instanceof Attribute.Real number ? number.value() : otherwise;
    }

    /** A string attribute. */
    public String text(String attribute, String otherwise) {
        return attributes.get(attribute) instanceof Attribute.Text text ? text.value() : otherwise;
    }

    /** The input at a place; empty where it is left out. */
    public String input(int index) {
        return index < inputs.size() ? inputs.get(index) : "";
    }

    /** The first output. */
    public String output() {
        return outputs.get(0);
    }

    /** The same node with other inputs. */
    public Node withInputs(List<String> others) {
        return new Node(name, domain, op, others, outputs, attributes);
    }

    /** The same node with other attributes. */
    public Node withAttributes(Map<String, Attribute> others) {
        return new Node(name, domain, op, inputs, outputs, new TreeMap<>(others));
    }

    /** The same node with other outputs. */
    public Node withOutputs(List<String> others) {
        return new Node(name, domain, op, inputs, others, attributes);
    }

    /** The graphs that the node runs. */
    public List<Graph> bodies() {
        return attributes.values().stream()
                .filter(Attribute.Body.class::isInstance)
                .map(attribute -> ((Attribute.Body) attribute).value())
                .toList();
    }

    /** The values that the node takes, those that its bodies take from around it included. */
    public Set<String> uses() {
        var uses = new LinkedHashSet<>(inputs);
        uses.remove("");
        bodies().forEach(body -> uses.addAll(body.captured()));
        return uses;
    }

    /** The same node on other values, those that its bodies take included; it is named after its first output again. */
    public Node renamed(UnaryOperator<String> names) {
        UnaryOperator<String> given = value -> value.isEmpty() ? value : names.apply(value);
        var renamed = outputs.stream().map(given).toList();
        var inside = new TreeMap<>(attributes);
        inside.replaceAll((name, attribute) -> attribute instanceof Attribute.Body body
                ? new Attribute.Body(body.value().capturing(names))
                : attribute);
        var named = renamed.isEmpty() ? name : renamed.get(0);
        return new Node(named, domain, op, inputs.stream().map(given).toList(), renamed, inside);
    }
}
