package smalti.runtime;

import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * How much waits for a graph, in items and in the memory that they take, and how much may. It counts for all queues of the
 * graph together. Thread-safe.
 */
final class WaitingRoom {
    private final Limits limits;
    private int waiting;
    private long pixels;
    private long bytes;
    private volatile LongSupplier elsewhere = () -> 0;

    /** @param limits of what waits; a larger request is taken only where nothing waits */
    WaitingRoom(Limits limits) {
        this.limits = limits;
    }

    /** Items that wait. */
    synchronized int waiting() {
        return waiting;
    }

    /**
     * Why there is no room for a request.
     *
     * @param reason for people
     * @param waiting items
     * @param inTheWay how many of them have to go before there is room
     */
    record Full(String reason, int waiting, long inTheWay) {}

    /** @return empty where there was room for all items of a request, which wait from now on */
    synchronized Optional<Full> take(Demand demand) {
        long inTheWay = inTheWay(demand);
        if (inTheWay > 0) {
            return Optional.of(new Full(full(demand), waiting, inTheWay));
        }
        add(demand, demand.items());
        return Optional.empty();
    }

    /** @param nanos until what takes room elsewhere than in the graph's queue is gone; takes no lock */
    void sharedWith(LongSupplier nanos) {
        elsewhere = nanos;
    }

    /** Until what takes room elsewhere than in the graph's queue is gone. */
    long nanosElsewhere() {
        return elsewhere.getAsLong();
    }

    /** Some items of a request wait no longer. */
    synchronized void free(Demand demand, int items) {
        add(demand, -items);
    }

    /** How many of the items that wait have to go before there is room for a request; 0 where there is. */
    private long inTheWay(Demand demand) {
        if (waiting == 0) {
            return 0;
        }
        long items = (long) waiting + demand.items() - limits.maxWaiting();
        long most = Math.max(
                inTheWay(pixels, demand.allPixels(), limits.maxWaitingPixels()),
                inTheWay(bytes, demand.allBytes(), limits.maxWaitingBytes()));
        return Math.min(waiting, Math.max(0, Math.max(items, most)));
    }

    /** What there is no room for. */
    private String full(Demand demand) {
        if ((long) waiting + demand.items() > limits.maxWaiting()) {
            return demand.items() + " more cannot wait where " + waiting + " of at most " + limits.maxWaiting()
                    + " wait already";
        } else if (pixels + demand.allPixels() > limits.maxWaitingPixels()) {
            return demand.items() + " more of " + demand.pixels() + " pixels cannot wait where " + pixels
                    + " pixels of at most " + limits.maxWaitingPixels() + " wait already, " + Limits.WAITING
                    + " times RuntimeOptions.maxPixels";
        }
        return demand.items() + " more of " + demand.bytes() + " bytes cannot wait where " + bytes
                + " bytes of at most " + limits.maxWaitingBytes() + " wait already, " + Limits.WAITING
                + " times RuntimeOptions.maxRequestBytes";
    }

    /** Why one more item like those that wait would not be let in; empty where it would. */
    synchronized Optional<String> refusal() {
        if (waiting == 0) {
            return Optional.empty();
        }
        var oneMore = new Demand("one more", 1, perItem(pixels), perItem(bytes));
        return inTheWay(oneMore) > 0 ? Optional.of(full(oneMore)) : Optional.empty();
    }

    private long perItem(long all) {
        return all / waiting + (all % waiting > 0 ? 1 : 0);
    }

    private long inTheWay(long taken, long wanted, long bound) {
        long over = taken + wanted - bound;
        return over <= 0 ? 0 : (long) Math.ceil((double) over * waiting / Math.max(1, taken));
    }

    private void add(Demand demand, int items) {
        waiting += items;
        pixels += items * demand.pixels();
        bytes += items * demand.bytes();
    }
}
