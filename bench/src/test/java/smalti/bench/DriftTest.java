package smalti.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class DriftTest {
    /** By the textbook's formula on four points, done by hand: squares of the times 5, products 7. */
    @Test
    void slopeAndErrorAreThoseOfTheLeastSquaresLine() {
        var drift = Drift.of(List.of(1.0, 2.0, 3.0, 4.0), List.of(6.0, 5.0, 7.0, 10.0));
        assertThat(drift.mean()).isEqualTo(7);
        assertThat(drift.slope()).isCloseTo(1.4, within(1e-12));
        // residuals 1.1, -1.3, -0.7, 0.9: squares 4.2, two degrees of freedom, over 5
        assertThat(drift.error()).isCloseTo(Math.sqrt(4.2 / 2 / 5), within(1e-12));
        assertThat(drift.minutes()).isEqualTo(3);
    }

    @Test
    void growthIsFoundAndNoiseIsNot() {
        var random = new Random(5);
        var times = new ArrayList<Double>();
        var flat = new ArrayList<Double>();
        var growing = new ArrayList<Double>();
        for (int i = 0; i < 600; i++) {
            double time = i / 30.0;
            double noise = 300 + 5 * random.nextGaussian();
            times.add(time);
            flat.add(noise);
            growing.add(noise + 0.5 * time);
        }
        assertThat(Drift.of(times, flat).sureGrowth()).isLessThan(1);
        assertThat(Drift.of(times, growing).sureGrowth()).isBetween(6.0, 11.0);
        assertThatThrownBy(() -> Drift.of(List.of(1.0), List.of(1.0))).hasMessage("must be at least 3 samples, got 1");
    }
}
