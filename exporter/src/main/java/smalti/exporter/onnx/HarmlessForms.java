package smalti.exporter.onnx;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Names;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Shapes;
import smalti.exporter.graph.Tensor;

/**
 * Writes what ONNX Runtime's own fusions would spoil so that they leave it alone, for whoever runs the file.
 *
 * @see smalti.spec.onnx.EngineFault#PAD_BEFORE_MAX_POOL
 * @see smalti.spec.onnx.EngineFault#DEQUANTIZE_BEFORE_TRANSPOSE
 */
final class HarmlessForms {
    private HarmlessForms() {}

    static Model of(Model model) {
        return counted(turned(pooled(model)));
    }

    /**
     * A Range takes its constants as numbers and not as lists of one: ONNX Runtime runs it on such lists, but opens no file
     * in which they are constants.
     */
    private static Model counted(Model model) {
        var graph = model.graph();
        var constants = new LinkedHashMap<String, Constant>(graph.initializers());
        var names = Names.of(graph);
        var nodes = graph.nodes().stream()
                .map(node -> node.is("Range") ? ofNumbers(node, constants, names) : node)
                .toList();
        return constants.size() == graph.initializers().size() ? model : model.with(graph.with(constants, nodes));
    }

    private static Node ofNumbers(Node node, Map<String, Constant> constants, Names names) {
        return node.withInputs(node.inputs().stream()
                .map(input -> {
                    if (!(constants.get(input) instanceof Tensor list) || list.rank() == 0 || list.count() != 1) {
                        return input;
                    }
                    var name = names.fresh(input + "_number");
                    constants.put(name, list.reshaped(List.of()));
                    return name;
                })
                .toList());
    }

    /** Beside dequantized values a Transpose says its {@code perm}, where it is known. */
    private static Model turned(Model model) {
        var nodes = model.graph().nodes();
        if (nodes.stream().noneMatch(node -> node.op().equals("DequantizeLinear"))
                || nodes.stream().noneMatch(HarmlessForms::isUnsaid)) {
            return model;
        }
        var shapes = Shapes.of(model);
        var said = nodes.stream()
                .map(node -> !isUnsaid(node)
                        ? node
                        : shapes.shape(node.input(0))
                                .map(shape -> reversing(node, shape.size()))
                                .orElse(node))
                .toList();
        return model.with(model.graph().with(model.graph().initializers(), said));
    }

    private static boolean isUnsaid(Node node) {
        return node.is("Transpose") && !node.attributes().containsKey("perm");
    }

    private static Node reversing(Node node, int rank) {
        var attributes = new TreeMap<>(node.attributes());
        attributes.put(
                "perm",
                Attribute.ints(
                        LongStream.range(0, rank).map(axis -> rank - 1 - axis).toArray()));
        return node.withAttributes(attributes);
    }

    /** A MaxPool behind a Pad says {@code auto_pad=VALID}, which means the same as no padding. */
    private static Model pooled(Model model) {
        var padded = new HashSet<String>();
        model.graph().nodes().stream()
                .filter(node -> node.domain().isEmpty() && node.op().equals("Pad"))
                .forEach(node -> padded.addAll(node.outputs()));
        if (padded.isEmpty()) {
            return model;
        }
        var nodes = model.graph().nodes().stream()
                .map(node -> isInDanger(node, padded) ? valid(node) : node)
                .toList();
        return model.with(model.graph().with(model.graph().initializers(), nodes));
    }

    private static boolean isInDanger(Node node, Set<String> padded) {
        return node.domain().isEmpty()
                && node.op().equals("MaxPool")
                && padded.contains(node.inputs().get(0))
                && (!(node.attributes().get("auto_pad") instanceof Attribute.Text pad)
                        || pad.value().equals("NOTSET"))
                // VALID rounds the sizes down
                && (!(node.attributes().get("ceil_mode") instanceof Attribute.Int ceil) || ceil.value() == 0)
                && (!(node.attributes().get("pads") instanceof Attribute.Ints pads)
                        || pads.values().stream().allMatch(size -> size == 0));
    }

    private static Node valid(Node node) {
        var attributes = new TreeMap<>(node.attributes());
        attributes.remove("pads");
        attributes.put("auto_pad", Attribute.of("VALID"));
        return node.withAttributes(attributes);
    }
}
