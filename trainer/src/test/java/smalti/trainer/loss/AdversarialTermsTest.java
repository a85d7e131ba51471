package smalti.trainer.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import smalti.spec.model.AdversarialLoss;
import smalti.spec.model.HingeLoss;
import smalti.spec.model.LeastSquaresLoss;
import smalti.spec.model.NonSaturatingLoss;
import smalti.spec.model.SpecKinds;
import smalti.spec.model.WassersteinLoss;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.Parameters;
import smalti.trainer.graph.Statistics;
import smalti.trainer.graph.TrainingGraph;
import smalti.trainer.part.Parts;

/** The losses by their papers' formulas in float64, over logits on both sides of each kink. */
class AdversarialTermsTest {
    private static final float[] REAL = {-3, -0.5f, 0.25f, 1.5f};
    private static final float[] FAKE = {2.5f, -1.75f, 0.1f, -0.4f};

    /** One logit's part of a loss. */
    private interface Formula {
        double of(double logit);
    }

    private record Case(AdversarialLoss loss, Formula real, Formula fake, Formula generator) {
        @Override
        public String toString() {
            return loss.toString();
        }
    }

    static Stream<Case> cases() {
        return Stream.of(
                new Case(
                        new NonSaturatingLoss(),
                        l -> -Math.log(1 / (1 + Math.exp(-l))),
                        l -> -Math.log(1 - 1 / (1 + Math.exp(-l))),
                        l -> -Math.log(1 / (1 + Math.exp(-l)))),
                new Case(new HingeLoss(), l -> -Math.min(0, l - 1), l -> -Math.min(0, -l - 1), l -> -l),
                new Case(
                        new LeastSquaresLoss(), l -> (l - 1) * (l - 1) / 2, l -> l * l / 2, l -> (l - 1) * (l - 1) / 2),
                new Case(new WassersteinLoss(), l -> -l, l -> l, l -> -l));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void lossesAreThoseOfThePaper(Case tested) {
        var terms = Parts.of(tested.loss(), AdversarialTerms.class);
        var g = GraphBuilder.training(new Parameters(0), new Statistics());
        var real = g.input("real", DataType.FLOAT, 4, 1);
        var fake = g.input("fake", DataType.FLOAT, 4, 1);
        var loss = g.named("discriminator", terms.discriminator(g, real, fake));
        g.named("generator", terms.generator(g, fake));
        var graph = new TrainingGraph(g, loss, List.of());
        graph.set("real", REAL);
        graph.set("fake", FAKE);
        var pass = graph.forward(List.of("discriminator", "generator"));
        assertThat(pass.scalar("discriminator"))
                .isCloseTo(mean(REAL, tested.real()) + mean(FAKE, tested.fake()), within(1e-6));
        assertThat(pass.scalar("generator")).isCloseTo(mean(FAKE, tested.generator()), within(1e-6));
    }

    private static double mean(float[] logits, Formula formula) {
        double sum = 0;
        for (float logit : logits) {
            sum += formula.of(logit);
        }
        return sum / logits.length;
    }

    @Test
    void everyKindIsTestedHere() {
        assertThat(cases().<Class<?>>map(tested -> tested.loss().getClass()))
                .hasSameElementsAs(SpecKinds.known(AdversarialLoss.class).values());
    }
}
