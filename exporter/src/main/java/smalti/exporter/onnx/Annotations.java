package smalti.exporter.onnx;

import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.proto.FunctionProto;
import smalti.exporter.proto.GraphProto;
import smalti.exporter.proto.ModelProto;
import smalti.exporter.proto.NodeDeviceConfigurationProto;
import smalti.exporter.proto.NodeProto;
import smalti.exporter.proto.TensorAnnotation;
import smalti.exporter.proto.TrainingInfoProto;

/**
 * What a file says of nodes and values beyond what they compute: doc strings, metadata, denotations, devices, quantization
 * and training.
 *
 * <p>No pass looks at it. Remarks go along with their graph, in its rest, under the names of what they are about; the
 * writer puts those back whose node or value is still there.
 */
public final class Annotations {
    private static final int MOST_SHOWN = 5;

    private Annotations() {}

    /**
     * The values of a model's graph that its training reads or changes: they keep their names, and those that it changes
     * are no constants.
     */
    public static Set<String> trained(Model model) {
        var names = new LinkedHashSet<String>();
        if (has(model.rest(), ModelProto.TRAINING_INFO_FIELD_NUMBER)) {
            for (var info : rest(model).getTrainingInfoList()) {
                names(info, names);
            }
        }
        return names;
    }

    /** The scales and zero points that a graph's annotations name for values which it still has. */
    public static Set<String> quantization(Graph graph) {
        var names = new LinkedHashSet<String>();
        if (has(graph.rest(), GraphProto.QUANTIZATION_ANNOTATION_FIELD_NUMBER)) {
            var made = Remarks.made(graph);
            for (var annotation : rest(graph).getQuantizationAnnotationList()) {
                if (made.contains(annotation.getTensorName())) {
                    annotation.getQuantParameterTensorNamesList().forEach(entry -> names.add(entry.getValue()));
                }
            }
        }
        return names;
    }

    /** The model without what is said of its training. */
    public static Model withoutTraining(Model model) {
        if (!has(model.rest(), ModelProto.TRAINING_INFO_FIELD_NUMBER)) {
            return model;
        }
        return new Model(
                model.graph(),
                model.opsets(),
                model.irVersion(),
                model.producer(),
                model.producerVersion(),
                model.metadata(),
                rest(model).toBuilder()
                        .clearTrainingInfo()
                        .build()
                        .toByteString()
                        .asReadOnlyByteBuffer());
    }

    /** What a file says and another, made of it, does not say any more, as what it was about is gone: a line a kind. */
    public static List<String> dropped(Model before, Model after) {
        var lines = new ArrayList<String>();
        var kept = told(after);
        told(before).forEach((kind, names) -> {
            var gone = new ArrayList<>(names);
            gone.removeAll(kept.getOrDefault(kind, Set.of()));
            if (!gone.isEmpty()) {
                int shown = Math.min(MOST_SHOWN, gone.size());
                lines.add(kind
                        + (gone.size() == 1 ? " " : "s ")
                        + String.join(", ", gone.subList(0, shown))
                        + (shown < gone.size() ? " and " + (gone.size() - shown) + " more" : ""));
            }
        });
        return lines;
    }

    private static Map<String, Set<String>> told(Model model) {
        var told = new LinkedHashMap<String, Set<String>>();
        if (has(model.rest(), ModelProto.TRAINING_INFO_FIELD_NUMBER)) {
            told.put(
                    "training information of graph", Set.of("\"" + model.graph().name() + "\", whose weights change"));
        }
        if (has(model.rest(), ModelProto.FUNCTIONS_FIELD_NUMBER)) {
            rest(model).getFunctionsList().forEach(function -> told(function, told));
        }
        told(model.graph(), told);
        return told;
    }

    private static void told(FunctionProto function, Map<String, Set<String>> told) {
        var name = "\"" + function.getName() + "\"";
        if (function.hasDocString()) {
            told.computeIfAbsent("doc string of function", unseen -> new LinkedHashSet<>())
                    .add(name);
        }
        if (function.getMetadataPropsCount() > 0) {
            told.computeIfAbsent("metadata of function", unseen -> new LinkedHashSet<>())
                    .add(name);
        }
        var inside = GraphProto.newBuilder()
                .addAllNode(function.getNodeList())
                .addAllValueInfo(function.getValueInfoList())
                .build();
        var kept = Remarks.keep(inside);
        if (kept.getNodeCount() + kept.getValueInfoCount() > 0) {
            told.computeIfAbsent("remarks inside function", unseen -> new LinkedHashSet<>())
                    .add(name);
        }
    }

    private static void told(Graph graph, Map<String, Set<String>> told) {
        if (graph.rest().hasRemaining()) {
            new Remarks(rest(graph))
                    .told(
                            graph,
                            (kind, name) -> told.computeIfAbsent(kind, unseen -> new LinkedHashSet<>())
                                    .add("\"" + name + "\""));
        }
        graph.nodes().forEach(node -> node.bodies().forEach(body -> told(body, told)));
    }

    /** Those that name nothing that is gone. */
    static List<TensorAnnotation> standing(GraphProto rest, Set<String> made) {
        var standing = new ArrayList<TensorAnnotation>();
        for (var annotation : rest.getQuantizationAnnotationList()) {
            boolean whole = made.contains(annotation.getTensorName())
                    && annotation.getQuantParameterTensorNamesList().stream()
                            .allMatch(entry -> made.contains(entry.getValue()));
            if (whole) {
                standing.add(annotation);
            }
        }
        return standing;
    }

    /** Whether all values that a device shall hold a part of are still those of the node. */
    static Predicate<NodeDeviceConfigurationProto> standing(Node node) {
        var values = new HashSet<>(node.inputs());
        values.addAll(node.outputs());
        return configuration ->
                configuration.getShardingSpecList().stream().allMatch(spec -> values.contains(spec.getTensorName()));
    }

    private static void names(TrainingInfoProto info, Set<String> names) {
        for (var graph : List.of(info.getInitialization(), info.getAlgorithm())) {
            names(graph, names);
        }
        info.getInitializationBindingList().forEach(entry -> names.add(entry.getKey()));
        info.getUpdateBindingList().forEach(entry -> names.add(entry.getKey()));
    }

    /** Names of its own are among them, and do no harm: no value of the model's graph has them. */
    private static void names(GraphProto graph, Set<String> names) {
        for (NodeProto node : graph.getNodeList()) {
            names.addAll(node.getInputList());
            node.getAttributeList().forEach(attribute -> names(attribute.getG(), names));
        }
        graph.getOutputList().forEach(output -> names.add(output.getName()));
    }

    /** Told without a look into what may be long. */
    private static boolean has(ByteBuffer message, int number) {
        try {
            for (var in = message.duplicate(); in.hasRemaining(); ) {
                if (WireField.next(in).number() == number) {
                    return true;
                }
            }
            return false;
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException(e);
        }
    }

    private static ModelProto rest(Model model) {
        try {
            return ModelProto.parseFrom(model.rest().duplicate());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException(e);
        }
    }

    static GraphProto rest(Graph graph) {
        try {
            return GraphProto.parseFrom(graph.rest().duplicate());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException(e);
        }
    }
}
