package smalti.exporter.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Type;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxReader;
import smalti.exporter.onnx.OnnxWriter;

/** Models that take what few numbers will do for, or what Java cannot make, are optimized and proven all the same. */
final class InputChoiceTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path folder;

    private void isOptimized(Graph graph, int opset) throws IOException {
        var file = folder.resolve("m.onnx");
        OnnxWriter.write(Model.of(graph, opset, OnnxWriter.irVersion(opset)), file);
        var out = folder.resolve("out.onnx");
        var report = OnnxOptimizer.optimize(file, out, 1);
        assertThat(report.proof().isProven()).isTrue();
        assertThat(report.nodes()).isLessThan(report.nodesBefore());
        assertThat(OnnxDiff.of(file, out, 1).outputs()).isEmpty();
    }

    private static Value value(String name, ValueType type, @Nullable List<Axis> axes) {
        return new Value(name, type, axes, Value.Layout.PLAIN);
    }

    private static Value value(String name, ValueType type, long... sizes) {
        var axes = new ArrayList<Axis>();
        for (long size : sizes) {
            axes.add(Axis.of(size));
        }
        return value(name, type, axes);
    }

    private static Value floats(String name, long... sizes) {
        return value(name, ValueType.FLOAT32, sizes);
    }

    private static Node identity(String from, String to) {
        return Node.of("Identity", List.of(from), to, Map.of());
    }

    @ParameterizedTest
    @EnumSource(
            value = ValueType.class,
            names = {"UINT16", "UINT32", "UINT64"})
    void numbersThatJavaDoesNotMake(ValueType type) throws IOException {
        isOptimized(
                new Graph(
                        "sum",
                        List.of(value("a", type, 3), value("b", type, 3)),
                        List.of(value("y", type, 3)),
                        Map.of(),
                        List.of(identity("a", "i"), Node.of("Add", List.of("i", "b"), "y", Map.of()))),
                17);
    }

    /** FLOAT8E5M2 goes in, and FLOAT8E4M3FN comes out. */
    @Test
    void numbersThatJavaHasNot() throws IOException {
        isOptimized(
                new Graph(
                        "small",
                        List.of(new Value("x", ofFive(19))),
                        List.of(new Value("y", ofFive(17))),
                        Map.of(),
                        List.of(
                                identity("x", "i"),
                                Node.of("Cast", List.of("i"), "f", Map.of("to", Attribute.of(1L))),
                                Node.of("Cast", List.of("f"), "y", Map.of("to", Attribute.of(17L))))),
                19);
    }

    /** A TypeProto: tensor_type (1) of elem_type (1), and of shape (2) of one dim (1) of dim_value (1) 5. */
    private static Type ofFive(int code) {
        return new Type.Other(ByteBuffer.wrap(new byte[] {0x0A, 8, 8, (byte) code, 0x12, 4, 0x0A, 2, 8, 5}));
    }

    /** TypeProtos: sequence_type (4) or optional_type (9) of elem_type (1), which is a tensor of five floats. */
    static Stream<Graph> made() {
        byte[] five = {0x0A, 8, 8, 1, 0x12, 4, 0x0A, 2, 8, 5};
        var sequence = inside(4, five);
        var joined = new Graph(
                "joined",
                List.of(new Value("s", new Type.Other(ByteBuffer.wrap(sequence)))),
                List.of(value("y", ValueType.FLOAT32, List.of(Axis.UNKNOWN))),
                Map.of(),
                List.of(
                        identity("s", "i"),
                        Node.of("ConcatFromSequence", List.of("i"), "y", Map.of("axis", Attribute.of(0L)))));
        var perhaps = new Graph(
                "perhaps",
                List.of(new Value("o", new Type.Other(ByteBuffer.wrap(inside(9, five))))),
                List.of(floats("y", 5)),
                Map.of(),
                List.of(
                        Node.of("OptionalGetElement", List.of("o"), "e", Map.of()),
                        identity("e", "i"),
                        Node.of("Abs", List.of("i"), "y", Map.of())));
        var perhapsSome = new Graph(
                "some",
                List.of(new Value("o", new Type.Other(ByteBuffer.wrap(inside(9, sequence))))),
                List.of(value("y", ValueType.INT64, List.of())),
                Map.of(),
                List.of(
                        Node.of("OptionalGetElement", List.of("o"), "e", Map.of()),
                        identity("e", "i"),
                        Node.of("SequenceLength", List.of("i"), "y", Map.of())));
        return Stream.of(joined, perhaps, perhapsSome);
    }

    private static byte[] inside(int field, byte[] type) {
        var all = new byte[type.length + 4];
        all[0] = (byte) ((field << 3) | 2);
        all[1] = (byte) (type.length + 2);
        all[2] = 0x0A;
        all[3] = (byte) type.length;
        System.arraycopy(type, 0, all, 4, type.length);
        return all;
    }

    @ParameterizedTest
    @MethodSource("made")
    void sequencesAndOptionalValuesAreMadeOfTensors(Graph graph) throws IOException {
        isOptimized(graph, 18);
    }

    @Test
    void ofAnyRank() throws IOException {
        isOptimized(
                new Graph(
                        "pooled",
                        List.of(value("x", ValueType.FLOAT32, (List<Axis>) null)),
                        List.of(value("y", ValueType.FLOAT32, (List<Axis>) null)),
                        Map.of(),
                        List.of(identity("x", "i"), Node.of("GlobalMaxPool", List.of("i"), "y", Map.of()))),
                17);
    }

    static Stream<Graph> choices() {
        var col2im = new Graph(
                "blocks",
                List.of(floats("x", 1, 12, 12), value("size", ValueType.INT64, 2), value("block", ValueType.INT64, 2)),
                List.of(floats("y", 1, 2, 5, 7)),
                Map.of(),
                List.of(
                        identity("x", "i"),
                        Node.of(
                                "Col2Im",
                                List.of("i", "size", "block"),
                                "y",
                                Map.of("pads", Attribute.ints(0, 0, 0, 1), "strides", Attribute.ints(1, 2)))));
        var suppressed = new Graph(
                "boxes",
                List.of(
                        floats("boxes", 1, 6, 4),
                        floats("scores", 1, 1, 6),
                        value("most", ValueType.INT64, 1),
                        floats("overlap", 1),
                        floats("least", 1)),
                List.of(value("y", ValueType.INT64, List.of(Axis.UNKNOWN, Axis.of(3)))),
                Map.of(),
                List.of(
                        identity("boxes", "i"),
                        Node.of(
                                "NonMaxSuppression",
                                List.of("i", "scores", "most", "overlap", "least"),
                                "y",
                                Map.of())));
        var reflected = new Graph(
                "reflected",
                List.of(floats("x", 1, 1, 4), value("pads", ValueType.INT64, 6)),
                List.of(value("y", ValueType.FLOAT32, List.of(Axis.UNKNOWN, Axis.UNKNOWN, Axis.UNKNOWN))),
                Map.of(),
                List.of(
                        identity("x", "i"),
                        Node.of("Pad", List.of("i", "pads"), "y", Map.of("mode", Attribute.of("reflect")))));
        // nobody says what the number is for, and 0 and 1 do not do: x has 2 times 3 elements
        var hidden = new Graph(
                "hidden",
                List.of(floats("x", 2, 3), value("n", ValueType.INT64, 1)),
                List.of(value("y", ValueType.FLOAT32, List.of(Axis.UNKNOWN, Axis.UNKNOWN))),
                Map.of("three", Tensor.of(new long[] {3}, 1)),
                List.of(
                        identity("n", "m"),
                        Node.of("Mul", List.of("m", "three"), "e", Map.of()),
                        Node.of("Concat", List.of("m", "three"), "s", Map.of("axis", Attribute.of(0L))),
                        Node.of("Abs", List.of("s"), "t", Map.of()),
                        Node.of("Reshape", List.of("x", "t"), "y", Map.of())));
        return Stream.of(col2im, suppressed, reflected, hidden);
    }

    @ParameterizedTest
    @MethodSource("choices")
    void fewNumbersWillDo(Graph graph) throws IOException {
        isOptimized(graph, 18);
    }

    /** ONNX Runtime counts up to a list of one number, and opens no file in which that list is a constant. */
    @Test
    void aCountUpToAListOfOneIsFolded() throws IOException {
        var constants = Map.<String, Constant>of(
                "start", Tensor.of(new long[] {0}),
                "list", Tensor.of(new long[] {4}, 1),
                "step", Tensor.of(new long[] {1}));
        var file = folder.resolve("m.onnx");
        var graph = new Graph(
                "counted",
                List.of(value("x", ValueType.INT64, 4)),
                List.of(value("y", ValueType.INT64, 4)),
                constants,
                List.of(
                        Node.of("Range", List.of("start", "list", "step"), "r", Map.of()),
                        Node.of("Add", List.of("x", "r"), "y", Map.of())));
        OnnxWriter.write(Model.of(graph, 17, 8), file);
        assertThat(OnnxFileCheck.problems(file)).isEmpty();
        OnnxOptimizer.optimize(file, folder.resolve("out.onnx"), 1);
        var optimized = OnnxReader.read(folder.resolve("out.onnx")).graph();
        assertThat(optimized.nodes()).singleElement().matches(node -> node.op().equals("Add"));
        assertThat(List.<Constant>copyOf(optimized.initializers().values()))
                .contains(Tensor.of(new long[] {0, 1, 2, 3}, 4));
    }
}
