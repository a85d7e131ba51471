package smalti.spec.model;

import smalti.spec.Check;

/**
 * A variational autoencoder: a picture stands for a normal distribution of latents, and latents for a distribution of
 * pictures. What is minimised, with z = μ + σ·ε drawn from q:
 *
 * <pre>
 *   −E ln p(x|z) + β·KL(q(z|x) ‖ N(0, 1))
 * </pre>
 *
 * <p>Source: Kingma and Welling 2014, arXiv:1312.6114, equation 10; the conditional form, q(z|x,y) and p(x|z,y): Sohn et
 * al. 2015, "Learning structured output representation using deep conditional generative models".
 *
 * @param latentDim D, the length of z
 * @param network both ways, between a picture and z
 * @param likelihood p(x|z)
 * @param kl how much the divergence counts
 * @param conditional whether the class of a picture is an input, of both ways
 */
public record VaeFamily(
        @Default("40") int latentDim,
        @Default("{\"kind\": \"mlp\"}") Network network,
        @Default("{\"kind\": \"bernoulli\"}") Likelihood likelihood,
        @Default("{}") Kl kl,
        @Default("false") boolean conditional)
        implements Family {
    public VaeFamily {
        Check.that(latentDim >= 1 && latentDim <= 65_536, "latentDim must be from 1 to 65536, got %s", latentDim)
                .done();
    }

    @Override
    public void checkFits(ImageSpec image) {
        network.checkFits(image, latentDim);
    }
}
