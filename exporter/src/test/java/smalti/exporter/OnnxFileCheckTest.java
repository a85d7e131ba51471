package smalti.exporter;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxWriter;

/** What breaks the format's rules is told, though ONNX Runtime opens some of it. */
final class OnnxFileCheckTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path folder;

    private static Value value(String name, ValueType type, long... sizes) {
        return new Value(name, type, Arrays.stream(sizes).mapToObj(Axis::of).toList(), Value.Layout.PLAIN);
    }

    private static Value floats(String name, long... sizes) {
        return value(name, ValueType.FLOAT32, sizes);
    }

    private static Node relu(String from, String to) {
        return Node.of("Relu", List.of(from), to, Map.of());
    }

    private List<String> problems(int opset, long irVersion, List<Value> inputs, List<Value> outputs, Node... nodes)
            throws IOException {
        var file = folder.resolve("m.onnx");
        Files.deleteIfExists(file);
        OnnxWriter.write(Model.of(new Graph("g", inputs, outputs, Map.of(), List.of(nodes)), opset, irVersion), file);
        return OnnxFileCheck.problems(file);
    }

    @Test
    void nodesMustStandBehindThoseThatTheyNeed() throws IOException {
        assertThat(problems(17, 8, List.of(floats("x", 2)), List.of(floats("y", 2)), relu("h", "y"), relu("x", "h")))
                .containsExactly(
                        "m.onnx: Relu \"y\" must stand behind Relu \"h\", which makes \"h\" for it, got it before");
    }

    @Test
    void whatIsSaidOfAnOutputMustFollowFromTheNodes() throws IOException {
        var x = List.of(floats("x", 2, 3));
        assertThat(problems(17, 8, x, List.of(floats("y", 2)), relu("x", "y")))
                .contains("m.onnx: output \"y\" must have 1 axes, as it is said to have, got 2");
        assertThat(problems(17, 8, x, List.of(floats("y", 2, 4)), relu("x", "y")))
                .contains("m.onnx: output \"y\" must have the size 4 on axis 1, as it is said to have, got 3");
        assertThat(problems(17, 8, x, List.of(value("y", ValueType.INT64, 2, 3)), relu("x", "y")))
                .anyMatch(problem -> problem.contains("must be of INT64, as it is said to be, got FLOAT32"));
        assertThat(problems(17, 8, x, List.of(floats("y", 2, 3)), relu("x", "y")))
                .isEmpty();
    }

    @Test
    void attentionOfOpset23IsSound() throws IOException {
        var attention = Node.of("Attention", List.of("q", "k", "v"), "y", Map.of("is_causal", Attribute.of(1L)));
        assertThat(problems(
                        23,
                        11,
                        List.of(floats("q", 1, 2, 4, 8), floats("k", 1, 2, 6, 8), floats("v", 1, 2, 6, 16)),
                        List.of(floats("y", 1, 2, 4, 16)),
                        attention))
                .isEmpty();
    }
}
