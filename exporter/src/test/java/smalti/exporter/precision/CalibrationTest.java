package smalti.exporter.precision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ranges by mean square and by entropy, beside direct computations in float64. */
final class CalibrationTest {
    private static final int COUNT = 40_000;

    /** Normal numbers with long tails; a fifth of the positive ones alone where there are no others. */
    private static float[] numbers(boolean negative, long seed) {
        var random = new Random(seed);
        var numbers = new float[COUNT];
        for (int i = 0; i < COUNT; i++) {
            double number = random.nextGaussian() * (random.nextInt(500) == 0 ? 6 : 1);
            numbers[i] = (float) (negative ? number : Math.max(0, number));
        }
        return numbers;
    }

    private static ValueHistogram histogram(float[] numbers) {
        double least = Double.POSITIVE_INFINITY;
        double greatest = Double.NEGATIVE_INFINITY;
        for (float number : numbers) {
            least = Math.min(least, number);
            greatest = Math.max(greatest, number);
        }
        var histogram = new ValueHistogram(least, greatest);
        histogram.add(numbers);
        return histogram;
    }

    /** Of the numbers themselves, not of bins. */
    private static double meanSquare(float[] numbers, double low, double high) {
        double scale = (high - low) / 255;
        double zero = Math.rint(-low / scale);
        double sum = 0;
        for (float number : numbers) {
            double step = Math.max(0, Math.min(255, Math.rint(number / scale) + zero));
            double moved = number - (step - zero) * scale;
            sum += moved * moved;
        }
        return sum / numbers.length;
    }

    /**
     * Every pair of ends, in steps of 2% of the whole range. The search sees the middles of 2,048 bins and takes one end
     * after the other: 2% more than the least error are granted.
     */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void meanSquareIsAsGoodAsTryingEveryRange(boolean negative) {
        var numbers = numbers(negative, 3);
        var histogram = histogram(numbers);
        var whole = histogram.whole();
        var found = histogram.meanSquare();
        double least = Double.POSITIVE_INFINITY;
        for (int i = 1; i <= 50; i++) {
            for (int j = negative ? 1 : 50; j <= 50; j++) {
                least = Math.min(
                        least, meanSquare(numbers, negative ? whole.least() * j / 50 : 0, whole.greatest() * i / 50));
            }
        }
        double got = meanSquare(numbers, found.least(), found.greatest());
        assertThat(got).isLessThanOrEqualTo(1.02 * least);
        assertThat(got).isLessThan(meanSquare(numbers, Math.min(0, whole.least()), whole.greatest()));
    }

    /** The divergence written out from its definition, for every range that the method may choose. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void entropyChoosesTheLeastDivergence(boolean negative) {
        var numbers = numbers(negative, 5);
        var histogram = histogram(numbers);
        var whole = histogram.whole();
        double width = (whole.greatest() - whole.least()) / 2048;
        var bins = new double[2048];
        for (float number : numbers) {
            bins[Math.max(0, Math.min(2047, (int) ((number - whole.least()) / width)))]++;
        }
        int zero = Math.max(0, Math.min(2047, (int) (-whole.least() / width)));
        bins[zero] = 0;
        double best = Double.POSITIVE_INFINITY;
        int bestFirst = 0;
        int bestEnd = 2048;
        for (int reach = 128; reach <= Math.max(2048 - zero, zero); reach += 8) {
            int first = Math.max(0, zero - reach);
            int end = Math.min(2048, zero + reach);
            if (end - first >= 256) {
                double divergence = divergence(bins, first, end);
                if (divergence < best) {
                    best = divergence;
                    bestFirst = first;
                    bestEnd = end;
                }
            }
        }
        var found = histogram.entropy();
        assertThat(found.least()).isCloseTo(whole.least() + bestFirst * width, within(1e-9));
        assertThat(found.greatest()).isCloseTo(whole.least() + bestEnd * width, within(1e-9));
    }

    private static double divergence(double[] bins, int first, int end) {
        List<Double> p = new ArrayList<>();
        for (int i = first; i < end; i++) {
            p.add(bins[i]);
        }
        double below = Arrays.stream(bins, 0, first).sum();
        double above = Arrays.stream(bins, end, 2048).sum();
        int size = end - first;
        var q = new double[size];
        for (int i = 0; i < size; i++) {
            // the level of bin i is the one whose part of the bins it lies in
            int level = 0;
            while ((long) (level + 1) * size / 256 <= i) {
                level++;
            }
            double sum = 0;
            int filled = 0;
            for (int j = (int) ((long) level * size / 256); j < (int) ((long) (level + 1) * size / 256); j++) {
                sum += p.get(j);
                filled += p.get(j) > 0 ? 1 : 0;
            }
            q[i] = p.get(i) > 0 ? sum / filled : 0;
        }
        p.set(0, p.get(0) + below);
        p.set(size - 1, p.get(size - 1) + above);
        double ofP = p.stream().mapToDouble(Double::doubleValue).sum();
        double ofQ = Arrays.stream(q).sum();
        double divergence = 0;
        for (int i = 0; i < size; i++) {
            double share = p.get(i) / ofP;
            if (share > 0) {
                divergence += q[i] == 0 ? Double.POSITIVE_INFINITY : share * Math.log(share * ofQ / q[i]);
            }
        }
        return divergence;
    }

    @Test
    void oneNumberAloneHasARange() {
        for (float number : new float[] {0, 3, -2}) {
            var histogram = histogram(new float[] {number, number});
            for (var way : Calibration.values()) {
                var range = way.range(histogram);
                assertThat(Math.min(0, range.least())).as("%s", way).isLessThanOrEqualTo(Math.min(0, number));
                assertThat(Math.max(0, range.greatest())).as("%s", way).isGreaterThanOrEqualTo(Math.max(0, number));
            }
        }
    }
}
