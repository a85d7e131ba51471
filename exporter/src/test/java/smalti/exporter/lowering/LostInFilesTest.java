package smalti.exporter.lowering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.impl.scalar.comparison.ScalarAnd;
import smalti.exporter.ExportOptions;
import smalti.exporter.OnnxExporter;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.samediff.SameDiffRunner;
import smalti.spec.SpecException;
import smalti.spec.bundle.ElementType;
import smalti.spec.file.NpyArray;

/** What SameDiff reads from its own files otherwise than it was saved is given back, or refused by name. */
final class LostInFilesTest {
    @TempDir
    private Path folder;

    /** It comes back as an addition. */
    @Test
    void anotherOperationIsRefusedByName() throws IOException {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.FLOAT, -1, 3);
        new ScalarAnd(graph, x, 1).outputVariable().rename("y");
        var onnx = folder.resolve("m.onnx");
        assertThat(OnnxExporter.export(graph, List.of(), List.of("y"), onnx, ExportOptions.defaults())
                        .signature())
                .hasToString("x [N,3] float32 → y [N,3] bool");
        var other = folder.resolve("other.onnx");
        assertThatThrownBy(() ->
                        OnnxExporter.export(saved(graph), List.of(), List.of("y"), other, ExportOptions.defaults()))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("op \"and_scalar\" at node ")
                .hasMessageContaining("is read back by SameDiff as \"add_scalar\"")
                .hasMessageContaining("export it from memory by OnnxExporter");
        assertThat(other).doesNotExist();
    }

    /** SameDiff's reader takes every variance for a corrected one; of 1, 2, 3 and 5 the squares sum up to 8.75. */
    @ParameterizedTest
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void theBiasOfAVarianceIsReadFromTheFile(boolean isCorrected, boolean isDeviation) throws IOException {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.FLOAT, -1, 4);
        graph.sum(x, 1).rename("sum");
        (isDeviation ? graph.standardDeviation(x, isCorrected, 1) : graph.variance(x, isCorrected, 1)).rename("y");
        var onnx = folder.resolve("m.onnx");
        OnnxExporter.export(saved(graph), List.of(), List.of(), onnx, ExportOptions.defaults());
        double variance = 8.75 / (isCorrected ? 3 : 4);
        try (var exported = ModelSession.openOnAllCores(onnx)) {
            var outputs = exported.runArrays(Map.of("x", NpyArray.of(new float[] {1, 2, 3, 5}, 1, 4)));
            // a few roundings of float32
            assertThat((double) Objects.requireNonNull(outputs.get("y")).floats()[0])
                    .isCloseTo(isDeviation ? Math.sqrt(variance) : variance, within(1e-6));
        }
    }

    /** When a newer SameDiff mends one of them, or breaks another, the set is no longer right. */
    @Test
    void whatIsLostIsRefusedByNameAndNothingElse() {
        var refused = new TreeSet<String>();
        var seen = new HashSet<String>();
        OpCases.all()
                .filter(useCase -> useCase.inputs().stream().noneMatch(in -> in.type() == ElementType.BFLOAT16))
                .filter(useCase -> seen.add(useCase.op() + useCase.label().replaceAll("U?INT\\d+|FLOAT\\d+", "")))
                .forEach(useCase -> {
                    var graph = built(useCase);
                    try {
                        SameDiffRunner.load(saved(graph), "saved");
                    } catch (SpecException e) {
                        assertThat(e).hasMessageContaining("op \"" + useCase.op() + "\" at node ");
                        refused.add(useCase.op());
                    }
                });
        var expected = new TreeSet<>(LoweringTest.LOST);
        expected.remove("setvalorless_scalar"); // which comes back under another name of the same
        assertThat(refused).isEqualTo(expected);
    }

    private static SameDiff built(OpCase useCase) {
        var graph = SameDiff.create();
        var placeholders = new HashMap<String, SDVariable>();
        for (var input : useCase.inputs()) {
            placeholders.put(
                    input.name(),
                    graph.placeHolder(
                            input.name(),
                            LoweringTest.type(input.type()),
                            input.shape().stream()
                                    .mapToLong(axis -> axis.isFixed() ? axis.factor() : -1)
                                    .toArray()));
        }
        useCase.build().in(graph, name -> Objects.requireNonNull(placeholders.get(name)));
        return graph;
    }

    /** All of them, each with its node. */
    @Test
    void whatCannotBeReadBackIsNamed() {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.FLOAT, -1, 4);
        graph.nn.tanh(graph.nn.logSoftmax("first", x, 1));
        graph.nn.logSoftmax("second", x, 1);
        assertThatThrownBy(() -> SameDiffRunner.load(saved(graph), "saved"))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("op \"log_softmax\" at node log_softmax is saved so that SameDiff cannot read it")
                .hasMessageContaining("op \"log_softmax\" at node log_softmax_1 is saved so that SameDiff cannot read");
    }

    @Test
    void sixteenBitNumbersAreRefused() {
        var graph = SameDiff.create();
        graph.placeHolder("x", DataType.BFLOAT16, -1, 4).add(0.5);
        assertThatThrownBy(() -> SameDiffRunner.load(saved(graph), "saved"))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("op \"add_scalar\" at node add_scalar has a bfloat16 number");
    }

    @Test
    void whatIsNoFileOfSameDiffIsSaidToBeNone() throws IOException {
        for (var content : List.of("", "PK", "no graph at all, whatever its name says")) {
            var file = folder.resolve("no.fb");
            Files.writeString(file, content);
            assertThatThrownBy(() -> SameDiffRunner.load(file, "no"))
                    .isInstanceOf(SpecException.class)
                    .hasMessageContaining("must be a SameDiff file, and is not one, or not whole");
        }
    }

    private Path saved(SameDiff graph) {
        var file = folder.resolve("saved.fb");
        graph.save(file.toFile(), false);
        return file;
    }
}
