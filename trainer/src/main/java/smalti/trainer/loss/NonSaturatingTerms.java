package smalti.trainer.loss;

import org.nd4j.autodiff.samediff.SDVariable;
import smalti.trainer.graph.GraphBuilder;

/**
 * On logits ℓ, as softplus(x) = ln(1 + eˣ) is stable where ln σ(x) is not:
 *
 * <pre>
 *   discriminator: softplus(−ℓ(x)) + softplus(ℓ(x̂))          generator: softplus(−ℓ(x̂))
 * </pre>
 *
 * <p>Source: Goodfellow et al. 2014, arXiv:1406.2661, section 3.
 */
final class NonSaturatingTerms implements AdversarialTerms {
    @Override
    public SDVariable discriminator(GraphBuilder g, SDVariable real, SDVariable fake) {
        return g.add(g.mean(g.softplus(g.negate(real))), g.mean(g.softplus(fake)));
    }

    @Override
    public SDVariable generator(GraphBuilder g, SDVariable fake) {
        return g.mean(g.softplus(g.negate(fake)));
    }
}
