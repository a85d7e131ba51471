package smalti.exporter.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Shapes;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Type;
import smalti.exporter.graph.ValueType;
import smalti.exporter.pass.Passes;
import smalti.exporter.proto.AttributeProto;
import smalti.exporter.proto.FunctionProto;
import smalti.exporter.proto.GraphProto;
import smalti.exporter.proto.ModelProto;
import smalti.exporter.proto.NodeProto;
import smalti.exporter.proto.OperatorSetIdProto;
import smalti.exporter.proto.SparseTensorProto;
import smalti.exporter.proto.StringStringEntryProto;
import smalti.exporter.proto.TensorProto;
import smalti.exporter.proto.TypeProto;
import smalti.exporter.proto.ValueInfoProto;
import smalti.spec.SpecException;

/** Files of all forms, sound and hostile. */
final class OnnxReaderTest {
    private static final int MUTATIONS = Boolean.getBoolean("smalti.full") ? 10_000 : 200;

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path folder;

    private static ValueInfoProto.Builder value(String name) {
        var type = TypeProto.newBuilder()
                .setTensorType(TypeProto.Tensor.newBuilder().setElemType(1));
        return ValueInfoProto.newBuilder().setName(name).setType(type);
    }

    private static NodeProto.Builder node(String op, String output, String... inputs) {
        return NodeProto.newBuilder().setOpType(op).addOutput(output).addAllInput(List.of(inputs));
    }

    /** y = relu(x), to be added to. */
    private static GraphProto.Builder graph() {
        return GraphProto.newBuilder()
                .setName("g")
                .addInput(value("x"))
                .addOutput(value("y"))
                .addNode(node("Relu", "y", "x"));
    }

    private static ModelProto.Builder model(GraphProto.Builder graph) {
        return ModelProto.newBuilder()
                .setIrVersion(8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(17))
                .setGraph(graph);
    }

    private static Model read(ModelProto.Builder model) throws IOException {
        return OnnxReader.parse(model.build().toByteArray(), "m.onnx");
    }

    private static Constant constant(TensorProto.Builder tensor) throws IOException {
        var read = read(model(graph().addInitializer(tensor.setName("t"))));
        var constant = read.graph().initializers().get("t");
        assertThat(constant).isNotNull();
        return Objects.requireNonNull(constant);
    }

    private static void refuses(ModelProto.Builder model, String... words) {
        assertThatThrownBy(() -> read(model)).isInstanceOf(SpecException.class).hasMessageContainingAll("m.onnx");
        assertThatThrownBy(() -> read(model)).hasMessageContainingAll(words);
    }

    @Test
    void typedFieldsBecomeTheSameBytes() throws IOException {
        var type = TensorProto.newBuilder().addDims(2);
        assertThat(constant(type.clone().setDataType(10).addInt32Data(0x3C00).addInt32Data(0xBC00)))
                .isEqualTo(new Tensor(ValueType.FLOAT16, List.of(2L), bytes(0x00, 0x3C, 0x00, 0xBC)));
        assertThat(constant(type.clone().setDataType(16).addInt32Data(0x3F80).addInt32Data(0x4000)))
                .isEqualTo(new Tensor(ValueType.BFLOAT16, List.of(2L), bytes(0x80, 0x3F, 0x00, 0x40)));
        assertThat(constant(type.clone().setDataType(9).addInt32Data(1).addInt32Data(0)))
                .isEqualTo(new Tensor(ValueType.BOOL, List.of(2L), bytes(1, 0)));
        assertThat(constant(type.clone().setDataType(3).addInt32Data(-1).addInt32Data(5)))
                .isEqualTo(new Tensor(ValueType.INT8, List.of(2L), bytes(255, 5)));
        assertThat(constant(type.clone().setDataType(1).addFloatData(1).addFloatData(2)))
                .isEqualTo(Tensor.of(new float[] {1, 2}, 2));
        assertThat(constant(type.clone().setDataType(11).addDoubleData(1).addDoubleData(2)))
                .isEqualTo(Tensor.of(new double[] {1, 2}, 2));
        assertThat(constant(type.clone().setDataType(7).addInt64Data(1).addInt64Data(-2)))
                .isEqualTo(Tensor.of(new long[] {1, -2}, 2));
        assertThat(constant(
                        type.clone().setDataType(12).addUint64Data(0xFFFF_FFFFL).addUint64Data(1)))
                .isEqualTo(new Tensor(ValueType.UINT32, List.of(2L), bytes(255, 255, 255, 255, 1, 0, 0, 0)));
        assertThat(constant(type.clone()
                        .setDataType(14)
                        .addFloatData(1)
                        .addFloatData(0)
                        .addFloatData(0)
                        .addFloatData(1)))
                .isInstanceOf(Tensor.class);
        assertThat(constant(type.clone().setDataType(2).setRawData(ByteString.copyFrom(new byte[] {7, 8}))))
                .isEqualTo(new Tensor(ValueType.UINT8, List.of(2L), bytes(7, 8)));
    }

