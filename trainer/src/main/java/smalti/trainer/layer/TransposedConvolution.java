package smalti.trainer.layer;

import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.Initializer;

/**
 * A transposed convolution by a square kernel: [B, in, H, W] → [B, out, (H − 1)·stride + size − 2·padding, …]. Weights
 * [size, size, out, in] at {@code name/weights}, and a bias at {@code name/bias}.
 *
 * @param in channels of the input
 * @param out channels of the output
 * @param padding what is cut off on every side
 * @param bias what it begins as; null for none, where a normalisation follows, which would take a bias away
 */
public record TransposedConvolution(
        String name,
        int in,
        int out,
        int size,
        int stride,
        int padding,
        Initializer initializer,
        @Nullable Initializer bias)
        implements Layer {
    /** Of kernel 4 and stride 2, which doubles each side; with a bias, and weights of deviation 1/√(16·in). */
    public static TransposedConvolution doubling(String name, int in, int out) {
        return new TransposedConvolution(
                name, in, out, 4, 2, 1, Initializer.truncatedNormal(4L * 4 * in), Initializer.constant(0));
    }

    @Override
    public SDVariable apply(GraphBuilder g, SDVariable x) {
        var weights = g.parameter(name + "/weights", initializer, size, size, out, in);
        var added = bias == null ? null : g.parameter(name + "/bias", bias, out);
        return g.transposedConvolution(x, weights, added, size, stride, padding);
    }
}
