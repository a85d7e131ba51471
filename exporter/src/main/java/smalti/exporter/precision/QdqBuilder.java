package smalti.exporter.precision;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Names;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.precision.ActivationType.Steps;

/** Puts the nodes of a graph in QDQ form in order, with their constants; equal scales and zero points stand there once. */
final class QdqBuilder {
    private final Graph original;
    private final ActivationType type;
    private final Names names;
    private final List<Node> nodes = new ArrayList<>();
    private final Set<String> made = new HashSet<>();
    private final Map<String, Constant> constants = new LinkedHashMap<>();
    private final Map<Float, String> scales = new HashMap<>();
    private final Map<Integer, String> zeroPoints = new HashMap<>();

    QdqBuilder(Graph original, ActivationType type) {
        this.original = original;
        this.type = type;
        this.names = Names.of(original);
        original.inputs().forEach(input -> made.add(input.name()));
    }

    void add(Node node) {
        nodes.add(node);
        made.addAll(node.outputs());
    }

    /** Whether a value is there in float, under its own name. */
    boolean isMade(String value) {
        return made.contains(value);
    }

    String fresh(String hint) {
        return names.fresh(hint);
    }

    /** @return its name */
    String constant(String hint, Tensor tensor) {
        var name = fresh(hint);
        constants.put(name, tensor);
        return name;
    }

    void quantize(String floats, Steps steps, String bytes) {
        add(Node.of("QuantizeLinear", List.of(floats, scale(steps), zeroPoint(steps)), bytes, Map.of()));
    }

    void dequantize(String bytes, Steps steps, String floats) {
        add(Node.of("DequantizeLinear", List.of(bytes, scale(steps), zeroPoint(steps)), floats, Map.of()));
    }

    /**
     * Adds a constant in whole numbers.
     *
     * @return the name of the constant in float
     */
    String dequantized(String hint, QuantizedTensor tensor) {
        var inputs = List.of(
                constant(hint + QuantizedValues.SUFFIX, tensor.steps()),
                constant(hint + "_scale", tensor.scale()),
                constant(hint + "_zero_point", tensor.zeroPoint()));
        var floats = fresh(hint);
        Map<String, Attribute> attributes = tensor.axis() < 0 ? Map.of() : Map.of("axis", Attribute.of(tensor.axis()));
        add(Node.of("DequantizeLinear", inputs, floats, attributes));
        return floats;
    }

    private String scale(Steps steps) {
        return scales.computeIfAbsent(steps.scale(), scale -> constant("scale", Tensor.of(new float[] {scale})));
    }

    /** The step of zero. */
    String zeroPoint(Steps steps) {
        return zeroPoints.computeIfAbsent(
                steps.zeroPoint(), zero -> constant("zero_point", Tensor.scalar(type.element(), zero)));
    }

    /** The graph of what was added; of the original's constants those that are still taken. */
    Graph graph() {
        var used = new HashSet<String>();
        original.inputs().forEach(input -> used.add(input.name()));
        original.outputs().forEach(output -> used.add(output.name()));
        nodes.forEach(node -> used.addAll(node.uses()));
        var initializers = new LinkedHashMap<String, Constant>(original.initializers());
        initializers.keySet().retainAll(used);
        initializers.putAll(constants);
        return original.with(initializers, nodes);
    }
}
