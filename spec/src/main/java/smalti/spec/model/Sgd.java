package smalti.spec.model;

/**
 * Stochastic gradient descent with momentum.
 *
 * <pre>
 *   v ← μ·v + g        θ ← θ − η·v
 * </pre>
 *
 * <p>Source: Polyak 1964, with the learning rate outside the velocity, so that a schedule acts at once.
 *
 * @param momentum μ; 0: plain descent
 */
public record Sgd(
        @Default("0.01") double learningRate,
        @Default("0.9") double momentum) implements Optimizer {
    public Sgd {
        Optimizer.check(learningRate)
                .and(momentum >= 0 && momentum < 1, "momentum must be in [0, 1) (0: plain descent), got %s", momentum)
                .done();
    }
}
