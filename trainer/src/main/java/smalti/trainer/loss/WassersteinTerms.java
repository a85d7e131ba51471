package smalti.trainer.loss;

import org.nd4j.autodiff.samediff.SDVariable;
import smalti.trainer.graph.GraphBuilder;

/**
 * ℓ(x̂) − ℓ(x) for the critic, −ℓ(x̂) for the generator; the critic needs a penalty that holds it smooth.
 *
 * <p>Source: Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1.
 */
final class WassersteinTerms implements AdversarialTerms {
    @Override
    public SDVariable discriminator(GraphBuilder g, SDVariable real, SDVariable fake) {
        return g.subtract(g.mean(fake), g.mean(real));
    }

    @Override
    public SDVariable generator(GraphBuilder g, SDVariable fake) {
        return g.negate(g.mean(fake));
    }
}
