package smalti.exporter.onnx;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.proto.AttributeProto;
import smalti.exporter.proto.GraphProto;
import smalti.exporter.proto.ModelProto;
import smalti.exporter.proto.NodeProto;
import smalti.exporter.proto.OperatorSetIdProto;
import smalti.exporter.proto.StringStringEntryProto;
import smalti.exporter.proto.TensorProto;
import smalti.exporter.proto.TensorShapeProto;
import smalti.exporter.proto.TypeProto;
import smalti.exporter.proto.ValueInfoProto;
import smalti.spec.Dimension;
import smalti.spec.SpecException;

/** Writes a graph as an ONNX file; the same graph gives the same bytes everywhere. */
public final class OnnxWriter {
    /** A protobuf message ends at 2 GB; beyond this, weights would have to lie in files of their own. */
    private static final long MOST_BYTES = 1_500_000_000L;

    private static final List<String> NCHW = List.of("DATA_BATCH", "DATA_CHANNEL", "DATA_FEATURE", "DATA_FEATURE");
    private static final List<String> NHWC = List.of("DATA_BATCH", "DATA_FEATURE", "DATA_FEATURE", "DATA_CHANNEL");

    private final int opset;
    private final String producerVersion;

    public OnnxWriter(int opset, String producerVersion) {
        this.opset = opset;
        this.producerVersion = producerVersion;
    }

    /** @param metadata of the model, as ONNX's metadata properties */
    public void write(Graph graph, SortedMap<String, String> metadata, Path file) throws IOException {
        long bytes = graph.initializers().values().stream()
                .mapToLong(tensor -> tensor.data().remaining())
                .sum();
        if (bytes > MOST_BYTES) {
            throw new SpecException(
                    graph.name() + ": constants must have at most " + MOST_BYTES + " bytes, got " + bytes);
        }
        var model = ModelProto.newBuilder()
                .setIrVersion(irVersion(opset))
                .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(opset))
                .setProducerName("smalti")
                .setProducerVersion(producerVersion)
                .setGraph(graph(graph));
        metadata.forEach((key, value) -> model.addMetadataProps(
                StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
        try (var stream = Files.newOutputStream(file)) {
            var coded = CodedOutputStream.newInstance(stream);
            model.build().writeTo(coded);
            coded.flush();
        }
    }

    /** The version of the file format that came with an opset: old consumers refuse newer ones. */
    static int irVersion(int opset) {
        if (opset <= 14) {
            return 7;
        }
        return opset <= 18 ? 8 : opset <= 20 ? 9 : 10;
    }

    private static GraphProto graph(Graph graph) {
        var proto = GraphProto.newBuilder().setName(graph.name());
        graph.inputs().forEach(input -> proto.addInput(value(input)));
        graph.outputs().forEach(output -> proto.addOutput(value(output)));
        graph.initializers().forEach((name, tensor) -> proto.addInitializer(tensor(name, tensor)));
        graph.nodes().forEach(node -> proto.addNode(node(node)));
        return proto.build();
    }

    private static ValueInfoProto value(Value value) {
        var shape = TensorShapeProto.newBuilder();
        for (int axis = 0; axis < value.shape().size(); axis++) {
            var dimension = dimension(value.shape().get(axis));
            switch (value.layout()) {
                case NCHW -> dimension.setDenotation(NCHW.get(axis));
                case NHWC -> dimension.setDenotation(NHWC.get(axis));
                case PLAIN -> {}
            }
            shape.addDim(dimension);
        }
        var type = TypeProto.newBuilder()
                .setTensorType(TypeProto.Tensor.newBuilder()
                        .setElemType(value.type().onnxCode())
                        .setShape(shape));
        if (value.layout() != Value.Layout.PLAIN) {
            type.setDenotation("IMAGE");
        }
        return ValueInfoProto.newBuilder().setName(value.name()).setType(type).build();
    }

    private static TensorShapeProto.Dimension.Builder dimension(Dimension dimension) {
        var proto = TensorShapeProto.Dimension.newBuilder();
        return dimension.isFixed() ? proto.setDimValue(dimension.factor()) : proto.setDimParam(dimension.toString());
    }

    private static TensorProto tensor(String name, Tensor tensor) {
        return TensorProto.newBuilder()
                .setName(name)
                .setDataType(tensor.type().onnxCode())
                .addAllDims(tensor.dims())
                .setRawData(UnsafeByteOperations.unsafeWrap(tensor.data()))
                .build();
    }

    private static NodeProto node(Node node) {
        var proto = NodeProto.newBuilder()
                .setName(node.name())
                .setOpType(node.op())
                .addAllInput(node.inputs())
                .addAllOutput(node.outputs());
        node.attributes().forEach((name, attribute) -> proto.addAttribute(attribute(name, attribute)));
        return proto.build();
    }

    private static AttributeProto attribute(String name, Attribute attribute) {
        var proto = AttributeProto.newBuilder().setName(name);
        if (attribute instanceof Attribute.Int number) {
            proto.setType(AttributeProto.AttributeType.INT).setI(number.value());
        } else if (attribute instanceof Attribute.Ints numbers) {
            proto.setType(AttributeProto.AttributeType.INTS).addAllInts(numbers.values());
        } else if (attribute instanceof Attribute.Real number) {
            proto.setType(AttributeProto.AttributeType.FLOAT).setF(number.value());
        }
        return proto.build();
    }
}