    private static ByteBuffer bytes(int... values) {
        var bytes = ByteBuffer.allocate(values.length);
        for (int value : values) {
            bytes.put((byte) value);
        }
        return bytes.flip();
    }

    @Test
    void nothingIsLost() throws IOException {
        var sequence = TypeProto.newBuilder()
                .mergeFrom(ByteString.copyFrom(new byte[] {0x22, 0x06, 0x0A, 0x04, 0x0A, 0x02, 0x08, 0x01}));
        var strings = TensorProto.newBuilder()
                .setName("s")
                .setDataType(8)
                .addDims(1)
                .addStringData(ByteString.copyFromUtf8("text"));
        var fours = TensorProto.newBuilder()
                .setName("f")
                .setDataType(22)
                .addDims(3)
                .setRawData(ByteString.copyFrom(new byte[] {1, 2}));
        var values = TensorProto.newBuilder()
                .setName("sparse")
                .setDataType(1)
                .addDims(1)
                .addFloatData(3);
        var indices = TensorProto.newBuilder().setDataType(7).addDims(1).addInt64Data(4);
        var original = model(graph().addInput(
                                ValueInfoProto.newBuilder().setName("q").setType(sequence))
                        .addInitializer(strings)
                        .addInitializer(fours)
                        .addSparseInitializer(SparseTensorProto.newBuilder()
                                .setValues(values)
                                .setIndices(indices)
                                .addDims(9))
                        .addNode(node("Neg", "z", "y"))
                        .addValueInfo(value("z")))
                .addOpsetImport(
                        OperatorSetIdProto.newBuilder().setDomain("local").setVersion(1))
                .addFunctions(FunctionProto.newBuilder()
                        .setName("F")
                        .setDomain("local")
                        .addNode(node("Neg", "b", "a")))
                .setProducerName("someone")
                .addMetadataProps(
                        StringStringEntryProto.newBuilder().setKey("k").setValue("v"))
                .build();
        var read = OnnxReader.parse(original.toByteArray(), "m.onnx");
        assertThat(read.graph().inputs().get(1).type()).isInstanceOf(Type.Other.class);
        assertThat(read.graph().initializers().get("sparse")).isInstanceOf(Constant.Sparse.class);
        var written = ModelProto.parseFrom(OnnxWriter.bytes(read));
        assertThat(written.getFunctionsList()).isEqualTo(original.getFunctionsList());
        assertThat(written.getGraph().getSparseInitializerList())
                .isEqualTo(original.getGraph().getSparseInitializerList());
        assertThat(written.getGraph().getInitializerList())
                .containsExactlyElementsOf(original.getGraph().getInitializerList());
        assertThat(written.getGraph().getInputList())
                .isEqualTo(original.getGraph().getInputList());
        assertThat(written.getGraph().getValueInfoList())
                .isEqualTo(original.getGraph().getValueInfoList());
        assertThat(written.getProducerName()).isEqualTo("someone");
        assertThat(written.getMetadataPropsList()).isEqualTo(original.getMetadataPropsList());
        assertThat(OnnxWriter.bytes(OnnxReader.parse(OnnxWriter.bytes(read), "again")))
                .isEqualTo(OnnxWriter.bytes(read));
    }

