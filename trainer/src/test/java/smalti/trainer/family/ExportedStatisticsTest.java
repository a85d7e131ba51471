package smalti.trainer.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.spec.bundle.Role;
import smalti.trainer.graph.HostArrays;

class ExportedStatisticsTest {
    /** The exported first normalisation, undone, gives the statistics that the training has seen: not 0 and 1. */
    @ParameterizedTest
    @ValueSource(strings = {"dcgan", "dcgan-conditional"})
    void theInferenceGraphHoldsThem(String name) {
        var training = FamilyGraphs.training(FamilyGraphs.spec(name));
        for (int step = 0; step < 30; step++) {
            training.step(step);
        }
        var graph =
                Objects.requireNonNull(training.inference().get(Role.GENERATOR)).graph();
        var scale = HostArrays.floats(graph.getVariable("generator/norm0/scale").getArr());
        var shift = HostArrays.floats(graph.getVariable("generator/norm0/shift").getArr());
        var weights = training.exportedWeights();
        var gamma = weights.values("generator/norm0/gamma");
        var beta = weights.values("generator/norm0/beta");
        var statistics = training.exportedStatistics(weights).of("generator/norm0", scale.length);
        var mean = statistics.mean();
        var variance = statistics.variance();
        for (int c = 0; c < scale.length; c++) {
            double factor = gamma[c] / Math.sqrt(variance[c] + 1e-5);
            assertThat((double) scale[c]).isCloseTo(factor, within(1e-4 * Math.abs(factor)));
            assertThat((double) shift[c]).isCloseTo(beta[c] - mean[c] * factor, within(1e-4));
            // weights near N(0, 0.02²) over a few noise values: far from the variance 1 that an untouched one has
            assertThat(variance[c]).isPositive().isLessThan(0.5f);
        }
    }
}
