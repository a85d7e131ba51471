package smalti.exporter.opset;

import static smalti.exporter.opset.Numbers.floats;
import static smalti.exporter.opset.Numbers.list;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;

/** The forms of opsets 6 to 12. */
final class FirstFormCases {
    private static final Tensor TABLE = floats(new double[] {1, 2, 3, 4, 5, 6}, 1, 2, 3);

    private FirstFormCases() {}

    static List<OpsetCase> all() {
        return Stream.of(lists(), softmaxes(), broadcasts(), others())
                .flatMap(List::stream)
                .toList();
    }

    private static OpsetCase of(int source, String op) {
        return OpsetCase.of(op, source, op).to(13, 17, 26);
    }

    private static List<OpsetCase> lists() {
        return List.of(
                of(11, "Squeeze").with("axes", new long[] {0}).in(TABLE).out(1, 2, 3, 4, 5, 6),
                of(11, "Unsqueeze").with("axes", new long[] {-1}).in(TABLE).out(1, 2, 3, 4, 5, 6),
                of(11, "ReduceSum")
                        .with("axes", new long[] {1})
                        .with("keepdims", 0)
                        .in(TABLE)
                        .out(5, 7, 9),
                of(11, "Split")
                        .with("axis", 2)
                        .with("split", new long[] {2, 1})
                        .in(TABLE)
                        .out(1, 2, 4, 5)
                        .out(3, 6),
                of(10, "Clip").with("min", 2.5f).in(TABLE).out(2.5, 2.5, 3, 4, 5, 6),
                of(10, "Pad")
                        .with("pads", new long[] {0, 0, 1, 0, 0, 0})
                        .with("value", 9f)
                        .in(TABLE)
                        .out(9, 1, 2, 3, 9, 4, 5, 6),
                of(9, "Slice")
                        .with("axes", new long[] {2})
                        .with("starts", new long[] {-2})
                        .with("ends", new long[] {3})
                        .in(TABLE)
                        .out(2, 3, 5, 6),
                of(9, "TopK")
                        .with("k", 2)
                        .with("axis", 2)
                        .in(TABLE)
                        .out(3, 2, 6, 5)
                        .out(ValueType.INT64, 2, 1, 2, 1));
    }

    /** Over the last two axes as if they were one. */
    private static List<OpsetCase> softmaxes() {
        var shares = new double[6];
        var logs = new double[6];
        double sum = 0;
        for (int i = 1; i <= 6; i++) {
            sum += Math.exp(i);
        }
        for (int i = 0; i < 6; i++) {
            shares[i] = Math.exp(i + 1) / sum;
            logs[i] = i + 1 - Math.log(sum);
        }
        return List.of(
                of(11, "Softmax").in(TABLE).out(shares),
                of(11, "LogSoftmax").with("axis", 1).in(TABLE).out(logs),
                of(11, "Hardmax").with("axis", 1).in(TABLE).out(0, 0, 0, 0, 0, 1),
                of(11, "Softmax")
                        .with("axis", 2)
                        .in(floats(new double[] {0, 0, Math.log(2), Math.log(3)}, 1, 2, 2))
                        .out(0.5, 0.5, 0.4, 0.6));
    }

