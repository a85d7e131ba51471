package smalti.exporter.graph;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Shapes.Numbers;

/** A node with what is known of its inputs, to which rules add what follows of its outputs; null stands for unknown. */
final class KnownNode {
    private final Shapes shapes;
    private final Node node;
    private final int opset;

    KnownNode(Shapes shapes, Node node, int opset) {
        this.shapes = shapes;
        this.node = node;
        this.opset = opset;
    }

    String op() {
        return node.op();
    }

    int opset() {
        return opset;
    }

    // ---- inputs

    /** How many there are, those that are left out included. */
    int inputs() {
        return node.inputs().size();
    }

    boolean has(int input) {
        return !node.input(input).isEmpty();
    }

    Optional<ValueType> element(int input) {
        return shapes.element(node.input(input));
    }

    @Nullable
    List<Axis> shape(int input) {
        return has(input) ? shapes.shape(node.input(input)).orElse(null) : null;
    }

    /** The elements of a short list of whole numbers, if all are known. */
    @Nullable
    List<Long> longs(int input) {
        return has(input) ? shapes.longs(node.input(input)).orElse(null) : null;
    }

    /** What is known of the elements of a short list of whole numbers. */
    @Nullable
    Numbers numbers(int input) {
        return has(input) ? shapes.numbers(node.input(input)) : null;
    }

    @Nullable
    List<Float> floats(int input) {
        return has(input) ? shapes.floats(node.input(input)).orElse(null) : null;
    }

    // ---- attributes

    Map<String, Attribute> attributes() {
        return node.attributes();
    }

    boolean hasAttribute(String name) {
        return node.attributes().containsKey(name);
    }

    @Nullable
    Attribute attribute(String name) {
        return node.attributes().get(name);
    }

    long whole(String name, long otherwise) {
        return node.whole(name, otherwise);
    }

    @Nullable
    List<Long> wholes(String name) {
        return node.wholes(name).orElse(null);
    }

    String text(String name, String otherwise) {
        return node.text(name, otherwise);
    }

    /** A list that moved from an attribute to an input; null where it is left out or unknown: ask {@link #isGiven}. */
    @Nullable
    List<Long> list(String name, int input) {
        var fixed = wholes(name);
        return fixed == null ? longs(input) : fixed;
    }

    boolean isGiven(String name, int input) {
        return hasAttribute(name) || has(input);
    }

    /** The graphs that the node runs, with what is known inside them. */
    Shapes inside(Graph body) {
        return Shapes.of(body, opset, shapes);
    }

    List<Graph> bodies() {
        return node.bodies();
    }

    // ---- outputs

    int outputs() {
        return node.outputs().size();
    }

    @Nullable
    List<Axis> outputShape(int output) {
        return shapes.shape(node.outputs().get(output)).orElse(null);
    }

    @Nullable
    ValueType outputElement(int output) {
        return shapes.element(node.outputs().get(output)).orElse(null);
    }

    void give(int output, ValueType element) {
        shapes.element(node.outputs().get(output), element);
    }

    void give(int output, List<Axis> shape) {
        shapes.shape(node.outputs().get(output), shape);
    }

    /** The first output is that constant. */
    void giveConstant(Constant constant) {
        shapes.constant(node.output(), constant);
    }

    /** The elements of the first output. */
    void give(Numbers numbers) {
        shapes.numbers(node.output(), numbers);
    }

    /** The second output, if it is there, has the shape of the first. */
    void giveSecondLikeFirst() {
        var first = outputShape(0);
        if (outputs() > 1 && first != null) {
            give(1, first);
        }
    }
}
