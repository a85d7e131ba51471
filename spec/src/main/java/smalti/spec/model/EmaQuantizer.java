package smalti.spec.model;

import smalti.spec.Check;

/**
 * The codebook follows the latents by exponential moving average.
 *
 * <p>Source: van den Oord et al. 2017, appendix A.1.
 *
 * @param decay γ, the share of the old average that is kept
 * @param epsilon Laplace smoothing of the code counts
 */
public record EmaQuantizer(
        @Default("512") int codes,
        @Default("64") int codeDim,
        @Default("0.99") double decay,
        @Default("1e-5") double epsilon,
        @Default("uniform") CodebookStart start,
        @Default("0") int restartAfter)
        implements Quantizer {
    public EmaQuantizer {
        var check = Check.that(decay > 0 && decay < 1, "decay must be in (0, 1), got %s", decay)
                .and(epsilon > 0 && epsilon <= 1, "epsilon must be in (0, 1], got %s", epsilon);
        Quantizer.check(codes, codeDim, restartAfter, check).done();
    }
}
