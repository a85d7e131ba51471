package smalti.exporter.onnx;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Node;
import smalti.exporter.proto.AttributeProto;
import smalti.exporter.proto.GraphProto;
import smalti.exporter.proto.NodeProto;
import smalti.exporter.proto.StringStringEntryProto;
import smalti.exporter.proto.TensorProto;
import smalti.exporter.proto.TypeProto;
import smalti.exporter.proto.ValueInfoProto;

/** What a file remarks on the nodes, values and constants of one graph, apart from what they compute. */
final class Remarks {
    private final GraphProto rest;
    private final Map<String, NodeProto> nodes = new LinkedHashMap<>();
    private final Map<String, ValueInfoProto> values = new LinkedHashMap<>();
    private final Map<String, TensorProto> constants = new LinkedHashMap<>();

    /** @param rest of a graph as {@link #keep} left it */
    Remarks(GraphProto rest) {
        this.rest = rest;
        rest.getNodeList().forEach(node -> nodes.put(key(node.getName(), node.getOutputList()), node));
        for (var list : List.of(rest.getValueInfoList(), rest.getInputList(), rest.getOutputList())) {
            list.forEach(value -> values.put(value.getName(), value));
        }
        rest.getInitializerList().forEach(constant -> constants.put(constant.getName(), constant));
    }

    // ---- taken from a file

    /** Leaves of a graph's nodes, values and constants what is remarked on them, and their names. */
    static GraphProto keep(GraphProto graph) {
        var kept = graph.toBuilder()
                .clearNode()
                .clearName()
                .clearInitializer()
                .clearSparseInitializer()
                .clearInput()
                .clearOutput()
                .clearValueInfo();
        for (var node : graph.getNodeList()) {
            var named = NodeProto.newBuilder().setName(node.getName()).addAllOutput(node.getOutputList());
            var remarks = node.toBuilder()
                    .clearInput()
                    .clearOpType()
                    .clearDomain()
                    .clearOverload()
                    .clearAttribute()
                    .setName(node.getName());
            node.getAttributeList().stream()
                    .map(Remarks::remarked)
                    .filter(Remarks::isSaid)
                    .forEach(remarks::addAttribute);
            add(remarks.build(), named.build(), kept::addNode);
        }
        graph.getInputList().forEach(value -> add(remarked(value), named(value), kept::addInput));
        graph.getOutputList().forEach(value -> add(remarked(value), named(value), kept::addOutput));
        graph.getValueInfoList().forEach(value -> add(remarked(value), named(value), kept::addValueInfo));
        for (var constant : graph.getInitializerList()) {
            var named = TensorProto.newBuilder().setName(constant.getName()).build();
            add(remarked(constant).setName(constant.getName()).build(), named, kept::addInitializer);
        }
        return kept.build();
    }

    private interface Sink<T> {
        void add(T message);
    }

    private static <T> void add(T remarks, T named, Sink<T> kept) {
        if (!remarks.equals(named)) {
            kept.add(remarks);
        }
    }

    private static AttributeProto remarked(AttributeProto attribute) {
        var remarks = AttributeProto.newBuilder().setName(attribute.getName());
        if (attribute.hasDocString()) {
            remarks.setDocString(attribute.getDocString());
        }
        var constant = remarked(attribute.getT()).build();
        if (!constant.equals(TensorProto.getDefaultInstance())) {
            remarks.setT(constant);
        }
        return remarks.build();
    }

    private static boolean isSaid(AttributeProto remarks) {
        return remarks.hasDocString() || remarks.hasT();
    }

    private static TensorProto.Builder remarked(TensorProto constant) {
        var remarks = TensorProto.newBuilder().addAllMetadataProps(constant.getMetadataPropsList());
        return constant.hasDocString() ? remarks.setDocString(constant.getDocString()) : remarks;
    }

    private static ValueInfoProto remarked(ValueInfoProto value) {
        return isDenoted(value.getType())
                ? value
                : value.toBuilder().clearType().setName(value.getName()).build();
    }

    private static ValueInfoProto named(ValueInfoProto value) {
        return ValueInfoProto.newBuilder().setName(value.getName()).build();
    }

    private static boolean isDenoted(TypeProto type) {
        return type.hasDenotation()
                || type.getTensorType().getShape().getDimList().stream().anyMatch(axis -> axis.hasDenotation());
    }

    // ---- put back

