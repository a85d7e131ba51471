package smalti.runtime;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import smalti.spec.Check;

/**
 * The codes of pictures of one size, row by row. They mean something only to the codebook that they were made with, so
 * they carry its fingerprint. Immutable; equal codes with equal fingerprints are equal.
 */
public final class Codes {
    private final int count;
    private final int height;
    private final int width;
    /** As a tensor holds them: int64 in the machine's byte order, from 0 to its capacity. */
    private final ByteBuffer data;

    private final String fingerprint;

    /**
     * @param values [count, height, width]; copied
     * @param fingerprint of the bundle that made them, that of {@link smalti.spec.bundle.Contract.Codebook}
     */
    public Codes(int count, int height, int width, long[] values, String fingerprint) {
        Objects.requireNonNull(values, "values");
        Objects.requireNonNull(fingerprint, "fingerprint");
        Check.that(count >= 1, "count must be at least 1, got %s", count)
                .and(height >= 1 && width >= 1, "height and width must be at least 1, got %sx%s", height, width)
                .done(InputException::new);
        Check.that(
                        (long) height * width <= values.length && (long) height * width * count == values.length,
                        "values must be one for each place of [%s,%s,%s], got %s",
                        count,
                        height,
                        width,
                        values.length)
                .done(InputException::new);
        this.count = count;
        this.height = height;
        this.width = width;
        this.data = ByteBuffer.allocate(Math.multiplyExact(values.length, Long.BYTES))
                .order(ByteOrder.nativeOrder());
        this.data.asLongBuffer().put(values);
        this.fingerprint = fingerprint;
    }

    /** How many pictures. */
    public int count() {
        return count;
    }

    /** Rows of codes of a picture. */
    public int height() {
        return height;
    }

    /** Codes in a row. */
    public int width() {
        return width;
    }

    /** SHA-256 of the codebook that these codes belong to. */
    public String fingerprint() {
        return fingerprint;
    }

    /** A copy of the codes [count, height, width]. */
    public long[] values() {
        var values = new long[size()];
        data.asLongBuffer().get(values);
        return values;
    }

    public long at(int picture, int row, int column) {
        Objects.checkIndex(picture, count);
        Objects.checkIndex(row, height);
        Objects.checkIndex(column, width);
        return at((picture * height + row) * width + column);
    }

    /** Some of the pictures' codes. */
    public Codes range(int first, int count) {
        Check.that(
                        first >= 0 && count >= 1 && first <= this.count - count,
                        "first and count must be a range of %s pictures, got %s and %s",
                        this.count,
                        first,
                        count)
                .done(InputException::new);
        int picture = height * width;
        var part = new long[count * picture];
        data.asLongBuffer().get(first * picture, part);
        return new Codes(count, height, width, part, fingerprint);
    }

    long[] shape() {
        return new long[] {count, height, width};
    }

    /** How many codes all pictures have. */
    int size() {
        return data.capacity() / Long.BYTES;
    }

    /** The code of a place, picture by picture and row by row. */
    long at(int place) {
        return data.getLong(place * Long.BYTES);
    }

    /** The codes as a tensor holds them, to be read alone; not copied. */
    ByteBuffer data() {
        return data.asReadOnlyBuffer();
    }

    /** The inverse of {@link #data}. */
    static Codes of(HostTensor tensor, String fingerprint) {
        var shape = tensor.shape();
        var values = new long[tensor.data().remaining() / Long.BYTES];
        tensor.data().asLongBuffer().get(values);
        return new Codes((int) shape[0], (int) shape[1], (int) shape[2], values, fingerprint);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Codes that
                && count == that.count
                && height == that.height
                && width == that.width
                && fingerprint.equals(that.fingerprint)
                && data.equals(that.data);
    }

    @Override
    public int hashCode() {
        return 31 * fingerprint.hashCode() + data.hashCode();
    }

    @Override
    public String toString() {
        return "Codes[" + count + "," + height + "," + width + "] of "
                + fingerprint.substring(0, Math.min(8, fingerprint.length()));
    }
}
