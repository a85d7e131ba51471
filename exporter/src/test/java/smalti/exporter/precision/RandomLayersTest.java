package smalti.exporter.precision;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.ValueType;
import smalti.exporter.proof.ModelSession.Item;

/**
 * Layers with seeded attributes and sizes are INT8 with noise as small as their bits allow, against ONNX Runtime's FP32 of
 * the graph as it was written. {@code -Dsmalti.full=true} tries many more.
 */
final class RandomLayersTest {
    private static final int GRAPHS = Boolean.getBoolean("smalti.full") ? 1500 : 60;

    /** Bytes and weights of 7 bits leave some 40 dB; few inputs, far from normal, a little less. */
    private static final double LEAST = 25;

    @Test
    void layersOfEveryFormAreQuantized() {
        var problems = new ArrayList<String>();
        for (int seed = 0; seed < GRAPHS; seed++) {
            var graph = new Drawn(seed);
            var shape = graph.draw(seed % 5);
            var samples = Nets.floats(4, seed, 1, shape);
            problems.addAll(problems(seed, graph.net.model(), samples));
        }
        assertThat(problems).isEmpty();
    }

    private static List<String> problems(int seed, Model model, List<Map<String, Item>> samples) {
        var what = "seed " + seed + " " + model.graph().nodes();
        Int8Search.Result result;
        try {
            result = Int8Search.search(
                    model, samples, samples, Int8Options.defaults().withGoalSqnr(0), "net");
        } catch (RuntimeException e) {
            return List.of(what + ": " + e.getMessage());
        }
        var problems = new ArrayList<String>();
        if (result.quantized() == 0 || !result.refusals().isEmpty()) {
            problems.add(what + ": " + result.quantized() + " layers in INT8, refused " + result.refusals());
        }
        if (!(result.quality().sqnr() > LEAST)) {
            problems.add(what + ": SQNR " + result.quality().sqnr());
        }
        return problems;
    }

    /** A graph of one layer, perhaps with a function behind it. */
    private static final class Drawn {
        private final Random random;
        private final Nets net = new Nets();

        Drawn(long seed) {
            this.random = new Random(seed);
        }

        private int up(int most) {
            return 1 + random.nextInt(most);
        }

        private boolean maybe() {
            return random.nextBoolean();
        }

        /** Adds a layer. @return the shape of its input x */
        private long[] draw(int kind) {
            return switch (kind) {
                case 0, 1 -> convolution(kind == 1);
                case 2 -> gemm();
                case 3 -> product();
                default -> leftProduct();
            };
        }

        private long[] convolution(boolean transposed) {
            int axes = up(3);
            int groups = maybe() ? 1 : up(3);
            int in = groups * (1 + up(3));
            int out = groups * up(4);
            var kernel = new ArrayList<Long>();
            var strides = new ArrayList<Long>();
            var dilations = new ArrayList<Long>();
            var pads = new ArrayList<Long>();
            var more = new ArrayList<Long>();
            var shape = new long[2 + axes];
            shape[0] = 4;
            shape[1] = in;
            for (int axis = 0; axis < axes; axis++) {
                shape[2 + axis] = 7L + up(4);
                kernel.add((long) up(3));
                strides.add((long) up(3));
                dilations.add((long) up(2));
                pads.add((long) random.nextInt(2));
                more.add((long) random.nextInt(Math.toIntExact(strides.get(axis))));
            }
            pads.addAll(List.copyOf(pads));
            var attributes = new TreeMap<String, Attribute>(Map.of("group", Attribute.of(groups)));
            if (maybe()) {
                attributes.put("kernel_shape", Attribute.ints(kernel));
            }
            attributes.put("strides", Attribute.ints(strides));
            var way = List.of("NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")
                    .get(random.nextInt(5));
            boolean isNarrow = false;
            for (int axis = 0; axis < axes; axis++) {
                isNarrow |= kernel.get(axis) < strides.get(axis);
            }
            if (transposed && isNarrow && way.startsWith("SAME")) {
                // a kernel narrower than its stride leaves nothing to take away, and its layer stays in float
                way = "VALID";
            }
            if (way.equals("NOTSET")) {
                attributes.put("dilations", Attribute.ints(dilations));
                attributes.put("pads", Attribute.ints(pads));
            } else {
                attributes.put("auto_pad", Attribute.of(way));
            }
            if (transposed && maybe()) {
                attributes.put("output_padding", Attribute.ints(more));
            } else if (transposed && way.equals("NOTSET") && maybe()) {
                var wanted = new ArrayList<Long>();
                for (int axis = 0; axis < axes; axis++) {
                    long whole = strides.get(axis) * (shape[2 + axis] - 1)
                            + dilations.get(axis) * (kernel.get(axis) - 1)
                            + 1;
                    wanted.add(Math.max(1, whole - random.nextInt(3)));
                }
                attributes.put("output_shape", Attribute.ints(wanted));
                attributes.remove("pads");
            }
            var weights = new long[2 + axes];
            weights[0] = transposed ? in : out;
            weights[1] = (transposed ? out : in) / groups;
            for (int axis = 0; axis < axes; axis++) {
                weights[2 + axis] = kernel.get(axis);
            }
            net.input("x", ValueType.FLOAT32, shape)
                    .output("y", ValueType.FLOAT32, unknown(2 + axes))
                    .weights("w", 0.3, weights)
                    .weights("b", 0.3, out);
            var taken = maybe() ? new String[] {"x", "w"} : new String[] {"x", "w", "b"};
            layer(transposed ? "ConvTranspose" : "Conv", attributes, taken);
            return shape;
        }

