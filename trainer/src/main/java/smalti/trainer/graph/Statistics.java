package smalti.trainer.graph;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The means and variances of batch normalisations over many batches, by the names of their layers: what inference
 * normalises by. Graphs built over the same Statistics share the arrays.
 */
public final class Statistics {
    private final Map<String, OfChannels> byLayer = new LinkedHashMap<>();

    /** One layer's, each [channels]; the arrays themselves. */
    public record OfChannels(float[] mean, float[] variance) {}

    /** Of a layer; mean 0 and variance 1 before the first batch. */
    public OfChannels of(String layer, int channels) {
        return byLayer.computeIfAbsent(layer, absent -> {
            var ones = new float[channels];
            java.util.Arrays.fill(ones, 1);
            return new OfChannels(new float[channels], ones);
        });
    }

    /**
     * Follows one batch.
     *
     * @param keep share of the old value that stays
     */
    void follow(String layer, float[] mean, float[] variance, double keep) {
        var running = of(layer, mean.length);
        blend(running.mean(), mean, keep);
        blend(running.variance(), variance, keep);
    }

    private static void blend(float[] running, float[] batch, double keep) {
        for (int i = 0; i < running.length; i++) {
            running[i] = (float) (keep * running[i] + (1 - keep) * batch[i]);
        }
    }

    /**
     * Those of many batches of one size, as if they were one: μ = E[μ_B], σ² = E[μ_B² + σ_B²] − μ².
     *
     * <p>Source: Wu and Johnson 2021, arXiv:2105.07576, section 3.1 ("precise" statistics).
     *
     * @param batches with (biased) variances
     */
    static OfChannels precise(List<OfChannels> batches) {
        int channels = batches.get(0).mean().length;
        var means = new float[channels];
        var variances = new float[channels];
        for (int c = 0; c < channels; c++) {
            double sum = 0;
            double squares = 0;
            for (var batch : batches) {
                sum += batch.mean()[c];
                squares += (double) batch.mean()[c] * batch.mean()[c] + batch.variance()[c];
            }
            double mean = sum / batches.size();
            means[c] = (float) mean;
            variances[c] = (float) Math.max(0, squares / batches.size() - mean * mean);
        }
        return new OfChannels(means, variances);
    }

    void set(String layer, OfChannels values) {
        byLayer.put(layer, values);
    }

    /** The statistics by name; the arrays themselves. */
    public Map<String, float[]> state() {
        var state = new LinkedHashMap<String, float[]>();
        byLayer.forEach((layer, values) -> {
            state.put(layer + "/mean", values.mean());
            state.put(layer + "/variance", values.variance());
        });
        return state;
    }
}
