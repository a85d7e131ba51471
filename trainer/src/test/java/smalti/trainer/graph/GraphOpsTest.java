package smalti.trainer.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import smalti.trainer.family.FamilyGraphs;

/**
 * Every op of {@link GraphBuilder} against plain float64 loops: forward, twice in a row (some of SameDiff's ops change
 * their answer at the second call), and the gradient against central differences of the float64 reference.
 *
 * <p>Tolerances: float32 keeps about 7 digits; sums here have at most a few hundred terms of size 1, so 1e-4 absolute
 * on values of size 1–30 leaves room for the order of summation and for nothing else.
 */
class GraphOpsTest {
    private static final double TOLERANCE = 1e-4;
    private static final double STEP = 1e-5;
    private static final List<String> INPUTS = List.of("i", "i/weights", "i/bias");

    /** Builds the op of named inputs. */
    interface Builder {
        SDVariable build(GraphBuilder g, List<SDVariable> inputs);
    }

    /** The same in float64. */
    interface Reference {
        Tensor compute(List<Tensor> inputs);
    }

    record Case(
            String name,
            List<String> names,
            List<Tensor> inputs,
            boolean differentiable,
            Builder builder,
            Reference reference) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Case differentiable(String name, List<Tensor> inputs, Builder builder, Reference reference) {
        return new Case(name, INPUTS, inputs, true, builder, reference);
    }

    private static Case forward(String name, List<Tensor> inputs, Builder builder, Reference reference) {
        return new Case(name, INPUTS, inputs, false, builder, reference);
    }

    /** One of the builder's two convolutions. */
    interface Layer {
        SDVariable build(
                GraphBuilder g,
                SDVariable x,
                SDVariable weights,
                @Nullable SDVariable bias,
                int size,
                int stride,
                int padding);
    }

    /** A convolution over its input, its weights and, where there is one, its bias. */
    private static Case layer(
            String name, List<Tensor> inputs, Layer layer, int size, int stride, int padding, Reference reference) {
        return differentiable(
                name,
                inputs,
                (g, in) ->
                        layer.build(g, in.get(0), in.get(1), in.size() > 2 ? in.get(2) : null, size, stride, padding),
                reference);
    }

