package smalti.exporter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SDIndex;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.custom.Digamma;
import org.nd4j.linalg.api.ops.custom.Lgamma;
import org.nd4j.linalg.api.ops.impl.image.NonMaxSuppressionV3;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.transforms.HistogramFixedWidth;
import org.nd4j.linalg.api.ops.impl.transforms.custom.Unique;
import org.nd4j.linalg.factory.Nd4j;
import smalti.exporter.proof.GraphProver;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.samediff.SameDiffRunner;
import smalti.spec.SpecException;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.file.NpyArray;

/** Graphs that no family of ours made. */
final class OnnxExporterTest {
    @TempDir
    private Path folder;

    private Path file() {
        return folder.resolve("model.onnx");
    }

    /** A classifier with trainable weights, as a user of SameDiff has it. */
    private static SameDiff classifier() {
        var graph = SameDiff.create();
        var x = graph.placeHolder("features", DataType.FLOAT, -1, 3);
        var weights = graph.var("w", Nd4j.createFromArray(new float[][] {{1, 0}, {0, 2}, {-1, 1}}));
        var bias = graph.var("b", Nd4j.createFromArray(0.5f, -0.5f));
        graph.nn.sigmoid("probabilities", x.mmul(weights).add(bias));
        return graph;
    }

    @Test
    void aTrainableGraphKeepsItsNames() throws IOException {
        var saved = folder.resolve("graph.fb");
        classifier().save(saved.toFile(), true);
        var exported = OnnxExporter.export(saved, List.of(), List.of(), file(), ExportOptions.defaults());
        assertThat(exported.signature()).hasToString("features [N,3] float32 → probabilities [N,2] float32");
        assertThat(exported.parity()).singleElement().satisfies(parity -> {
            assertThat(parity.output()).isEqualTo("probabilities");
            assertThat(parity.difference()).isLessThan(1e-6);
        });
        try (var session = ModelSession.openOnAllCores(file())) {
            var made = session.runArrays(Map.of("features", NpyArray.of(new float[] {1, 1, 1, 0, 0, 0}, 2, 3)));
            // σ(1 − 1 + ½), σ(2 + 1 − ½), σ(½), σ(−½)
            assertThat(Objects.requireNonNull(made.get("probabilities")).floats())
                    .containsExactly(new float[] {0.62245935f, 0.9241418f, 0.62245935f, 0.37754068f}, within(1e-6f));
        }
    }

