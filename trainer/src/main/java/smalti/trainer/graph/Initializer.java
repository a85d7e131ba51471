package smalti.trainer.graph;

import java.util.Arrays;
import smalti.spec.CounterRandom;

/** What a parameter holds before the first step. */
@FunctionalInterface
public interface Initializer {
    /**
     * @param index keeps the parameters of one model apart
     * @return {@code length} values that depend on (random, index) alone
     */
    float[] values(int length, CounterRandom random, long index);

    static Initializer constant(float value) {
        return (length, random, index) -> {
            var values = new float[length];
            Arrays.fill(values, value);
            return values;
        };
    }

    /** The given values; as many as the parameter has. */
    static Initializer values(float... given) {
        return (length, random, index) -> {
            if (given.length != length) {
                throw new IllegalArgumentException("must be " + length + " values, got " + given.length);
            }
            return given.clone();
        };
    }

    static Initializer normal(double mean, double deviation) {
        return (length, random, index) -> {
            var values = new float[length];
            random.normals(index, values, 0, length);
            for (int i = 0; i < length; i++) {
                values[i] = (float) (mean + deviation * values[i]);
            }
            return values;
        };
    }

    static Initializer uniform(double limit) {
        return (length, random, index) -> {
            var values = new float[length];
            for (int i = 0; i < length; i++) {
                values[i] = (float) (limit * (2 * random.uniform(index, i) - 1));
            }
            return values;
        };
    }

    /**
     * A normal distribution of deviation 1/√fanIn, of which what lies beyond two deviations is drawn again: Sonnet's
     * default for convolutions.
     */
    static Initializer truncatedNormal(long fanIn) {
        return (length, random, index) -> {
            var kept = new float[length];
            // 4.55% of the draws are beyond two deviations; a quarter more than needed is always enough but for tiny
            // arrays, which get 64 more
            for (int draws = length + length / 4 + 64; ; draws *= 2) {
                var drawn = new float[draws];
                random.normals(index, drawn, 0, draws);
                int count = 0;
                for (int i = 0; i < draws && count < length; i++) {
                    if (Math.abs(drawn[i]) <= 2) {
                        kept[count++] = (float) (drawn[i] / Math.sqrt((double) fanIn));
                    }
                }
                if (count == length) {
                    return kept;
                }
            }
        };
    }
}
