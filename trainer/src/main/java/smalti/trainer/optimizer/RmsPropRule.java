package smalti.trainer.optimizer;

import java.util.List;
import smalti.spec.model.RmsProp;

/** v ← ρv + (1 − ρ)g², θ ← θ − ηg/(√v + ε). Source: Tieleman and Hinton 2012, lecture 6.5. */
record RmsPropRule(RmsProp spec) implements UpdateRule {
    @Override
    public List<String> kept() {
        return List.of("squares");
    }

    @Override
    public Move at(int move, double rateFactor) {
        float keep = (float) spec.decay();
        float rest = (float) (1 - spec.decay());
        float rate = (float) (spec.learningRate() * rateFactor);
        float added = (float) spec.epsilon();
        return (parameter, gradient, kept, length) -> {
            var squares = kept[0];
            for (int i = 0; i < length; i++) {
                float g = gradient[i];
                float v = keep * squares[i] + rest * g * g;
                squares[i] = v;
                parameter[i] -= rate * g / ((float) Math.sqrt(v) + added);
            }
        };
    }
}
