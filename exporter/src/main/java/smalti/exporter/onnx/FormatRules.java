package smalti.exporter.onnx;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import smalti.exporter.proto.AttributeProto;
import smalti.exporter.proto.AttributeProto.AttributeType;
import smalti.exporter.proto.GraphProto;
import smalti.exporter.proto.ModelProto;
import smalti.exporter.proto.NodeProto;
import smalti.exporter.proto.TensorProto;
import smalti.exporter.proto.ValueInfoProto;

/** What the format asks of a model beyond what is needed to read and to run it. */
final class FormatRules {
    private static final int MOST_PROBLEMS = 20;

    /** Earlier ones have no opsets. */
    private static final int FIRST_WITH_OPSETS = 3;

    private final List<String> broken = new ArrayList<>();

    private FormatRules() {}

    /** Those that a model breaks, one line each. */
    static List<String> broken(ModelProto model) {
        var rules = new FormatRules();
        rules.model(model);
        rules.graph(model.getGraph());
        return rules.broken;
    }

    private void model(ModelProto model) {
        if (model.getIrVersion() < FIRST_WITH_OPSETS) {
            broken(
                    "ir_version must be %s or later of a model that imports opsets, got %s",
                    FIRST_WITH_OPSETS, model.getIrVersion());
        }
        var keys = new HashSet<String>();
        for (var entry : model.getMetadataPropsList()) {
            if (!keys.add(entry.getKey())) {
                broken("metadata must have each key once, got \"%s\" twice", entry.getKey());
            }
        }
        var functions = new HashSet<List<String>>();
        for (var function : model.getFunctionsList()) {
            var domain = OnnxReader.domain(function.getDomain());
            if (!functions.add(List.of(domain, function.getName(), function.getOverload()))) {
                broken("two functions are named \"%s.%s\"", domain, function.getName());
            }
            function.getNodeList().forEach(this::node);
        }
        model.getGraph().getInputList().forEach(input -> typed("input", input));
        model.getGraph().getOutputList().forEach(output -> typed("output", output));
    }

    /** Bodies of nodes may leave the types of what goes in and out to be found out. */
    private void typed(String kind, ValueInfoProto value) {
        var type = value.getType();
        // the message knows tensors alone; sequences and the like are fields that it keeps unread
        if (type.getSerializedSize() == 0) {
            broken("%s \"%s\" must have a type, got none", kind, value.getName());
        } else if (type.hasTensorType() && type.getTensorType().getElemType() == 0) {
            broken("%s \"%s\" must have a type of its elements, got none", kind, value.getName());
        } else if (type.hasTensorType() && !type.getTensorType().hasShape()) {
            broken("%s \"%s\" must have a shape, if only of free sizes, got none", kind, value.getName());
        }
    }

    private void graph(GraphProto graph) {
        if (graph.getName().isEmpty()) {
            broken("a graph must have a name, got none");
        }
        graph.getInitializerList()
                .forEach(initializer -> once("initializer \"" + initializer.getName() + "\"", initializer));
        graph.getNodeList().forEach(this::node);
    }

    private void node(NodeProto node) {
        for (var attribute : node.getAttributeList()) {
            var place = "node \"" + (node.getName().isEmpty() ? String.join(",", node.getOutputList()) : node.getName())
                    + "\", attribute \"" + attribute.getName() + "\"";
            if (attribute.getRefAttrName().isEmpty() && !isOfOneKind(attribute)) {
                broken("%s must hold one value, of the kind that it says it is, got another too", place);
            }
            if (attribute.hasT()) {
                once(place, attribute.getT());
            }
            if (attribute.hasG()) {
                graph(attribute.getG());
            }
        }
    }

    private static boolean isOfOneKind(AttributeProto attribute) {
        // the first formats did not say the kind
        var kind = OnnxReader.kind(attribute);
        return (!attribute.hasF() || kind == AttributeType.FLOAT)
                && (!attribute.hasI() || kind == AttributeType.INT)
                && (!attribute.hasS() || kind == AttributeType.STRING)
                && (!attribute.hasT() || kind == AttributeType.TENSOR)
                && (!attribute.hasG() || kind == AttributeType.GRAPH)
                && (attribute.getFloatsCount() == 0 || kind == AttributeType.FLOATS)
                && (attribute.getIntsCount() == 0 || kind == AttributeType.INTS)
                && (attribute.getStringsCount() == 0 || kind == AttributeType.STRINGS)
                && (attribute.getTensorsCount() == 0 || kind == AttributeType.TENSORS)
                && (attribute.getGraphsCount() == 0 || kind == AttributeType.GRAPHS);
    }

    private void once(String place, TensorProto tensor) {
        int fields = (tensor.hasRawData() ? 1 : 0)
                + (tensor.getFloatDataCount() > 0 ? 1 : 0)
                + (tensor.getDoubleDataCount() > 0 ? 1 : 0)
                + (tensor.getInt32DataCount() > 0 ? 1 : 0)
                + (tensor.getInt64DataCount() > 0 ? 1 : 0)
                + (tensor.getUint64DataCount() > 0 ? 1 : 0)
                + (tensor.getStringDataCount() > 0 ? 1 : 0);
        if (fields > 1) {
            broken("%s must hold its elements in one field, got %s", place, fields);
        }
    }

    private void broken(String rule, Object... received) {
        if (broken.size() < MOST_PROBLEMS) {
            broken.add(String.format(Locale.ROOT, rule, received));
        }
    }
}
