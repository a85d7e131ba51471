package smalti.spec.model;

/**
 * What a discriminator and a generator strive for, as functions of the logits ℓ of real pictures x and made ones x̂; each
 * term is a mean over the batch. Each kind is a record that a {@link SpecKinds} registers.
 */
public interface AdversarialLoss {
    /** Whether nothing in it keeps the logits from growing without end, so that a {@link Penalty} must. */
    default boolean needsPenalty() {
        return false;
    }
}
