package smalti.spec.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import smalti.spec.SpecException;

class ScheduleTest {
    private static final double EXACT = 1e-15;

    @Test
    void constantIsOne() {
        assertThat(new ConstantSchedule().factor(0, 10)).isEqualTo(1);
        assertThat(new ConstantSchedule().factor(9, 10)).isEqualTo(1);
    }

    @Test
    void warmupRisesThenTheCosineFallsToTheFloor() {
        var schedule = new WarmupCosineSchedule(4, 0.2);
        assertThat(schedule.factor(0, 12)).isEqualTo(0.25);
        assertThat(schedule.factor(1, 12)).isEqualTo(0.5);
        assertThat(schedule.factor(3, 12)).isEqualTo(1);
        assertThat(schedule.factor(4, 12)).isEqualTo(1);
        // a quarter, a half and all of the way: 0.2 + 0.8·(1 + cos πp)/2
        assertThat(schedule.factor(6, 12)).isCloseTo(0.2 + 0.4 * (1 + Math.sqrt(0.5)), within(EXACT));
        assertThat(schedule.factor(8, 12)).isCloseTo(0.6, within(EXACT));
        assertThat(schedule.factor(12, 12)).isCloseTo(0.2, within(EXACT));
        assertThat(schedule.factor(50, 12)).isCloseTo(0.2, within(EXACT));
    }

    @Test
    void noWarmupBeginsAtOne() {
        assertThat(new WarmupCosineSchedule(0, 0).factor(0, 10)).isEqualTo(1);
        assertThat(new WarmupCosineSchedule(0, 0).factor(5, 10)).isCloseTo(0.5, within(EXACT));
    }

    @Test
    void aWarmupLongerThanTheTrainingOnlyRises() {
        assertThat(new WarmupCosineSchedule(100, 0).factor(9, 10)).isEqualTo(0.1);
    }

    @Test
    void constantsAreChecked() {
        assertThatThrownBy(() -> new WarmupCosineSchedule(-1, 1.5))
                .isInstanceOf(SpecException.class)
                .hasMessage("warmup must be at least 0, got -1\nfloor must be in [0, 1], got 1.5");
    }
}
