package smalti.exporter.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxReader;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.proof.DeadlyModels;
import smalti.exporter.proof.EngineEndedException;
import smalti.exporter.proof.ModelSession.Item;
import smalti.exporter.proof.RunLimits;
import smalti.spec.SpecException;

/** Files that inputs of a seed alone would not show to be the same. */
final class ProofOptionsTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path folder;

    private OnnxOptimizer.Report optimize(Model model, ProofOptions options) throws IOException {
        var file = folder.resolve("m.onnx");
        OnnxWriter.write(model, file);
        return OnnxOptimizer.optimize(file, out(), OnnxWriter.EXTERNAL_DATA_ABOVE, options);
    }

    private Path out() {
        return folder.resolve("out.onnx");
    }

    // ---- random operators

    static Stream<Node> drawing() {
        var shape = Map.of("shape", Attribute.ints(4, 5));
        return Stream.of(
                Node.of("RandomNormal", List.of(), "r", shape),
                Node.of("RandomUniform", List.of(), "r", shape),
                Node.of("RandomNormalLike", List.of("x"), "r", Map.of()),
                Node.of("RandomUniformLike", List.of("x"), "r", Map.of()),
                Node.of("Bernoulli", List.of("p"), "r", Map.of()),
                Node.of("Dropout", List.of("x", "half", "train"), "r", Map.of()));
    }

    @ParameterizedTest
    @MethodSource("drawing")
    void aRandomOperatorHasASeedForTheProofAlone(Node node) throws IOException {
        var constants = new LinkedHashMap<String, Constant>();
        constants.put("half", Tensor.of(new float[] {0.5f}));
        constants.put("train", Tensor.of(new double[] {1}).cast(ValueType.BOOL));
        var model = model(
                List.of(floats("x", 4, 5)),
                List.of(floats("y", 4, 5)),
                constants,
                Node.of("Identity", List.of("x"), "i", Map.of()),
                Node.of("Sigmoid", List.of("i"), "p", Map.of()),
                node,
                Node.of("Add", List.of("r", "p"), "y", Map.of()));
        var report = optimize(model, ProofOptions.defaults());
        assertThat(report.proof().isProven()).isTrue();
        assertThat(report.proof().notes()).anyMatch(note -> note.startsWith("random operators"));
        assertThat(report.removed()).containsKey("identities");
        assertThat(OnnxReader.read(out()).graph().nodes())
                .filteredOn(written -> written.op().equals(node.op()))
                .singleElement()
                .matches(written -> !written.attributes().containsKey("seed"));
    }

    // ---- inputs that are sizes

    static Stream<Model> sizes() {
        return Stream.of(
                sized("Reshape", 2, new Axis[] {Axis.of(6), Axis.of(4)}, Map.of()),
                sized("Expand", 2, new Axis[] {Axis.UNKNOWN, Axis.UNKNOWN}, Map.of()),
                sized("Tile", 2, new Axis[] {Axis.UNKNOWN, Axis.UNKNOWN}, Map.of()),
                sized("Pad", 4, new Axis[] {Axis.UNKNOWN, Axis.UNKNOWN}, Map.of()),
                sized("Split", 3, new Axis[] {Axis.UNKNOWN, Axis.UNKNOWN}, Map.of("axis", Attribute.of(0))),
                sized("ReduceSum", 1, null, Map.of("keepdims", Attribute.of(0))),
                sized("CenterCropPad", 2, new Axis[] {Axis.UNKNOWN, Axis.UNKNOWN}, Map.of()));
    }

    private static Model sized(String op, int count, Axis @Nullable [] made, Map<String, Attribute> attributes) {
        var outputs = new ArrayList<>(List.of("r"));
        for (int i = 1; op.equals("Split") && i < count; i++) {
            outputs.add("r" + i);
        }
        var graph = new Graph(
                op,
                List.of(floats("x", 3, 8), whole("s", Axis.of(count))),
                List.of(new Value("y", ValueType.FLOAT32, made == null ? null : List.of(made), Value.Layout.PLAIN)),
                Map.of(),
                List.of(
                        Node.of("Identity", List.of("x"), "i", Map.of()),
                        Node.of(op, List.of("i", "s"), outputs, attributes),
                        Node.of("Neg", List.of("r"), "y", Map.of())));
        return Model.of(graph, 18, 8);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void inputsThatAreSizesAreFoundOut(Model model) throws IOException {
        var report = optimize(model, ProofOptions.defaults());
        assertThat(report.difference()).isZero();
        assertThat(report.proof().notes()).singleElement().asString().startsWith("input s is ");
    }

    @Test
    void aCountOfLargestIsFoundOut() throws IOException {
        var graph = new Graph(
                "top",
                List.of(floats("x", 3, 1), whole("k", Axis.of(1))),
                List.of(new Value("y", ValueType.FLOAT32, null, Value.Layout.PLAIN)),
                Map.of(),
                List.of(
                        Node.of("Identity", List.of("k"), "j", Map.of()),
                        Node.of("TopK", List.of("x", "j"), List.of("y", "at"), Map.of())));
        assertThat(optimize(Model.of(graph, 17, 8), ProofOptions.defaults())
                        .proof()
                        .notes())
                .containsExactly("input k is a count for TopK \"y\": 1");
    }

    // ---- samples, limits, and no proof at all

    /** Runs where s = 6 alone: x [2, 3] is brought to the shape [s]. */
    private static Model particular() {
        var graph = new Graph(
                "particular",
                List.of(floats("x", 2, 3), whole("s", Axis.of(1))),
                List.of(new Value("y", ValueType.FLOAT32, List.of(Axis.named("M")), Value.Layout.PLAIN)),
                Map.of("two", Tensor.of(new long[] {2}, 1)),
                List.of(
                        Node.of("Add", List.of("s", "two"), "t", Map.of()),
                        Node.of("Sub", List.of("t", "two"), "u", Map.of()),
                        Node.of("Identity", List.of("u"), "v", Map.of()),
                        Node.of("Reshape", List.of("x", "v"), "y", Map.of())));
        return Model.of(graph, 17, 8);
    }

    @Test
    void samplesGoWhereSeedsCannot() throws IOException {
        assertThatThrownBy(() -> optimize(particular(), ProofOptions.defaults()))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("samples");
        assertThat(out()).doesNotExist();
        var sample = Map.<String, Item>of(
                "x", new Item.Array(Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3)),
                "s", new Item.Array(Tensor.of(new long[] {6}, 1)));
        var report = optimize(particular(), ProofOptions.defaults().withSamples(List.of(sample)));
        assertThat(report.proof().isProven()).isTrue();
        assertThat(OnnxReader.read(out()).metadata()).doesNotContainKey("smalti.unproven");
    }

    @Test
    void whatCannotBeRunIsWrittenOnDemandAndSaysSo() throws IOException {
        var report = optimize(particular(), ProofOptions.defaults().withUnproven(true));
        assertThat(report.proof().unproven()).startsWith("m.onnx: must run on seeded inputs");
        assertThat(OnnxReader.read(out()).metadata().get("smalti.unproven")).startsWith("m.onnx: must run");
    }

    @Test
    void samplesThatDoNotFitAreAMistakeWhateverIsAskedFor() {
        var sample = Map.<String, Item>of(
                "x", new Item.Array(Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3)),
                "s", new Item.Array(Tensor.of(new long[] {7}, 1)));
        assertThatThrownBy(() -> optimize(
                        particular(), ProofOptions.defaults().withUnproven(true).withSamples(List.of(sample))))
                .isInstanceOf(SpecException.class)
                .hasMessageStartingWith("m.onnx: must run on the samples, and does not (others may be given, or none)");
        assertThat(out()).doesNotExist();
    }

    @Test
    void aRunThatDoesNotEndIsStopped() throws IOException {
        var limits = RunLimits.DEFAULT.withTime(Duration.ofSeconds(3));
        assertThatThrownBy(() ->
                        optimize(DeadlyModels.endless(), ProofOptions.defaults().withLimits(limits)))
                .isInstanceOf(EngineEndedException.class)
                .hasMessageContaining("did not end within 3 s");
    }

    @Test
    void memoryIsEstimatedBeforeARun() throws IOException {
        // a row of 1 Mi floats is doubled ten times: 4 GiB at the end, made of 2 GiB
        var limits = RunLimits.DEFAULT.withMemory(4L << 30);
        var row = Map.<String, Item>of("x", new Item.Array(Tensor.of(new float[1 << 20], 1 << 20)));
        assertThat(ProofMemory.bytes(DeadlyModels.bomb(), row)).isCloseTo(6.0 * (1L << 30), within(1e7));
        assertThatThrownBy(() -> optimize(
                        DeadlyModels.bomb(),
                        ProofOptions.defaults().withLimits(limits).withSamples(List.of(row))))
                .isInstanceOf(SpecException.class)
                .hasMessage("m.onnx: a run must take at most 4.3 GB of memory, and would take at least 6.4 GB");
        assertThat(Files.exists(out())).isFalse();
    }

    private static Value floats(String name, long... sizes) {
        var axes = new ArrayList<Axis>();
        for (long size : sizes) {
            axes.add(Axis.of(size));
        }
        return new Value(name, ValueType.FLOAT32, axes, Value.Layout.PLAIN);
    }

    private static Value whole(String name, Axis... axes) {
        return new Value(name, ValueType.INT64, List.of(axes), Value.Layout.PLAIN);
    }

    private static Model model(List<Value> in, List<Value> out, Map<String, Constant> constants, Node... nodes) {
        return Model.of(new Graph("drawing", in, out, constants, List.of(nodes)), 17, 8);
    }
}
