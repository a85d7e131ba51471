package smalti.exporter.precision;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Names;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/**
 * Shifts scale between layers that follow one another, channel by channel, until the weights that make a channel reach as
 * far as those that take it. The model computes the same: what lies between, nothing or a ReLU, lets a positive factor
 * through.
 *
 * <p>Source: Nagel et al. 2019, arXiv:1906.04721, equations 11 to 13.
 */
final class CrossLayerEqualization {
    private static final int MOST_ROUNDS = 20;

    /** A round whose factors all lie so near 1 was the last. */
    private static final double ENOUGH = 1e-3;

    /** Factors beyond would drown one side in the other's rounding. */
    private static final double MOST = 1e4;

    private final Dataflow flow;
    private final Map<String, LinearLayer> layers = new LinkedHashMap<>();
    private final Map<String, double[]> weights = new LinkedHashMap<>();
    private final Map<String, double[]> biases = new LinkedHashMap<>();
    private final List<Pair> pairs = new ArrayList<>();

    private CrossLayerEqualization(Model model, List<LinearLayer> layers) {
        this.flow = new Dataflow(model.graph());
        layers.forEach(layer -> this.layers.put(layer.name(), layer));
        for (var layer : layers) {
            var second = after(layer);
            if (second != null && second.inputChannels() == layer.channels()) {
                pairs.add(new Pair(layer, second));
                keep(layer);
                keep(second);
            }
        }
    }

    private record Pair(LinearLayer first, LinearLayer second) {}

    private void keep(LinearLayer layer) {
        weights.computeIfAbsent(layer.name(), unseen -> numbers(layer.weights()));
        var bias = layer.bias();
        if (bias != null) {
            biases.computeIfAbsent(layer.name(), unseen -> numbers(bias));
        }
    }

    private static double[] numbers(Tensor tensor) {
        var numbers = new double[tensor.count()];
        Arrays.setAll(numbers, tensor::number);
        return numbers;
    }

    /**
     * @param layers that may be scaled
     * @return the very same model where no two layers follow one another
     */
    static Model apply(Model model, List<LinearLayer> layers) {
        var equalization = new CrossLayerEqualization(model, layers);
        if (equalization.pairs.isEmpty()) {
            return model;
        }
        for (int round = 0; round < MOST_ROUNDS; round++) {
            double farthest = 0;
            for (var pair : equalization.pairs) {
                farthest = Math.max(farthest, equalization.equalize(pair));
            }
            if (farthest < ENOUGH) {
                break;
            }
        }
        return equalization.rewritten(model);
    }

    /** The layer that alone takes what another makes, perhaps behind a ReLU. */
    private @Nullable LinearLayer after(LinearLayer layer) {
        var user = flow.onlyUser(layer.name());
        var value = layer.name();
        if (user != null && (user.is("Relu") || user.is("LeakyRelu"))) {
            value = user.output();
            user = flow.onlyUser(value);
        }
        var second = user == null ? null : layers.get(user.output());
        boolean isTaken = second != null && second.input().equals(value) && !second.isBatched() && !layer.isBatched();
        return isTaken
                        && second != null
                        && second.node().is("Conv") == layer.node().is("Conv")
                ? second
                : null;
    }

    /** @return the logarithm of the farthest factor */
    private double equalize(Pair pair) {
        var made = weights(pair.first());
        var taken = weights(pair.second());
        int channels = pair.first().channels();
        var madeReach = reach(made, pair.first().channelOf(), channels);
        var takenReach = reach(taken, pair.second().inputChannelOf(), channels);
        var factors = new double[channels];
        double farthest = 0;
        for (int i = 0; i < channels; i++) {
            // s = 1/r2 · √(r1·r2): both reach as far then
            double factor = Math.sqrt(madeReach[i] / takenReach[i]);
            factors[i] = factor > 1 / MOST && factor < MOST ? factor : 1;
            farthest = Math.max(farthest, Math.abs(Math.log(factors[i])));
        }
        var channelOf = pair.first().channelOf();
        for (int i = 0; i < made.length; i++) {
            made[i] /= factors[channelOf.applyAsInt(i)];
        }
        var bias = biases.get(pair.first().name());
        for (int i = 0; bias != null && i < bias.length; i++) {
            bias[i] /= factors[i];
        }
        var inputOf = pair.second().inputChannelOf();
        for (int i = 0; i < taken.length; i++) {
            taken[i] *= factors[inputOf.applyAsInt(i)];
        }
        return farthest;
    }

    private double[] weights(LinearLayer layer) {
        var numbers = weights.get(layer.name());
        if (numbers == null) {
            throw new IllegalStateException("no weights of " + layer.name());
        }
        return numbers;
    }

    private static double[] reach(double[] weights, IntUnaryOperator channelOf, int channels) {
        var reach = new double[channels];
        for (int i = 0; i < weights.length; i++) {
            int channel = channelOf.applyAsInt(i);
            reach[channel] = Math.max(reach[channel], Math.abs(weights[i]));
        }
        return reach;
    }

    private Model rewritten(Model model) {
        var initializers = new LinkedHashMap<String, Constant>(model.graph().initializers());
        var names = Names.of(model.graph());
        var nodes = new ArrayList<Node>();
        for (var node : model.graph().nodes()) {
            var layer = layers.get(node.output());
            var scaled = weights.get(node.output());
            if (layer == null || scaled == null) {
                nodes.add(node);
                continue;
            }
            var inputs = new ArrayList<>(node.inputs());
            // weights may be shared: each layer gets its own
            inputs.set(1, place(initializers, names, node.input(1), scaled, layer.weights()));
            var bias = biases.get(node.output());
            if (bias != null && layer.bias() != null) {
                inputs.set(2, place(initializers, names, node.input(2), bias, layer.bias()));
            }
            nodes.add(node.withInputs(inputs));
        }
        return model.with(model.graph().with(initializers, nodes));
    }

    private static String place(
            Map<String, Constant> initializers, Names names, String hint, double[] numbers, Tensor like) {
        var name = names.fresh(hint + "_equalized");
        long[] dims = like.dims().stream().mapToLong(Long::longValue).toArray();
        initializers.put(name, Tensor.of(numbers, dims).cast(ValueType.FLOAT32));
        return name;
    }
}
