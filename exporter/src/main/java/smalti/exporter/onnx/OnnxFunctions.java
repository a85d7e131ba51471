package smalti.exporter.onnx;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Operators;
import smalti.exporter.proto.AttributeProto;
import smalti.exporter.proto.FunctionProto;
import smalti.exporter.proto.GraphProto;
import smalti.exporter.proto.ModelProto;
import smalti.exporter.proto.NodeProto;
import smalti.exporter.proto.ValueInfoProto;
import smalti.spec.SpecException;

/** The functions that a model's file defines for its own nodes. */
public final class OnnxFunctions {
    private record Key(String domain, String name) {}

    private final Model model;
    private final ModelProto rest;
    private final Map<Key, FunctionProto> functions = new HashMap<>();

    private OnnxFunctions(Model model, ModelProto rest) {
        this.model = model;
        this.rest = rest;
        for (var function : rest.getFunctionsList()) {
            functions.put(new Key(OnnxReader.domain(function.getDomain()), function.getName()), function);
        }
    }

    /** Those of a model. */
    public static OnnxFunctions of(Model model) {
        try {
            return new OnnxFunctions(model, ModelProto.parseFrom(model.rest().duplicate()));
        } catch (InvalidProtocolBufferException e) {
            // these bytes were a message when they were read
            throw new IllegalStateException(e);
        }
    }

    public boolean isEmpty() {
        return functions.isEmpty();
    }

    /** Domain and name of each, in the file's order. */
    public List<String> names() {
        return rest.getFunctionsList().stream()
                .map(function -> function.getDomain() + "." + function.getName())
                .toList();
    }

    /**
     * What a node runs that calls a function, as a graph of the model's own opsets; empty of other nodes, and where the
     * function's operators mean something else at the model's opset.
     */
    public Optional<Graph> body(Node call) {
        var function = functions.get(new Key(call.domain(), call.op()));
        if (function == null || !fits(function)) {
            return Optional.empty();
        }
        var given = new HashMap<String, AttributeProto>();
        function.getAttributeProtoList().forEach(attribute -> given.put(attribute.getName(), attribute));
        var protos = new Protos(null);
        call.attributes().forEach((name, attribute) -> given.put(name, protos.attribute(name, attribute)));
        var graph = GraphProto.newBuilder().setName(function.getName());
        function.getInputList()
                .forEach(name -> graph.addInput(ValueInfoProto.newBuilder().setName(name)));
        function.getOutputList()
                .forEach(name -> graph.addOutput(ValueInfoProto.newBuilder().setName(name)));
        function.getNodeList().forEach(node -> graph.addNode(resolved(node, given)));
        try {
            return Optional.of(OnnxReader.graph(graph.build(), opsets(function), "function " + call.op()));
        } catch (SpecException e) {
            // what the rest of the file cannot do without is a problem of whoever runs the call
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A node whose references to the function's attributes are replaced by what the call gives for them. */
    private static NodeProto resolved(NodeProto node, Map<String, AttributeProto> given) {
        var resolved = node.toBuilder().clearAttribute();
        for (var attribute : node.getAttributeList()) {
            if (!attribute.getRefAttrName().isEmpty()) {
                var value = given.get(attribute.getRefAttrName());
                // without one the operator's own default holds
                if (value != null) {
                    resolved.addAttribute(value.toBuilder().setName(attribute.getName()));
                }
            } else if (attribute.hasG()) {
                resolved.addAttribute(attribute.toBuilder().setG(resolved(attribute.getG(), given)));
            } else {
                resolved.addAttribute(attribute);
            }
        }
        return resolved.build();
    }

    private static GraphProto resolved(GraphProto graph, Map<String, AttributeProto> given) {
        var resolved = graph.toBuilder().clearNode();
        graph.getNodeList().forEach(node -> resolved.addNode(resolved(node, given)));
        return resolved.build();
    }

    /** The model's, and those that the function alone uses. */
    private Map<String, Integer> opsets(FunctionProto function) {
        var opsets = new TreeMap<String, Integer>();
        function.getOpsetImportList()
                .forEach(imported -> opsets.put(OnnxReader.domain(imported.getDomain()), (int) imported.getVersion()));
        opsets.putAll(model.opsets());
        return opsets;
    }

    /** Whether each operator is the same at the function's opset as at the model's. */
    private boolean fits(FunctionProto function) {
        for (var imported : function.getOpsetImportList()) {
            var domain = OnnxReader.domain(imported.getDomain());
            var ours = model.opsets().get(domain);
            boolean own =
                    functions.keySet().stream().anyMatch(key -> key.domain().equals(domain));
            if (ours == null || own || ours == imported.getVersion()) {
                continue;
            }
            if (!domain.isEmpty() || !isSame(function.getNodeList(), (int) imported.getVersion(), ours)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isSame(List<NodeProto> nodes, int one, int other) {
        for (var node : nodes) {
            if (OnnxReader.domain(node.getDomain()).isEmpty()) {
                var first = Operators.find(node.getOpType(), one);
                var second = Operators.find(node.getOpType(), other);
                if (first.isEmpty()
                        || second.isEmpty()
                        || first.get().since() != second.get().since()) {
                    return false;
                }
            }
            for (var attribute : node.getAttributeList()) {
                if (attribute.hasG() && !isSame(attribute.getG().getNodeList(), one, other)) {
                    return false;
                }
            }
        }
        return true;
    }

    /**
     * The model with another graph, in which calls were replaced by what they run.
     *
     * @param graph with what is left; where it calls no function any more, none is kept
     */
    public Model with(Graph graph) {
        var used = new HashSet<String>();
        boolean calls = uses(graph, used);
        var opsets = new TreeMap<String, Integer>(model.opsets());
        for (var function : functions.values()) {
            opsets(function).forEach((domain, version) -> {
                if (used.contains(domain)) {
                    opsets.putIfAbsent(domain, version);
                }
            });
        }
        if (calls) {
            return new Model(
                    graph,
                    opsets,
                    model.irVersion(),
                    model.producer(),
                    model.producerVersion(),
                    model.metadata(),
                    model.rest());
        }
        functions.keySet().forEach(key -> {
            if (!key.domain().isEmpty() && !used.contains(key.domain())) {
                opsets.remove(key.domain());
            }
        });
        var without = rest.toBuilder().clearFunctions().build();
        return new Model(
                graph,
                opsets,
                model.irVersion(),
                model.producer(),
                model.producerVersion(),
                model.metadata(),
                without.toByteString().asReadOnlyByteBuffer());
    }

    /** Whether a graph calls any function; the domains of its nodes are collected. */
    private boolean uses(Graph graph, Set<String> domains) {
        boolean calls = false;
        for (var node : graph.nodes()) {
            domains.add(node.domain());
            calls |= functions.containsKey(new Key(node.domain(), node.op()));
            for (var body : node.bodies()) {
                calls |= uses(body, domains);
            }
        }
        return calls;
    }
}
