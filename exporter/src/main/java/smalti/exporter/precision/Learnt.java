package smalti.exporter.precision;

import java.util.Map;

/**
 * What samples tell about the numbers inside a model.
 *
 * @param ranges of {@link QuantizationPlan#watched} values; a layer without is left in float
 * @param means of the channels of the layers' inputs in FP32, by value; without, no bias makes up for rounded weights
 * @param met means of the channels of the layers' inputs as INT8 layers before them make them, by layer; without, those in
 *     FP32 stand for them
 */
record Learnt(Map<String, ValueRange> ranges, Map<String, double[]> means, Map<String, double[]> met) {
    Learnt {
        ranges = Map.copyOf(ranges);
        means = Map.copyOf(means);
        met = Map.copyOf(met);
    }

    /** Ranges alone. */
    static Learnt of(Map<String, ValueRange> ranges) {
        return new Learnt(ranges, Map.of(), Map.of());
    }

    Learnt withMet(Map<String, double[]> others) {
        return new Learnt(ranges, means, others);
    }
}
