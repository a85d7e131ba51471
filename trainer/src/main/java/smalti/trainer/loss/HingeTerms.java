package smalti.trainer.loss;

import org.nd4j.autodiff.samediff.SDVariable;
import smalti.trainer.graph.GraphBuilder;

/**
 * max(0, 1 − ℓ(x)) + max(0, 1 + ℓ(x̂)) for the discriminator, −ℓ(x̂) for the generator.
 *
 * <p>Source: Lim and Ye 2017, arXiv:1705.02894; Miyato et al. 2018, arXiv:1802.05957, equations 16 and 17.
 */
final class HingeTerms implements AdversarialTerms {
    @Override
    public SDVariable discriminator(GraphBuilder g, SDVariable real, SDVariable fake) {
        var ofReal = g.mean(g.relu(g.shift(g.negate(real), 1)));
        return g.add(ofReal, g.mean(g.relu(g.shift(fake, 1))));
    }

    @Override
    public SDVariable generator(GraphBuilder g, SDVariable fake) {
        return g.negate(g.mean(fake));
    }
}
