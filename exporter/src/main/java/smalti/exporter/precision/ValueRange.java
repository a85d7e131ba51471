package smalti.exporter.precision;

/** The least and the greatest number that a value takes, as far as it matters. */
public record ValueRange(double least, double greatest) {
    public ValueRange {
        if (!(least <= greatest) || Double.isInfinite(least) || Double.isInfinite(greatest)) {
            throw new IllegalArgumentException("a range must be finite and in order, got " + least + " to " + greatest);
        }
    }

    /** The larger of the two without its sign. */
    double magnitude() {
        return Math.max(Math.abs(least), Math.abs(greatest));
    }
}
