package smalti.runtime;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The place of a request that was let in before a graph's queue has it: it waits since it arrived, takes room meanwhile,
 * and is not refused any more. Thread-safe.
 */
final class Place {
    private final Room room;
    private final Demand demand;
    private final long arrival;
    private final AtomicBoolean isLeft = new AtomicBoolean();

    /**
     * @param room that was taken for it
     * @param arrival in nanoseconds of the queue's clock
     */
    Place(Room room, Demand demand, long arrival) {
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

    /** The request waits no longer; once it left, or was handed on, this does nothing. */
    void leave() {
        if (handOn()) {
            room.free(demand, demand.items());
        }
    }
}
