package smalti.exporter.pass;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.proof.ModelSession.Item;

/** A small graph of random nodes, wired at random, with the shapes known; the same seed gives the same graph. */
final class RandomGraph {
    private static final int MOST_ELEMENTS = 3000;
    private static final List<String> CURVES = List.of("Relu", "Neg", "Abs", "Tanh", "Sigmoid", "Identity", "Softplus");

    /** @param exact made of the inputs without rounding, so that it may be rounded to whole numbers */
    private record Known(String name, ValueType type, List<Long> shape, boolean exact) {
        int rank() {
            return shape.size();
        }

        long size(int axis) {
            return shape.get(axis);
        }
    }

    private final Random random;
    private final int opset;
    private final List<Known> inputs = new ArrayList<>();
    private final List<Known> values = new ArrayList<>();
    private final Map<String, Constant> constants = new LinkedHashMap<>();
    private final List<Node> nodes = new ArrayList<>();
    private int names;

    RandomGraph(long seed) {
        random = new Random(seed);
        opset = pick(List.of(11, 13, 17, 20, 20));
        input(List.of(2L, pick(List.of(2L, 4L, 6L)), pick(List.of(3L, 4L)), pick(List.of(4L, 5L))));
        if (random.nextBoolean()) {
            input(pick(
                    List.of(List.of(2L, 6L), List.of(2L, 3L, 8L), inputs.get(0).shape())));
        }
        inputs.add(new Known("which", ValueType.BOOL, List.of(), true));
        int count = 3 + random.nextInt(18);
        while (nodes.size() < count) {
            step();
        }
    }

    private void input(List<Long> shape) {
        var input = new Known("x" + inputs.size(), ValueType.FLOAT32, shape, true);
        inputs.add(input);
        values.add(input);
    }

