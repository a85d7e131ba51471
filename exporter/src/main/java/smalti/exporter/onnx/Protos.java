package smalti.exporter.onnx;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import java.util.List;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Type;
import smalti.exporter.graph.Value;
import smalti.exporter.proto.AttributeProto;
import smalti.exporter.proto.AttributeProto.AttributeType;
import smalti.exporter.proto.GraphProto;
import smalti.exporter.proto.ModelProto;
import smalti.exporter.proto.NodeProto;
import smalti.exporter.proto.OperatorSetIdProto;
import smalti.exporter.proto.SparseTensorProto;
import smalti.exporter.proto.StringStringEntryProto;
import smalti.exporter.proto.TensorProto;
import smalti.exporter.proto.TensorShapeProto;
import smalti.exporter.proto.TypeProto;
import smalti.exporter.proto.ValueInfoProto;
import smalti.spec.SpecException;

/** Models as ONNX's own messages. */
final class Protos {
    static final List<String> NCHW = List.of("DATA_BATCH", "DATA_CHANNEL", "DATA_FEATURE", "DATA_FEATURE");
    static final List<String> NHWC = List.of("DATA_BATCH", "DATA_FEATURE", "DATA_FEATURE", "DATA_CHANNEL");

    private final @Nullable ExternalData data;

    /** @param data takes the large initializers; without it all stay in the message */
    Protos(@Nullable ExternalData data) {
        this.data = data;
    }

