package smalti.exporter;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxWriter;

final class OnnxDiffTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path folder;

    static Stream<Node> drawing() {
        return Stream.of(
                Node.of("Multinomial", List.of("x"), "r", Map.of("sample_size", Attribute.of(6L))),
                Node.of("RandomUniform", List.of(), "r", Map.of("shape", Attribute.ints(2, 6))),
                Node.of("RandomNormalLike", List.of("x"), "r", Map.of()),
                Node.of("Bernoulli", List.of("p"), "r", Map.of()));
    }

    private Path file(Node drawing, float factor) throws IOException {
        var graph = new Graph(
                "drawing",
                List.of(new Value("x", ValueType.FLOAT32, List.of(Axis.of(2), Axis.of(6)), Value.Layout.PLAIN)),
                List.of(new Value("y", ValueType.FLOAT32, List.of(Axis.of(2), Axis.of(6)), Value.Layout.PLAIN)),
                Map.of("factor", Tensor.of(new float[] {factor})),
                List.of(
                        Node.of("Sigmoid", List.of("x"), "p", Map.of()),
                        drawing,
                        Node.of("Cast", List.of("r"), "c", Map.of("to", Attribute.of(1L))),
                        Node.of("Add", List.of("c", "p"), "s", Map.of()),
                        Node.of("Mul", List.of("s", "factor"), "y", Map.of())));
        var file = folder.resolve(factor + ".onnx");
        OnnxWriter.write(Model.of(graph, 17, 8), file);
        return file;
    }

    @ParameterizedTest
    @MethodSource("drawing")
    void randomNumbersAreNoDifference(Node node) throws IOException {
        assertThat(OnnxDiff.of(file(node, 1), file(node, 1), 1))
                .matches(OnnxDiff.Differences::none)
                .matches(differences -> differences.difference().orElseThrow() == 0);
        assertThat(OnnxDiff.of(file(node, 1), file(node, 2), 1).outputs())
                .first()
                .asString()
                .startsWith("output y differs");
        var seeded = new TreeMap<>(node.attributes());
        seeded.put("seed", Attribute.of(5f));
        assertThat(OnnxDiff.of(file(node, 1), file(node.withAttributes(seeded), 2), 1)
                        .structure())
                .anyMatch(line -> line.contains("attribute seed"));
    }
}
