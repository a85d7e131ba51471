package smalti.trainer.loss;

import org.nd4j.autodiff.samediff.SDVariable;
import smalti.spec.CounterRandom;
import smalti.spec.bundle.Contract;
import smalti.spec.model.BernoulliLikelihood;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.Parameters;

/**
 * The decoder gives logits ℓ; −ln p(x|z) = Σ softplus(ℓ) − x·ℓ, which is stable where ln σ(ℓ) is not.
 *
 * <p>Source: Kingma and Welling 2014, arXiv:1312.6114, appendix C.1; pictures drawn anew at each step: Salakhutdinov and
 * Murray 2008.
 */
record BernoulliPixels(BernoulliLikelihood spec) implements PixelLikelihood {
    private static final double LEAST_MEAN = 0.001;

    @Override
    public float[] targets(float[] images, CounterRandom random, int step) {
        if (spec.binarize()) {
            var drawn = random.uniforms(step, images.length);
            for (int i = 0; i < images.length; i++) {
                images[i] = drawn[i] < images[i] ? 1 : 0;
            }
        }
        return images;
    }

    @Override
    public SDVariable negativeLogLikelihood(GraphBuilder g, SDVariable decoded, SDVariable target, int pixels) {
        return g.scale(g.mean(g.subtract(g.softplus(decoded), g.multiply(target, decoded))), pixels);
    }

    /** Logits of the mean, which is held off 0 and 1, as Burda et al. 2016 begin theirs. */
    @Override
    public float[] decodedOf(float[] mean) {
        for (int i = 0; i < mean.length; i++) {
            double p = Math.max(LEAST_MEAN, Math.min(1 - LEAST_MEAN, mean[i]));
            mean[i] = (float) Math.log(p / (1 - p));
        }
        return mean;
    }

    @Override
    public SDVariable image(GraphBuilder g, SDVariable decoded) {
        return g.sigmoid(decoded);
    }

    @Override
    public Contract.Posterior contract(int dim, Parameters weights) {
        return Contract.Posterior.ofBernoulli(dim, spec.binarize());
    }
}
