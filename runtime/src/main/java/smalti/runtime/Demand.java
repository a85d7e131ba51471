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
    /** Of items that take no memory to speak of. */
    static Demand of(Object kind, int items) {
        return new Demand(kind, items, 0, 0);
    }

    long allPixels() {
        return items * pixels;
    }

    long allBytes() {
        return items * bytes;
    }
}
