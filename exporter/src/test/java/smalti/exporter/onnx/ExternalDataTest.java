package smalti.exporter.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.CodedOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import smalti.exporter.ExportOptions;
import smalti.exporter.OnnxChecker;
import smalti.exporter.OnnxExporter;
import smalti.exporter.file.OnnxDiff;
import smalti.exporter.file.OnnxFileCheck;
import smalti.exporter.file.OnnxOpset;
import smalti.exporter.file.OnnxOptimizer;
import smalti.exporter.file.OnnxPrecision;
import smalti.exporter.file.ProofOptions;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;
import smalti.exporter.proto.GraphProto;
import smalti.exporter.proto.ModelProto;
import smalti.exporter.proto.OperatorSetIdProto;
import smalti.exporter.proto.TensorProto;
import smalti.spec.SpecException;

/** Weights in a file of their own: written, read back, run, replaced. */
final class ExternalDataTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path folder;

    private static Tensor numbers(int seed, long... dims) {
        var random = new Random(seed);
        int count = 1;
        for (long size : dims) {
            count *= (int) size;
        }
        var values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.of(values, dims);
    }

    private static Value value(String name, ValueType type, Axis... axes) {
        return new Value(name, type, List.of(axes), Value.Layout.PLAIN);
    }

    /** Two layers of large weights, a small bias, and a weight inside the branch of an If. */
    private static Model model() {
        var branches = new LinkedHashMap<String, Attribute>();
        for (var name : List.of("else_branch", "then_branch")) {
            branches.put(
                    name,
                    new Attribute.Body(new Graph(
                            name,
                            List.of(),
                            List.of(value(name + "/y", ValueType.FLOAT32, Axis.named("N"), Axis.of(20))),
                            Map.of(name + "/w", numbers(name.length(), 30, 20)),
                            List.of(Node.of("MatMul", List.of("b", name + "/w"), name + "/y", Map.of())))));
        }
        var constants = new LinkedHashMap<String, Constant>();
        constants.put("w", numbers(1, 17, 30));
        constants.put("bias", numbers(2, 30));
        constants.put("v", numbers(3, 30, 30));
        var graph = new Graph(
                "g",
                List.of(value("x", ValueType.FLOAT32, Axis.named("N"), Axis.of(17)), value("which", ValueType.BOOL)),
                List.of(value("y", ValueType.FLOAT32, Axis.named("N"), Axis.of(20))),
                constants,
                List.of(
                        Node.of("MatMul", List.of("x", "w"), "a", Map.of()),
                        Node.of("Add", List.of("a", "bias"), "h", Map.of()),
                        Node.of("MatMul", List.of("h", "v"), "b", Map.of()),
                        Node.of("If", List.of("which"), "y", branches)));
        return Model.of(graph, 17, 8);
    }

    private static Map<String, Item> run(Path file) {
        try (var session = ModelSession.open(file, "m")) {
            return session.run(Map.of(
                    "x", new Item.Array(numbers(9, 3, 17)), "which", new Item.Array(Tensor.scalar(ValueType.BOOL, 1))));
        }
    }

    private static void write(Model model, Path file, long above) throws IOException {
        OnnxWriter.write(model, file, above, written -> {});
    }

    private List<String> names() throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void largeWeightsLieBesideTheModelAtWholePages() throws IOException {
        var file = folder.resolve("m.onnx");
        write(model(), file, 0);
        assertThat(names()).containsExactly("m.onnx", "m.onnx.data");
        OnnxChecker.check(file);
        var initializers =
                ModelProto.parseFrom(Files.readAllBytes(file)).getGraph().getInitializerList();
        var data = Files.readAllBytes(folder.resolve("m.onnx.data"));
        for (var initializer : initializers) {
            var external = new LinkedHashMap<String, String>();
            initializer.getExternalDataList().forEach(entry -> external.put(entry.getKey(), entry.getValue()));
            if (initializer.getName().equals("bias")) {
                assertThat(initializer.getDataLocation()).isEqualTo(TensorProto.DataLocation.DEFAULT);
                continue;
            }
            assertThat(external)
                    .containsEntry("location", "m.onnx.data")
                    .containsOnlyKeys("location", "offset", "length");
            int offset = Integer.parseInt(external.getOrDefault("offset", "1"));
            assertThat(offset % 4096).isZero();
            var expected = (Tensor) model().graph().initializers().get(initializer.getName());
            assertThat(ByteBuffer.wrap(data, offset, Integer.parseInt(external.getOrDefault("length", "0"))))
                    .isEqualTo(expected == null ? null : expected.data());
        }
        // in the branches too
        assertThat(Files.size(file)).isLessThan(2000);

        assertThat(OnnxReader.read(file).graph()).isEqualTo(model().graph());
        assertThat(OnnxFileCheck.problems(file)).isEmpty();
        var whole = folder.resolve("whole.onnx");
        write(model(), whole, 1 << 20);
        assertThat(run(file)).isEqualTo(run(whole));
        assertThat(OnnxDiff.of(file, whole, 1).none()).isTrue();
    }

    @Test
    void theSameModelGivesTheSameBytes() throws IOException {
        var file = folder.resolve("m.onnx");
        write(model(), file, 0);
        var first = List.of(Files.readAllBytes(file), Files.readAllBytes(folder.resolve("m.onnx.data")));
        write(OnnxReader.read(file), file, 0);
        assertThat(Files.readAllBytes(file)).isEqualTo(first.get(0));
        assertThat(Files.readAllBytes(folder.resolve("m.onnx.data"))).isEqualTo(first.get(1));
    }

    @Test
    void aRewriteLeavesNoStaleData() throws IOException {
        var file = folder.resolve("m.onnx");
        write(model(), file, 0);
        var outputs = run(file);
        write(model(), file, 1 << 20);
        assertThat(names()).containsExactly("m.onnx");
        assertThat(run(file)).isEqualTo(outputs);
        write(model(), file, 0);
        assertThat(names()).containsExactly("m.onnx", "m.onnx.data");
        assertThat(run(file)).isEqualTo(outputs);
        var small = Model.of(
                new Graph(
                        "small",
                        List.of(value("x", ValueType.FLOAT32)),
                        List.of(value("y", ValueType.FLOAT32)),
                        Map.of("one", Tensor.scalar(ValueType.FLOAT32, 1)),
                        List.of(Node.of("Add", List.of("x", "one"), "y", Map.of()))),
                17,
                8);
        write(small, file, 0);
        assertThat(names()).containsExactly("m.onnx");
    }

    @Test
    void whatItsProofRefusesReplacesNothing() throws IOException {
        var file = folder.resolve("m.onnx");
        write(model(), file, 0);
        var data = Files.readAllBytes(folder.resolve("m.onnx.data"));
        var other = model().with(new Graph(
                "other",
                model().graph().inputs(),
                model().graph().outputs(),
                Map.of("w", numbers(5, 17, 30), "bias", numbers(6, 30), "v", numbers(7, 30, 30)),
                model().graph().nodes()));
        assertThatThrownBy(() -> OnnxWriter.write(other, file, 0, written -> {
                    assertThat(run(written)).isNotEmpty();
                    throw new SpecException("no");
                }))
                .hasMessage("no");
        assertThat(names()).containsExactly("m.onnx", "m.onnx.data");
        assertThat(Files.readAllBytes(folder.resolve("m.onnx.data"))).isEqualTo(data);
        assertThat(OnnxReader.read(file).graph()).isEqualTo(model().graph());
    }

    @Test
    void aModelIsOptimizedInItsPlace() throws IOException {
        var file = folder.resolve("m.onnx");
        write(model(), file, 0);
        var outputs = run(file);
        OnnxOptimizer.optimize(file, file, 1, 0);
        assertThat(names()).containsExactly("m.onnx", "m.onnx.data");
        assertThat(run(file).keySet()).isEqualTo(outputs.keySet());
        OnnxOptimizer.optimize(file, file, 1);
        assertThat(names()).containsExactly("m.onnx");
    }

    /** Each output would take away what the source is read from. */
    @ParameterizedTest
    @ValueSource(strings = {"o.onnx", "link.onnx", "o.onnx.data", "linked.onnx"})
    void nothingIsWrittenOverWhatTheSourceNeeds(String out) throws IOException {
        var file = folder.resolve("z.onnx");
        write(model(), folder.resolve("o.onnx"), 0);
        // its weights keep the name that they had
        Files.move(folder.resolve("o.onnx"), file);
        Files.createSymbolicLink(folder.resolve("link.onnx"), file);
        Files.createSymbolicLink(folder.resolve("linked.onnx.data"), folder.resolve("o.onnx.data"));
        var outputs = run(file);
        for (long externalDataAbove : new long[] {0, Long.MAX_VALUE}) {
            assertThatThrownBy(() -> OnnxOptimizer.optimize(file, folder.resolve(out), 1, externalDataAbove))
                    .isInstanceOf(SpecException.class)
                    .hasMessageContaining(out + ": must")
                    .hasMessageContaining(out.equals("link.onnx") ? "it is what is read" : "weights of z.onnx are in");
        }
        assertThatThrownBy(() -> OnnxPrecision.half(file, folder.resolve(out), List.of(), 1))
                .hasMessageContaining(out + ": must");
        assertThat(run(file)).isEqualTo(outputs);
        OnnxOptimizer.optimize(file, folder.resolve("p.onnx"), 1, 0);
        assertThat(run(file)).isEqualTo(outputs);
    }

    @ParameterizedTest
    @ValueSource(strings = {"z.orig.bak", "z.ONNX", "z"})
    void noWeightsAreOverwrittenWhateverTheModelIsCalled(String name) throws IOException {
        var out = folder.resolve("z.onnx");
        write(model(), out, 0);
        var renamed = Files.move(out, folder.resolve(name));
        var outputs = run(renamed);
        Files.copy(renamed, out);
        // what is there would be taken for an older output, and its weights with it
        for (long externalDataAbove : new long[] {0, Long.MAX_VALUE}) {
            assertThatThrownBy(() -> OnnxOptimizer.optimize(renamed, out, 1, externalDataAbove))
                    .isInstanceOf(SpecException.class)
                    .hasMessageContaining("weights of " + name + " are in");
        }
        assertThatThrownBy(() -> OnnxOpset.convert(renamed, out, 18, 0, ProofOptions.defaults()))
                .hasMessageContaining("z.onnx: must have another name");
        assertThat(run(renamed)).isEqualTo(outputs);
    }

    @Test
    void noGraphIsConvertedIntoItself() throws IOException {
        var graph = SameDiff.create();
        graph.nn.relu("y", graph.placeHolder("x", DataType.FLOAT, -1, 4), 0);
        var file = folder.resolve("g.fb").toFile();
        graph.save(file, true);
        var before = Files.readAllBytes(file.toPath());
        assertThatThrownBy(() -> OnnxExporter.export(
                        file.toPath(), List.of(), List.of(), file.toPath(), ExportOptions.defaults()))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("g.fb: must be another file");
        assertThat(Files.readAllBytes(file.toPath())).isEqualTo(before);
    }

    @Test
    void anExportIsProvenFromBothFiles() throws IOException {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.FLOAT, -1, 40);
        graph.nn.relu("y", x.mmul(graph.var("w", Nd4j.rand(DataType.FLOAT, 40, 50))), 0);
        var file = folder.resolve("m.onnx");
        var options = ExportOptions.defaults().withExternalDataAbove(4000);
        var exported = OnnxExporter.export(graph, List.of(), List.of(), file, options);
        assertThat(exported.parity())
                .singleElement()
                .satisfies(parity -> assertThat(parity.difference()).isLessThan(1e-5));
        assertThat(names()).containsExactly("m.onnx", "m.onnx.data");
        assertThat(Files.size(folder.resolve("m.onnx.data"))).isEqualTo(40 * 50 * 4);
        OnnxChecker.check(file);
        OnnxExporter.export(graph, List.of(), List.of(), file, options.withExternalDataAbove(8000));
        assertThat(names()).containsExactly("m.onnx");
    }

    /** Twice in the heap it would need more than the whole heap of a test. */
    @Test
    void aFileOfNearlyTwoGigabytesIsReadAndCheckedWithoutItsWeightsInTheHeap() throws IOException {
        assumeTrue(Boolean.getBoolean("smalti.full"), "writes 1.9 GB: runs with -Pfull");
        long rows = 1_900_000;
        var file = folder.resolve("large.onnx");
        var small = Model.of(
                new Graph(
                        "large",
                        List.of(value("x", ValueType.INT64, Axis.named("N"))),
                        List.of(value("y", ValueType.FLOAT32, Axis.named("N"), Axis.of(250))),
                        Map.of(),
                        List.of(Node.of("Gather", List.of("w", "x"), "y", Map.of()))),
                17,
                8);
        var graph = ModelProto.parseFrom(OnnxWriter.bytes(small)).getGraph();
        var tensor = TensorProto.newBuilder()
                .setName("w")
                .setDataType(TensorProto.DataType.FLOAT_VALUE)
                .addDims(rows)
                .addDims(250)
                .build();
        int bytes = (int) (rows * 250 * Float.BYTES);
        var head = ByteBuffer.allocate(1 << 12);
        var out = CodedOutputStream.newInstance(head);
        int rawHead = CodedOutputStream.computeTagSize(TensorProto.RAW_DATA_FIELD_NUMBER)
                + CodedOutputStream.computeUInt32SizeNoTag(bytes);
        int tensorBytes = tensor.getSerializedSize() + rawHead + bytes;
        int tensorHead = CodedOutputStream.computeTagSize(GraphProto.INITIALIZER_FIELD_NUMBER)
                + CodedOutputStream.computeUInt32SizeNoTag(tensorBytes);
        out.writeRawBytes(ModelProto.newBuilder()
                .setIrVersion(8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
                .build()
                .toByteString());
        out.writeTag(ModelProto.GRAPH_FIELD_NUMBER, 2);
        out.writeUInt32NoTag(graph.getSerializedSize() + tensorHead + tensorBytes);
        out.writeRawBytes(graph.toByteString());
        out.writeTag(GraphProto.INITIALIZER_FIELD_NUMBER, 2);
        out.writeUInt32NoTag(tensorBytes);
        out.writeRawBytes(tensor.toByteString());
        out.writeTag(TensorProto.RAW_DATA_FIELD_NUMBER, 2);
        out.writeUInt32NoTag(bytes);
        out.flush();
        head.flip();
        try (var channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            long start = channel.write(head);
            // the rest reads as zeros, and takes no room on the disk
            var last = ByteBuffer.allocate(Float.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putFloat(0, 7);
            channel.write(last, start + bytes - Float.BYTES);
        }
        var weights = (Tensor) java.util.Objects.requireNonNull(
                OnnxReader.read(file).graph().initializers().get("w"));
        assertThat(weights.data().isDirect()).isTrue();
        assertThat(weights.number((int) (rows * 250 - 1))).isEqualTo(7);
        assertThat(OnnxFileCheck.problems(file)).isEmpty();
    }

    /** More than a protobuf message can hold, and more than one buffer of Java's. */
    @Test
    void moreThanTwoGigabytes() throws IOException {
        assumeTrue(Boolean.getBoolean("smalti.full"), "writes 5 GB: runs with -Pfull");
        int rows = 1 << 16;
        int width = 1 << 10;
        var constants = new LinkedHashMap<String, Constant>();
        var nodes = new ArrayList<Node>();
        var sum = new ArrayList<String>();
        for (int i = 0; i < 9; i++) {
            // 128 MB each; the first number of a row tells table and row
            var data = ByteBuffer.allocateDirect(rows * 2 * width).order(ByteOrder.LITTLE_ENDIAN);
            for (int row = 0; row < rows; row++) {
                data.putShort(row * 2 * width, (short) (row ^ i));
            }
            constants.put("table" + i, new Tensor(ValueType.INT16, List.of((long) rows, (long) width), data));
            constants.put("again" + i, new Tensor(ValueType.INT16, List.of((long) rows, (long) width), data));
            for (var name : List.of("table", "again")) {
                nodes.add(Node.of("Gather", List.of(name + i, "x"), name + i + "/row", Map.of()));
                nodes.add(Node.of("Cast", List.of(name + i + "/row"), name + i + "/y", Map.of("to", Attribute.of(7L))));
                sum.add(name + i + "/y");
            }
        }
        for (int i = 1; i < sum.size(); i++) {
            var before = i == 1 ? sum.get(0) : "sum" + (i - 1);
            nodes.add(Node.of("Add", List.of(before, sum.get(i)), i == sum.size() - 1 ? "y" : "sum" + i, Map.of()));
        }
        var model = Model.of(
                new Graph(
                        "large",
                        List.of(value("x", ValueType.INT64, Axis.named("N"))),
                        List.of(value("y", ValueType.INT64, Axis.named("N"), Axis.of(width))),
                        constants,
                        nodes),
                17,
                8);
        var file = folder.resolve("large.onnx");
        write(model, file, OnnxWriter.EXTERNAL_DATA_ABOVE);
        assertThat(Files.size(folder.resolve("large.onnx.data"))).isEqualTo(18L * rows * width * 2);
        assertThatThrownBy(() -> OnnxWriter.write(model, folder.resolve("one.onnx")))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("external data");
        var out = folder.resolve("out.onnx");
        // each table stands there twice: merged
        OnnxOptimizer.optimize(file, out, 1, 1_000_000_000L);
        for (var written : List.of(file, out)) {
            assertThat(OnnxFileCheck.problems(written)).isEmpty();
            try (var session = ModelSession.open(written, "large")) {
                var got = session.run(Map.of("x", new Item.Array(Tensor.of(new long[] {0, 7, 30_000}, 3))));
                var y = ((Item.Array) java.util.Objects.requireNonNull(got.get("y"))).tensor();
                long[] x = {0, 7, 30_000};
                for (int n = 0; n < 3; n++) {
                    double expected = 0;
                    for (int i = 0; i < 9; i++) {
                        expected += 2 * (short) (x[n] ^ i);
                    }
                    assertThat(y.number(n * width)).isEqualTo(expected);
                    assertThat(y.number(n * width + 1)).isZero();
                }
            }
        }
        assertThat(Files.size(folder.resolve("out.onnx.data"))).isEqualTo(9L * rows * width * 2);
        assertThat(OnnxDiff.of(file, out, 1).outputs()).isEmpty();
    }
}