    NodeProto on(NodeProto node, Node of) {
        var remarks = nodes.get(key(node.getName(), node.getOutputList()));
        if (remarks == null) {
            return node;
        }
        var said =
                remarks.toBuilder().clearName().clearOutput().clearAttribute().clearDeviceConfigurations();
        remarks.getDeviceConfigurationsList().stream()
                .filter(Annotations.standing(of))
                .forEach(said::addDeviceConfigurations);
        var both = node.toBuilder().mergeFrom(said.build());
        for (var attribute : remarks.getAttributeList()) {
            for (var own : both.getAttributeBuilderList()) {
                if (own.getName().equals(attribute.getName())) {
                    var onIt = attribute.hasT() && !own.hasT()
                            ? attribute.toBuilder().clearT().build()
                            : attribute;
                    own.mergeFrom(onIt);
                }
            }
        }
        return both.build();
    }

    ValueInfoProto on(ValueInfoProto value) {
        var remarks = values.get(value.getName());
        if (remarks == null) {
            return value;
        }
        var both = value.toBuilder().mergeFrom(remarks.toBuilder().clearType().build());
        var axes = remarks.getType().getTensorType().getShape().getDimList();
        var type = value.getType();
        if (isDenoted(remarks.getType()) && type.getTensorType().getShape().getDimCount() == axes.size()) {
            if (remarks.getType().hasDenotation()) {
                both.getTypeBuilder().setDenotation(remarks.getType().getDenotation());
            }
            for (int axis = 0; axis < axes.size(); axis++) {
                if (axes.get(axis).hasDenotation()) {
                    both.getTypeBuilder()
                            .getTensorTypeBuilder()
                            .getShapeBuilder()
                            .getDimBuilder(axis)
                            .setDenotation(axes.get(axis).getDenotation());
                }
            }
        }
        return both.build();
    }

    TensorProto on(TensorProto constant) {
        var remarks = constants.get(constant.getName());
        if (remarks == null) {
            return constant;
        }
        // some constants keep their metadata themselves
        return constant.toBuilder().clearMetadataProps().mergeFrom(remarks).build();
    }

    // ---- told

    /**
     * Tells of each node, value or constant that is still in the graph what is said of it.
     *
     * @param told takes a kind, such as {@code metadata of node}, and a name
     */
    void told(Graph graph, BiConsumer<String, String> told) {
        for (var node : graph.nodes()) {
            var name = key(node.name(), node.outputs());
            var remarks = nodes.get(name);
            if (remarks != null) {
                var kinds = kinds(remarks.hasDocString(), remarks.getMetadataPropsList());
                if (remarks.getDeviceConfigurationsCount() > 0
                        && remarks.getDeviceConfigurationsList().stream().allMatch(Annotations.standing(node))) {
                    kinds.add("devices");
                }
                if (remarks.getAttributeCount() > 0) {
                    kinds.add("remarks on attributes");
                }
                kinds.forEach(kind -> told.accept(kind + " of node", name));
            }
        }
        var made = made(graph);
        for (var value : values.values()) {
            if (made.contains(value.getName())) {
                var kinds = kinds(value.hasDocString(), value.getMetadataPropsList());
                if (isDenoted(value.getType())) {
                    kinds.add("denotation");
                }
                kinds.forEach(kind -> told.accept(kind + " of value", value.getName()));
            }
        }
        for (var constant : constants.values()) {
            if (graph.initializers().containsKey(constant.getName())) {
                kinds(constant.hasDocString(), constant.getMetadataPropsList())
                        .forEach(kind -> told.accept(kind + " of constant", constant.getName()));
            }
        }
        for (var annotation : Annotations.standing(rest, made)) {
            told.accept("quantization annotation of value", annotation.getTensorName());
        }
    }

    private static List<String> kinds(boolean hasDocString, List<StringStringEntryProto> metadata) {
        var kinds = new ArrayList<String>();
        if (hasDocString) {
            kinds.add("doc string");
        }
        if (!metadata.isEmpty()) {
            kinds.add("metadata");
        }
        return kinds;
    }

    /** All values of a graph. */
    static Set<String> made(Graph graph) {
        var made = new HashSet<>(graph.initializers().keySet());
        graph.inputs().forEach(input -> made.add(input.name()));
        graph.nodes().forEach(node -> made.addAll(node.outputs()));
        return made;
    }

    /** What a node is known by: its name, else what it makes. */
    private static String key(String name, List<String> outputs) {
        return name.isEmpty() ? String.join(",", outputs) : name;
    }
}
