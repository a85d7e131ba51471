package smalti.spec.model;

import smalti.spec.Check;

/**
 * The codebook follows the latents by the gradient of ‖sg(z) − e‖².
 *
 * <p>Source: van den Oord et al. 2017, equation 3, second term.
 *
 * @param weight of that term; 1 in the paper
 */
public record LossQuantizer(
        @Default("512") int codes,
        @Default("64") int codeDim,
        @Default("1") double weight,
        @Default("uniform") CodebookStart start,
        @Default("0") int restartAfter)
        implements Quantizer {
    public LossQuantizer {
        Quantizer.check(
                        codes,
                        codeDim,
                        restartAfter,
                        Check.that(
                                weight > 0 && weight <= 1000,
                                "weight must be above 0 and at most 1000, got %s",
                                weight))
                .done();
    }
}
