package smalti.spec.model;

/**
 * The loss of the first paper, with gradients for the generator where it is still bad.
 *
 * <pre>
 *   discriminator: softplus(−ℓ(x)) + softplus(ℓ(x̂))        generator: softplus(−ℓ(x̂))
 * </pre>
 *
 * <p>Source: Goodfellow et al. 2014, arXiv:1406.2661, equation 1 and the end of section 3; on logits softplus(x) =
 * ln(1 + eˣ) is stable where ln σ(x) is not.
 */
public record NonSaturatingLoss() implements AdversarialLoss {}
