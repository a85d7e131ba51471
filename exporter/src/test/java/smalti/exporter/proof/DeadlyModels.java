package smalti.exporter.proof;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;

/** Models that end the process that runs them, never end, or take all memory. */
public final class DeadlyModels {
    /** By hand: {@code Σ (q − z)·s}, as in (−21 + 3)·0.1 + (93 − 5)·0.2 + (117 − 127)·0.3 = 12.8. */
    static final double[] ROW_SUMS = {12.8, -56.6, -10.1, 19.1};

    private DeadlyModels() {}

    /** An If whose one branch gives an absent optional sequence; its input {@code cond} chooses. */
    public static byte[] optionalOutput() throws IOException {
        return bytes("/faults/optional-output.onnx");
    }

    private static byte[] bytes(String resource) throws IOException {
        try (var in = Objects.requireNonNull(DeadlyModels.class.getResourceAsStream(resource))) {
            return in.readAllBytes();
        }
    }

    /**
     * y = x·Tᵀ, of T [4,3], which is dequantized column by column and has no {@code perm}; the rows of T add up to
     * {@link #ROW_SUMS}. Its bytes are from elsewhere, as this exporter writes it in another form.
     */
    public static byte[] dequantizeBeforeTranspose() throws IOException {
        return bytes("/faults/dequantize-transpose.onnx");
    }

    /** Adds 1 more often than anybody waits for. */
    public static Model endless() {
        var number = new Value("i", ValueType.INT64, List.of(), Value.Layout.PLAIN);
        var going = new Value("g", ValueType.BOOL, List.of(), Value.Layout.PLAIN);
        var body = new Graph(
                "body",
                List.of(number, going, value("a", List.of(Axis.named("N")))),
                List.of(
                        new Value("h", ValueType.BOOL, List.of(), Value.Layout.PLAIN),
                        value("b", List.of(Axis.named("N")))),
                Map.of(),
                List.of(
                        Node.of("Identity", List.of("g"), "h", Map.of()),
                        Node.of("Add", List.of("a", "one"), "b", Map.of())));
        var constants = new LinkedHashMap<String, Constant>();
        constants.put("count", Tensor.of(new long[] {Long.MAX_VALUE}));
        constants.put("true", Tensor.of(new double[] {1}).cast(ValueType.BOOL));
        constants.put("one", Tensor.of(new float[] {1}));
        return model(
                List.of(Axis.named("N")),
                List.of(Axis.named("N")),
                constants,
                Node.of("Loop", List.of("count", "true", "x"), "y", Map.of("body", new Attribute.Body(body))));
    }

    /** Doubles its input ten times. */
    public static Model bomb() {
        var nodes = new ArrayList<Node>();
        var last = "x";
        for (int i = 0; i < 10; i++) {
            var next = i == 9 ? "y" : "c" + i;
            nodes.add(Node.of("Concat", List.of(last, last), next, Map.of("axis", Attribute.of(0))));
            last = next;
        }
        return model(List.of(Axis.named("N")), List.of(Axis.named("M")), Map.of(), nodes.toArray(Node[]::new));
    }

    /** y = x + x. */
    public static Model sum() {
        return model(
                List.of(Axis.named("N")),
                List.of(Axis.named("N")),
                Map.of(),
                Node.of("Add", List.of("x", "x"), "y", Map.of()));
    }

    static Value value(String name, List<Axis> shape) {
        return new Value(name, ValueType.FLOAT32, shape, Value.Layout.PLAIN);
    }

    private static Model model(List<Axis> in, List<Axis> out, Map<String, Constant> constants, Node... nodes) {
        var graph = new Graph("deadly", List.of(value("x", in)), List.of(value("y", out)), constants, List.of(nodes));
        return Model.of(graph, 17, 8);
    }
}
