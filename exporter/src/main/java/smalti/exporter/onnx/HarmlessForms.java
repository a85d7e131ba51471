package smalti.exporter.onnx;

import java.util.HashSet;
import java.util.Set;
import java.util.TreeMap;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;

/**
 * Writes what ONNX Runtime's own fusions would spoil so that they leave it alone, for whoever runs the file.
 *
 * @see smalti.spec.onnx.EngineFault#PAD_BEFORE_MAX_POOL
 */
final class HarmlessForms {
    private HarmlessForms() {}

    /** A MaxPool behind a Pad says {@code auto_pad=VALID}, which means the same as no padding. */
    static Model of(Model model) {
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