    static Stream<Case> cases() {
        var x = Tensor.random(1, 2, 3, 8, 6);
        var bias = Tensor.random(3, 5);
        var none = Tensor.zeros(5);
        var k4 = Tensor.random(2, 4, 4, 3, 5);
        var k3 = Tensor.random(4, 3, 3, 3, 5);
        var k1 = Tensor.random(5, 1, 1, 3, 5);
        var t4 = Tensor.random(6, 4, 4, 5, 3);
        var a = Tensor.random(7, 6, 4);
        var unmoved = Tensor.random(7, 6, 4);
        var b = Tensor.random(8, 4, 5);
        var rows = Tensor.random(9, 5, 4);
        var channel = Tensor.random(10, 1, 3, 1, 1);
        var vector = Tensor.random(11, 5);
        return Stream.of(
                layer(
                        "conv k4 s2 p1",
                        List.of(x, k4, bias),
                        GraphBuilder::convolution,
                        4,
                        2,
                        1,
                        in -> in.get(0).convolved(in.get(1), in.get(2), 2, 1)),
                layer(
                        "conv k3 s1 p1",
                        List.of(x, k3, bias),
                        GraphBuilder::convolution,
                        3,
                        1,
                        1,
                        in -> in.get(0).convolved(in.get(1), in.get(2), 1, 1)),
                layer(
                        // two strides do not fill the picture: its size does not follow from the output's
                        "conv k3 s2 p1",
                        List.of(x, k3, bias),
                        GraphBuilder::convolution,
                        3,
                        2,
                        1,
                        in -> in.get(0).convolved(in.get(1), in.get(2), 2, 1)),
                layer(
                        "conv k1 s1 p0",
                        List.of(x, k1, bias),
                        GraphBuilder::convolution,
                        1,
                        1,
                        0,
                        in -> in.get(0).convolved(in.get(1), in.get(2), 1, 0)),
                layer(
                        "conv without bias",
                        List.of(x, k4),
                        GraphBuilder::convolution,
                        4,
                        2,
                        1,
                        in -> in.get(0).convolved(in.get(1), none, 2, 1)),
                layer(
                        "deconv k4 s2 p1",
                        List.of(x, t4, bias),
                        GraphBuilder::transposedConvolution,
                        4,
                        2,
                        1,
                        in -> in.get(0).transposedConvolved(in.get(1), in.get(2), 2, 1)),
                layer(
                        "deconv without bias",
                        List.of(x, t4),
                        GraphBuilder::transposedConvolution,
                        4,
                        2,
                        1,
                        in -> in.get(0).transposedConvolved(in.get(1), none, 2, 1)),
                differentiable(
                        "relu",
                        List.of(x),
                        (g, in) -> g.relu(in.get(0)),
                        in -> in.get(0).map(v -> Math.max(0, v))),
                differentiable(
                        "leaky relu",
                        List.of(x),
                        (g, in) -> g.leakyRelu(in.get(0), 0.2),
                        in -> in.get(0).map(v -> v > 0 ? v : 0.2 * v)),
                differentiable(
                        "tanh",
                        List.of(x),
                        (g, in) -> g.tanh(in.get(0)),
                        in -> in.get(0).map(Math::tanh)),
                differentiable(
                        "sigmoid",
                        List.of(x.map(v -> 5 * v)),
                        (g, in) -> g.sigmoid(in.get(0)),
                        in -> in.get(0).map(v -> 1 / (1 + Math.exp(-v)))),
                differentiable(
                        "silu",
                        List.of(x.map(v -> 5 * v)),
                        (g, in) -> g.silu(in.get(0)),
                        in -> in.get(0).map(v -> v / (1 + Math.exp(-v)))),
                differentiable(
                        "silu of large numbers",
                        List.of(x.map(v -> 4000 * v)),
                        (g, in) -> g.silu(in.get(0)),
                        in -> in.get(0).map(v -> v / (1 + Math.exp(-v)))),
                differentiable(
                        "exp",
                        List.of(x.map(v -> 2 * v)),
                        (g, in) -> g.exp(in.get(0)),
                        in -> in.get(0).map(Math::exp)),
                differentiable(
                        "shift",
                        List.of(a),
                        (g, in) -> g.shift(in.get(0), -1.5),
                        in -> in.get(0).map(v -> v - 1.5)),
                differentiable(
                        "sum",
                        List.of(a),
                        (g, in) -> g.sum(in.get(0)),
                        in -> Tensor.of(new int[0], in.get(0).sum())),
                differentiable(
                        "sum of one number times a scalar",
                        List.of(a, Tensor.random(31, 1)),
                        (g, in) -> g.multiply(g.mean(in.get(0)), g.sum(in.get(1))),
                        in -> Tensor.of(
                                new int[0], in.get(0).sum() / 24 * in.get(1).at(0))),
                differentiable(
                        "mean over rows", List.of(a), (g, in) -> g.rowMean(in.get(0)), in -> meanOfRows(in.get(0))),
                differentiable(
                        "softplus",
                        List.of(x),
                        (g, in) -> g.softplus(in.get(0)),
                        in -> in.get(0).map(v -> Math.log1p(Math.exp(v)))),
                differentiable(
                        "softplus of large logits",
                        List.of(x.map(v -> 15 * v)),
                        (g, in) -> g.softplus(in.get(0)),
                        in -> in.get(0).map(v -> Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v))))),
                differentiable(
                        "add",
                        List.of(a, Tensor.random(20, 6, 4)),
                        (g, in) -> g.add(in.get(0), in.get(1)),
                        in -> in.get(0).with(in.get(1), Double::sum)),
                differentiable(
                        "add a vector to rows",
                        List.of(Tensor.random(21, 7, 5), vector),
                        (g, in) -> g.add(in.get(0), in.get(1)),
                        in -> in.get(0).with(in.get(1), Double::sum)),
                differentiable(
                        "add by channel",
                        List.of(x, channel),
                        (g, in) -> g.add(in.get(0), in.get(1)),
                        in -> in.get(0).with(in.get(1), Double::sum)),
                differentiable(
                        "subtract by channel",
                        List.of(x, channel),
                        (g, in) -> g.subtract(in.get(0), in.get(1)),
                        in -> in.get(0).with(in.get(1), (v, w) -> v - w)),
                differentiable(
                        "subtract",
                        List.of(a, Tensor.random(22, 6, 4)),
                        (g, in) -> g.subtract(in.get(0), in.get(1)),
                        in -> in.get(0).with(in.get(1), (v, w) -> v - w)),
                differentiable(
                        "multiply by channel",
                        List.of(x, channel),
                        (g, in) -> g.multiply(in.get(0), in.get(1)),
                        in -> in.get(0).with(in.get(1), (v, w) -> v * w)),
                differentiable(
                        "multiply by itself",
                        List.of(a),
                        (g, in) -> g.multiply(in.get(0), in.get(0)),
                        in -> in.get(0).map(v -> v * v)),
                differentiable(
                        "scale",
                        List.of(a),
                        (g, in) -> g.scale(in.get(0), -2),
                        in -> in.get(0).map(v -> -2 * v)),
                differentiable(
                        "negate",
                        List.of(a),
                        (g, in) -> g.negate(in.get(0)),
                        in -> in.get(0).map(v -> -v)),
                differentiable(
                        "mean",
                        List.of(x),
                        (g, in) -> g.mean(in.get(0)),
                        in -> Tensor.of(new int[0], in.get(0).sum() / in.get(0).values().length)),
                differentiable(
                        "mean square",
                        List.of(a, Tensor.random(23, 6, 4)),
                        (g, in) -> g.meanSquare(in.get(0), in.get(1)),
                        in -> Tensor.of(
                                new int[0],
                                in.get(0)
                                                .with(in.get(1), (v, w) -> (v - w) * (v - w))
                                                .sum()
                                        / 24)),
                differentiable(
                        "matrix product",
                        List.of(a, b),
                        (g, in) -> g.matrixProduct(in.get(0), in.get(1)),
                        in -> in.get(0).product(in.get(1))),
                differentiable(
                        "matrix product, second transposed",
                        List.of(a, rows),
                        (g, in) -> g.matrixProductTransposed(in.get(0), in.get(1)),
                        in -> in.get(0).product(in.get(1).permuted(1, 0))),
                differentiable(
                        "squared norms",
                        List.of(rows),
                        (g, in) -> g.squaredNorms(in.get(0)),
                        in -> in.get(0)
                                .map(v -> v * v)
                                .product(Tensor.of(new int[] {4, 1}, 1, 1, 1, 1))
                                .reshaped(5)),
                differentiable(
                        "permute",
                        List.of(x),
                        (g, in) -> g.permute(in.get(0), 0, 2, 3, 1),
                        in -> in.get(0).permuted(0, 2, 3, 1)),
                differentiable(
                        "permute back",
                        List.of(x),
                        (g, in) -> g.permute(in.get(0), 0, 3, 1, 2),
                        in -> in.get(0).permuted(0, 3, 1, 2)),
                differentiable(
                        "reshape",
                        List.of(x),
                        (g, in) -> g.reshape(in.get(0), -1, 3 * 8 * 6),
                        in -> in.get(0).reshaped(2, 3 * 8 * 6)),
                differentiable(
                        "concat",
                        List.of(a, Tensor.random(24, 6, 2)),
                        (g, in) -> g.concat(1, in.get(0), in.get(1)),
                        in -> joined(in.get(0), in.get(1))),
                differentiable(
                        "straight through",
                        List.of(a),
                        (g, in) -> g.straightThrough(in.get(0), g.constant("replacement", array(Tensor.zeros(6, 4)))),
                        // forward the replacement, zero; backward the identity
                        in -> in.get(0).with(unmoved, (v, w) -> v - w)),
                batchNorm("batch norm", x, 1),
                batchNorm("batch norm with relu", x, 0),
                batchNorm("batch norm with leaky relu", x, 0.2),
                batchNorm("batch norm far from zero", x.map(v -> 100 + v), 0.2),
                batchNorm("batch norm of planes of 5", Tensor.random(30, 19, 3, 5, 1), 0),
                differentiable(
                        "lookup",
                        List.of(Tensor.random(29, 8, 5), rows),
                        (g, in) -> g.gatherRows(in.get(1), g.argMin(g.stopGradient(in.get(0)), 1)),
                        in -> rowsOf(in.get(1), leastOfRows(in.get(0)))),
                forward(
                        "product over the last axis",
                        List.of(Tensor.random(26, 2, 3, 2, 4), b),
                        (g, in) -> g.lastAxisProduct(in.get(0), in.get(1)),
                        in -> in.get(0).reshaped(12, 4).product(in.get(1)).reshaped(2, 3, 2, 5)),
                forward("arg min", List.of(a), (g, in) -> g.argMin(in.get(0), 1), in -> leastOfRows(in.get(0))),
                forward(
                        "arg min over the last of four axes",
                        List.of(Tensor.random(27, 2, 3, 2, 5)),
                        (g, in) -> g.argMin(in.get(0), 3),
                        in -> leastOfRows(in.get(0).reshaped(12, 5)).reshaped(2, 3, 2)),
                forward("one hot of the least", List.of(a), (g, in) -> g.oneHot(g.argMin(in.get(0), 1), 4), in -> {
                    var least = leastOfRows(in.get(0));
                    var out = Tensor.zeros(6, 4);
                    for (int i = 0; i < 6; i++) {
                        out.add(1, i, (int) least.at(i));
                    }
                    return out;
                }),
                forward(
                        "gather rows",
                        List.of(Tensor.random(28, 2, 3, 2, 5), rows),
                        (g, in) -> g.gatherRows(in.get(1), g.argMin(in.get(0), 3)),
                        in -> {
                            var least = leastOfRows(in.get(0).reshaped(12, 5));
                            return rowsOf(in.get(1), least).reshaped(2, 3, 2, 4);
                        }));
    }

    /** Over three channels. */
    private static Case batchNorm(String name, Tensor x, double slope) {
        return new Case(
                name,
                List.of("i", "i/gamma", "i/beta"),
                List.of(x, Tensor.random(25, 1, 3, 1, 1), Tensor.random(10, 1, 3, 1, 1)),
                true,
                (g, in) -> g.batchNorm(in.get(0), in.get(1), in.get(2), slope).output(),
                in -> {
                    var mean = in.get(0).channelMeans();
                    var centred = in.get(0).with(mean, (v, w) -> v - w);
                    var variance = centred.map(v -> v * v).channelMeans();
                    return centred.with(variance, (v, w) -> v / Math.sqrt(w + 1e-5))
                            .with(in.get(1), (v, w) -> v * w)
                            .with(in.get(2), Double::sum)
                            .map(v -> v > 0 ? v : slope * v);
                });
    }

    private static Tensor meanOfRows(Tensor x) {
        var out = Tensor.zeros(x.size(1));
        for (int i = 0; i < x.size(0); i++) {
            for (int j = 0; j < x.size(1); j++) {
                out.add(x.at(i, j) / x.size(0), j);
            }
        }
        return out;
    }

    private static Tensor rowsOf(Tensor table, Tensor indices) {
        int width = table.size(1);
        var out = Tensor.zeros(indices.size(0), width);
        for (int i = 0; i < indices.size(0); i++) {
            for (int d = 0; d < width; d++) {
                out.add(table.at((int) indices.at(i), d), i, d);
            }
        }
        return out;
    }

    private static Tensor joined(Tensor a, Tensor b) {
        var out = Tensor.zeros(a.size(0), a.size(1) + b.size(1));
        for (int i = 0; i < a.size(0); i++) {
            for (int j = 0; j < out.size(1); j++) {
                out.add(j < a.size(1) ? a.at(i, j) : b.at(i, j - a.size(1)), i, j);
            }
        }
        return out;
    }

    private static Tensor leastOfRows(Tensor matrix) {
        var out = Tensor.zeros(matrix.size(0));
        for (int i = 0; i < matrix.size(0); i++) {
            int least = 0;
            for (int j = 1; j < matrix.size(1); j++) {
                if (matrix.at(i, j) < matrix.at(i, least)) {
                    least = j;
                }
            }
            out.add(least, i);
        }
        return out;
    }

    private static INDArray array(Tensor tensor) {
        var shape = java.util.Arrays.stream(tensor.shape()).asLongStream().toArray();
        return HostArrays.floats(tensor.floats(), shape);
    }

    /** A case as a graph with the output "out" and, where it has a gradient, the loss "total", Σ out·weights. */
    private record Built(SameDiff graph, GraphBuilder builder, Tensor weights) {
        static Built of(Case c, boolean training) {
            var parameters = new Parameters(0);
            var g = training
                    ? GraphBuilder.training(parameters, new Statistics())
                    : GraphBuilder.inference(parameters, new Statistics());
            var inputs = new ArrayList<SDVariable>();
            for (int i = 0; i < c.inputs.size(); i++) {
                inputs.add(g.graph().var(c.names.get(i), array(c.inputs.get(i))));
            }
            var out = g.named("out", c.builder.build(g, inputs));
            var expected = c.reference.compute(c.inputs);
            var weights = Tensor.random(77, expected.shape());
            if (training && c.differentiable) {
                // a scalar needs no weights, and rank 0 no broadcasting
                var loss = expected.shape().length == 0
                        ? g.scale(out, weights.values()[0])
                        : g.multiply(out, g.constant("weights", array(weights))).sum();
                g.named("total", loss);
            }
            return new Built(g.graph(), g, weights);
        }

        /** With the ops of the gradients of {@code of}. */
        TrainingGraph backward(List<String> of) {
            return new TrainingGraph(builder, graph.getVariable("total"), of);
        }
    }

    private static List<String> names(Case c) {
        return c.names.subList(0, c.inputs.size());
    }

    /** Those that the case's result depends on, to a gradient. */
    private static List<String> moving(Case c) {
        return c.name.equals("lookup") ? List.of("i/weights") : names(c);
    }

    private static Set<String> opNames(SameDiff graph) {
        var names = new LinkedHashSet<String>();
        graph.getOps().values().forEach(op -> names.add(op.getOp().opName()));
        return names;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void forwardIsRightTwice(Case c) {
        if (!INFERENCE_ALONE.contains(c.name)) {
            var plan = StepPlan.of(Built.of(c, true).graph, Map.of(), List.of("out"));
            for (int run = 0; run < 2; run++) {
                plan.run();
                assertRight(c, plan.output("out"));
            }
        }
        if (!c.name.startsWith("batch norm")) { // training's alone
            var graph = Built.of(c, false).graph;
            for (int run = 0; run < 2; run++) {
                assertRight(
                        c, Objects.requireNonNull(graph.output(Map.of(), "out").get("out")));
            }
        }
    }

    private static void assertRight(Case c, INDArray out) {
        var expected = c.reference.compute(c.inputs);
        assertThat(out.shape())
                .containsExactly(
                        java.util.Arrays.stream(expected.shape()).asLongStream().toArray());
        var values =
                out.dataType() == DataType.FLOAT ? doubles(HostArrays.floats(out)) : doubles(HostArrays.longs(out));
        assertClose(values, expected.values());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void gradientIsRight(Case c) {
        if (!c.differentiable) {
            // Inference alone uses these, or their output is an integer: no training graph takes their gradient.
            assertThat(INFERENCE_OR_INTEGER).contains(c.name);
            return;
        }
        var built = Built.of(c, true);
        var graph = built.backward(moving(c));
        for (int run = 0; run < 2; run++) {
            var pass = graph.run(List.of());
            for (var name : moving(c)) {
                var gradient = pass.gradient(name).read();
                assertClose(doubles(gradient), numericGradient(c, built.weights, c.names.indexOf(name)));
            }
        }
    }

    /** A gradient of one input alone may be another op than that of all of them. */
    @ParameterizedTest
    @MethodSource("cases")
    void theGradientOfEachInputAloneIsTheSame(Case c) {
        if (!c.differentiable) {
            return;
        }
        for (var name : moving(c)) {
            var built = Built.of(c, true);
            var gradient = built.backward(List.of(name)).run(List.of()).gradient(name);
            assertClose(doubles(gradient.read()), numericGradient(c, built.weights, c.names.indexOf(name)));
        }
    }

    /** Their output is an integer or no function of their input to a gradient; their forward is tested. */
    private static final Set<String> WITHOUT_GRADIENT = Set.of("argmin", "onehot");

    private static final Set<String> INFERENCE_ALONE = Set.of("product over the last axis", "gather rows");

    private static final Set<String> INFERENCE_OR_INTEGER = Set.of(
            "product over the last axis",
            "arg min",
            "arg min over the last of four axes",
            "one hot of the least",
            "gather rows");

    private static double[] numericGradient(Case c, Tensor weights, int input) {
        var values = c.inputs.get(input).values();
        var gradient = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            double original = values[i];
            values[i] = original + STEP;
            double above = total(c, weights);
            values[i] = original - STEP;
            double below = total(c, weights);
            values[i] = original;
            gradient[i] = (above - below) / (2 * STEP);
        }
        return gradient;
    }

    private static double total(Case c, Tensor weights) {
        return c.reference.compute(c.inputs).with(weights, (v, w) -> v * w).sum();
    }

    @Test
    void noGradientPassesAStop() {
        var g = GraphBuilder.training(new Parameters(0), new Statistics());
        var x = g.graph().var("x", array(Tensor.of(new int[] {2}, 3, 4)));
        var total = g.multiply(x, g.stopGradient(x)).sum();
        var gradient = new TrainingGraph(g, total, List.of("x")).run(List.of()).gradient("x");
        // x·sg(x): the derivative is sg(x), not 2x
        assertThat(gradient.read()).containsExactly(3f, 4f);
    }

    @Test
    void everyOpOfEveryFamilyIsTestedHere() {
        var training = new TreeSet<>(WITHOUT_GRADIENT);
        var inference = new TreeSet<String>();
        cases().forEach(c -> {
            if (!c.name.startsWith("batch norm")) {
                inference.addAll(opNames(Built.of(c, false).graph));
            }
            if (c.differentiable) {
                var built = Built.of(c, true);
                training.addAll(opNames(built.backward(moving(c)).graph()));
            }
        });
        var untested = new LinkedHashMap<String, String>();
        FamilyGraphs.all()
                .forEach((name, graph) -> opNames(graph).stream()
                        .filter(op -> !(name.contains("training") ? training : inference).contains(op))
                        .forEach(op -> untested.putIfAbsent(op, name)));
        assertThat(untested)
                .as("ops without a test of what they are used for, and a graph that uses each")
                .isEmpty();
    }

    private static double[] doubles(float[] values) {
        var doubles = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }

    private static double[] doubles(long[] values) {
        return java.util.Arrays.stream(values).asDoubleStream().toArray();
    }

    private static void assertClose(double[] actual, double[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            assertThat(Math.abs(actual[i] - expected[i]))
                    .as("element %s: %s against %s", i, actual[i], expected[i])
                    .isLessThanOrEqualTo(TOLERANCE * Math.max(1, Math.abs(expected[i])));
        }
    }
}
