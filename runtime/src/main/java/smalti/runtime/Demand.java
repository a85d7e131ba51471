package smalti.runtime;

/**
 * What a request asks of a graph.
 *
 * @param kind requests of equal kinds may share a batch; their items are alike
 * @param items how many
 * @param pixels of one item, in or out; 0 where it is no picture
 * @param bytes of one item, in and out as far as that is known
 */
record Demand(Object kind, int items, long pixels, long bytes) {
    /** Of items whose memory does not count. */
    static Demand of(Object kind, int items) {
        return new Demand(kind, items, 0, 0);
    }

    /** The same, of items that are run all together and beside no others: neither cut nor shared. */
    Demand whole() {
        return new Demand(new Whole(kind), items, pixels, bytes);
    }

    boolean isWhole() {
        return kind instanceof Whole;
    }

    /** By which costs of batches are known. */
    Object costs() {
        return kind instanceof Whole whole ? whole.kind : kind;
    }

    long allPixels() {
        return items * pixels;
    }

    long allBytes() {
        return items * bytes;
    }

    /** Of one request; equal to itself alone. */
    private static final class Whole {
        private final Object kind;

        Whole(Object kind) {
            this.kind = kind;
        }
    }
}
