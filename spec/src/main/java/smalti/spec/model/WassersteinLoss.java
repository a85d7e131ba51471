package smalti.spec.model;

/**
 * The difference of the logits' means. It is a distance where the discriminator's slope is bounded, and nothing in it
 * bounds the slope, so it needs a {@link Penalty}.
 *
 * <pre>
 *   discriminator: ℓ(x̂) − ℓ(x)        generator: −ℓ(x̂)
 * </pre>
 *
 * <p>Source: Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1.
 */
public record WassersteinLoss() implements AdversarialLoss {
    @Override
    public boolean needsPenalty() {
        return true;
    }
}
