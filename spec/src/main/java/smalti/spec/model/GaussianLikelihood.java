package smalti.spec.model;

import smalti.spec.Check;

/**
 * Each pixel is normal about the mean that the decoder gives, with one deviation σ for all.
 *
 * <pre>
 *   ln p(x|z) = −Σ (x − μ)²/2σ² + ln σ + ½·ln 2π
 * </pre>
 *
 * <p>Source: Kingma and Welling 2014, arXiv:1312.6114, appendix C.2; one learned σ: Rybkin et al. 2021,
 * arXiv:2006.13202, section 3.
 *
 * @param deviation σ at the beginning, where pixels are from 0 to 1
 * @param learned whether σ is a weight of the model; else it stays
 */
public record GaussianLikelihood(
        @Default("0.1") double deviation, @Default("true") boolean learned) implements Likelihood {
    public GaussianLikelihood {
        Check.that(deviation >= 1e-3 && deviation <= 10, "deviation must be from 0.001 to 10, got %s", deviation)
                .done();
    }
}