    /** With oneDNN, xw_plus_b adds to what it finds in an array that is used again. */
    @Test
    void layersInsideAGraphAreProvenRunAfterRun() throws IOException {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.FLOAT, -1, 8);
        var h = x;
        for (int layer = 0; layer < 3; layer++) {
            var w = graph.var(
                    "w" + layer, Nd4j.linspace(-1, 1, 64, DataType.FLOAT).reshape(8, 8));
            var b = graph.var("b" + layer, Nd4j.linspace(1, 2, 8, DataType.FLOAT));
            h = graph.nn.relu(graph.nn.linear(h, w, b), 0);
        }
        graph.nn.softmax("probabilities", h, 1);
        var exported =
                OnnxExporter.export(graph, List.of(), List.of("probabilities"), file(), ExportOptions.defaults());
        assertThat(exported.parity())
                .singleElement()
                .satisfies(parity -> assertThat(parity.difference()).isLessThan(1e-6));
    }

    /** nd4j saves the axis of a log softmax so that its own reader fails. */
    @Test
    void aFileThatSameDiffCannotReadBackIsNamed() throws IOException {
        var graph = SameDiff.create();
        graph.nn.logSoftmax("y", graph.placeHolder("x", DataType.FLOAT, -1, 8), 1);
        var saved = folder.resolve("saved.fb");
        graph.save(saved.toFile(), false);
        assertThatThrownBy(() -> OnnxExporter.export(
                        saved, List.of(), List.of("y"), folder.resolve("y.onnx"), ExportOptions.defaults()))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining(
                        "op \"log_softmax\" at node log_softmax is saved so that SameDiff cannot read it back");
    }

    @Test
    void anOutputMayBeAnyVariableAndMaySharePlaceholders() throws IOException {
        var graph = classifier();
        var exported = OnnxExporter.export(
                graph, List.of("features"), List.of("probabilities", "add"), file(), ExportOptions.defaults());
        assertThat(exported.signature().outputs()).extracting(TensorSpec::name).containsExactly("probabilities", "add");
    }

    @Test
    void aSizeThatFollowsNoInputIsFree() throws IOException {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.FLOAT, -1, 4);
        graph.concat("y", 0, x, x).add("z", 1);
        var signature = new Signature(
                List.of(TensorSpec.of("x", ElementType.FLOAT32, "N 4")),
                List.of(TensorSpec.of("z", ElementType.FLOAT32, "twice 4")));
        assertThat(OnnxExporter.export(graph, signature, file(), ExportOptions.defaults())
                        .signature())
                .isEqualTo(signature);
        assertThat(OnnxExporter.export(graph, List.of(), List.of(), file(), ExportOptions.defaults())
                        .signature()
                        .outputs())
                .singleElement()
                .hasToString("z [z_0,4] float32");
    }

    /** Boxes that are all alike leave one; others leave two. */
    @Test
    void howManyBoxesAreLeftIsFree() throws IOException {
        var graph = SameDiff.create();
        var boxes = graph.placeHolder("boxes", DataType.FLOAT, 3, 4);
        var scores = graph.placeHolder("scores", DataType.FLOAT, 3);
        var left = new NonMaxSuppressionV3(
                        graph,
                        boxes,
                        scores,
                        graph.constant(Nd4j.scalar(3)),
                        graph.constant(Nd4j.scalar(0.5f)),
                        graph.constant(Nd4j.scalar(-10f)))
                .outputVariable()
                .rename("y");
        graph.gather("z", boxes, left, 0);
        var exported = OnnxExporter.export(graph, List.of(), List.of("y", "z"), file(), ExportOptions.defaults());
        assertThat(exported.signature().outputs())
                .extracting(TensorSpec::toString)
                .containsExactly("y [y_0] int32", "z [z_0,4] float32");
        try (var session = ModelSession.openOnAllCores(file())) {
            var made = session.runArrays(Map.of(
                    "boxes", NpyArray.of(new float[] {0, 0, 1, 1, 0, 0, 1, 1, 5, 5, 6, 6}, 3, 4),
                    "scores", NpyArray.of(new float[] {1, 2, 3}, 3)));
            assertThat(Objects.requireNonNull(made.get("z")).floats()).containsExactly(5, 5, 6, 6, 0, 0, 1, 1);
        }
    }

    /** What follows numbers in other ways, and what is like it and does not. */
    @Test
    void sizesAreFreeWhereNumbersDecide() {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.INT32, 4);
        var one = graph.constant(Nd4j.scalar(1));
        var count = x.max(0);
        var unique = new Unique(graph, x).outputVariables();
        unique[0].rename("each");
        unique[1].rename("places");
        graph.math.listDiff(new String[] {"other", "otherPlaces"}, x, graph.constant(Nd4j.createFromArray(7)));
        graph.dynamicPartition(new String[] {"part", "rest"}, graph.constant(Nd4j.ones(4, 3)), x, 2);
        graph.range("range", graph.constant(Nd4j.scalar(0)), count, one, DataType.INT32);
        graph.fill(
                "filled",
                graph.concat(0, x.get(SDIndex.interval(0, 1)), graph.constant(Nd4j.createFromArray(3))),
                DataType.FLOAT,
                2);
        graph.fill("like", graph.shape(x), DataType.FLOAT, 2);
        var names = List.of("each", "places", "other", "part", "rest", "range", "filled", "like");
        assertThat(SameDiffRunner.of(graph, "m", List.of(), names).signature().outputs())
                .extracting(TensorSpec::toString)
                .containsExactly(
                        "each [each_0] int32",
                        "places [4] int32",
                        "other [other_0] int32",
                        "part [part_0,3] float32",
                        "rest [rest_0,3] float32",
                        "range [range_0] int32",
                        "filled [filled_0,filled_1] float32",
                        "like [4] float32");
    }

    /** At small sizes SameDiff makes one element of each picture: that does not make the size a fixed one. */
    @Test
    void strideKernelsLeaveTheSizeFree() throws IOException {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.FLOAT, -1, 3, -1, -1);
        var config = Conv2DConfig.builder().kH(4).kW(4).sH(2).sW(2).pH(1).pW(1).build();
        var one = graph.constant("one", Nd4j.rand(DataType.FLOAT, 4, 4, 3, 5).subi(0.5));
        var two = graph.constant("two", Nd4j.rand(DataType.FLOAT, 4, 4, 5, 6).subi(0.5));
        graph.cnn().conv2d("y", graph.cnn().conv2d(x, one, config), two, config);
        var exported = OnnxExporter.export(graph, List.of(), List.of(), file(), ExportOptions.defaults());
        assertThat(exported.signature().outputs()).singleElement().hasToString("y [N,6,y_2,y_3] float32");
    }

    @Test
    void everyOperationThatCannotBeExpressedIsNamed() {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.FLOAT, 3, 3);
        SDVariable gamma = new Lgamma(graph, x).outputVariable();
        new Digamma(graph, gamma).outputVariable();
        assertThatThrownBy(() -> OnnxExporter.export(graph, List.of(), List.of(), file(), ExportOptions.defaults()))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("op \"lgamma\" at node")
                .hasMessageContaining("op \"digamma\" at node")
                .hasMessageContaining("[3,3]");
        assertThat(Files.exists(file())).isFalse();
    }

    @Test
    void whatWouldEndTheProcessIsNotRunBySameDiff() throws IOException {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.FLOAT, 6);
        graph.stridedSlice("y", x, new long[] {5}, new long[] {0}, -1);
        var exported = OnnxExporter.export(graph, List.of(), List.of(), file(), ExportOptions.defaults());
        assertThat(exported.notes())
                .singleElement()
                .asString()
                .contains("strided_slice", "reads elsewhere where a step is negative");
        try (var session = ModelSession.openOnAllCores(file())) {
            var made = session.runArrays(Map.of("x", NpyArray.of(new float[] {0, 1, 2, 3, 4, 5}, 6)));
            assertThat(Objects.requireNonNull(made.get("y")).floats()).containsExactly(5, 4, 3, 2, 1);
        }
    }

    @Test
    void aHistogramOfWholeNumbersWithBinsNarrowerThanOneIsNotRunBySameDiff() throws IOException {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.INT64, 6);
        var ends = graph.constant(Nd4j.createFromArray(0L, 3L));
        var made = new HistogramFixedWidth(graph, x, ends, graph.constant(Nd4j.scalar(5))).outputVariable();
        graph.castTo("y", made, DataType.INT64);
        var exported = OnnxExporter.export(graph, List.of(), List.of(), file(), ExportOptions.defaults());
        assertThat(exported.notes())
                .anySatisfy(note -> assertThat(note).contains("histogram_fixed_width", "ends the process"));
        try (var session = ModelSession.openOnAllCores(file())) {
            var counts = session.runArrays(Map.of("x", NpyArray.of(new long[] {0, 1, 1, 2, 3, 9}, 6)));
            assertThat(java.util.Objects.requireNonNull(counts.get("y")).longs())
                    .containsExactly(1, 2, 0, 1, 2);
        }
    }

    private void isRefused(SameDiff graph, String... message) {
        assertThatThrownBy(() -> OnnxExporter.export(graph, List.of(), List.of(), file(), ExportOptions.defaults()))
                .isInstanceOf(SpecException.class)
                .message()
                .contains("op \"strided_slice\" at node")
                .contains(message);
        assertThat(Files.exists(file())).isFalse();
    }

    @Test
    void aSliceByVariablesIsRefusedAndNotRun() {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.FLOAT, 3, 5);
        var begin = graph.constant(Nd4j.createFromArray(2, 0));
        var end = graph.constant(Nd4j.createFromArray(0, 5));
        graph.stridedSlice("y", x, begin, end, graph.constant(Nd4j.createFromArray(-1, 1)));
        isRefused(graph, "begins, ends and steps as numbers");
    }

    @Test
    void aSliceThatLeavesNothingIsRefused() {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.FLOAT, 5);
        graph.stridedSlice("y", x, new long[] {-10}, new long[] {-20}, -1);
        isRefused(graph, "must leave some of [5], got nothing of axis 0");
    }

    /** Its GELU is no known one; what feeds it and what it feeds is compared all the same. */
    @Test
    void whereSameDiffIsWrongTheRestIsProven() throws IOException {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.FLOAT, -1, 3);
        var before = graph.math.tanh("before", x);
        var gelu = graph.nn.preciseGelu("gelu", before);
        graph.math.square("y", gelu);
        graph.math.abs("z", before);
        var exported =
                OnnxExporter.export(graph, List.of(), List.of("gelu", "y", "z"), file(), ExportOptions.defaults());
        assertThat(exported.parity()).extracting(GraphProver.Parity::output).containsExactly("y", "z");
        assertThat(exported.notes())
                .singleElement()
                .asString()
                .contains("op \"precise_gelu\" at node", "SameDiff does not do what it documents (the cube's factor");
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file());
        }
        try (var session = ModelSession.openOnAllCores(file())) {
            var made = session.runArrays(Map.of("x", NpyArray.of(new float[] {0, 1, -2}, 1, 3)));
            double t = Math.tanh(1);
            // ½t·(1 + tanh(√(2/π)·(t + 0.044715·t³)))
            double expected = t / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (t + 0.044715 * t * t * t)));
            assertThat(Objects.requireNonNull(made.get("gelu")).floats()[1]).isCloseTo((float) expected, within(1e-6f));
        }
        // SameDiff runs the graph as before
        assertThat(graph.output(Map.of("x", Nd4j.ones(DataType.FLOAT, 1, 3)), "y"))
                .containsKey("y");
    }

    @Test
    void unknownEndsAreNamedAllAtOnce() {
        assertThatThrownBy(() -> OnnxExporter.export(
                        classifier(), List.of("image"), List.of("logits"), file(), ExportOptions.defaults()))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("input \"image\" must be one of the placeholders [features]")
                .hasMessageContaining("output \"logits\" must be a variable of the graph");
    }

    @Test
    void aComputationInAnotherTypeIsTold() throws IOException {
        var graph = SameDiff.create();
        graph.math.atan("y", graph.placeHolder("x", DataType.DOUBLE, -1, 2));
        assertThat(OnnxExporter.export(graph, List.of(), List.of(), file(), ExportOptions.defaults())
                        .notes())
                .singleElement()
                .asString()
                .contains("Atan of FLOAT64 is computed in FLOAT32, which holds less");
    }

    @Test
    void twoExportsAreTheSameBytes() throws IOException {
        OnnxExporter.export(classifier(), List.of(), List.of(), file(), ExportOptions.defaults());
        var first = Files.readAllBytes(file());
        OnnxExporter.export(classifier(), List.of(), List.of(), file(), ExportOptions.defaults());
        assertThat(Files.readAllBytes(file())).isEqualTo(first);
    }
}
