package smalti.exporter.opset;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Names;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Shapes;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;

/** Where one node stands: what is known of it, and the nodes that come in its place. */
final class NodeConversion {
    private final Node node;
    private final Shapes shapes;
    private final Names names;
    private final int source;
    private final int target;
    private final List<Node> written = new ArrayList<>();
    private final Map<String, Constant> constants = new LinkedHashMap<>();

    NodeConversion(Node node, Shapes shapes, Names names, int source, int target) {
        this.node = node;
        this.shapes = shapes;
        this.names = names;
        this.source = source;
        this.target = target;
    }

    Node node() {
        return node;
    }

    int source() {
        return source;
    }

    int target() {
        return target;
    }

    List<Node> written() {
        return written;
    }

    Map<String, Constant> constants() {
        return constants;
    }

    // ---- what is known

    String input(int index) {
        return node.input(index);
    }

    boolean has(int index) {
        return !node.input(index).isEmpty();
    }

    /** Whether anybody takes an output. */
    boolean makes(int output) {
        return output < node.outputs().size() && !node.outputs().get(output).isEmpty();
    }

    ValueType type(int index) {
        return shapes.element(input(index))
                .orElseThrow(() -> new NoForm("the type of its input \"%s\" must be known", input(index)));
    }

    Optional<ValueType> knownType(int index) {
        return shapes.element(input(index));
    }

    Optional<List<Axis>> shape(int index) {
        return shapes.shape(input(index));
    }

    int rank(int index) {
        return shapes.rank(input(index))
                .orElseThrow(() -> new NoForm("the rank of its input \"%s\" must be known", input(index)));
    }

    /** The size of an axis, or −1 where it is free. */
    long size(int index, int axis) {
        return shape(index)
                .filter(axes -> axis < axes.size())
                .map(axes -> axes.get(axis).size())
                .orElse(-1L);
    }

    /** The whole numbers of an input that is constant. */
    List<Long> longs(int index, String what) {
        return shapes.longs(input(index)).orElseThrow(() -> new NoForm("its %s must be constant", what));
    }

    /** The floats of an input that is constant. */
    List<Float> floats(int index, String what) {
        return shapes.floats(input(index)).orElseThrow(() -> new NoForm("its %s must be constant", what));
    }

    // ---- what is written

    String constant(Tensor tensor) {
        var name = fresh("constant");
        constants.put(name, tensor);
        return name;
    }

    String scalar(ValueType type, double value) {
        return constant(Tensor.scalar(type, value));
    }

    /** A list of whole numbers. */
    String list(long... values) {
        return constant(Tensor.of(values, values.length));
    }

    String op(String op, String... inputs) {
        return op(op, Map.of(), inputs);
    }

    /** A node of one output, which gets a name of its own. */
    String op(String op, Map<String, Attribute> attributes, String... inputs) {
        var output = fresh(op);
        written.add(new Node(output, "", op, List.of(inputs), List.of(output), new TreeMap<>(attributes)));
        return output;
    }

    /**
     * A Scan of one state and one sequence, of which the sequence that it makes is taken. A sequence without numbers stays as
     * it is: ONNX Runtime's Scan would divide by zero, and end the process.
     */
    String scan(Map<String, Attribute> attributes, ValueType type, String state, String sequence) {
        var outputs = List.of(fresh("state"), fresh("Scan"));
        var scan = new Node(outputs.get(1), "", "Scan", List.of(state, sequence), outputs, new TreeMap<>(attributes));
        var same = fresh("same");
        var keep = Node.of("Identity", List.of(sequence), same, Map.of());
        var isEmpty = op("Equal", op("Size", sequence), scalar(ValueType.INT64, 0));
        return op(
                "If",
                Map.of(
                        "then_branch", new Attribute.Body(branch(keep, same, type)),
                        "else_branch", new Attribute.Body(branch(scan, outputs.get(1), type))),
                isEmpty);
    }

    private static Graph branch(Node node, String output, ValueType type) {
        return new Graph(
                node.op(),
                List.of(),
                List.of(new Value(output, type, null, Value.Layout.PLAIN)),
                Map.of(),
                List.of(node));
    }

    /** A name that no value has. */
    String fresh(String name) {
        return names.fresh(node.output() + "/" + name);
    }

    String cast(String value, ValueType type) {
        return op("Cast", Map.of("to", Attribute.of((long) type.onnxCode())), value);
    }

    String unsqueeze(String value, long... axes) {
        return op("Unsqueeze", value, list(axes));
    }

    /** The size of an axis at run time: a list of one. */
    String sizeOf(String value, long axis) {
        return op("Gather", op("Shape", value), list(axis));
    }

    /** From 0 up to what a list of one says, without it. */
    String upTo(String count) {
        return op("Range", scalar(ValueType.INT64, 0), op("Squeeze", count, list(0)), scalar(ValueType.INT64, 1));
    }

    /** The mean over axes, which stay with size 1. */
    String mean(String value, List<Long> axes) {
        return target < 18
                ? op("ReduceMean", Map.of("axes", Attribute.ints(axes)), value)
                : op("ReduceMean", value, constant(Tensor.sizes(axes)));
    }

    /** The last node of those in this one's place makes its first output, and bears its name. */
    void end(String op, Map<String, Attribute> attributes, String... inputs) {
        written.add(new Node(node.name(), "", op, List.of(inputs), List.of(node.output()), new TreeMap<>(attributes)));
    }

    void end(String op, String... inputs) {
        end(op, Map.of(), inputs);
    }

    /** A further output is what a value written is. */
    void give(int output, String value) {
        var name = node.outputs().get(output);
        written.add(new Node(
                names.fresh(name + "/Identity"), "", "Identity", List.of(value), List.of(name), new TreeMap<>()));
    }

    /** The node itself, in the form of the other opset. */
    void same(Map<String, Attribute> attributes, List<String> inputs) {
        written.add(node.withInputs(inputs).withAttributes(attributes));
    }
}
