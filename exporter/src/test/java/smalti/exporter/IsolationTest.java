package smalti.exporter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import smalti.exporter.samediff.Isolation;
import smalti.spec.SpecException;

/** SameDiff in a JVM of its own: what ends that one does not end this one. */
final class IsolationTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path folder;

    private OnnxExporter.Exported export(SameDiff graph, Isolation isolation) throws IOException {
        return OnnxExporter.export(
                graph,
                List.of(),
                List.of("y"),
                folder.resolve("m.onnx"),
                ExportOptions.defaults().withIsolation(isolation));
    }

    @Test
    void anIsolatedExportIsTheSameAsAnother() throws IOException {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.FLOAT, -1, 3);
        var scaled = graph.nn.preciseGelu("gelu", x).mul(graph.constant("c", Nd4j.createFromArray(1f, 2f, 3f)));
        scaled.argmax("y", 1);
        var here = export(graph, Isolation.whereNeeded());
        var file = Files.readAllBytes(folder.resolve("m.onnx"));
        assertThat(export(graph, Isolation.ofAll())).isEqualTo(here);
        assertThat(Files.readAllBytes(folder.resolve("m.onnx"))).isEqualTo(file);
    }

    /** Divisions of whole numbers run elsewhere unasked, on numbers that are not 0. */
    @Test
    void aDivisionOfWholeNumbersIsProven() throws IOException {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.INT32, -1, 3);
        graph.constant("c", Nd4j.createFromArray(7, 8, 9)).div("y", x);
        var exported = export(graph, Isolation.whereNeeded());
        assertThat(exported.notes()).isEmpty();
        assertThat(exported.parity()).singleElement().satisfies(parity -> {
            assertThat(parity.difference()).isZero();
            assertThat(parity.largest()).isEqualTo(9);
        });
    }

    /** Blocks that are cut: SameDiff's kernel writes beyond its result, so it is not run. */
    @Test
    void aKernelThatCorruptsMemoryIsStoodInFor() throws IOException {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.FLOAT, -1, 4, 6, 2);
        var spread = graph.cnn()
                .batchToSpace(
                        graph.cnn().spaceToBatch(x.mul(2), new int[] {2, 2}, new int[] {0, 0}, 0, 0),
                        new int[] {2, 2},
                        new int[] {1, 0},
                        0,
                        1);
        graph.math.tanh("y", spread);
        for (var isolation : List.of(Isolation.whereNeeded(), Isolation.ofAll())) {
            var exported = export(graph, isolation);
            assertThat(exported.notes())
                    .singleElement()
                    .asString()
                    .matches("op \"batch_to_space\" at node [a-z_]+:"
                            + " SameDiff's kernel writes beyond its result where something is cut off; compared with what it"
                            + " documents");
            assertThat(exported.parity())
                    .singleElement()
                    .satisfies(parity -> assertThat(parity.difference()).isLessThan(1e-6));
        }
    }

    /** Its own class keeps no axis in the graph. */
    @Test
    void anOperationWhoseArgumentsAreLostIsRefused() {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.FLOAT, -1, 3);
        graph.repeat("y", x, graph.constant(Nd4j.createFromArray(2)), 1);
        assertThatThrownBy(() -> export(graph, Isolation.whereNeeded()))
                .isInstanceOf(SpecException.class)
                .hasMessageMatching(
                        "m.onnx: op \"repeat\" at node [a-z]+ ends the process when it is run; its axis is in"
                                + " no file, as nd4j's own class does not keep it; use tile or concat");
    }

    /** x ÷ (x − x): SameDiff's process ends at the sampling. */
    @Test
    void anOperationThatEndsTheProcessIsNamed() {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.INT32, -1, 3);
        x.div("y", x.sub(x));
        assertThatThrownBy(() -> export(graph, Isolation.whereNeeded()))
                .isInstanceOf(SpecException.class)
                .hasMessageMatching("m.onnx: op \"div[a-z]*\" at node div[a-z]* ended the JVM that ran it"
                        + " \\(exit value \\d+\\); replace it");
        assertThat(folder.resolve("m.onnx")).doesNotExist();
    }

    @Test
    void aRunThatTakesTooLongIsEnded() {
        var graph = SameDiff.create();
        graph.math.tanh("y", graph.placeHolder("x", DataType.FLOAT, 3));
        assertThatThrownBy(() -> export(graph, new Isolation(true, Duration.ofMillis(1))))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("did not end within 0.001 s");
    }

    @Test
    void whatSameDiffRefusesThereIsRefusedHere() {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.FLOAT, 2, 3);
        x.mmul("y", graph.constant("w", Nd4j.ones(DataType.FLOAT, 2, 2)));
        assertThatThrownBy(() -> export(graph, Isolation.ofAll()))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("m.onnx: SameDiff cannot run it on");
    }
}
