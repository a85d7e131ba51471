package smalti.trainer.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import smalti.spec.CounterRandom;
import smalti.spec.model.NoisePenalty;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.Parameters;
import smalti.trainer.graph.Statistics;
import smalti.trainer.graph.TrainingGraph;
import smalti.trainer.part.Parts;

/** Of a discriminator ℓ(x) = x²: the mean of (x² − (x + σε)²)², in float64. */
class NoiseTermTest {
    private static final float[] REAL = {-1.5f, 0.25f, 2, 0.5f};

    @Test
    void theLogitsOfNoisyPicturesDifferByTheFormula() {
        var penalty = Parts.of(new NoisePenalty(7, 0.5), DiscriminatorPenalty.class);
        var g = GraphBuilder.training(new Parameters(0), new Statistics());
        var real = g.input("real", DataType.FLOAT, 4, 1);
        var term = penalty.term(g, real, g.multiply(real, real), x -> g.multiply(x, x));
        assertThat(term.weight()).isEqualTo(7);
        var value = g.named("value", term.value());
        var graph = new TrainingGraph(g, value, List.of());
        graph.set("real", REAL);
        var noise = penalty.inputs(new CounterRandom(3, 1), 5, 4);
        assertThat(noise).hasSize(1);
        noise.forEach(graph::set);
        var drawn = noise.values().iterator().next();
        double sum = 0;
        for (int i = 0; i < 4; i++) {
            double moved = REAL[i] + 0.5 * drawn[i];
            sum += Math.pow((double) REAL[i] * REAL[i] - moved * moved, 2) / 4;
        }
        assertThat(graph.forward(List.of("value")).scalar("value")).isCloseTo(sum, within(1e-5 * sum));
    }
}
