package smalti.spec.model;

import smalti.spec.Check;

/**
 * Adam's constants.
 *
 * <p>Source: Kingma and Ba 2015, arXiv:1412.6980, algorithm 1.
 *
 * @param beta1 share of the old mean of gradients that is kept
 * @param beta2 share of the old mean of their squares that is kept
 * @param epsilon added to the root of the latter
 */
public record Adam(
        @Default("1e-3") double learningRate,
        @Default("0.9") double beta1,
        @Default("0.999") double beta2,
        @Default("1e-8") double epsilon)
        implements Optimizer {
    public Adam {
        moments(Optimizer.check(learningRate), beta1, beta2, epsilon).done();
    }

    /** Adds the rules of the moving averages. */
    static Check moments(Check check, double beta1, double beta2, double epsilon) {
        return check.and(beta1 >= 0 && beta1 < 1, "beta1 must be in [0, 1), got %s", beta1)
                .and(beta2 >= 0 && beta2 < 1, "beta2 must be in [0, 1), got %s", beta2)
                .and(epsilon > 0 && epsilon <= 1, "epsilon must be in (0, 1], got %s", epsilon);
    }
}
