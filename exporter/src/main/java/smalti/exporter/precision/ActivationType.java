package smalti.exporter.precision;

import smalti.exporter.graph.ValueType;

/**
 * What the numbers between layers become; weights are INT8 in both, symmetric, a scale for each output channel.
 *
 * <p>Weights take 7 of their 8 bits: x86 processors without VNNI add pairs of products in 16 bits, which saturate with
 * 8 bits and give wrong sums without a word, for both types. With 7 the sums are the same on every processor, and so is
 * what was judged.
 */
public enum ActivationType {
    /** U8S8, for x86. */
    UINT8(ValueType.UINT8, 0, 255),

    /** S8S8, for Arm. */
    INT8(ValueType.INT8, -128, 127);

    static final int GREATEST_WEIGHT = 63;

    private final ValueType element;
    private final int least;
    private final int greatest;

    ActivationType(ValueType element, int least, int greatest) {
        this.element = element;
        this.least = least;
        this.greatest = greatest;
    }

    ValueType element() {
        return element;
    }

    int least() {
        return least;
    }

    int greatest() {
        return greatest;
    }

    /** The scale and zero point whose steps cover a range and zero. */
    Steps covering(Range range) {
        double low = Math.min(0, range.least());
        double high = Math.max(0, range.greatest());
        float scale = (float) ((high - low) / (greatest - least));
        if (!(scale >= Float.MIN_NORMAL)) {
            return new Steps(1, least, 0);
        }
        long zero = Math.round(-low / scale) + least;
        return new Steps(scale, (int) Math.max(least, Math.min(greatest, zero)), 0);
    }

    /**
     * A number is {@code scale·(step − zeroPoint) + offset}.
     *
     * @param offset what no zero point can say; a layer takes it into its bias
     */
    record Steps(float scale, int zeroPoint, double offset) {}
}
