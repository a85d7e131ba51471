package smalti.trainer.optimizer;

import java.util.List;
import smalti.spec.model.Adam;
import smalti.spec.model.AdamW;

/**
 * Adam, and with a decay AdamW.
 *
 * <p>Source: Kingma and Ba 2015, arXiv:1412.6980, algorithm 1; Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2.
 */
final class AdamRule implements UpdateRule {
    private final double learningRate;
    private final double beta1;
    private final double beta2;
    private final double epsilon;
    private final double weightDecay;

    AdamRule(Adam spec) {
        this(spec.learningRate(), spec.beta1(), spec.beta2(), spec.epsilon(), 0);
    }

    AdamRule(AdamW spec) {
        this(spec.learningRate(), spec.beta1(), spec.beta2(), spec.epsilon(), spec.weightDecay());
    }

    private AdamRule(double learningRate, double beta1, double beta2, double epsilon, double weightDecay) {
        this.learningRate = learningRate;
        this.beta1 = beta1;
        this.beta2 = beta2;
        this.epsilon = epsilon;
        this.weightDecay = weightDecay;
    }

    @Override
    public List<String> kept() {
        return List.of("adam1", "adam2");
    }

    @Override
    public Move at(int move, double rateFactor) {
        float keep1 = (float) beta1;
        float keep2 = (float) beta2;
        float rest1 = (float) (1 - beta1);
        float rest2 = (float) (1 - beta2);
        float rootScale = (float) (1 / Math.sqrt(1 - Math.pow(beta2, move + 1.0)));
        float added = (float) epsilon;
        float rate = (float) (learningRate * rateFactor / (1 - Math.pow(beta1, move + 1.0)));
        float stays = (float) (1 - learningRate * rateFactor * weightDecay);
        return (parameter, gradient, kept, length) -> {
            var first = kept[0];
            var second = kept[1];
            for (int i = 0; i < length; i++) {
                float g = gradient[i];
                float m = keep1 * first[i] + rest1 * g;
                float v = keep2 * second[i] + rest2 * g * g;
                first[i] = m;
                second[i] = v;
                parameter[i] = stays * parameter[i] - rate * m / ((float) Math.sqrt(v) * rootScale + added);
            }
        };
    }
}
