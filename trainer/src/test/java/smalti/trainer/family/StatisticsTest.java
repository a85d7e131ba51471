package smalti.trainer.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.spec.CounterRandom;
import smalti.spec.Role;
import smalti.trainer.graph.HostArrays;

class StatisticsTest {
    @Test
    void preciseStatisticsAreThoseOfAllBatchesAsOne() {
        int batches = 5;
        int each = 12;
        var values = new float[batches * each];
        new CounterRandom(3, 0).normals(0, values, 0, values.length);
        var precise = new PreciseStatistics();
        double all = 0;
        for (int b = 0; b < batches; b++) {
            double sum = 0;
            for (int i = 0; i < each; i++) {
                values[b * each + i] += b; // batches that differ, as those of few pictures do
                sum += values[b * each + i];
            }
            all += sum;
            double mean = sum / each;
            double variance = 0;
            for (int i = 0; i < each; i++) {
                variance += Math.pow(values[b * each + i] - mean, 2) / each;
            }
            precise.add("n", new float[] {(float) mean}, new float[] {(float) variance});
        }
        double mean = all / values.length;
        double variance = 0;
        for (float value : values) {
            variance += Math.pow(value - mean, 2) / values.length;
        }
        assertThat((double) precise.mean("n")[0]).isCloseTo(mean, within(1e-5));
        assertThat((double) precise.variance("n")[0]).isCloseTo(variance, within(1e-5));
    }

    @Test
    void runningStatisticsFollowByTheirMomentum() {
        var running = new RunningStatistics(List.of(new DcganLayers.Normalized("n", 1)));
        double mean = 0;
        double variance = 1;
        for (int i = 1; i <= 10; i++) {
            running.update("n", new float[] {i}, new float[] {2 * i}, 0.9);
            mean = 0.9 * mean + 0.1 * i;
            variance = 0.9 * variance + 0.1 * 2 * i;
        }
        assertThat((double) running.mean("n")[0]).isCloseTo(mean, within(1e-5));
        assertThat((double) running.variance("n")[0]).isCloseTo(variance, within(1e-5));
    }

    /** The exported first normalisation, undone, gives the statistics that the training has seen: not 0 and 1. */
    @ParameterizedTest
    @ValueSource(strings = {"dcgan", "dcgan-conditional"})
    void theInferenceGraphHoldsThem(String name) {
        var training = (DcganTraining) FamilyGraphs.training(FamilyGraphs.spec(name));
        for (int step = 0; step < 30; step++) {
            training.step(step);
        }
        var graph =
                Objects.requireNonNull(training.inference().get(Role.GENERATOR)).graph();
        var scale = HostArrays.floats(graph.getVariable("generator/norm0/scale").getArr());
        var shift = HostArrays.floats(graph.getVariable("generator/norm0/shift").getArr());
        var statistics = training.exportedStatistics();
        var weights = training.exportedWeights();
        var gamma = weights.values("generator/norm0/gamma");
        var beta = weights.values("generator/norm0/beta");
        var mean = statistics.mean("generator/norm0");
        var variance = statistics.variance("generator/norm0");
        for (int c = 0; c < scale.length; c++) {
            double factor = gamma[c] / Math.sqrt(variance[c] + 1e-5);
            assertThat((double) scale[c]).isCloseTo(factor, within(1e-4 * Math.abs(factor)));
            assertThat((double) shift[c]).isCloseTo(beta[c] - mean[c] * factor, within(1e-4));
            // weights near N(0, 0.02²) over a few noise values: far from the variance 1 that an untouched one has
            assertThat(variance[c]).isPositive().isLessThan(0.5f);
        }
    }
}
