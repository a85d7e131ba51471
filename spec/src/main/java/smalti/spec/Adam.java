package smalti.spec;

/** Adam's constants. Source: Kingma and Ba 2015, arXiv:1412.6980, algorithm 1. */
public record Adam(
        @Default("1e-3") double learningRate,
        @Default("0.9") double beta1,
        @Default("0.999") double beta2,
        @Default("1e-8") double epsilon) {
    public Adam {
        Check.that(learningRate > 0 && learningRate <= 1, "learningRate must be in (0, 1], got %s", learningRate)
                .and(beta1 >= 0 && beta1 < 1, "beta1 must be in [0, 1), got %s", beta1)
                .and(beta2 >= 0 && beta2 < 1, "beta2 must be in [0, 1), got %s", beta2)
                .and(epsilon > 0, "epsilon must be above 0, got %s", epsilon)
                .done();
    }
}
