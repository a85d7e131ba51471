package smalti.exporter.precision;

import java.nio.ByteBuffer;
import smalti.exporter.graph.Tensor;
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

    /** The scale and zero point whose steps cover a range and zero. */
    Steps covering(ValueRange range) {
        double low = Math.min(0, range.least());
        double high = Math.max(0, range.greatest());
        float scale = (float) ((high - low) / (greatest - least));
        if (!(scale >= Float.MIN_NORMAL)) {
            return new Steps(1, least, 0);
        }
        return new Steps(scale, nearest(Math.round(-low / scale) + least), 0);
    }

    /** The steps of a value plus a number: another zero point, and an offset for what it cannot say. */
    Steps plus(Steps steps, double number) {
        double zero = steps.zeroPoint() - (steps.offset() + number) / steps.scale();
        int whole = nearest((long) Math.rint(zero));
        return new Steps(steps.scale(), whole, (whole - zero) * steps.scale());
    }

    /** A constant in these numbers. */
    Tensor rounded(Tensor floats, Steps steps) {
        var bytes = ByteBuffer.allocate(floats.count());
        for (int i = 0; bytes.hasRemaining(); i++) {
            bytes.put((byte) nearest(Math.round(floats.number(i) / steps.scale()) + steps.zeroPoint()));
        }
        return new Tensor(element, floats.dims(), bytes.flip());
    }

    /** The step itself, or the one at the end that it lies beyond. */
    private int nearest(long step) {
        return (int) Math.max(least, Math.min(greatest, step));
    }

    /**
     * A number is {@code scale·(step − zeroPoint) + offset}.
     *
     * @param offset what no zero point can say; a layer takes it into its bias
     */
    record Steps(float scale, int zeroPoint, double offset) {
        /** Those of bytes that are numbers as they are. */
        static final Steps WHOLE = new Steps(1, 0, 0);

        Steps times(double factor) {
            return new Steps((float) (scale * factor), zeroPoint, offset * factor);
        }
    }
}
