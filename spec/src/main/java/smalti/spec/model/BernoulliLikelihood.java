package smalti.spec.model;

/**
 * Each pixel is 1 with a probability that the decoder gives, else 0: for pictures in black and white.
 *
 * <pre>
 *   ln p(x|z) = Σ x·ln p + (1 − x)·ln(1 − p)
 * </pre>
 *
 * <p>Source: Kingma and Welling 2014, arXiv:1312.6114, appendix C.1.
 *
 * @param binarize whether a training picture's pixels are drawn as 0 or 1, anew at each step, 1 with the pixel's
 *     brightness as probability (Salakhutdinov and Murray 2008; "dynamic binarisation"); else x is the brightness itself,
 *     and the sum above no logarithm of a probability
 */
public record BernoulliLikelihood(@Default("true") boolean binarize) implements Likelihood {}
