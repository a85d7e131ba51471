package smalti.exporter.precision;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;

/** Small networks with seeded weights, and samples for them. */
final class Nets {
    private final List<Value> inputs = new ArrayList<>();
    private final List<Value> outputs = new ArrayList<>();
    private final Map<String, Constant> constants = new LinkedHashMap<>();
    private final List<Node> nodes = new ArrayList<>();
    private final Random random = new Random(5);

    Nets input(String name, ValueType type, long... shape) {
        inputs.add(value(name, type, shape));
        return this;
    }

    Nets output(String name, ValueType type, long... shape) {
        outputs.add(value(name, type, shape));
        return this;
    }

    private static Value value(String name, ValueType type, long... shape) {
        var axes = new ArrayList<Axis>();
        for (long size : shape) {
            axes.add(size == -1 ? Axis.named("N") : size < 0 ? Axis.UNKNOWN : Axis.of(size));
        }
        return new Value(name, type, axes, Value.Layout.PLAIN);
    }

    Nets constant(String name, Tensor tensor) {
        constants.put(name, tensor);
        return this;
    }

    Nets scalar(String name, double value) {
        return constant(name, Tensor.scalar(ValueType.FLOAT32, value));
    }

    Nets weights(String name, double scale, long... shape) {
        int count = 1;
        for (long size : shape) {
            count *= (int) size;
        }
        var values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (scale * random.nextGaussian());
        }
        return constant(name, Tensor.of(values, shape));
    }

    Nets node(String op, String output, Map<String, Attribute> attributes, String... taken) {
        nodes.add(Node.of(op, List.of(taken), output, attributes));
        return this;
    }

    Nets node(String op, String output, String... taken) {
        return node(op, output, Map.of(), taken);
    }

    Nets node(Node node) {
        nodes.add(node);
        return this;
    }

    Nets conv(String output, int kernel, String... taken) {
        long pad = kernel / 2;
        return node(
                "Conv",
                output,
                Map.of("kernel_shape", Attribute.ints(kernel, kernel), "pads", Attribute.ints(pad, pad, pad, pad)),
                taken);
    }

    Model model() {
        return Model.of(new Graph("net", inputs, outputs, constants, nodes), 17, 8);
    }

    /** pixels [N,8,8,3] → image in [−1, 1] → conv, ReLU, residual, doubled → pixels [N,16,16,3]. */
    static Model autoencoder() {
        return new Nets()
                .input("pixels", ValueType.UINT8, -1, 8, 8, 3)
                .output("rebuilt", ValueType.UINT8, -1, 16, 16, 3)
                .scalar("step", 2.0 / 255)
                .scalar("minus-one", -1)
                .scalar("half", 127.5)
                .scalar("one", 1)
                .scalar("black", 0)
                .scalar("white", 255)
                .weights("w1", 0.3, 8, 3, 3, 3)
                .weights("b1", 0.1, 8)
                .weights("w2", 0.2, 8, 8, 3, 3)
                .weights("b2", 0.1, 8)
                .weights("w3", 0.1, 8, 3, 4, 4)
                .weights("b3", 0.1, 3)
                .node("Cast", "floats", Map.of("to", Attribute.of(1)), "pixels")
                .node("Transpose", "first", Map.of("perm", Attribute.ints(0, 3, 1, 2)), "floats")
                .node("Mul", "scaled", "first", "step")
                .node("Add", "image", "scaled", "minus-one")
                .conv("c1", 3, "image", "w1", "b1")
                .node("Relu", "r1", "c1")
                .conv("c2", 3, "r1", "w2", "b2")
                .node("Add", "sum", "c1", "c2")
                .node("Relu", "r2", "sum")
                .node(
                        "ConvTranspose",
                        "up",
                        Map.of(
                                "kernel_shape", Attribute.ints(4, 4),
                                "strides", Attribute.ints(2, 2),
                                "pads", Attribute.ints(1, 1, 1, 1)),
                        "r2",
                        "w3",
                        "b3")
                .node("Add", "shifted", "up", "one")
                .node("Mul", "levels", "shifted", "half")
                .node("Round", "rounded", "levels")
                .node("Clip", "clipped", "rounded", "black", "white")
                .node("Cast", "bytes", Map.of("to", Attribute.of(2)), "clipped")
                .node("Transpose", "rebuilt", Map.of("perm", Attribute.ints(0, 2, 3, 1)), "bytes")
                .model();
    }

    static List<Map<String, Item>> pixels(int batches, int seed) {
        var random = new Random(seed);
        var all = new ArrayList<Map<String, Item>>();
        for (int batch = 0; batch < batches; batch++) {
            var values = new double[4 * 8 * 8 * 3];
            for (int i = 0; i < values.length; i++) {
                // smooth within a picture, as pictures are
                values[i] =
                        Math.max(0, Math.min(255, 128 + 90 * Math.sin(i / 40.0 + batch) + 20 * random.nextGaussian()));
            }
            all.add(Map.of(
                    "pixels", new Item.Array(Tensor.of(values, 4, 8, 8, 3).cast(ValueType.UINT8))));
        }
        return all;
    }

    static List<Map<String, Item>> floats(int batches, int seed, double scale, long... shape) {
        var random = new Random(seed);
        var all = new ArrayList<Map<String, Item>>();
        for (int batch = 0; batch < batches; batch++) {
            int count = 1;
            for (long size : shape) {
                count *= (int) size;
            }
            var values = new float[count];
            for (int i = 0; i < count; i++) {
                values[i] = (float) (scale * random.nextGaussian());
            }
            all.add(Map.of("x", new Item.Array(Tensor.of(values, shape))));
        }
        return all;
    }

    static Tensor tensor(Map<String, Item> items, String name) {
        if (items.get(name) instanceof Item.Array array) {
            return array.tensor();
        }
        throw new AssertionError("no array " + name);
    }

    static Tensor run(Model model, Map<String, Item> inputs, String output) {
        try (var session = ModelSession.open(model, "net")) {
            return tensor(session.run(inputs), output);
        }
    }

    static List<String> ops(Model model) {
        return model.graph().nodes().stream().map(Node::op).toList();
    }
}
