package smalti.trainer.optimizer;

import java.util.List;
import smalti.spec.model.Sgd;

/** Stochastic gradient descent with momentum: v ← μv + g, θ ← θ − ηv. Source: Polyak 1964. */
record SgdRule(Sgd spec) implements UpdateRule {
    @Override
    public List<String> kept() {
        return List.of("velocity");
    }

    @Override
    public Move at(int move, double rateFactor) {
        float momentum = (float) spec.momentum();
        float rate = (float) (spec.learningRate() * rateFactor);
        return (parameter, gradient, kept, length) -> {
            var velocity = kept[0];
            for (int i = 0; i < length; i++) {
                float v = momentum * velocity[i] + gradient[i];
                velocity[i] = v;
                parameter[i] -= rate * v;
            }
        };
    }
}
