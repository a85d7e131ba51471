package smalti.exporter.pass;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import smalti.exporter.OnnxChecker;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxReader;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;

/** A small graph made by hand, and what a pass makes of it. */
final class Rig {
    private static final long SEED = 7;

    private final int opset;
    private final List<Value> inputs = new ArrayList<>();
    private final List<Value> outputs = new ArrayList<>();
    private final Map<String, Constant> initializers = new LinkedHashMap<>();
    private final List<Node> nodes = new ArrayList<>();
    private final Random random = new Random(SEED);

    Rig(int opset) {
        this.opset = opset;
    }

    static Value value(String name, ValueType type, long... shape) {
        var axes = new ArrayList<Axis>();
        for (long size : shape) {
            axes.add(size < 0 ? Axis.UNKNOWN : Axis.of(size));
        }
        return new Value(name, type, axes, Value.Layout.PLAIN);
    }

    Rig input(String name, long... shape) {
        return input(name, ValueType.FLOAT32, shape);
    }

    Rig input(String name, ValueType type, long... shape) {
        inputs.add(value(name, type, shape));
        return this;
    }

    Rig output(String name, long... shape) {
        return output(name, ValueType.FLOAT32, shape);
    }

    Rig output(String name, ValueType type, long... shape) {
        outputs.add(value(name, type, shape));
        return this;
    }

    Rig constant(String name, Tensor tensor) {
        initializers.put(name, tensor);
        return this;
    }

    /** Of seeded normal numbers. */
    Rig weights(String name, long... shape) {
        return constant(name, Tensor.of(normals(shape), shape));
    }

    /** Of seeded numbers from 0.5 to 1.5. */
    Rig positive(String name, long... shape) {
        var values = normals(shape);
        for (int i = 0; i < values.length; i++) {
            values[i] = 0.5f + random.nextFloat();
        }
        return constant(name, Tensor.of(values, shape));
    }

    private float[] normals(long... shape) {
        int count = 1;
        for (long size : shape) {
            count *= (int) size;
        }
        var values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    Rig node(String op, String output, String... inputs) {
        return node(op, output, Map.of(), inputs);
    }

    Rig node(String op, String output, Map<String, Attribute> attributes, String... inputs) {
        nodes.add(Node.of(op, List.of(inputs), output, attributes));
        return this;
    }

    Rig node(Node node) {
        nodes.add(node);
        return this;
    }

    Graph graph() {
        return new Graph("rig", inputs, outputs, initializers, nodes);
    }

    Model model() {
        return Model.of(graph(), opset, opset <= 18 ? 8 : 9);
    }

    /** The operators that a pass leaves; the outputs are the same as before, in ONNX Runtime on seeded inputs. */
    List<String> after(Pass pass) {
        return ops(proven(pass).graph());
    }

    Model proven(Pass pass) {
        var before = model();
        var after = pass.apply(before);
        assertThat(after.graph().inputs()).isEqualTo(before.graph().inputs());
        assertThat(after.graph().outputs()).isEqualTo(before.graph().outputs());
        assertThat(pass.apply(after)).as("a second time nothing changes").isSameAs(after);
        check(after);
        var given = given();
        var wanted = run(before, given);
        var got = run(after, given);
        wanted.forEach((name, item) -> {
            var one = ((Item.Array) item).tensor();
            var other = ((Item.Array) Objects.requireNonNull(got.get(name))).tensor();
            assertThat(other.dims()).as(name).isEqualTo(one.dims());
            double range = 1;
            for (int i = 0; i < one.count(); i++) {
                range = Math.max(range, Math.abs(one.number(i)));
            }
            for (int i = 0; i < one.count(); i++) {
                // sums of another order, in 32 bits
                assertThat(other.number(i)).as(name).isCloseTo(one.number(i), within(1e-5 * range));
            }
        });
        return after;
    }

    /** By the ONNX project's own checker, and by our reader. */
    private static void check(Model model) {
        try {
            var file = Files.createTempFile("rig", ".onnx");
            OnnxWriter.write(model, file);
            OnnxChecker.check(file);
            assertThat(OnnxReader.read(file).graph().nodes())
                    .isEqualTo(model.graph().nodes());
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, Item> run(Model model, Map<String, Item> given) {
        try (var session = ModelSession.open(model, "rig")) {
            return session.run(given);
        }
    }

    private Map<String, Item> given() {
        var given = new LinkedHashMap<String, Item>();
        for (var input : inputs) {
            if (!initializers.containsKey(input.name())) {
                long[] shape = input.shape().stream()
                        .mapToLong(axis -> axis.isFixed() ? axis.size() : 3)
                        .toArray();
                given.put(
                        input.name(),
                        new Item.Array(Tensor.of(normals(shape), shape).cast(input.element())));
            }
        }
        return given;
    }

    static List<String> ops(Graph graph) {
        return graph.nodes().stream().map(Node::op).toList();
    }
}
