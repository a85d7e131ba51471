package smalti.trainer.loss;

import org.nd4j.autodiff.samediff.SDVariable;
import smalti.spec.model.Kl;
import smalti.trainer.graph.GraphBuilder;

/**
 * How far normal distributions of latents are from N(0, 1), in nats: a number for each latent, the mean over the batch,
 *
 * <pre>  KLⱼ = ½·(μⱼ² + σⱼ² − ln σⱼ² − 1)  </pre>
 *
 * <p>Source: Kingma and Welling 2014, arXiv:1312.6114, appendix B.
 *
 * @param perLatent [D]
 */
public record KlDivergence(SDVariable perLatent) {
    /**
     * @param mean [B, D]
     * @param logVariance ln σ², [B, D]
     */
    public static KlDivergence of(GraphBuilder g, SDVariable mean, SDVariable logVariance) {
        var moments = g.add(g.multiply(mean, mean), g.exp(logVariance));
        var each = g.shift(g.subtract(moments, logVariance), -1);
        return new KlDivergence(g.scale(g.rowMean(each), 0.5));
    }

    /** The sum over all latents, a scalar. */
    public SDVariable total(GraphBuilder g) {
        return g.sum(perLatent);
    }

    /**
     * Σⱼ max(λ, KLⱼ), a scalar.
     *
     * <p>Source: Kingma et al. 2016, arXiv:1606.04934, equation 15, with every latent a group of its own.
     */
    public SDVariable aboveFreeBits(GraphBuilder g, double freeBits) {
        // max(λ, k) = λ + relu(k − λ)
        return g.sum(g.shift(g.relu(g.shift(perLatent, -freeBits)), freeBits));
    }

    /** The share of its weight that the divergence has at a step (from 0): 1 after the warm-up. */
    public static double warmup(Kl spec, int step) {
        return spec.warmupSteps() == 0 ? 1 : Math.min(1, (step + 1.0) / spec.warmupSteps());
    }
}
