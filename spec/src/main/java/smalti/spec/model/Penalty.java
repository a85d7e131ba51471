package smalti.spec.model;

/** A term that a discriminator's loss gets beside its {@link AdversarialLoss}. Each kind is a record that a {@link SpecKinds} registers. */
public interface Penalty {
    /** λ, which multiplies the term. */
    double weight();
}
