package smalti.exporter.lowering;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import smalti.exporter.ExportOptions;
import smalti.exporter.OnnxExporter;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.proof.ModelSession;
import smalti.spec.bundle.TensorSpec;

/** How many bins there are: nd4j builds no such graph with its own class. */
final class DataDependentSizesTest {
    @TempDir
    private Path folder;

    /** Bins up to the largest number: 2 of ones, 10 where there is a 9. */
    @Test
    void aSizeThatFollowsNumbersIsFree() throws IOException {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.INT32, 4);
        var bins = AnyOp.of("bincount", graph, List.of(DataType.INT32), x)
                .outputVariable()
                .rename("y");
        bins.add("doubled", bins);
        graph.shape("shape", bins);
        bins.sum("sum", 0);
        AnyOp.of("bincount", graph, List.of(DataType.INT32), x)
                .ints(5, 5)
                .outputVariable()
                .rename("five");
        var exported = OnnxExporter.export(
                graph,
                List.of(),
                List.of("y", "doubled", "shape", "sum", "five"),
                folder.resolve("m.onnx"),
                ExportOptions.defaults());
        assertThat(exported.signature().outputs())
                .extracting(TensorSpec::toString)
                .containsExactly(
                        "y [y_0] int32",
                        "doubled [doubled_0] int32",
                        "shape [1] int64",
                        "sum [] int32",
                        "five [5] int32");
        try (var session = ModelSession.openOnAllCores(folder.resolve("m.onnx"))) {
            var made = session.runArrays(Map.of(
                    "x",
                    Tensor.of(new double[] {9, 0, 9, 3}, 4)
                            .cast(ValueType.INT32)
                            .npy()));
            assertThat(Objects.requireNonNull(made.get("y")).shape()).containsExactly(10L);
            assertThat(Objects.requireNonNull(made.get("doubled")).shape()).containsExactly(10L);
            assertThat(Tensor.of(Objects.requireNonNull(made.get("shape"))).longs())
                    .containsExactly(10);
            assertThat(Tensor.of(Objects.requireNonNull(made.get("sum"))).number(0))
                    .isEqualTo(4);
        }
    }

    /** nd4j writes before its result there, and ends the process. */
    @Test
    void countsLeaveOutWhatIsBelow0() throws IOException {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.INT32, 5);
        AnyOp.of("bincount", graph, List.of(DataType.INT32), x).outputVariable().rename("y");
        var file = folder.resolve("m.onnx");
        OnnxExporter.export(graph, List.of(), List.of("y"), file, ExportOptions.defaults());
        assertThat(bins(file, -3, 0, 2, -1, 2)).containsExactly(1, 0, 2);
        assertThat(bins(file, -3, -1, -2, -1, -2)).isEmpty();
    }

    private static long[] bins(Path file, double... numbers) {
        try (var session = ModelSession.openOnAllCores(file)) {
            var x = Tensor.of(numbers, 5).cast(ValueType.INT32).npy();
            return Tensor.of(Objects.requireNonNull(
                            session.runArrays(Map.of("x", x)).get("y")))
                    .longs();
        }
    }
}
