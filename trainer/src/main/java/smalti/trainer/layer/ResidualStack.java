package smalti.trainer.layer;

import java.util.ArrayList;
import org.nd4j.autodiff.samediff.SDVariable;
import smalti.trainer.graph.GraphBuilder;

/**
 * Blocks x + conv1(relu(conv3(relu(x)))), and a relu at the end: [B, channels, H, W] → the same.
 *
 * <p>Source: van den Oord et al. 2017, section 4.1, as in DeepMind's Sonnet example.
 *
 * @param inner channels between the two convolutions of a block
 */
public record ResidualStack(int channels, int inner, int blocks) implements Layer {
    @Override
    public SDVariable apply(GraphBuilder g, SDVariable x) {
        var layers = new ArrayList<Layer>();
        for (int i = 1; i <= blocks; i++) {
            var block = "residual" + i;
            layers.add(Layer.residual(Layer.sequence(java.util.List.of(
                    Layer.relu(),
                    Convolution.of(block + "/conv3", channels, inner, 3, 1, 1),
                    Layer.relu(),
                    Convolution.of(block + "/conv1", inner, channels, 1, 1, 0)))));
        }
        layers.add(Layer.relu());
        return Layer.sequence(layers).apply(g, x);
    }
}
