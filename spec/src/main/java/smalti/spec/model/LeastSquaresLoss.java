package smalti.spec.model;

/**
 * Logits are drawn towards 1 for real pictures and 0 for made ones.
 *
 * <pre>
 *   discriminator: ½(ℓ(x) − 1)² + ½ℓ(x̂)²        generator: ½(ℓ(x̂) − 1)²
 * </pre>
 *
 * <p>Source: Mao et al. 2017, arXiv:1611.04076, equation 9.
 */
public record LeastSquaresLoss() implements AdversarialLoss {}
