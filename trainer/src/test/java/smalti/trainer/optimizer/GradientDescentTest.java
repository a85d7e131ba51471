package smalti.trainer.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import smalti.spec.CounterRandom;
import smalti.spec.model.Adam;
import smalti.spec.model.AdamW;
import smalti.spec.model.Optimizer;
import smalti.spec.model.RmsProp;
import smalti.spec.model.Sgd;
import smalti.spec.model.SpecKinds;
import smalti.trainer.graph.Initializer;
import smalti.trainer.graph.Parameters;
import smalti.trainer.part.Parts;

class GradientDescentTest {
    private static final int LENGTH = 50;

    /** One number's algorithm in float64: the number and what is kept beside it, moved by a gradient. */
    private interface Reference {
        double moved(double value, double[] kept, double gradient, int step, double factor);
    }

    private record Case(Optimizer optimizer, double clipNorm, Reference reference) {
        @Override
        public String toString() {
            return optimizer + ", norm clipped to " + clipNorm;
        }
    }

    static Stream<Case> cases() {
        // Kingma and Ba, algorithm 1
        Reference adam = (value, kept, g, step, factor) -> {
            kept[0] = 0.9 * kept[0] + 0.1 * g;
            kept[1] = 0.99 * kept[1] + 0.01 * g * g;
            double mHat = kept[0] / (1 - Math.pow(0.9, step + 1.0));
            double vHat = kept[1] / (1 - Math.pow(0.99, step + 1.0));
            return value - factor * 0.01 * mHat / (Math.sqrt(vHat) + 1e-8);
        };
        var spec = new Adam(0.01, 0.9, 0.99, 1e-8);
        return Stream.of(
                new Case(spec, 0, adam),
                new Case(spec, 0.5, adam),
                new Case(spec, 1000, adam),
                // Loshchilov and Hutter, algorithm 2
                new Case(
                        new AdamW(0.01, 0.9, 0.99, 1e-8, 0.3),
                        0,
                        (value, kept, g, step, factor) ->
                                adam.moved(value, kept, g, step, factor) - factor * 0.01 * 0.3 * value),
                new Case(new Sgd(0.01, 0.9), 0.5, (value, kept, g, step, factor) -> {
                    kept[0] = 0.9 * kept[0] + g;
                    return value - factor * 0.01 * kept[0];
                }),
                new Case(new Sgd(0.01, 0), 0, (value, kept, g, step, factor) -> value - factor * 0.01 * g),
                new Case(new RmsProp(0.01, 0.9, 1e-6), 0, (value, kept, g, step, factor) -> {
                    kept[0] = 0.9 * kept[0] + 0.1 * g * g;
                    return value - factor * 0.01 * g / (Math.sqrt(kept[0]) + 1e-6);
                }));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void followsTheAlgorithm(Case tested) {
        var parameters = new Parameters(3);
        parameters.array("w", Initializer.normal(0, 1), LENGTH);
        var values = parameters.values("w");
        var expected = new double[LENGTH];
        var kept = new double[LENGTH][2];
        for (int i = 0; i < LENGTH; i++) {
            expected[i] = values[i];
        }
        var descent = new GradientDescent(Parts.of(tested.optimizer(), UpdateRule.class), parameters, List.of("w"));
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
            assertThat(descent.move(gradients::elements, step, factor, tested.clipNorm()))
                    .isCloseTo(norm, within(1e-9));
            double clip = tested.clipNorm() > 0 ? Math.min(1, tested.clipNorm() / norm) : 1;
            for (int i = 0; i < LENGTH; i++) {
                expected[i] = tested.reference().moved(expected[i], kept[i], clip * gradient[i], step, factor);
            }
        }
        var actual = parameters.values("w");
        for (int i = 0; i < LENGTH; i++) {
            // thirty float32 updates of values near 1
            assertThat((double) actual[i]).isCloseTo(expected[i], within(1e-5));
        }
    }

    @Test
    void everyKindIsTestedHere() {
        assertThat(cases().<Class<?>>map(tested -> tested.optimizer().getClass())
                        .distinct())
                .hasSameElementsAs(SpecKinds.known(Optimizer.class).values());
    }
}
