package smalti.trainer.layer;

import org.nd4j.autodiff.samediff.SDVariable;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.Initializer;

/**
 * A convolution by a square kernel: [B, in, H, W] → [B, out, (H + 2·padding − size)/stride + 1, …]. Weights
 * [size, size, in, out] at {@code name/weights}, and a bias at {@code name/bias}.
 *
 * @param in channels of the input
 * @param out channels of the output
 * @param padding zeros on every side
 * @param biased false where a normalisation follows, which would take a bias away
 */
public record Convolution(
        String name, int in, int out, int size, int stride, int padding, Initializer initializer, boolean biased)
        implements Layer {
    /** With a bias, and weights of deviation 1/√(size²·in), as in Sonnet. */
    public static Convolution of(String name, int in, int out, int size, int stride, int padding) {
        return new Convolution(
                name, in, out, size, stride, padding, Initializer.truncatedNormal((long) size * size * in), true);
    }

    @Override
    public SDVariable apply(GraphBuilder g, SDVariable x) {
        var weights = g.parameter(name + "/weights", initializer, size, size, in, out);
        var bias = biased ? g.parameter(name + "/bias", Initializer.constant(0), out) : null;
        return g.convolution(x, weights, bias, size, stride, padding);
    }
}