    private <T> T pick(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    private boolean oneIn(int chances) {
        return random.nextInt(chances) == 0;
    }

    private Tensor numbers(double least, double most, long... dims) {
        int count = (int) Arrays.stream(dims).reduce(1, (a, b) -> a * b);
        var numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) (least + (most - least) * random.nextDouble());
        }
        return Tensor.of(numbers, dims);
    }

    /** An initializer, at times a Constant node. */
    private String constant(Tensor tensor) {
        var name = "c" + names++;
        if (oneIn(6)) {
            nodes.add(Node.of("Constant", List.of(), name, Map.of("value", new Attribute.Array(tensor))));
        } else {
            constants.put(name, tensor);
        }
        return name;
    }

    private String longs(long... values) {
        return constant(Tensor.of(values, values.length));
    }

    private Known node(
            String op, Map<String, Attribute> attributes, List<Long> shape, Known like, boolean exact, String... in) {
        var made = new Known("v" + names++, like.type(), List.copyOf(shape), exact);
        nodes.add(Node.of(op, List.of(in), made.name(), attributes));
        values.add(made);
        return made;
    }

    private Known curve(String op, Known x) {
        boolean exact = x.exact() && List.of("Relu", "Neg", "Abs", "Identity").contains(op);
        return node(op, Map.of(), x.shape(), x, exact, x.name());
    }

    private Known value() {
        // the last ones more often, so that chains form
        return oneIn(4) ? pick(values) : values.get(values.size() - 1);
    }

    private void step() {
        var x = value();
        if (x.type() != ValueType.FLOAT32) {
            cast(x, ValueType.FLOAT32);
            return;
        }
        switch (random.nextInt(22)) {
            case 0, 1 -> convolution(x);
            case 2 -> transposedConvolution(x);
            case 3, 4 -> batchNormalization(x);
            case 5, 6, 7 -> scale(x);
            case 8 -> two(x);
            case 9, 10 -> curve(pick(CURVES), x);
            case 11, 12, 13 -> transpose(x);
            case 14, 15 -> reshape(x);
            case 16 -> cast(x, pick(x.exact() ? List.of(ValueType.values()) : List.of(ValueType.FLOAT64)));
            case 17 -> layerNormalization(x);
            case 18 -> gelu(x);
            case 19 -> again();
            case 20 -> branch(x);
            default -> other(x);
        }
    }

    private void convolution(Known x) {
        if (x.rank() != 4 || x.size(2) < 2 || x.size(3) < 2) {
            return;
        }
        long in = x.size(1);
        long group = oneIn(3) ? in : 1;
        long out = group * (1L + random.nextInt(group == 1 ? 6 : 2));
        long kernel = pick(List.of(1L, 2L, 3L));
        long stride = 1L + random.nextInt(2);
        long pad = kernel == 3 ? 1 : 0;
        var attributes = new TreeMap<String, Attribute>();
        attributes.put("kernel_shape", Attribute.ints(kernel, kernel));
        attributes.put("strides", Attribute.ints(stride, stride));
        attributes.put("pads", Attribute.ints(pad, pad, pad, pad));
        attributes.put("group", Attribute.of(group));
        long height = (x.size(2) + 2 * pad - kernel) / stride + 1;
        long width = (x.size(3) + 2 * pad - kernel) / stride + 1;
        if (height < 1 || width < 1) {
            return;
        }
        var weights = constant(numbers(-0.5, 0.5, out, in / group, kernel, kernel));
        layer("Conv", attributes, List.of(x.size(0), out, height, width), x, weights, out);
    }

    private void transposedConvolution(Known x) {
        if (x.rank() != 4 || x.size(2) * x.size(3) > 100) {
            return;
        }
        long in = x.size(1);
        long group = in % 2 == 0 && oneIn(3) ? 2 : 1;
        long out = 1L + random.nextInt(3);
        long kernel = pick(List.of(2L, 4L));
        long pad = kernel / 2 - 1;
        var attributes = new TreeMap<String, Attribute>();
        attributes.put("kernel_shape", Attribute.ints(kernel, kernel));
        attributes.put("strides", Attribute.ints(2, 2));
        attributes.put("pads", Attribute.ints(pad, pad, pad, pad));
        attributes.put("group", Attribute.of(group));
        var weights = constant(numbers(-0.5, 0.5, in, out, kernel, kernel));
        layer(
                "ConvTranspose",
                attributes,
                List.of(x.size(0), out * group, 2 * x.size(2), 2 * x.size(3)),
                x,
                weights,
                out * group);
    }

    private void layer(
            String op, Map<String, Attribute> attributes, List<Long> shape, Known x, String weights, long out) {
        var made = oneIn(2)
                ? node(op, attributes, shape, x, false, x.name(), weights)
                : node(op, attributes, shape, x, false, x.name(), weights, constant(numbers(-1, 1, out)));
        // what is folded into a layer stands behind it
        if (oneIn(3)) {
            batchNormalization(made);
        } else if (oneIn(2)) {
            scale(made);
        }
    }

    private void batchNormalization(Known x) {
        if (x.rank() < 2) {
            return;
        }
        long channels = x.size(1);
        node(
                "BatchNormalization",
                oneIn(2) ? Map.of() : Map.of("epsilon", new Attribute.Real(0.01f)),
                x.shape(),
                x,
                false,
                x.name(),
                constant(numbers(0.5, 1.5, channels)),
                constant(numbers(-1, 1, channels)),
                constant(numbers(-1, 1, channels)),
                constant(numbers(0.5, 1.5, channels)));
    }

    /** By a constant of any shape that broadcasts: a number, one a channel, one an axis at random, all. */
    private void scale(Known x) {
        long[] dims = new long[x.rank() == 0 ? 0 : random.nextInt(x.rank() + 1)];
        boolean channels = oneIn(2) && x.rank() > 1;
        if (channels) {
            dims = new long[oneIn(2) ? x.rank() - 1 : x.rank()];
        }
        for (int i = 0; i < dims.length; i++) {
            int axis = i + x.rank() - dims.length;
            boolean whole = channels ? axis == 1 : oneIn(3);
            dims[i] = whole ? x.size(axis) : 1;
        }
        var by = constant(numbers(0.5, 1.5, dims));
        var op = pick(List.of("Mul", "Add", "Sub", "Div"));
        boolean first = oneIn(3) && !op.equals("Div");
        node(op, Map.of(), x.shape(), x, false, first ? by : x.name(), first ? x.name() : by);
    }

    private void two(Known x) {
        var like = values.stream()
                .filter(value -> value.type() == x.type() && value.shape().equals(x.shape()))
                .toList();
        node(
                pick(List.of("Mul", "Add", "Sub", "Max")),
                Map.of(),
                x.shape(),
                x,
                false,
                x.name(),
                pick(like).name());
    }

    private void transpose(Known x) {
        if (x.rank() < 2) {
            return;
        }
        var order = new ArrayList<Long>();
        for (long axis = 0; axis < x.rank(); axis++) {
            order.add(axis);
        }
        if (x.rank() == 4 && oneIn(2)) {
            order = new ArrayList<>(pick(List.of(List.of(0L, 2L, 3L, 1L), List.of(0L, 3L, 1L, 2L))));
        } else {
            Collections.shuffle(order, random);
        }
        var shape = order.stream().map(axis -> x.size(axis.intValue())).toList();
        node("Transpose", Map.of("perm", new Attribute.Ints(order)), shape, x, x.exact(), x.name());
    }

    private void reshape(Known x) {
        switch (random.nextInt(5)) {
            case 0 -> {
                if (x.rank() == 0) {
                    return;
                }
                int axis = random.nextInt(x.rank() + 1);
                long before = x.shape().subList(0, axis).stream().reduce(1L, (a, b) -> a * b);
                long after = x.shape().subList(axis, x.rank()).stream().reduce(1L, (a, b) -> a * b);
                node(
                        "Flatten",
                        Map.of("axis", Attribute.of((long) axis)),
                        List.of(before, after),
                        x,
                        x.exact(),
                        x.name());
            }
            case 1 -> {
                int axis = random.nextInt(x.rank() + 1);
                var shape = new ArrayList<>(x.shape());
                shape.add(axis, 1L);
                withAxes("Unsqueeze", axis, shape, x);
            }
            case 2 -> {
                int axis = x.shape().indexOf(1L);
                if (axis >= 0) {
                    var shape = new ArrayList<>(x.shape());
                    shape.remove(axis);
                    withAxes("Squeeze", axis, shape, x);
                }
            }
            default -> {
                // two axes merged, or one split
                var shape = new ArrayList<>(x.shape());
                if (x.rank() > 1 && oneIn(2)) {
                    int axis = random.nextInt(x.rank() - 1);
                    shape.set(axis, shape.get(axis) * shape.remove(axis + 1));
                } else if (x.rank() > 0 && x.rank() < 5) {
                    int axis = random.nextInt(x.rank());
                    long size = shape.get(axis);
                    long part = size % 2 == 0 ? 2 : 1;
                    shape.set(axis, part);
                    shape.add(axis + 1, size / part);
                }
                var asked = shape.stream().mapToLong(Long::longValue).toArray();
                for (int axis = 0; axis < Math.min(asked.length, x.rank()); axis++) {
                    if (asked[axis] == x.size(axis) && oneIn(3)) {
                        asked[axis] = 0;
                    }
                }
                if (asked.length > 0 && oneIn(3)) {
                    asked[random.nextInt(asked.length)] = -1;
                }
                node("Reshape", Map.of(), shape, x, x.exact(), x.name(), longs(asked));
            }
        }
    }

    private void withAxes(String op, int axis, List<Long> shape, Known x) {
        if (opset < 13) {
            node(op, Map.of("axes", Attribute.ints(axis)), shape, x, x.exact(), x.name());
        } else {
            node(op, Map.of(), shape, x, x.exact(), x.name(), longs(axis));
        }
    }

    private void cast(Known x, ValueType type) {
        if (!List.of(
                        ValueType.FLOAT32,
                        ValueType.FLOAT64,
                        ValueType.FLOAT16,
                        ValueType.INT64,
                        ValueType.INT32,
                        ValueType.BOOL)
                .contains(type)) {
            return;
        }
        var like = new Known("", type, x.shape(), x.exact());
        node("Cast", Map.of("to", Attribute.of((long) type.onnxCode())), x.shape(), like, x.exact(), x.name());
    }

    private void layerNormalization(Known x) {
        if (x.rank() < 1 || x.size(x.rank() - 1) < 3) {
            return;
        }
        long width = x.size(x.rank() - 1);
        var narrow = new ArrayList<>(x.shape());
        narrow.set(x.rank() - 1, 1L);
        var axes = opset < 18 ? Map.<String, Attribute>of("axes", Attribute.ints(-1)) : Map.<String, Attribute>of();
        var mean = mean(x, narrow, axes);
        var centred = node("Sub", Map.of(), x.shape(), x, false, x.name(), mean.name());
        var squared = oneIn(2)
                ? node("Mul", Map.of(), x.shape(), x, false, centred.name(), centred.name())
                : node("Pow", Map.of(), x.shape(), x, false, centred.name(), constant(Tensor.scalar(x.type(), 2)));
        var variance = mean(squared, narrow, axes);
        var safe = node("Add", Map.of(), narrow, x, false, variance.name(), constant(Tensor.scalar(x.type(), 1e-2)));
        var root = node("Sqrt", Map.of(), narrow, x, false, safe.name());
        var normal = node("Div", Map.of(), x.shape(), x, false, centred.name(), root.name());
        if (oneIn(3)) {
            return;
        }
        var scaled = node("Mul", Map.of(), x.shape(), x, false, normal.name(), constant(numbers(0.5, 1.5, width)));
        if (!oneIn(3)) {
            node("Add", Map.of(), x.shape(), x, false, scaled.name(), constant(numbers(-1, 1, width)));
        }
    }

    private Known mean(Known x, List<Long> narrow, Map<String, Attribute> axes) {
        return opset < 18
                ? node("ReduceMean", axes, narrow, x, false, x.name())
                : node("ReduceMean", axes, narrow, x, false, x.name(), longs(-1));
    }

    private void gelu(Known x) {
        var scaled =
                node("Div", Map.of(), x.shape(), x, false, x.name(), constant(Tensor.scalar(x.type(), Math.sqrt(2))));
        var erf = node("Erf", Map.of(), x.shape(), x, false, scaled.name());
        var plus = node("Add", Map.of(), x.shape(), x, false, erf.name(), constant(Tensor.scalar(x.type(), 1)));
        var half = constant(Tensor.scalar(x.type(), 0.5));
        if (oneIn(2)) {
            var product = node("Mul", Map.of(), x.shape(), x, false, x.name(), plus.name());
            node("Mul", Map.of(), x.shape(), x, false, product.name(), half);
        } else {
            var halved = node("Mul", Map.of(), x.shape(), x, false, x.name(), half);
            node("Mul", Map.of(), x.shape(), x, false, halved.name(), plus.name());
        }
    }

    /** A node that is there already. */
    private void again() {
        if (nodes.isEmpty()) {
            return;
        }
        var before = pick(nodes);
        var like = values.stream()
                .filter(value -> value.name().equals(before.outputs().get(0)))
                .findFirst();
        if (before.outputs().size() == 1 && like.isPresent() && before.bodies().isEmpty()) {
            var known = like.get();
            node(
                    before.op(),
                    before.attributes(),
                    known.shape(),
                    known,
                    known.exact(),
                    before.inputs().toArray(String[]::new));
        }
    }

    /** Bodies that take values from around them, and make what a pass might take for a value of the graph's. */
    private void branch(Known x) {
        var other = pick(values.stream()
                .filter(value -> value.type() == x.type() && value.shape().equals(x.shape()))
                .toList());
        var attributes = new TreeMap<String, Attribute>();
        for (var name : List.of("then_branch", "else_branch")) {
            var prefix = "v" + names++ + "/";
            var body = new ArrayList<Node>();
            var now = name.startsWith("then") ? x.name() : other.name();
            if (x.rank() == 4 && oneIn(2)) {
                body.add(Node.of("Transpose", List.of(now), prefix + "a", Map.of("perm", Attribute.ints(0, 2, 3, 1))));
                body.add(Node.of("Relu", List.of(prefix + "a"), prefix + "b", Map.of()));
                body.add(Node.of(
                        "Transpose", List.of(prefix + "b"), prefix + "c", Map.of("perm", Attribute.ints(0, 3, 1, 2))));
                now = prefix + "c";
            } else if (oneIn(2)) {
                body.add(Node.of("Identity", List.of(now), prefix + "a", Map.of()));
                now = prefix + "a";
            }
            body.add(Node.of(oneIn(2) ? "Neg" : "Identity", List.of(now), prefix + "y", Map.of()));
            var output = new Value(prefix + "y", x.type(), axes(x.shape()), Value.Layout.PLAIN);
            attributes.put(name, new Attribute.Body(new Graph(name, List.of(), List.of(output), Map.of(), body)));
        }
        node("If", attributes, x.shape(), x, x.exact() && other.exact(), "which");
    }

    private void other(Known x) {
        switch (random.nextInt(7)) {
            case 0 -> node("Softmax", Map.of("axis", Attribute.of(-1L)), x.shape(), x, false, x.name());
            case 1 -> {
                if (x.rank() > 0 && x.shape().stream().reduce(2L, (a, b) -> a * b) < MOST_ELEMENTS) {
                    int axis = random.nextInt(x.rank());
                    var shape = new ArrayList<>(x.shape());
                    shape.set(axis, 2 * shape.get(axis));
                    node("Concat", Map.of("axis", Attribute.of((long) axis)), shape, x, x.exact(), x.name(), x.name());
                }
            }
            case 2 -> {
                if (x.rank() == 4) {
                    var shape = List.of(x.size(0), x.size(1), 1L, 1L);
                    node("GlobalAveragePool", Map.of(), shape, x, false, x.name());
                }
            }
            case 3 -> {
                // the shape asked of the value itself
                if (x.rank() > 1) {
                    var sizes = "v" + names++;
                    nodes.add(Node.of("Shape", List.of(x.name()), sizes, Map.of()));
                    var first = "v" + names++;
                    nodes.add(Node.of("Gather", List.of(sizes, longs(0)), first, Map.of("axis", Attribute.of(0L))));
                    var asked = "v" + names++;
                    nodes.add(Node.of("Concat", List.of(first, longs(-1)), asked, Map.of("axis", Attribute.of(0L))));
                    long rest = x.shape().subList(1, x.rank()).stream().reduce(1L, (a, b) -> a * b);
                    node("Reshape", Map.of(), List.of(x.size(0), rest), x, x.exact(), x.name(), asked);
                }
            }
            case 4 -> {
                if (x.rank() > 0 && x.size(x.rank() - 1) > 2) {
                    int axis = x.rank() - 1;
                    boolean whole = oneIn(3);
                    var shape = new ArrayList<>(x.shape());
                    shape.set(axis, whole ? x.size(axis) : x.size(axis) - 1);
                    node(
                            "Slice",
                            Map.of(),
                            shape,
                            x,
                            x.exact(),
                            x.name(),
                            longs(whole ? 0 : 1),
                            longs(Long.MAX_VALUE),
                            longs(axis));
                }
            }
            case 5 -> {
                if (x.rank() > 1) {
                    long width = x.size(x.rank() - 1);
                    long out = 1L + random.nextInt(4);
                    var shape = new ArrayList<>(x.shape());
                    shape.set(x.rank() - 1, out);
                    var weights = constant(numbers(-0.5, 0.5, width, out));
                    if (x.rank() == 2 && oneIn(2)) {
                        node("Gemm", Map.of(), shape, x, false, x.name(), weights, constant(numbers(-1, 1, out)));
                    } else {
                        node("MatMul", Map.of(), shape, x, false, x.name(), weights);
                    }
                }
            }
            default -> node("Dropout", Map.of(), x.shape(), x, x.exact(), x.name());
        }
    }

    private List<Axis> axes(List<Long> shape) {
        return shape.stream().map(Axis::of).toList();
    }

    /** Some of the values are outputs, whether others use them or not. */
    Model model() {
        var outputs = new LinkedHashSet<Known>();
        outputs.add(values.get(values.size() - 1));
        for (var value : values) {
            if (oneIn(9)) {
                outputs.add(value);
            }
        }
        inputs.forEach(outputs::remove);
        if (outputs.isEmpty()) {
            outputs.add(curve("Relu", values.get(0)));
        }
        boolean free = oneIn(2);
        var graph = new Graph(
                "random",
                inputs.stream().map(input -> value(input, free)).toList(),
                // an output's first size need not be the batch
                outputs.stream().map(output -> unknown(output)).toList(),
                constants,
                nodes);
        return Model.of(graph, opset, opset <= 18 ? 8 : 9);
    }

    private Value value(Known known, boolean free) {
        var axes = new ArrayList<>(axes(known.shape()));
        if (free && !axes.isEmpty()) {
            axes.set(0, Axis.named("N"));
        }
        return new Value(known.name(), known.type(), axes, Value.Layout.PLAIN);
    }

    private static Value unknown(Known known) {
        return new Value(
                known.name(),
                known.type(),
                known.shape().stream().map(size -> Axis.UNKNOWN).toList(),
                Value.Layout.PLAIN);
    }

    Map<String, Item> given() {
        var given = new LinkedHashMap<String, Item>();
        for (var input : inputs) {
            long[] dims = input.shape().stream().mapToLong(Long::longValue).toArray();
            given.put(
                    input.name(),
                    new Item.Array(
                            input.type() == ValueType.BOOL
                                    ? Tensor.scalar(ValueType.BOOL, random.nextInt(2))
                                    : numbers(-2, 2, dims)));
        }
        return given;
    }
}
