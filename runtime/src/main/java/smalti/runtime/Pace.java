package smalti.runtime;

/**
 * How fast items leave the queue while it is never empty, as its last batches tell: with all that bears on it, such as
 * how many batches run at once, and other models on the same threads.
 *
 * <p>Whoever uses it brings the clock and the lock.
 */
final class Pace {
    /** How many batches it tells of, or so. */
    static final int BATCHES = 50;

    /** Weight of all batches before against that of the newest. */
    private static final double FORMER = 1 - 1.0 / BATCHES;

    /** For how many items what is expected counts, beside those that were seen. */
    private static final int EXPECTED = 8;

    private double nanos;
    private double items;
    private long last;
    private boolean isBusy;

    /**
     * Takes note of a batch.
     *
     * @param now in nanoseconds
     * @param more whether others wait still
     */
    void dispatched(long now, int count, boolean more) {
        if (isBusy) {
            nanos = FORMER * nanos + (now - last);
            items = FORMER * items + count;
        }
        last = now;
        isBusy = more;
    }

    /** The queue was empty: what is new there may go faster than what was. */
    void rested() {
        isBusy = false;
        nanos = 0;
        items = 0;
    }

    /**
     * Nanoseconds that so many items take to leave the queue.
     *
     * @param expected nanoseconds of an item, where none was seen
     */
    long estimate(long count, double expected) {
        return Math.round(count * (nanos + EXPECTED * expected) / (items + EXPECTED));
    }
}
