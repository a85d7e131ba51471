package smalti.trainer.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.spec.Adam;
import smalti.spec.CounterRandom;
import smalti.trainer.graph.Initializer;
import smalti.trainer.graph.Parameters;

class AdamOptimizerTest {
    private static final int LENGTH = 50;

    /** Kingma and Ba's algorithm 1 in float64, with the gradient scaled to the norm's bound first. */
    @ParameterizedTest
    @ValueSource(doubles = {0, 0.5, 1000})
    void followsTheAlgorithm(double clipNorm) {
        var spec = new Adam(0.01, 0.9, 0.99, 1e-8);
        var parameters = new Parameters(3);
        parameters.array("w", Initializer.normal(0, 1), LENGTH);
        var values = parameters.values("w");
        var expected = new double[LENGTH];
        var m = new double[LENGTH];
        var v = new double[LENGTH];
        for (int i = 0; i < LENGTH; i++) {
            expected[i] = values[i];
        }
        var optimizer = new AdamOptimizer(spec, parameters, List.of("w"));
        var gradients = new Parameters(0);
        gradients.array("w", Initializer.constant(0), LENGTH);
        for (int step = 0; step < 30; step++) {
            var gradient = new float[LENGTH];
            new CounterRandom(step, 1).normals(0, gradient, 0, LENGTH);
            double norm = 0;
            for (float g : gradient) {
                norm += (double) g * g;
            }
            norm = Math.sqrt(norm);
            double factor = 1.0 / (1 + step);
            gradients.set("w", gradient);
            double returned = optimizer.step(gradients::elements, step, factor, clipNorm);
            assertThat(returned).isCloseTo(norm, within(1e-9));
            double clip = clipNorm > 0 ? Math.min(1, clipNorm / norm) : 1;
            for (int i = 0; i < LENGTH; i++) {
                double g = clip * gradient[i];
                m[i] = 0.9 * m[i] + 0.1 * g;
                v[i] = 0.99 * v[i] + 0.01 * g * g;
                double mHat = m[i] / (1 - Math.pow(0.9, step + 1.0));
                double vHat = v[i] / (1 - Math.pow(0.99, step + 1.0));
                expected[i] -= factor * 0.01 * mHat / (Math.sqrt(vHat) + 1e-8);
            }
        }
        var actual = parameters.values("w");
        for (int i = 0; i < LENGTH; i++) {
            // thirty float32 updates of values near 1
            assertThat((double) actual[i]).isCloseTo(expected[i], within(1e-5));
        }
    }
}
