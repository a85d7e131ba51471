package smalti.trainer.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import smalti.spec.CounterRandom;

class StatisticsTest {
    @Test
    void preciseStatisticsAreThoseOfAllBatchesAsOne() {
        int batches = 5;
        int each = 12;
        var values = new float[batches * each];
        new CounterRandom(3, 0).normals(0, values, 0, values.length);
        var seen = new ArrayList<Statistics.OfChannels>();
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
            seen.add(new Statistics.OfChannels(new float[] {(float) mean}, new float[] {(float) variance}));
        }
        double mean = all / values.length;
        double variance = 0;
        for (float value : values) {
            variance += Math.pow(value - mean, 2) / values.length;
        }
        var precise = Statistics.precise(seen);
        assertThat((double) precise.mean()[0]).isCloseTo(mean, within(1e-5));
        assertThat((double) precise.variance()[0]).isCloseTo(variance, within(1e-5));
    }

    @Test
    void runningStatisticsFollowByTheirMomentum() {
        var running = new Statistics();
        double mean = 0;
        double variance = 1;
        for (int i = 1; i <= 10; i++) {
            running.follow("n", new float[] {i}, new float[] {2 * i}, 0.9);
            mean = 0.9 * mean + 0.1 * i;
            variance = 0.9 * variance + 0.1 * 2 * i;
        }
        assertThat((double) running.of("n", 1).mean()[0]).isCloseTo(mean, within(1e-5));
        assertThat((double) running.of("n", 1).variance()[0]).isCloseTo(variance, within(1e-5));
    }
}