    @Test
    void nodesAreSorted() throws IOException {
        var graph = GraphProto.newBuilder()
                .setName("g")
                .addInput(value("x"))
                .addOutput(value("y"))
                .addNode(node("Relu", "y", "b"))
                .addNode(node("Neg", "b", "a"))
                .addNode(node("Abs", "a", "x"));
        assertThat(read(model(graph)).graph().nodes()).extracting(Node::op).containsExactly("Abs", "Neg", "Relu");
    }

    @Test
    void unsoundGraphsAreRefusedByName() {
        refuses(
                model(graph().addNode(node("Neg", "a", "b")).addNode(node("Abs", "b", "a"))),
                "circle",
                "Neg \"a\"",
                "Abs \"b\"");
        refuses(model(graph().addNode(node("Neg", "y", "x"))), "\"y\" is made twice");
        refuses(model(graph().addNode(node("Neg", "z", "nowhere"))), "\"nowhere\", which nothing makes");
        refuses(model(graph().addInput(value("x"))), "\"x\"");
        refuses(
                model(graph().addNode(node("Neg", "z", "x").setDomain("other"))),
                "opset \"other\"",
                "must be imported");
        refuses(model(graph()).clearOpsetImport(), "must import an opset");
        refuses(model(graph()).clearGraph(), "with a graph, got none");
        refuses(model(graph().addOutput(value("nothing"))), "output \"nothing\"");
    }

