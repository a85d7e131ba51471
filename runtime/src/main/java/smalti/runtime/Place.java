package smalti.runtime;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The place of a request that was let in, and comes to the graph's queue later. Its timeout counts from its arrival, its
 * room is taken, and it is not refused any more. Thread-safe.
 */
final class Place {
    private final WaitingRoom room;
    private final Demand demand;
    private final long arrival;
    private final AtomicBoolean isLeft = new AtomicBoolean();

    /**
     * @param room that was taken for it
     * @param arrival in nanoseconds of the queue's clock
     */
    Place(WaitingRoom room, Demand demand, long arrival) {
        this.room = room;
        this.demand = demand;
        this.arrival = arrival;
    }

    long arrival() {
        return arrival;
    }

    /**
     * The room is the queue's to free from now on.
     *
     * @return whether it was still taken
     */
    boolean handOn() {
        return isLeft.compareAndSet(false, true);
    }

    /** Frees the room; nothing where that was done, or is the queue's to do. */
    void leave() {
        if (handOn()) {
            room.free(demand, demand.items());
        }
    }
}
