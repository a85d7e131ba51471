package smalti.spec.model;

/**
 * Adam with decoupled weight decay: beside Adam's own step, each weight θ loses the share ηλ of itself.
 *
 * <pre>
 *   θ ← θ − η·(m̂/(√v̂ + ε) + λ·θ)
 * </pre>
 *
 * <p>Source: Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2, where the schedule multiplies η.
 *
 * @param weightDecay λ
 */
public record AdamW(
        @Default("1e-3") double learningRate,
        @Default("0.9") double beta1,
        @Default("0.999") double beta2,
        @Default("1e-8") double epsilon,
        @Default("0.01") double weightDecay)
        implements Optimizer {
    public AdamW {
        Adam.moments(Optimizer.check(learningRate), beta1, beta2, epsilon)
                .and(weightDecay >= 0 && weightDecay <= 1, "weightDecay must be in [0, 1], got %s", weightDecay)
                .done();
    }
}
