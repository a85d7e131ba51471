package smalti.spec.model;

import smalti.spec.Check;

/** How weights follow their gradients. Each kind is a record that a {@link SpecKinds} registers. */
@DefaultKind("adam")
public interface Optimizer {
    /** η before the schedule multiplies it. */
    double learningRate();

    /** Begins a check with the rule that every optimizer shares. */
    static Check check(double learningRate) {
        return Check.that(
                learningRate > 0 && learningRate <= 1, "learningRate must be in (0, 1], got %s", learningRate);
    }
}
