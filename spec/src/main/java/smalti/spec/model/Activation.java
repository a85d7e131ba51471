package smalti.spec.model;

/** What a hidden layer's sums pass through. */
public enum Activation {
    /** max(0, x) */
    RELU,
    /** The hyperbolic tangent. */
    TANH,
    /** x·σ(x). Source: Elfwing et al. 2018, arXiv:1702.03118. */
    SILU
}
