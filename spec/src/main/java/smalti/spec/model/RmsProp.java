package smalti.spec.model;

/**
 * Gradients divided by the root of the moving average of their squares.
 *
 * <pre>
 *   v ← ρ·v + (1 − ρ)·g²        θ ← θ − η·g/(√v + ε)
 * </pre>
 *
 * <p>Source: Tieleman and Hinton 2012, "Neural networks for machine learning", lecture 6.5; ε as PyTorch places it.
 *
 * @param decay ρ, the share of the old average that is kept
 */
public record RmsProp(
        @Default("1e-3") double learningRate,
        @Default("0.99") double decay,
        @Default("1e-8") double epsilon) implements Optimizer {
    public RmsProp {
        Optimizer.check(learningRate)
                .and(decay >= 0 && decay < 1, "decay must be in [0, 1), got %s", decay)
                .and(epsilon > 0 && epsilon <= 1, "epsilon must be in (0, 1], got %s", epsilon)
                .done();
    }
}
