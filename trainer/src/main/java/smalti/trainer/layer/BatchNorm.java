package smalti.trainer.layer;

import org.nd4j.autodiff.samediff.SDVariable;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.HostArrays;
import smalti.trainer.graph.Initializer;

/**
 * Normalises each channel, in training by the batch's own statistics, else by those of many batches; then a leaky relu.
 * [B, channels, H, W] → the same. Parameters at {@code name/gamma} and {@code name/beta}, each [1, channels, 1, 1].
 *
 * <p>Source: Ioffe and Szegedy 2015, arXiv:1502.03167, algorithms 1 and 2.
 *
 * @param slope of the leaky relu; 0 for a relu, 1 for none
 * @param momentum share of the old value that running statistics keep at each step
 */
public record BatchNorm(String name, int channels, double slope, double momentum) implements Layer {
    /** Of a network that is trained alone and never runs by itself, such as a discriminator. */
    private static final double UNFOLLOWED = -1;

    /** Whose statistics nobody needs after a step. */
    public static BatchNorm unfollowed(String name, int channels, double slope) {
        return new BatchNorm(name, channels, slope, UNFOLLOWED);
    }

    @Override
    public SDVariable apply(GraphBuilder g, SDVariable x) {
        // Source of the spread: Radford et al. 2016, section 4, and the authors' code, gamma ~ N(1, 0.02).
        var gamma = g.parameter(name + "/gamma", Initializer.normal(1, 0.02), 1, channels, 1, 1);
        var beta = g.parameter(name + "/beta", Initializer.constant(0), 1, channels, 1, 1);
        if (!g.isTraining()) {
            return frozen(g, x, gamma, beta);
        }
        var normalized = g.batchNorm(x, gamma, beta, slope);
        if (momentum != UNFOLLOWED) {
            g.follow(name, channels, momentum, normalized);
        }
        return normalized.output();
    }

    /** By given statistics, baked into one scale and one shift. */
    private SDVariable frozen(GraphBuilder g, SDVariable x, SDVariable gammas, SDVariable betas) {
        var statistics = g.statistics(name, channels);
        var gamma = g.values(gammas);
        var beta = g.values(betas);
        var scale = new float[channels];
        var shift = new float[channels];
        for (int c = 0; c < channels; c++) {
            double factor = gamma[c] / Math.sqrt(statistics.variance()[c] + GraphBuilder.BATCH_NORM_EPSILON);
            scale[c] = (float) factor;
            shift[c] = (float) (beta[c] - statistics.mean()[c] * factor);
        }
        var scaled = g.multiply(x, g.constant(name + "/scale", HostArrays.floats(scale, 1, channels, 1, 1)));
        var shifted = g.add(scaled, g.constant(name + "/shift", HostArrays.floats(shift, 1, channels, 1, 1)));
        return slope == 1 ? shifted : g.leakyRelu(shifted, slope);
    }
}