    /** @throws SpecException if more stays in the message than one can hold */
    ModelProto model(Model model) {
        long bytes = bytes(model.graph());
        if (data == null) {
            // before anything is copied
            check(bytes, model, "constants", "; write them as external data");
        }
        var proto = parsed(() -> ModelProto.parseFrom(model.rest().duplicate())).toBuilder()
                .setIrVersion(model.irVersion())
                .setGraph(graph(model.graph()));
        if (!model.producer().isEmpty()) {
            proto.setProducerName(model.producer());
        }
        if (!model.producerVersion().isEmpty()) {
            proto.setProducerVersion(model.producerVersion());
        }
        model.opsets()
                .forEach((domain, version) -> proto.addOpsetImport(
                        OperatorSetIdProto.newBuilder().setDomain(domain).setVersion(version)));
        model.metadata()
                .forEach((key, value) -> proto.addMetadataProps(
                        StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
        if (data != null) {
            check(bytes - data.taken(), model, "constants other than large initializers", "");
        }
        return proto.build();
    }

    private static void check(long bytes, Model model, String what, String remedy) {
        if (bytes > OnnxWriter.EXTERNAL_DATA_ABOVE) {
            throw new SpecException(model.graph().name() + ": " + what + " must have at most "
                    + OnnxWriter.EXTERNAL_DATA_ABOVE + " bytes in one file, got " + bytes + remedy);
        }
    }

    /** Of all constants, those in bodies and attributes included. */
    static long bytes(Graph graph) {
        long bytes =
                graph.initializers().values().stream().mapToLong(Protos::bytes).sum();
        for (var node : graph.nodes()) {
            for (var attribute : node.attributes().values()) {
                if (attribute instanceof Attribute.Array array) {
                    bytes += bytes(array.value());
                } else if (attribute instanceof Attribute.Body body) {
                    bytes += bytes(body.value());
                }
            }
        }
        return bytes;
    }

    private static long bytes(Constant constant) {
        if (constant instanceof Tensor tensor) {
            return tensor.data().remaining();
        }
        return constant instanceof Constant.Sparse sparse
                ? sparse.encoded().remaining()
                : ((Constant.Other) constant).encoded().remaining();
    }

    private GraphProto graph(Graph graph) {
        var rest = Annotations.rest(graph);
        var remarks = new Remarks(rest);
        var proto = rest.toBuilder()
                .clearNode()
                .clearInput()
                .clearOutput()
                .clearValueInfo()
                .clearInitializer()
                .clearQuantizationAnnotation()
                .setName(graph.name());
        graph.inputs().forEach(input -> proto.addInput(remarks.on(value(input))));
        graph.outputs().forEach(output -> proto.addOutput(remarks.on(value(output))));
        graph.values().forEach(known -> proto.addValueInfo(remarks.on(value(known))));
        graph.initializers().forEach((name, constant) -> {
            if (constant instanceof Constant.Sparse sparse) {
                proto.addSparseInitializer(sparse(name, sparse));
            } else if (data != null && constant instanceof Tensor tensor && data.takes(tensor)) {
                proto.addInitializer(remarks.on(data.put(name, tensor)));
            } else {
                proto.addInitializer(remarks.on(constant(name, constant)));
            }
        });
        graph.nodes().forEach(node -> proto.addNode(remarks.on(node(node), node)));
        if (rest.getQuantizationAnnotationCount() > 0) {
            proto.addAllQuantizationAnnotation(Annotations.standing(rest, Remarks.made(graph)));
        }
        return proto.build();
    }

    private static ValueInfoProto value(Value value) {
        var proto = ValueInfoProto.newBuilder().setName(value.name());
        // inside the body of a loop nothing need be said of a type
        boolean unsaid =
                value.type() instanceof Type.Other other && !other.encoded().hasRemaining();
        return unsaid ? proto.build() : proto.setType(type(value.type())).build();
    }

    private static TypeProto type(Type type) {
        if (type instanceof Type.Other other) {
            return parsed(() -> TypeProto.parseFrom(other.encoded().duplicate()));
        }
        var tensor = (Type.OfTensor) type;
        var tensorProto =
                TypeProto.Tensor.newBuilder().setElemType(tensor.element().onnxCode());
        var axes = tensor.shape();
        if (axes != null) {
            var shape = TensorShapeProto.newBuilder();
            for (int axis = 0; axis < axes.size(); axis++) {
                var dimension = dimension(axes.get(axis));
                switch (tensor.layout()) {
                    case NCHW -> dimension.setDenotation(NCHW.get(axis));
                    case NHWC -> dimension.setDenotation(NHWC.get(axis));
                    case PLAIN -> {}
                }
                shape.addDim(dimension);
            }
            tensorProto.setShape(shape);
        }
        var proto = TypeProto.newBuilder().setTensorType(tensorProto);
        if (tensor.layout() != Value.Layout.PLAIN) {
            proto.setDenotation("IMAGE");
        }
        return proto.build();
    }

    private static TensorShapeProto.Dimension.Builder dimension(Axis axis) {
        var proto = TensorShapeProto.Dimension.newBuilder();
        if (axis.isFixed()) {
            return proto.setDimValue(axis.size());
        }
        return axis.name() == null ? proto : proto.setDimParam(axis.name());
    }

    private static SparseTensorProto sparse(String name, Constant.Sparse sparse) {
        var proto = parsed(() -> SparseTensorProto.parseFrom(sparse.encoded().duplicate())).toBuilder();
        proto.getValuesBuilder().setName(name);
        return proto.build();
    }

    private TensorProto constant(String name, Constant constant) {
        if (constant instanceof Constant.Other other) {
            return parsed(() -> TensorProto.parseFrom(other.encoded().duplicate())).toBuilder()
                    .setName(name)
                    .build();
        }
        var tensor = (Tensor) constant;
        var proto = TensorProto.newBuilder()
                .setDataType(tensor.type().onnxCode())
                .addAllDims(tensor.dims())
                .setRawData(UnsafeByteOperations.unsafeWrap(tensor.data()));
        return name.isEmpty() ? proto.build() : proto.setName(name).build();
    }

    private NodeProto node(Node node) {
        var proto = NodeProto.newBuilder()
                .setName(node.name())
                .setOpType(node.op())
                .addAllInput(node.inputs())
                .addAllOutput(node.outputs());
        if (!node.domain().isEmpty()) {
            proto.setDomain(node.domain());
        }
        node.attributes().forEach((name, attribute) -> proto.addAttribute(attribute(name, attribute)));
        return proto.build();
    }

    AttributeProto attribute(String name, Attribute attribute) {
        if (attribute instanceof Attribute.Other other) {
            return parsed(() -> AttributeProto.parseFrom(other.encoded().duplicate()));
        }
        var proto = AttributeProto.newBuilder().setName(name);
        if (attribute instanceof Attribute.Int number) {
            proto.setType(AttributeType.INT).setI(number.value());
        } else if (attribute instanceof Attribute.Ints numbers) {
            proto.setType(AttributeType.INTS).addAllInts(numbers.values());
        } else if (attribute instanceof Attribute.Real number) {
            proto.setType(AttributeType.FLOAT).setF(number.value());
        } else if (attribute instanceof Attribute.Reals numbers) {
            proto.setType(AttributeType.FLOATS).addAllFloats(numbers.values());
        } else if (attribute instanceof Attribute.Text text) {
            proto.setType(AttributeType.STRING).setS(ByteString.copyFromUtf8(text.value()));
        } else if (attribute instanceof Attribute.Texts texts) {
            proto.setType(AttributeType.STRINGS);
            texts.values().forEach(text -> proto.addStrings(ByteString.copyFromUtf8(text)));
        } else if (attribute instanceof Attribute.Array array) {
            proto.setType(AttributeType.TENSOR).setT(constant("", array.value()));
        } else if (attribute instanceof Attribute.Body body) {
            proto.setType(AttributeType.GRAPH).setG(graph(body.value()));
        }
        return proto.build();
    }

    /** Of bytes that were a message when they were read. */
    private static <T> T parsed(Parse<T> parse) {
        try {
            return parse.get();
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException(e);
        }
    }

    private interface Parse<T> {
        T get() throws InvalidProtocolBufferException;
    }
}
