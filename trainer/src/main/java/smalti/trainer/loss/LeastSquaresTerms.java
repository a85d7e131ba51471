package smalti.trainer.loss;

import org.nd4j.autodiff.samediff.SDVariable;
import smalti.trainer.graph.GraphBuilder;

/**
 * ½(ℓ(x) − 1)² + ½ℓ(x̂)² for the discriminator, ½(ℓ(x̂) − 1)² for the generator.
 *
 * <p>Source: Mao et al. 2017, arXiv:1611.04076, equation 9 (targets 0 and 1).
 */
final class LeastSquaresTerms implements AdversarialTerms {
    @Override
    public SDVariable discriminator(GraphBuilder g, SDVariable real, SDVariable fake) {
        return g.add(halfSquare(g, g.shift(real, -1)), halfSquare(g, fake));
    }

    @Override
    public SDVariable generator(GraphBuilder g, SDVariable fake) {
        return halfSquare(g, g.shift(fake, -1));
    }

    private static SDVariable halfSquare(GraphBuilder g, SDVariable x) {
        return g.scale(g.mean(g.multiply(x, x)), 0.5);
    }
}