    @Test
    void tensorsThatDoNotFitAreRefused() {
        var floats = TensorProto.newBuilder().setName("t").setDataType(1);
        refuses(model(graph().addInitializer(floats.clone().addDims(-1))), "\"t\"", "negative", "[-1]");
        refuses(model(graph().addInitializer(floats.clone().addDims(1L << 40).addDims(1L << 40))), "64-bit size");
        refuses(model(graph().addInitializer(floats.clone().addDims(1L << 50))), "1125899906842624 elements, got 0");
        refuses(model(graph().addInitializer(floats.clone().addDims(3).addFloatData(1))), "ask for 3 elements, got 1");
        refuses(
                model(graph().addInitializer(
                                floats.clone().addDims(1L << 62).setRawData(ByteString.copyFrom(new byte[4])))),
                "got 4 bytes");
        refuses(model(graph().addInitializer(floats.clone().setDataType(99))), "a type that ONNX knows, got 99");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"/etc/hostname", "../outside.bin", "inner/../../outside.bin", "link.bin", "missing.bin", ""})
    void externalDataStayInTheFolder(String location) throws IOException {
        var models = Files.createDirectories(folder.resolve("models"));
        Files.write(folder.resolve("outside.bin"), new byte[4]);
        Files.createSymbolicLink(models.resolve("link.bin"), folder.resolve("outside.bin"));
        var file = Files.write(models.resolve("m.onnx"), external(location, 0, 4));
        assertThatThrownBy(() -> OnnxReader.read(file))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("external data");
    }

    private static byte[] external(String location, long offset, long length) {
        var tensor = TensorProto.newBuilder()
                .setName("t")
                .setDataType(1)
                .addDims(1)
                .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                .addExternalData(
                        StringStringEntryProto.newBuilder().setKey("location").setValue(location))
                .addExternalData(
                        StringStringEntryProto.newBuilder().setKey("offset").setValue("" + offset))
                .addExternalData(
                        StringStringEntryProto.newBuilder().setKey("length").setValue("" + length));
        return model(graph().addInitializer(tensor)).build().toByteArray();
    }

    @Test
    void externalDataAreRead() throws IOException {
        Files.createDirectories(folder.resolve("weights"));
        Files.write(folder.resolve("weights/w.bin"), new byte[] {9, 9, 0, 0, (byte) 0x80, 0x3F});
        var file = Files.write(folder.resolve("m.onnx"), external("weights/w.bin", 2, 4));
        assertThat(OnnxReader.read(file).graph().initializers().get("t")).isEqualTo(Tensor.of(new float[] {1}, 1));
        Files.write(file, external("weights/w.bin", 4, 4));
        assertThatThrownBy(() -> OnnxReader.read(file)).hasMessageContaining("must lie in the 6 bytes");
        assertThatThrownBy(() -> OnnxReader.parse(external("weights/w.bin", 2, 4), "m.onnx"))
                .hasMessageContaining("must lie in the model itself");
    }

    @Test
    void graphsInGraphsEndSomewhere() {
        var graph = graph();
        for (int i = 0; i < 30; i++) {
            var body = AttributeProto.newBuilder()
                    .setName("body")
                    .setType(AttributeProto.AttributeType.GRAPH)
                    .setG(graph);
            graph = graph().addNode(node("Loop", "z", "x").addAttribute(body));
        }
        refuses(model(graph), "deep in one another");
    }

    /** Bytes that say much more than they hold. */
    @Test
    void bombsAreRefusedWithinMemory() throws IOException {
        // ten million nodes of two bytes each
        var nodes = new byte[20_000_000];
        for (int i = 0; i < nodes.length; i += 2) {
            nodes[i] = 1 << 3 | 2;
        }
        assertThatThrownBy(() -> OnnxReader.parse(inGraph(nodes), "bomb"))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("must hold at most");
        // groups in groups
        var groups = new byte[1_000_000];
        Arrays.fill(groups, (byte) 0x1B);
        assertThatThrownBy(() -> OnnxReader.parse(groups, "bomb")).isInstanceOf(SpecException.class);
        // a length of two gigabytes
        assertThatThrownBy(() -> OnnxReader.parse(new byte[] {0x3A, -1, -1, -1, -1, 7}, "bomb"))
                .isInstanceOf(SpecException.class);
    }

    private static byte[] inGraph(byte[] graph) throws IOException {
        var bytes = new ByteArrayOutputStream();
        var out = CodedOutputStream.newInstance(bytes);
        out.writeByteArray(ModelProto.GRAPH_FIELD_NUMBER, graph);
        out.flush();
        return bytes.toByteArray();
    }

    @Test
    void anyBytesAreReadOrRefused() throws IOException {
        var sound = sound();
        for (int seed = 0; seed < MUTATIONS; seed++) {
            var random = new Random(seed);
            var bytes = mutated(sound, random);
            try {
                var model = OnnxReader.parse(bytes, "mutated");
                Shapes.of(model);
                for (var pass : Passes.all().list()) {
                    // what runs in ONNX Runtime is as hostile as its input; its own checks are not ours
                    if (!pass.name().equals("constants")) {
                        pass.apply(model);
                    }
                }
                OnnxReader.parse(OnnxWriter.bytes(model), "written");
            } catch (SpecException e) {
                assertThat(e).hasMessageContaining("mutated");
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    private static byte[] mutated(byte[] sound, Random random) {
        if (random.nextInt(10) == 0) {
            var noise = new byte[random.nextInt(200)];
            random.nextBytes(noise);
            return noise;
        }
        var bytes = sound.clone();
        for (int i = random.nextInt(8); i >= 0; i--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        return random.nextInt(4) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes;
    }

    private static byte[] sound() {
        var axes = AttributeProto.newBuilder()
                .setName("perm")
                .setType(AttributeProto.AttributeType.INTS)
                .addInts(0)
                .addInts(2)
                .addInts(3)
                .addInts(1);
        var shape = TensorProto.newBuilder()
                .setName("shape")
                .setDataType(7)
                .addDims(2)
                .addInt64Data(0)
                .addInt64Data(-1);
        var weights = TensorProto.newBuilder()
                .setName("w")
                .setDataType(1)
                .addDims(2)
                .addDims(1)
                .addDims(1)
                .addDims(1)
                .addFloatData(1)
                .addFloatData(2);
        var body = AttributeProto.newBuilder()
                .setName("then_branch")
                .setType(AttributeProto.AttributeType.GRAPH)
                .setG(GraphProto.newBuilder()
                        .setName("b")
                        .addNode(node("Neg", "inner", "c"))
                        .addOutput(value("inner")));
        return model(graph().addInitializer(shape)
                        .addInitializer(weights)
                        .addNode(node("Conv", "c", "x", "w"))
                        .addNode(node("Transpose", "t", "c").addAttribute(axes))
                        .addNode(node("Transpose", "u", "t").addAttribute(axes))
                        .addNode(node("Reshape", "r", "u", "shape"))
                        .addNode(node("If", "i", "r").addAttribute(body))
                        .addNode(node("Shape", "s", "r"))
                        .addNode(node("Slice", "z", "r", "s", "s", "s", "s"))
                        .addOutput(value("z"))
                        .addOutput(value("i")))
                .build()
                .toByteArray();
    }

    /** A body sees all names around it: copied for each, those of this graph would be 288 million. */
    @Test
    void aLongChainOfBodiesIsRead() throws IOException {
        var graph = graph();
        var last = "x";
        int count = 12_000;
        for (int i = 0; i < count; i++) {
            var node = node("If", "v" + i, "c");
            for (var branch : List.of("then_branch", "else_branch")) {
                node.addAttribute(AttributeProto.newBuilder()
                        .setName(branch)
                        .setType(AttributeProto.AttributeType.GRAPH)
                        .setG(GraphProto.newBuilder()
                                .setName(branch)
                                .addNode(node("Neg", branch + i, last))
                                .addOutput(value(branch + i))));
            }
            graph.addNode(node);
            last = "v" + i;
        }
        graph.addInput(value("c")).addOutput(value(last));
        var file = Files.write(folder.resolve("long.onnx"), model(graph).build().toByteArray());
        assertThat(OnnxReader.read(file).graph().nodes().size()).isEqualTo(1 + count);
    }

    /** Large data lies outside of protobuf's message, in whichever field it was. */
    @Test
    void largeWeightsAreReadFromEachFieldThatHoldsThem() throws IOException {
        var floats = TensorProto.newBuilder().setName("floats").setDataType(TensorProto.DataType.FLOAT_VALUE);
        var doubles = TensorProto.newBuilder().setName("doubles").setDataType(TensorProto.DataType.DOUBLE_VALUE);
        var longs = TensorProto.newBuilder().setName("longs").setDataType(TensorProto.DataType.INT64_VALUE);
        var raw = TensorProto.newBuilder().setName("raw").setDataType(TensorProto.DataType.FLOAT_VALUE);
        var bytes = ByteBuffer.allocate(4000).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 1000; i++) {
            floats.addFloatData(i / 3f);
            doubles.addDoubleData(i / 3d);
            longs.addInt64Data(-i);
            bytes.putFloat(i / 7f);
        }
        raw.setRawData(ByteString.copyFrom(bytes.flip()));
        var graph = GraphProto.newBuilder().setName("g");
        for (var tensor : List.of(floats, doubles, longs, raw)) {
            graph.addInitializer(tensor.addDims(1000));
        }
        var model = ModelProto.newBuilder()
                .setIrVersion(8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
                .setGraph(graph)
                .build()
                .toByteArray();
        var read = OnnxReader.parse(model, "m").graph().initializers();
        for (int i : new int[] {0, 1, 999}) {
            assertThat(tensor(read.get("floats")).number(i)).isEqualTo(i / 3f);
            assertThat(tensor(read.get("doubles")).number(i)).isEqualTo(i / 3d);
            assertThat(tensor(read.get("longs")).number(i)).isEqualTo(-i);
            assertThat(tensor(read.get("raw")).number(i)).isEqualTo(i / 7f);
        }
        var short3 = ModelProto.parseFrom(model).toBuilder();
        short3.getGraphBuilder().getInitializerBuilder(3).setDims(0, 999);
        assertThatThrownBy(() -> OnnxReader.parse(short3.build().toByteArray(), "m"))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("initializer \"raw\"")
                .hasMessageContaining("got 4000 bytes");
    }

    private static Tensor tensor(@org.jspecify.annotations.Nullable Constant constant) {
        return (Tensor) Objects.requireNonNull(constant);
    }
}