        private static long[] unknown(int rank) {
            var shape = new long[rank];
            Arrays.fill(shape, -2);
            return shape;
        }

        /** The layer, perhaps with a function behind it. */
        private void layer(String op, Map<String, Attribute> attributes, String... taken) {
            var behind = List.of("", "", "Relu", "Tanh").get(random.nextInt(4));
            net.node(op, behind.isEmpty() ? "y" : "c", attributes, taken);
            if (!behind.isEmpty()) {
                net.node(behind, "y", "c");
            }
        }

        private long[] gemm() {
            int in = 2 + up(20);
            int out = up(12);
            int turned = random.nextInt(2);
            int across = random.nextInt(2);
            var attributes = new TreeMap<>(Map.of(
                    "alpha", Attribute.of(maybe() ? 1f : 0.5f),
                    "beta", Attribute.of(maybe() ? 1f : -2f),
                    "transA", Attribute.of(turned),
                    "transB", Attribute.of(across)));
            long[] shape = turned == 1 ? new long[] {in, 16} : new long[] {16, in};
            var biases = List.of(
                    new long[0], new long[] {1}, new long[] {out}, new long[] {1, out}, new long[] {16, 1}, new long[] {
                        16, out
                    });
            net.input("x", ValueType.FLOAT32, shape)
                    .output("y", ValueType.FLOAT32, 16, out)
                    .weights("w", 0.3, across == 1 ? out : in, across == 1 ? in : out)
                    .weights("b", 0.3, biases.get(random.nextInt(biases.size())));
            layer("Gemm", attributes, maybe() ? new String[] {"x", "w"} : new String[] {"x", "w", "b"});
            return shape;
        }

        /** x·W, where either has more axes. */
        private long[] product() {
            int in = 2 + up(20);
            int out = up(12);
            var leading =
                    List.of(new long[0], new long[] {3}, new long[] {2, 3}).get(random.nextInt(3));
            var shape = Arrays.copyOf(leading, leading.length + 2);
            shape[leading.length] = 16;
            shape[leading.length + 1] = in;
            var batches = List.of(
                    new long[0], new long[] {1}, new long[] {3}, new long[] {1, 1}, new long[] {2, 3}, new long[] {2, 1
                    });
            var batch = batches.get(random.nextInt(batches.size()));
            var weights = Arrays.copyOf(batch, batch.length + 2);
            weights[batch.length] = in;
            weights[batch.length + 1] = out;
            net.input("x", ValueType.FLOAT32, shape)
                    .output("y", ValueType.FLOAT32, unknown(Math.max(shape.length, weights.length)))
                    .weights("w", 0.3, weights);
            layer("MatMul", Map.of(), "x", "w");
            return shape;
        }

        /** W·x, where either has more axes. */
        private long[] leftProduct() {
            int in = 2 + up(20);
            int rows = up(12);
            var leading =
                    List.of(new long[0], new long[] {3}, new long[] {2, 3}).get(random.nextInt(3));
            var shape = Arrays.copyOf(leading, leading.length + 2);
            shape[leading.length] = in;
            shape[leading.length + 1] = 16;
            var batches = List.of(new long[0], new long[] {1}, new long[] {3}, new long[] {2, 3});
            var batch = batches.get(random.nextInt(batches.size()));
            var weights = Arrays.copyOf(batch, batch.length + 2);
            weights[batch.length] = rows;
            weights[batch.length + 1] = in;
            net.input("x", ValueType.FLOAT32, shape)
                    .output("y", ValueType.FLOAT32, unknown(Math.max(shape.length, weights.length)))
                    .weights("w", 0.3, weights);
            layer("MatMul", Map.of(), "w", "x");
            return shape;
        }
    }
}
