package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class OutputClosenessTest {
    private static final double SHARE = 1e-4;

    @Test
    void roundingIsNoDifference() {
        var rows = List.of(new double[] {1, -0.5, 1e-6}, new double[] {0.2, 0.7, 0.9});
        var closeness = OutputCloseness.ofFloats(rows, SHARE, 3);
        assertThat(closeness.differences(new double[] {1 + 1e-6, -0.5, 2e-6}, rows.get(0)))
                .isZero();
        assertThat(closeness.differences(new double[] {1.001, -0.5, 1e-6}, rows.get(0)))
                .isEqualTo(1);
        assertThat(closeness.firstDifference(new double[] {1, -0.51, 1e-6}, rows.get(0)))
                .isEqualTo(1);
    }

    /** A score that is off by 0.01 is not hidden by boxes of hundreds of pixels beside it. */
    @Test
    void columnsAreMeasuredForThemselves() {
        var rows = List.of(new double[] {640, 320, 0.5, 10, 480, 0.8}, new double[] {64, 32, 0.1, 600, 48, 0.9});
        var changed = new double[] {640, 320, 0.51, 10, 480, 0.8};
        assertThat(OutputCloseness.ofFloats(rows, SHARE, 3).differences(changed, rows.get(0)))
                .isEqualTo(1);
        assertThat(OutputCloseness.ofFloats(rows, SHARE, 1).differences(changed, rows.get(0)))
                .isZero();
    }

    /** The least float, a billion, or infinity in masked places is nothing to measure others by. */
    @Test
    void maskedPlacesHideNothing() {
        for (double masked : new double[] {-3.4028234e38, -1e9, Double.NEGATIVE_INFINITY}) {
            var rows = List.of(new double[] {1, masked, masked, 2}, new double[] {-1, 0.5, masked, masked});
            var closeness = OutputCloseness.ofFloats(rows, SHARE, 2);
            assertThat(closeness.differences(rows.get(0).clone(), rows.get(0))).isZero();
            assertThat(closeness.differences(new double[] {1.01, masked, masked, 2}, rows.get(0)))
                    .isEqualTo(1);
            assertThat(closeness.differences(new double[] {1, 0.5, masked, 2}, rows.get(0)))
                    .isEqualTo(1);
        }
    }

    @Test
    void nothingButZerosAllowsNoDifference() {
        var rows = List.of(new double[] {0, 0}, new double[] {0, Double.NaN});
        var closeness = OutputCloseness.ofFloats(rows, SHARE, 1);
        assertThat(closeness.differences(new double[] {0, Double.NaN}, rows.get(1)))
                .isZero();
        assertThat(closeness.differences(new double[] {1e-9, 0}, rows.get(1))).isEqualTo(2);
        var infinite = new double[] {Double.POSITIVE_INFINITY};
        assertThat(closeness.differences(infinite, new double[] {Double.NEGATIVE_INFINITY}))
                .isEqualTo(1);
    }

    @Test
    void wholesMayBeApartByWhatIsGiven() {
        var closeness = OutputCloseness.ofWholes(1);
        assertThat(closeness.differences(new double[] {1, 5, 9}, new double[] {2, 5, 7}))
                .isEqualTo(1);
    }
}
