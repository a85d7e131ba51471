package smalti.exporter.precision;

import java.util.List;
import java.util.Map;
import java.util.Set;
import smalti.exporter.graph.Model;
import smalti.exporter.proof.ModelSession.Item;

/** How the ranges of a model's values follow from what they were on samples. */
public enum Calibration {
    /** The least and the greatest number of all. */
    MIN_MAX,

    /** The mean over the batches of each batch's least and greatest number. */
    AVERAGED,

    /**
     * The part of the numbers that remains without the outermost 0.001% on either side, from a histogram of 2,048 bins.
     */
    PERCENTILE,

    /** The range of the smallest Kullback-Leibler divergence between the numbers and their steps, from the same histogram. */
    ENTROPY,

    /** The range whose steps lie closest to the numbers in mean square, from the same histogram. */
    MEAN_SQUARE;

    /** As a user says it. */
    public String text() {
        return switch (this) {
            case MIN_MAX -> "minmax";
            case AVERAGED -> "averaged";
            case PERCENTILE -> "percentile";
            case ENTROPY -> "entropy";
            case MEAN_SQUARE -> "mse";
        };
    }

    boolean needsHistograms() {
        return this != MIN_MAX && this != AVERAGED;
    }

    /** By one of the ways that need histograms. */
    ValueRange range(ValueHistogram histogram) {
        return switch (this) {
            case MIN_MAX, AVERAGED -> histogram.whole();
            case PERCENTILE -> histogram.percentile();
            case ENTROPY -> histogram.entropy();
            case MEAN_SQUARE -> histogram.meanSquare();
        };
    }

    /**
     * @param values names of float32 values
     * @param batches the inputs of each run
     * @return a range for each value that took finite numbers alone, and any
     */
    Map<String, ValueRange> ranges(Model model, Set<String> values, List<Map<String, Item>> batches) {
        return Observations.of(
                        model,
                        values,
                        Map.of(),
                        Set.of(this),
                        batches,
                        model.graph().name())
                .ranges(this);
    }
}
