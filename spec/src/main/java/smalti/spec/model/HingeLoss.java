package smalti.spec.model;

/**
 * The discriminator is satisfied by a margin of 1.
 *
 * <pre>
 *   discriminator: max(0, 1 − ℓ(x)) + max(0, 1 + ℓ(x̂))        generator: −ℓ(x̂)
 * </pre>
 *
 * <p>Source: Lim and Ye 2017, arXiv:1705.02894; Miyato et al. 2018, arXiv:1802.05957, equations 16 and 17.
 */
public record HingeLoss() implements AdversarialLoss {}
