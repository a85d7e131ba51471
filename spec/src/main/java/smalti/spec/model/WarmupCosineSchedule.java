package smalti.spec.model;

import smalti.spec.Check;

/**
 * Rises linearly for {@code warmup} steps, then falls along half a cosine to {@code floor} of the learning rate.
 *
 * <p>Source: Loshchilov and Hutter 2017, arXiv:1608.03983, equation 5, without restarts.
 */
public record WarmupCosineSchedule(
        @Default("0") int warmup, @Default("0") double floor) implements Schedule {
    public WarmupCosineSchedule {
        Check.that(warmup >= 0, "warmup must be at least 0, got %s", warmup)
                .and(floor >= 0 && floor <= 1, "floor must be in [0, 1], got %s", floor)
                .done();
    }

    @Override
    public double factor(int step, int steps) {
        if (step < warmup) {
            return (step + 1.0) / warmup;
        }
        double progress = Math.min(1, (step - warmup) / (double) Math.max(1, steps - warmup));
        return floor + (1 - floor) * (1 + StrictMath.cos(StrictMath.PI * progress)) / 2;
    }
}
