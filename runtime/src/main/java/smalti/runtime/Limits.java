package smalti.runtime;

import smalti.spec.Check;

/**
 * How much may be asked for, run and waiting at once, in items and in the memory that they take.
 *
 * @param maxBatch most items in a run
 * @param maxWaiting most items that wait
 * @param maxPixels of a request, and of a run of several items; {@link #WAITING} times as many wait
 * @param maxBytes of a request, and of a run of several items, in and out; {@link #WAITING} times as many wait
 */
record Limits(int maxBatch, int maxWaiting, long maxPixels, long maxBytes) {
    /** How many of the largest requests may wait. */
    static final int WAITING = 8;

    static Limits of(RuntimeOptions options) {
        return new Limits(options.maxBatch(), options.maxWaiting(), options.maxPixels(), options.maxRequestBytes());
    }

    /** Of any size. */
    static Limits of(int maxBatch, int maxWaiting) {
        return new Limits(maxBatch, maxWaiting, Long.MAX_VALUE, Long.MAX_VALUE);
    }

    /**
     * @param place the graph, for errors
     * @throws InputException if a single request is too large, whatever waits
     */
    void check(String place, Demand demand) {
        Check.that(
                        demand.allPixels() <= maxPixels,
                        "%s: a request must have at most %s pixels, got %s (%s of %s); ask for fewer at once, or raise"
                                + " RuntimeOptions.withMaxPixels",
                        place,
                        maxPixels,
                        demand.allPixels(),
                        demand.items(),
                        demand.pixels())
                .and(
                        demand.allBytes() <= maxBytes,
                        "%s: a request must have at most %s bytes in and out, got %s (%s of %s); ask for fewer at once,"
                                + " or raise RuntimeOptions.withMaxRequestBytes",
                        place,
                        maxBytes,
                        demand.allBytes(),
                        demand.items(),
                        demand.bytes())
                .done(InputException::new);
    }

    /** Most items in a run: several together are bounded as one request is. */
    int batch(Demand demand) {
        return (int) Math.max(1, Math.min(maxBatch, request(demand)));
    }

    /** Most items of such a request; at least one. */
    long request(Demand demand) {
        return Math.max(1, Math.min(maxPixels / Math.max(1, demand.pixels()), maxBytes / Math.max(1, demand.bytes())));
    }

    long maxWaitingPixels() {
        return maxPixels > Long.MAX_VALUE / WAITING ? Long.MAX_VALUE : maxPixels * WAITING;
    }

    long maxWaitingBytes() {
        return maxBytes > Long.MAX_VALUE / WAITING ? Long.MAX_VALUE : maxBytes * WAITING;
    }
}
