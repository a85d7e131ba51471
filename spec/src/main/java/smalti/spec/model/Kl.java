package smalti.spec.model;

import smalti.spec.Check;

/**
 * How much the divergence of q(z|x) from the normal prior counts in a loss.
 *
 * <pre>
 *   β·w(step)·Σⱼ max(λ, mean over the batch of KLⱼ),   KLⱼ = ½·(μⱼ² + σⱼ² − ln σⱼ² − 1)
 * </pre>
 *
 * <p>Source: Kingma and Welling 2014, arXiv:1312.6114, appendix B; β: Higgins et al. 2017; the warm-up w: Sønderby et al.
 * 2016, arXiv:1602.02282, section 2.3; λ: Kingma et al. 2016, arXiv:1606.04934, equation 15.
 *
 * @param weight β; 1: the evidence lower bound
 * @param warmupSteps over which w rises linearly from 0 to 1; 0: none
 * @param freeBits λ, nats for each latent number that cost nothing; 0: none
 */
public record Kl(
        @Default("1") double weight,
        @Default("0") int warmupSteps,
        @Default("0") double freeBits) {
    public Kl {
        Check.that(weight >= 0 && weight <= 1000, "weight must be from 0 to 1000, got %s", weight)
                .and(warmupSteps >= 0, "warmupSteps must be at least 0 (0: none), got %s", warmupSteps)
                .and(
                        freeBits >= 0 && freeBits <= 100,
                        "freeBits must be from 0 to 100 nats (0: none), got %s",
                        freeBits)
                .done();
    }
}
