package smalti.exporter.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.exporter.file.OnnxDiff;
import smalti.exporter.file.OnnxFileCheck;
import smalti.exporter.file.OnnxOptimizer;
import smalti.exporter.file.OnnxPrecision;
import smalti.exporter.proto.FunctionProto;
import smalti.exporter.proto.GraphProto;
import smalti.exporter.proto.ModelProto;
import smalti.exporter.proto.NodeProto;
import smalti.exporter.proto.OperatorSetIdProto;
import smalti.exporter.proto.ShardingSpecProto;
import smalti.exporter.proto.TensorShapeProto;
import smalti.exporter.proto.TypeProto;
import smalti.exporter.proto.ValueInfoProto;

/**
 * What a file remarks: kept where what it is about is kept, else told.
 *
 * <p>The file is a convolution and a batch normalization of IR 11, with a remark of every kind that there is.
 */
final class AnnotationsTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path folder;

    private Path source = Path.of("");
    private ModelProto given = ModelProto.getDefaultInstance();

    @BeforeEach
    void read() throws IOException {
        try (var in = Objects.requireNonNull(getClass().getResourceAsStream("/onnx/remarks-everywhere.onnx"))) {
            given = ModelProto.parseFrom(in);
        }
        source = Files.write(folder.resolve("given.onnx"), given.toByteArray());
    }

    private ModelProto read(Path file) throws IOException {
        return ModelProto.parseFrom(Files.readAllBytes(file));
    }

    @Test
    void whatIsNotChangedIsWrittenAsItWasRead() throws IOException {
        var out = folder.resolve("out.onnx");
        OnnxWriter.write(OnnxReader.read(source), out);
        assertThat(read(out)).isEqualTo(given);
    }

    /** Training changes a weight of the convolution, so it is no constant, and nothing is folded into it. */
    @Test
    void whatTrainingChangesIsNoConstant() throws IOException {
        var out = folder.resolve("out.onnx");
        var report = OnnxOptimizer.optimize(source, out, 1);
        assertThat(report.dropped()).isEmpty();
        var written = read(out);
        assertThat(written.getTrainingInfoList()).isEqualTo(given.getTrainingInfoList());
        assertThat(written.getUnknownFields()).isEqualTo(given.getUnknownFields());
        assertThat(written.getGraph().getNode(0)).isEqualTo(given.getGraph().getNode(0));
        assertThat(written.getGraph().getInitializer(0))
                .isEqualTo(given.getGraph().getInitializer(0));
        assertThat(written.getGraph().getQuantizationAnnotationList())
                .isEqualTo(given.getGraph().getQuantizationAnnotationList());
    }

    @Test
    void whatIsGoneIsToldAndNothingNamesIt() throws IOException {
        var sharded = given.toBuilder().clearTrainingInfo();
        sharded.getGraphBuilder()
                .getNodeBuilder(0)
                .getDeviceConfigurationsBuilder(0)
                .addShardingSpec(ShardingSpecProto.newBuilder().setTensorName("c"));
        Files.write(source, sharded.build().toByteArray());
        var out = folder.resolve("out.onnx");
        var report = OnnxOptimizer.optimize(source, out, 1);
        assertThat(report.dropped())
                .containsExactlyInAnyOrder(
                        "devices of node \"conv\"",
                        "doc string of value \"c\"",
                        "doc string of constant \"w\"",
                        "metadata of constant \"w\"",
                        "quantization annotation of value \"c\"");
        var graph = read(out).getGraph();
        assertThat(graph.getNodeList()).extracting(NodeProto::getName).containsExactly("conv");
        assertThat(graph.getNode(0).getDocString()).isEqualTo("NDOC");
        assertThat(graph.getNode(0).getMetadataPropsList())
                .isEqualTo(given.getGraph().getNode(0).getMetadataPropsList());
        assertThat(graph.getNode(0).getDeviceConfigurationsList()).isEmpty();
        assertThat(graph.getQuantizationAnnotationList()).isEmpty();
        assertThat(graph.getInitializerList())
                .extracting(tensor -> tensor.getName())
                .doesNotContain("sc");
        assertThat(graph.getInputList()).isEqualTo(given.getGraph().getInputList());
        assertThat(graph.getOutputList()).isEqualTo(given.getGraph().getOutputList());
        assertThat(graph.getDocString()).isEqualTo("GDOC");
        assertThat(graph.getMetadataPropsList()).isEqualTo(given.getGraph().getMetadataPropsList());
        assertThat(OnnxFileCheck.problems(out)).isEmpty();
    }

    @Test
    void aModelOfFewerBitsIsNotTrainedFurther() throws IOException {
        var out = folder.resolve("out.onnx");
        var report = OnnxPrecision.half(source, out, List.of(), 1);
        assertThat(report.dropped()).contains("training information of graph \"g\", whose weights change");
        assertThat(read(out).getTrainingInfoList()).isEmpty();
        assertThat(read(out).getGraph().getInputList())
                .isEqualTo(given.getGraph().getInputList());
    }

    /** What is said of a function goes with it, once it stands in the place of what called it. */
    @Test
    void whatIsSaidOfAFunctionIsTold() throws IOException {
        var x = floats("x");
        var function = FunctionProto.newBuilder()
                .setName("F")
                .setDomain("own")
                .setDocString("FDOC")
                .addInput("a")
                .addOutput("b")
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
                .addNode(NodeProto.newBuilder()
                        .setOpType("Relu")
                        .addInput("a")
                        .addOutput("b")
                        .setDocString("INNER"));
        var call = NodeProto.newBuilder()
                .setName("call")
                .setDomain("own")
                .setOpType("F")
                .addInput("x")
                .addOutput("y")
                .setDocString("CALL");
        var model = ModelProto.newBuilder()
                .setIrVersion(8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
                .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("own").setVersion(1))
                .addFunctions(function)
                .setGraph(GraphProto.newBuilder()
                        .setName("g")
                        .addInput(x)
                        .addOutput(x.toBuilder().setName("y"))
                        .addNode(call));
        Files.write(source, model.build().toByteArray());
        var out = folder.resolve("out.onnx");
        var dropped = OnnxOptimizer.optimize(source, out, 1).dropped();
        assertThat(dropped)
                .containsExactlyInAnyOrder(
                        "doc string of function \"F\"", "remarks inside function \"F\"", "doc string of node \"call\"");
        assertThat(OnnxDiff.of(source, out, 1).structure())
                .containsAll(dropped.stream()
                        .map(line -> "only the first has the " + line)
                        .toList());
    }

    private static ValueInfoProto floats(String name) {
        var tensor = TypeProto.Tensor.newBuilder()
                .setElemType(1)
                .setShape(TensorShapeProto.newBuilder()
                        .addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(2)));
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder().setTensorType(tensor))
                .build();
    }
}
