package smalti.trainer.family;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The means and variances of batch normalisations over many batches, for inference. */
final class RunningStatistics {
    private final Map<String, float[]> means = new LinkedHashMap<>();
    private final Map<String, float[]> variances = new LinkedHashMap<>();

    RunningStatistics(List<DcganLayers.Normalized> normalizations) {
        normalizations.forEach(normalized -> {
            means.put(normalized.name(), new float[normalized.channels()]);
            var ones = new float[normalized.channels()];
            java.util.Arrays.fill(ones, 1);
            variances.put(normalized.name(), ones);
        });
    }

    /** @param keep share of the old value that stays */
    void update(String name, float[] mean, float[] variance, double keep) {
        blend(mean(name), mean, keep);
        blend(variance(name), variance, keep);
    }

    private static void blend(float[] running, float[] batch, double keep) {
        for (int i = 0; i < running.length; i++) {
            running[i] = (float) (keep * running[i] + (1 - keep) * batch[i]);
        }
    }

    float[] mean(String name) {
        return java.util.Objects.requireNonNull(means.get(name));
    }

    float[] variance(String name) {
        return java.util.Objects.requireNonNull(variances.get(name));
    }

    /** The statistics by name; the arrays themselves. */
    Map<String, float[]> state() {
        var state = new LinkedHashMap<String, float[]>();
        means.forEach((name, mean) -> state.put(name + "/mean", mean));
        variances.forEach((name, variance) -> state.put(name + "/variance", variance));
        return state;
    }
}