    /** Of opset 6, where the second input's axes begin at one of the first's; ONNX Runtime runs nothing so old. */
    private static List<OpsetCase> broadcasts() {
        var two = floats(new double[] {2, 4}, 2);
        var yes = Tensor.of(new long[] {1, 0, 1, 1, 0, 0}, 1, 2, 3).cast(ValueType.BOOL);
        var other = list(1, 0).cast(ValueType.BOOL);
        var whole = Tensor.of(new int[] {1, 2, 3, 4, 5, 6}, 1, 2, 3);
        return List.of(
                broadcast("Add", TABLE, two).out(3, 4, 5, 8, 9, 10),
                broadcast("Sub", TABLE, two).out(-1, 0, 1, 0, 1, 2),
                broadcast("Mul", TABLE, two).out(2, 4, 6, 16, 20, 24),
                broadcast("Div", TABLE, two).out(0.5, 1, 1.5, 1, 1.25, 1.5),
                broadcast("Pow", TABLE, two).out(1, 4, 9, 256, 625, 1296),
                broadcast("Greater", TABLE, two).out(ValueType.BOOL, 0, 0, 1, 0, 1, 1),
                broadcast("Less", TABLE, two).out(ValueType.BOOL, 1, 0, 0, 0, 0, 0),
                broadcast("Equal", whole, Tensor.of(new int[] {2, 4}, 2)).out(ValueType.BOOL, 0, 1, 0, 1, 0, 0),
                broadcast("And", yes, other).out(ValueType.BOOL, 1, 0, 1, 0, 0, 0),
                broadcast("Or", yes, other).out(ValueType.BOOL, 1, 1, 1, 1, 0, 0),
                broadcast("Xor", yes, other).out(ValueType.BOOL, 0, 1, 0, 1, 0, 0),
                of(6, "Gemm")
                        .unrun()
                        .with("broadcast", 1)
                        .in(floats(new double[] {1, 2, 3, 4}, 2, 2))
                        .in(floats(new double[] {5, 6, 7, 8}, 2, 2))
                        .in(floats(new double[] {1, -1}, 2))
                        .out(20, 21, 44, 49));
    }

    private static OpsetCase broadcast(String op, Tensor one, Tensor two) {
        return of(6, op).unrun().with("broadcast", 1).with("axis", 1).in(one).in(two);
    }

    private static List<OpsetCase> others() {
        var cases = new ArrayList<OpsetCase>();
        cases.add(of(10, "Dropout").with("ratio", 0.3f).in(TABLE).out(1, 2, 3, 4, 5, 6));
        cases.add(of(8, "BatchNormalization")
                .with("spatial", 1)
                .with("epsilon", 0.25f)
                .in(floats(new double[] {1, 5}, 1, 2, 1))
                .constant(floats(new double[] {2, 3}, 2))
                .constant(floats(new double[] {0, 1}, 2))
                .constant(floats(new double[] {-1, 2}, 2))
                .constant(floats(new double[] {0.75, 2}, 2))
                .out(4, 7));
        cases.add(of(9, "Scatter")
                .with("axis", 2)
                .in(TABLE)
                .constant(Tensor.of(new long[] {0, 2}, 1, 2, 1))
                .in(floats(new double[] {10, 20}, 1, 2, 1))
                .out(10, 2, 3, 4, 5, 20));
        cases.add(scan());
        var scales = Tensor.of(new float[] {1, 1, 2}, 3);
        var doubled = new double[] {1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6};
        cases.add(of(9, "Upsample").in(TABLE).constant(scales).out(doubled));
        cases.add(of(8, "Upsample")
                .with("scales", new Attribute.Reals(List.of(1f, 1f, 2f)))
                .in(TABLE)
                .out(doubled));
        cases.add(of(10, "Resize").in(TABLE).constant(scales).out(doubled));
        // places 0, 1/2, 1, 3/2, …; the last has no neighbour
        cases.add(of(10, "Resize")
                .with("mode", "linear")
                .in(TABLE)
                .constant(scales)
                .out(1, 1.5, 2, 2.5, 3, 3, 4, 4.5, 5, 5.5, 6, 6));
        cases.add(of(11, "Resize")
                .with("coordinate_transformation_mode", "asymmetric")
                .with("nearest_mode", "floor")
                .in(TABLE)
                .constant(Tensor.of(new float[0], 0))
                .constant(scales)
                .out(doubled));
        return cases;
    }

    /** Running sums. */
    private static OpsetCase scan() {
        var inner = List.of(inner("state"), inner("step"), inner("sum"), inner("shown"));
        var body = new Graph(
                "body",
                inner.subList(0, 2),
                inner.subList(2, 4),
                Map.of(),
                List.of(
                        Node.of("Add", List.of("state", "step"), "sum", Map.of()),
                        Node.of("Identity", List.of("sum"), "shown", Map.of())));
        return of(9, "Scan")
                .with("body", new Attribute.Body(body))
                .with("num_scan_inputs", 1)
                .in(floats(new double[] {10}, 1))
                .in(floats(new double[] {1, 2, 3}, 3, 1))
                .out(16)
                .out(11, 13, 16);
    }

    private static Value inner(String name) {
        return new Value(name, ValueType.FLOAT32, List.of(Axis.of(1)), Value.Layout.PLAIN);
    }
}
