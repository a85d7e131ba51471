package smalti.runtime;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import smalti.runtime.Ticket.Slice;

/**
 * Who may wait, and about how long: what waits, how fast it goes, and what batches cost. Whoever uses it brings the clock
 * and the lock.
 *
 * @param <R> what is asked for
 */
final class Admission<R> {
    /** What waits may take so much longer than what was run last. */
    private static final double SLOWER = 0.15;

    /** By how many standard errors of what is expected more than that. */
    private static final double SURE = 2.3;

    private final String name;
    private final Limits limits;
    private final int lanes;
    private final WaitingRoom room;
    private final FairQueue<R> queue;
    private final BatchCosts costs;
    private final Pace pace = new Pace();

    /**
     * @param name of the graph, for errors
     * @param lanes how many batches run at once, at most
     */
    Admission(String name, Limits limits, int lanes) {
        this.name = name;
        this.limits = limits;
        this.lanes = lanes;
        this.room = new WaitingRoom(limits);
        this.queue = new FairQueue<>(room);
        this.costs = new BatchCosts(limits.maxBatch());
    }

    /** What batches cost; thread-safe. */
    BatchCosts costs() {
        return costs;
    }

    /** For what waits; thread-safe. */
    WaitingRoom room() {
        return room;
    }

    /** What waits. */
    FairQueue<R> queue() {
        return queue;
    }

    /** Most items of a batch, as they are worth it and as they may share one. */
    int cap(Demand demand) {
        return demand.isWhole() ? demand.items() : Math.min(costs.cap(demand.costs()), limits.batch(demand));
    }

    /**
     * Lets a request wait, or refuses it.
     *
     * @param isRunning whether something is run
     * @param age nanoseconds that the oldest run takes already
     * @return null where it was let in
     */
    @Nullable
    QueueFullException offer(Ticket<R> ticket, boolean isRunning, long age) {
        if (queue.isEmpty()) {
            pace.rested();
        }
        // who was let in already is served, or expires
        if (isTooLate(ticket, isRunning) && !ticket.isLetIn()) {
            int waiting = room.waiting();
            long timeout = ticket.deadline() - ticket.arrival();
            long until = nanosUntilDone(ticket);
            return QueueFullException.late(
                    name,
                    ticket.items(),
                    waiting,
                    Duration.ofNanos(timeout),
                    Duration.ofNanos(until),
                    Duration.ofNanos(Math.min(
                            Math.round((double) until - timeout + longRun(ticket.demand())),
                            nanosUntilGone(waiting, age))));
        }
        var full = queue.offer(ticket);
        return full.isPresent() ? refusal(full.get(), age) : null;
    }

    /** Takes room for a request that comes later, or refuses it, as {@link #offer}. */
    @Nullable
    QueueFullException take(Demand demand, long age) {
        var full = room.take(demand);
        return full.isPresent() ? refusal(full.get(), age) : null;
    }

    private QueueFullException refusal(WaitingRoom.Full full, long age) {
        long queued = Math.min(queue.waiting(), full.inTheWay());
        // that is seldom known item by item
        long elsewhere = full.inTheWay() > queued ? room.nanosElsewhere() : 0;
        double ofOne = nanosOfOne();
        long takes = ofOne == 0 ? 0 : pace.estimate(queue.waiting(), ofOne);
        return QueueFullException.full(
                name,
                full.reason(),
                full.waiting(),
                Duration.ofNanos(sum(takes, elsewhere)),
                Duration.ofNanos(sum(nanosUntilGone(queued, age), elsewhere)));
    }

    /** At most what there are numbers for. */
    private static long sum(long one, long other) {
        return one > Long.MAX_VALUE - other ? Long.MAX_VALUE : one + other;
    }

    /** The next batch, in the order in which it was served; empty where nothing waits. */
    List<Slice<R>> next(long now) {
        var demand = queue.next();
        if (demand == null) {
            return List.of();
        }
        var batch = queue.take(demand.kind(), cap(demand));
        int items = 0;
        for (var slice : batch) {
            slice.ticket().dispatched(now);
            items += slice.count();
        }
        pace.dispatched(now, items, !queue.isEmpty());
        return batch;
    }

    /** Whether a request would not be done in time. Where nothing waits each is tried: what was learnt may be wrong. */
    private boolean isTooLate(Ticket<R> ticket, boolean isRunning) {
        if (ticket.deadline() == Ticket.NEVER || (queue.isEmpty() && !isRunning)) {
            return false;
        }
        long timeout = ticket.deadline() - ticket.arrival();
        long run = costs.run(ticket.demand().costs(), Math.min(ticket.items(), cap(ticket.demand())));
        if (queue.isEmpty()) {
            ticket.willTake(Math.min(run, timeout / 2));
            return false;
        }
        ticket.willTake(Math.round(run * (1 + costs.deviation(ticket.demand().costs()))));
        return nanosUntilDone(ticket) > timeout;
    }

    /** With something to spare: who is let in must be served. */
    private long nanosUntilDone(Ticket<R> ticket) {
        int cap = cap(ticket.demand());
        long items = queue.ahead(ticket, cap) + ticket.items();
        double ofOne = (double) costs.estimate(ticket.demand().costs(), 1) / lanes;
        double waits = pace.estimate(items, ofOne) * spare(ticket.demand().costs(), (double) items / cap);
        return Math.round(waits + 2.0 * costs.run(ticket.demand().costs(), (int) Math.min(items, cap)));
    }

    /** @param runs that follow one another */
    private double spare(Object kind, double runs) {
        double deviation = costs.deviation(kind) * Math.sqrt(1 / runs + 1.0 / Pace.BATCHES);
        return 1 + Math.max(SLOWER, SURE * deviation);
    }

    /** Until so many of the items that wait were dispatched, with something to spare. */
    private long nanosUntilGone(long items, long age) {
        var next = queue.next();
        if (next == null) {
            return 0;
        }
        int cap = cap(next);
        double ofOne = nanosOfOne();
        if (ofOne == 0) {
            // nothing is known but for how long the first ones are run
            return Math.round(age * (1.0 + Math.floorDiv(items, Math.max(1, (long) cap * lanes))));
        }
        // they go when a run ends, one after the other
        double waits = pace.estimate(items, ofOne) * spare(next.costs(), Math.max(1, (double) items / cap));
        return Math.round(waits + longRun(next));
    }

    /** Until a run of such items ends, also where it takes long. */
    private long longRun(Demand demand) {
        long run = costs.run(demand.costs(), Math.min(Math.max(1, queue.waiting()), cap(demand)));
        return Math.round(run * (1 + SURE * costs.deviation(demand.costs())));
    }

    /** Of what is next; 0 where nothing is known. */
    private double nanosOfOne() {
        var next = queue.next();
        return next == null ? 0 : (double) costs.estimate(next.costs(), 1) / lanes;
    }
}
