package smalti.exporter.precision;

import java.util.List;
import java.util.Map;
import java.util.Set;
import smalti.exporter.graph.Model;
import smalti.exporter.proof.ModelSession.Item;

/** How the ranges of a model's values follow from what they were on samples. */
public enum Calibration {
    /** The mean over the batches of each batch's least and greatest number. */
    MIN_MAX,

    /** The least and the greatest number of all. */
    EXTREMES,

    /**
     * The part of the numbers that remains without the outermost 0.001% on either side, from a histogram of 2,048 bins.
     */
    PERCENTILE;

    /**
     * @param values names of float32 values
     * @param batches the inputs of each run
     * @return a range for each value that took finite numbers alone, and any
     */
    Map<String, Range> ranges(Model model, Set<String> values, List<Map<String, Item>> batches) {
        return Observations.of(model, values, Map.of(), Set.of(this), batches).ranges(this);
    }
}
