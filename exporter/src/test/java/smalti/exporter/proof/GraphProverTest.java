package smalti.exporter.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import smalti.exporter.ExportOptions;
import smalti.exporter.OnnxExporter;
import smalti.exporter.proof.GraphProver.Detour;
import smalti.exporter.samediff.SameDiffRunner;
import smalti.spec.bundle.Dimension;

/** A proof around an operation that SameDiff computes wrongly still sees what is wrong before it and behind it. */
final class GraphProverTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path folder;

    @BeforeEach
    void export() throws IOException {
        var graph = graph(
                x -> x.getSameDiff().math.tanh(x), y -> y.getSameDiff().math.square(y));
        OnnxExporter.export(graph, List.of(), List.of("y"), folder.resolve("m.onnx"), ExportOptions.defaults());
        OnnxExporter.export(
                graph, List.of(), List.of("y", "gelu", "in"), folder.resolve("w.onnx"), ExportOptions.defaults());
    }

    private static SameDiff graph(UnaryOperator<SDVariable> before, UnaryOperator<SDVariable> after) {
        var graph = SameDiff.create();
        var in = before.apply(graph.placeHolder("x", DataType.FLOAT, -1, 3)).rename("in");
        after.apply(graph.nn.preciseGelu("gelu", in)).rename("y");
        return graph;
    }

    private List<GraphProver.Parity> prove(SameDiff graph) {
        var shape = List.of(Dimension.free("N"), Dimension.of(3));
        var runner = SameDiffRunner.of(graph, "m", Map.of("x", shape), List.of("y"));
        return GraphProver.prove(
                runner,
                runner.source(),
                folder.resolve("m.onnx"),
                Optional.of(new Detour(folder.resolve("w.onnx"), List.of("gelu"), List.of("in"), Set.of())),
                1);
    }

    @Test
    void theSameGraphIsProven() {
        assertThat(prove(graph(
                        x -> x.getSameDiff().math.tanh(x),
                        y -> y.getSameDiff().math.square(y))))
                .singleElement()
                .satisfies(parity -> assertThat(parity.difference()).isLessThan(1e-6));
    }

    @Test
    void aDifferenceBeforeItFails() {
        assertThatThrownBy(() -> prove(graph(
                        x -> x.getSameDiff().math.sin(x),
                        y -> y.getSameDiff().math.square(y))))
                .isInstanceOf(ProofException.class)
                .hasMessageContaining("variable \"in\" must be within")
                .hasMessageNotContaining("\"y\"");
    }

    @Test
    void aDifferenceBehindItFails() {
        assertThatThrownBy(() -> prove(graph(
                        x -> x.getSameDiff().math.tanh(x),
                        y -> y.getSameDiff().math.abs(y))))
                .isInstanceOf(ProofException.class)
                .hasMessageContaining("output \"y\" must be within")
                .hasMessageNotContaining("\"in\"");
    }

    /** The numbers of the run that gave them go to SameDiff: what it makes of them must be what that run made. */
    @Test
    void aDifferenceBehindRandomNumbersFails() throws IOException {
        var detour = new Detour(folder.resolve("drawn.onnx"), List.of("drawn"), List.of(), Set.of("y"));
        OnnxExporter.export(
                noise(x -> x.getSameDiff().math.square(x)),
                List.of(),
                List.of("y", "drawn"),
                detour.file(),
                ExportOptions.defaults());
        var same = noise(x -> x.getSameDiff().math.square(x));
        var other = noise(x -> x.getSameDiff().math.abs(x));
        var runner = SameDiffRunner.of(same, "m", List.of(), List.of("y"));
        assertThat(GraphProver.prove(runner, runner.source(), detour.file(), Optional.of(detour), 1))
                .singleElement()
                .satisfies(parity -> assertThat(parity.difference()).isLessThan(1e-6));
        var wrong = SameDiffRunner.of(other, "m", List.of(), List.of("y"));
        assertThatThrownBy(() -> GraphProver.prove(wrong, wrong.source(), detour.file(), Optional.of(detour), 1))
                .isInstanceOf(ProofException.class)
                .hasMessageContaining("output \"y\" must be within");
    }

    private static SameDiff noise(UnaryOperator<SDVariable> behind) {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.FLOAT, -1, 3);
        behind.apply(graph.random.normal("drawn", 0, 1, DataType.FLOAT, 3).add(x))
                .rename("y");
        return graph;
    }

    private static SameDiff ofWhole(UnaryOperator<SDVariable> after) {
        var graph = SameDiff.create();
        after.apply(graph.placeHolder("x", DataType.INT32, 8)).rename("y");
        return graph;
    }

    private Path exported(SameDiff graph) throws IOException {
        var file = folder.resolve("whole.onnx");
        OnnxExporter.export(graph, List.of(), List.of("y"), file, ExportOptions.defaults());
        return file;
    }

    private static SameDiffRunner runner(SameDiff graph) {
        return SameDiffRunner.of(graph, "m", Map.of("x", List.of(Dimension.of(8))), List.of("y"));
    }

    /** x and max(x, 0) are alike on 0 and 1. */
    @Test
    void wholeNumbersBelow0AreTried() throws IOException {
        var file = exported(ofWhole(x -> x.add(0)));
        var runner =
                runner(ofWhole(x -> x.getSameDiff().math.max(x, x.getSameDiff().constant(0))));
        assertThatThrownBy(() -> GraphProver.prove(runner, runner.source(), file, Optional.empty(), 1))
                .isInstanceOf(ProofException.class)
                .hasMessageContaining("output \"y\" must be within");
    }

    /** A table of two rows has no others. */
    @Test
    void indicesAre0And1() throws IOException {
        var graph = ofWhole(x -> {
            var table = x.getSameDiff().constant(Nd4j.createFromArray(3f, 5f));
            return x.getSameDiff().gather(table, x.add(0), 0);
        });
        var file = exported(graph);
        var runner = runner(graph);
        assertThat(GraphProver.prove(runner, runner.source(), file, Optional.empty(), 1))
                .singleElement()
                .satisfies(parity -> assertThat(parity.largest()).isEqualTo(5));
    }
}
