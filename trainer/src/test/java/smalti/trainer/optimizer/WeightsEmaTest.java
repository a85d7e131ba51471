package smalti.trainer.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import smalti.trainer.graph.Initializer;
import smalti.trainer.graph.Parameters;

class WeightsEmaTest {
    private static Parameters parameters() {
        var parameters = new Parameters(1);
        parameters.array("averaged", Initializer.constant(10), 1);
        parameters.array("plain", Initializer.constant(10), 1);
        return parameters;
    }

    /** By hand, decay 0.15: the first step keeps (1 + 0)/(10 + 0), the second no more than the decay. */
    @Test
    void theAverageKeepsItsShare() {
        var parameters = parameters();
        var ema = new WeightsEma(0.15, parameters, List.of("averaged"));
        parameters.set("averaged", new float[] {20});
        parameters.set("plain", new float[] {20});
        ema.update(0);
        assertThat((double) ema.weights().values("averaged")[0]).isCloseTo(0.1 * 10 + 0.9 * 20, within(1e-5));
        parameters.set("averaged", new float[] {40});
        ema.update(1); // (1 + 1)/(10 + 1) is above 0.15
        assertThat((double) ema.weights().values("averaged")[0]).isCloseTo(0.15 * 19 + 0.85 * 40, within(1e-5));
        assertThat(ema.weights().values("plain")).containsExactly(20);
        assertThat(parameters.values("averaged")).containsExactly(40);
        assertThat(ema.state()).containsOnlyKeys("averaged/ema");
    }

    @Test
    void withoutADecayTheLastWeightsAreGiven() {
        var parameters = parameters();
        var ema = new WeightsEma(0, parameters, List.of("averaged"));
        parameters.set("averaged", new float[] {20});
        ema.update(0);
        assertThat(ema.isOn()).isFalse();
        assertThat(ema.weights().values("averaged")).containsExactly(20);
        assertThat(ema.state()).isEmpty();
    }
}
