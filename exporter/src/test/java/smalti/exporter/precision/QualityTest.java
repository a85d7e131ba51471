package smalti.exporter.precision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import smalti.exporter.graph.Tensor;
import smalti.exporter.proof.ModelSession.Item;

/** Measures by their formulas, of numbers that can be told by hand. */
final class QualityTest {
    private static Quality quality(double[] wanted, double[] got) {
        return Quality.of(List.of(output(wanted)), List.of(output(got)));
    }

    private static Map<String, Item> output(double[] numbers) {
        return Map.of("y", new Item.Array(Tensor.of(numbers, numbers.length)));
    }

    /** Of the ten numbers alone: 10·log₁₀(0.9² / 0.05²) dB, and of the sum of their squares, 2.85, over 10·0.05². */
    @Test
    void whatIsNaNInBothCountsForNothing() {
        var wanted = new double[1000];
        var got = new double[1000];
        Arrays.fill(wanted, Double.NaN);
        Arrays.fill(got, Double.NaN);
        for (int i = 0; i < 10; i++) {
            wanted[i] = i / 10.0;
            got[i] = wanted[i] + 0.05;
        }
        var quality = quality(wanted, got);
        assertThat(quality.psnr()).isCloseTo(10 * Math.log10(0.81 / 0.0025), within(1e-9));
        assertThat(quality.sqnr()).isCloseTo(10 * Math.log10(2.85 / 0.025), within(1e-9));
        assertThat(quality.lost()).isZero();
    }

    /** The same numbers, whatever masks stand beside them. */
    @Test
    void masksCountForNothing() {
        for (double mask : new double[] {-1e9, -3.4e38, 1e7}) {
            for (int masks : new int[] {1, 90}) {
                var wanted = new double[masks + 10];
                var got = new double[masks + 10];
                Arrays.fill(wanted, mask);
                Arrays.fill(got, mask);
                for (int i = 0; i < 10; i++) {
                    wanted[i] = i / 10.0;
                    got[i] = wanted[i] + 0.05;
                }
                var quality = quality(wanted, got);
                assertThat(quality.psnr()).isCloseTo(10 * Math.log10(0.81 / 0.0025), within(1e-9));
                assertThat(quality.sqnr()).isCloseTo(10 * Math.log10(2.85 / 0.025), within(1e-9));
            }
        }
    }

    /** A large number that differs is no mask: the range is 1e6, the noise 1. */
    @Test
    void largeNumbersThatDifferCount() {
        var quality = quality(new double[] {0, 1, 2, 1e6}, new double[] {0, 1, 2, 1e6 + 2});
        assertThat(quality.psnr()).isCloseTo(120, within(1e-9));
    }

    @Test
    void whatIsNowhereANumberIsNoLoss() {
        var nothing = new double[] {Double.NaN, Double.POSITIVE_INFINITY};
        assertThat(quality(nothing, nothing).psnr()).isEqualTo(Double.POSITIVE_INFINITY);
        assertThat(quality(nothing, new double[] {0, 1}).lost()).isEqualTo(2);
    }
}
