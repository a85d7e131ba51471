package smalti.trainer.family;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Mean and variance over many batches of one size, as if they were one: μ = E[μ_B], σ² = E[μ_B² + σ_B²] − μ².
 *
 * <p>Source: Wu and Johnson 2021, arXiv:2105.07576, section 3.1.
 */
final class PreciseStatistics {
    private final Map<String, Sums> sums = new LinkedHashMap<>();

    private static final class Sums {
        private final double[] means;
        private final double[] squares;
        private int batches;

        private Sums(int channels) {
            means = new double[channels];
            squares = new double[channels];
        }
    }

    /** Counts in one batch's mean and (biased) variance of each channel. */
    void add(String name, float[] mean, float[] variance) {
        var sum = sums.computeIfAbsent(name, absent -> new Sums(mean.length));
        sum.batches++;
        for (int c = 0; c < mean.length; c++) {
            sum.means[c] += mean[c];
            sum.squares[c] += (double) mean[c] * mean[c] + variance[c];
        }
    }

    float[] mean(String name) {
        var sum = sums(name);
        var mean = new float[sum.means.length];
        for (int c = 0; c < mean.length; c++) {
            mean[c] = (float) (sum.means[c] / sum.batches);
        }
        return mean;
    }

    float[] variance(String name) {
        var sum = sums(name);
        var variance = new float[sum.means.length];
        for (int c = 0; c < variance.length; c++) {
            double mean = sum.means[c] / sum.batches;
            variance[c] = (float) Math.max(0, sum.squares[c] / sum.batches - mean * mean);
        }
        return variance;
    }

    private Sums sums(String name) {
        return Objects.requireNonNull(sums.get(name));
    }
}
