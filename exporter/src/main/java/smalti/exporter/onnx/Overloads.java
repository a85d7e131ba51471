package smalti.exporter.onnx;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import smalti.exporter.proto.AttributeProto;
import smalti.exporter.proto.FunctionProto;
import smalti.exporter.proto.GraphProto;
import smalti.exporter.proto.ModelProto;
import smalti.exporter.proto.NodeProto;

/** Functions of one name in several overloads, each under a name of its own, as all other operators are. */
final class Overloads {
    private final Map<List<String>, String> names = new HashMap<>();

    private Overloads(ModelProto model) {
        var used = new HashSet<List<String>>();
        for (var function : model.getFunctionsList()) {
            if (function.getOverload().isEmpty()) {
                used.add(List.of(function.getDomain(), function.getName()));
            }
        }
        for (var function : model.getFunctionsList()) {
            if (!function.getOverload().isEmpty()) {
                var name = function.getName() + "_" + function.getOverload();
                while (!used.add(List.of(function.getDomain(), name))) {
                    name += "_";
                }
                names.put(List.of(function.getDomain(), function.getName(), function.getOverload()), name);
            }
        }
    }

    /** The model, or one that calls no overload any more; one that no function has stays as it is. */
    static ModelProto named(ModelProto model) {
        var overloads = new Overloads(model);
        if (overloads.names.isEmpty()) {
            return model;
        }
        var named =
                model.toBuilder().setGraph(overloads.named(model.getGraph())).clearFunctions();
        model.getFunctionsList().forEach(function -> named.addFunctions(overloads.named(function)));
        return named.build();
    }

    private FunctionProto named(FunctionProto function) {
        var named = function.toBuilder().clearNode();
        var name = names.get(List.of(function.getDomain(), function.getName(), function.getOverload()));
        if (name != null) {
            named.setName(name).clearOverload();
        }
        function.getNodeList().forEach(node -> named.addNode(named(node)));
        return named.build();
    }

    private GraphProto named(GraphProto graph) {
        var named = graph.toBuilder().clearNode();
        graph.getNodeList().forEach(node -> named.addNode(named(node)));
        return named.build();
    }

    private NodeProto named(NodeProto node) {
        var named = node.toBuilder();
        var name = names.get(List.of(node.getDomain(), node.getOpType(), node.getOverload()));
        if (name != null) {
            named.setOpType(name).clearOverload();
        }
        for (int i = 0; i < node.getAttributeCount(); i++) {
            named.setAttribute(i, named(node.getAttribute(i)));
        }
        return named.build();
    }

    private AttributeProto named(AttributeProto attribute) {
        if (!attribute.hasG() && attribute.getGraphsCount() == 0) {
            return attribute;
        }
        var named = attribute.toBuilder().clearGraphs();
        if (attribute.hasG()) {
            named.setG(named(attribute.getG()));
        }
        attribute.getGraphsList().forEach(graph -> named.addGraphs(named(graph)));
        return named.build();
    }
}
