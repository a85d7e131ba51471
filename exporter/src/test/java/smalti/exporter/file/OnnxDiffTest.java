package smalti.exporter.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
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

    private Path file(String name, List<Value> inputs, Map<String, Constant> constants, Node... nodes)
            throws IOException {
        var out = new Value("z", ValueType.FLOAT32, null, Value.Layout.PLAIN);
        var file = folder.resolve(name);
        OnnxWriter.write(Model.of(new Graph("g", inputs, List.of(out), constants, List.of(nodes)), 17, 8), file);
        return file;
    }

    private static Value floats(String name, Axis... axes) {
        return new Value(name, ValueType.FLOAT32, List.of(axes), Value.Layout.PLAIN);
    }

    private static Tensor weights(float... values) {
        return Tensor.of(values, 4, values.length / 4);
    }

    private Path logarithm(String name, Tensor weights) throws IOException {
        return file(
                name,
                List.of(floats("x", Axis.named("N"), Axis.of(4))),
                Map.of("w", weights),
                Node.of("Log", List.of("x"), "l", Map.of()),
                Node.of("MatMul", List.of("l", "w"), "z", Map.of()));
    }

    /** Of numbers below 0 the logarithm is NaN, and so is every sum of it: NaN is the same as any other NaN. */
    @Test
    void whatIsNotANumberAroundZeroIsComparedElsewhere() throws IOException {
        var one = logarithm("one.onnx", weights(1, 2, 3, 4));
        var other = logarithm("other.onnx", weights(4, 3, 2, 1));
        assertThat(OnnxDiff.of(one, other, 1).outputs()).first().asString().startsWith("output z differs");
        assertThat(OnnxDiff.of(one, one, 1)).matches(OnnxDiff.Differences::none);
    }

    @Test
    void whatIsNeverANumberIsNamed() throws IOException {
        var nodes = new Node[] {
            Node.of("Abs", List.of("x"), "a", Map.of()),
            Node.of("Neg", List.of("a"), "b", Map.of()),
            Node.of("Log", List.of("b"), "l", Map.of()),
            Node.of("MatMul", List.of("l", "w"), "z", Map.of())
        };
        var inputs = List.of(floats("x", Axis.named("N"), Axis.of(4)));
        var one = file("one.onnx", inputs, Map.of("w", weights(1, 2, 3, 4)), nodes);
        var other = file("other.onnx", inputs, Map.of("w", weights(4, 3, 2, 1)), nodes);
        assertThat(OnnxDiff.of(one, other, 1).outputs())
                .singleElement()
                .asString()
                .startsWith("output z was not compared: it is NaN, infinite or without elements");
        assertThat(OnnxDiff.of(one, one, 1)).matches(OnnxDiff.Differences::none);
        var out = folder.resolve("out.onnx");
        assertThat(OnnxOptimizer.optimize(one, out, 1, OnnxWriter.EXTERNAL_DATA_ABOVE)
                        .proof()
                        .notes())
                .singleElement()
                .asString()
                .startsWith("output z was not compared");
    }

    /** The range of all would be 10⁹, and a difference of 1 a share of 10⁻⁹. */
    @Test
    void maskedNumbersDoNotHideTheOthers() throws IOException {
        var mask = Tensor.of(new double[] {1, 0, 0, 0}, 4).cast(ValueType.BOOL);
        var inputs = List.of(floats("x", Axis.named("N"), Axis.of(4)));
        var paths = new ArrayList<Path>();
        for (float factor : new float[] {1, 50}) {
            paths.add(file(
                    factor + ".onnx",
                    inputs,
                    Map.of("mask", mask, "far", Tensor.of(new float[] {-1e9f}), "factor", Tensor.of(new float[] {factor
                    })),
                    Node.of("Mul", List.of("x", "factor"), "m", Map.of()),
                    Node.of("Where", List.of("mask", "far", "m"), "z", Map.of())));
        }
        assertThat(OnnxDiff.of(paths.get(0), paths.get(1), 1).outputs())
                .first()
                .asString()
                .startsWith("output z differs");
    }

    /** Zeros of the shape [H, W], and of [W, N]: of one size for all free axes they are the same. */
    @Test
    void axesHaveSizesOfTheirOwn() throws IOException {
        var inputs = List.of(floats("x", Axis.named("N"), Axis.named("C"), Axis.named("H"), Axis.named("W")));
        var paths = new ArrayList<Path>();
        for (long[] axes : new long[][] {{2, 3}, {3, 2}, {3, 0}, {0, 1}}) {
            paths.add(file(
                    paths.size() + ".onnx",
                    inputs,
                    Map.of("axes", Tensor.of(axes, 2)),
                    Node.of("Shape", List.of("x"), "s", Map.of()),
                    Node.of("Gather", List.of("s", "axes"), "t", Map.of()),
                    Node.of("ConstantOfShape", List.of("t"), "z", Map.of())));
        }
        for (var other : paths.subList(1, paths.size())) {
            assertThat(OnnxDiff.of(paths.get(0), other, 1).outputs()).isNotEmpty();
        }
    }

    /** Where a model takes one size alone, it is compared in that. */
    @Test
    void axesThatMustBeEqualAreSo() throws IOException {
        var file = file(
                "square.onnx",
                List.of(floats("x", Axis.named("A"), Axis.named("B"))),
                Map.of(),
                Node.of("MatMul", List.of("x", "x"), "z", Map.of()));
        assertThat(OnnxDiff.of(file, file, 1))
                .matches(OnnxDiff.Differences::none)
                .matches(differences -> differences.difference().isPresent());
    }
}
