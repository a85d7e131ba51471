package smalti.trainer.layer;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import smalti.spec.model.Activation;
import smalti.trainer.graph.GraphBuilder;

/** The activations that a spec names, as layers. */
public final class Activations {
    private static final Map<Activation, Layer> LAYERS = new EnumMap<>(Map.of(
            Activation.RELU, GraphBuilder::relu,
            Activation.TANH, GraphBuilder::tanh,
            Activation.SILU, GraphBuilder::silu));

    private Activations() {}

    public static Layer layer(Activation activation) {
        return Objects.requireNonNull(LAYERS.get(activation));
    }
}
