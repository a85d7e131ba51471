package smalti.exporter.cost;

/**
 * A sum of which parts may be unknown.
 *
 * @param known the sum of those parts that are known
 * @param unknown how many are not; the true sum is {@code known} only where this is 0, and at least {@code known}
 *     otherwise
 */
public record Total(long known, long unknown) {
    static final Total NONE = new Total(0, 0);

    public boolean isWhole() {
        return unknown == 0;
    }

    Total plus(long part) {
        return plus(new Total(part, 0));
    }

    Total plusUnknown() {
        return plus(new Total(0, 1));
    }

    Total plus(Total other) {
        long sum = known + other.known;
        // beyond 63 bits: the part is as good as unknown
        return sum < 0
                ? new Total(Math.max(known, other.known), unknown + other.unknown + 1)
                : new Total(sum, unknown + other.unknown);
    }

    Total times(long turns) {
        return turns == 0
                ? NONE
                : known > Long.MAX_VALUE / turns ? new Total(known, unknown + 1) : new Total(known * turns, unknown);
    }

    /** The greater of two: what is unknown in either stays unknown. */
    Total or(Total other) {
        return new Total(Math.max(known, other.known), Math.max(unknown, other.unknown));
    }
}
