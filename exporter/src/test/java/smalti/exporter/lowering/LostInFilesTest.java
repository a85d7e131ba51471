package smalti.exporter.lowering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.impl.scalar.comparison.ScalarAnd;
import smalti.exporter.ExportOptions;
import smalti.exporter.OnnxExporter;
import smalti.spec.SpecException;

/** SameDiff's files hold another operation than was saved: such a graph is exported from memory alone. */
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
        var saved = folder.resolve("saved.fb");
        graph.save(saved.toFile(), false);
        var other = folder.resolve("other.onnx");
        assertThatThrownBy(() -> OnnxExporter.export(saved, List.of(), List.of("y"), other, ExportOptions.defaults()))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("output \"y\" of op \"add_scalar\" at node ")
                .hasMessageContaining("must be BOOL, as it was saved, but what SameDiff read makes FLOAT")
                .hasMessageContaining("export the graph from memory by OnnxExporter");
        assertThat(other).doesNotExist();
    }
}
