package smalti.runtime;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import smalti.runtime.Ticket.Slice;

/**
 * What waits to be run, and who is next. It has no clock, no threads and no locks of its own: whoever uses it brings
 * them.
 *
 * <p>Priorities share the items that are dispatched by their weights, and the callers of one priority share theirs
 * evenly: at both levels the one with the smallest tag is next, and pays for each item with the inverse of its weight.
 * One that was away starts again at the tag of whoever was served last, so that it neither saves up nor starves. A
 * request larger than a batch goes on after the others had their turn.
 *
 * <p>Source: start-time fair queueing, Goyal, Vin and Cheng 1996, section 2.
 *
 * @param <R> what is asked for
 */
final class FairQueue<R> {
    /** Callers that are away are forgotten when there are so many more of them than of those who wait. */
    private static final int REMEMBERED_CALLERS = 64;

    private final WaitingRoom room;
    private final Map<Priority, Level> levels = new EnumMap<>(Priority.class);
    private final PriorityQueue<Ticket<R>> deadlines =
            new PriorityQueue<>(Comparator.comparingLong(Ticket::latestDispatch));
    private double virtualTime;
    private long arrivals;
    private int waiting;

    /** @param room for what waits, here and maybe elsewhere too */
    FairQueue(WaitingRoom room) {
        this.room = room;
        for (var priority : Priority.values()) {
            levels.put(priority, new Level(priority));
        }
    }

    /** Items that wait. */
    int waiting() {
        return waiting;
    }

    boolean isEmpty() {
        return waiting == 0;
    }

    /**
     * About how many of those items that wait now would be dispatched before the last of a request.
     *
     * @param most items of a batch
     */
    long ahead(Ticket<R> ticket, int most) {
        var level = level(ticket);
        long ofLevel = level.ahead(ticket, most);
        long all = ofLevel;
        for (var other : levels.values()) {
            if (other != level) {
                long share = (ofLevel + ticket.items()) * other.priority.weight() / level.priority.weight();
                all += Math.min(other.waiting, share + most);
            }
        }
        return all;
    }

    /** @return empty where there was room for it, or it has its place already */
    Optional<WaitingRoom.Full> offer(Ticket<R> ticket) {
        if (!ticket.handOnPlace()) {
            var full = room.take(ticket.demand());
            if (full.isPresent()) {
                return full;
            }
        }
        waiting += ticket.items();
        level(ticket).add(ticket);
        if (ticket.deadline() != Ticket.NEVER) {
            deadlines.add(ticket);
        }
        return Optional.empty();
    }

    /** The request that the next batch begins with; null where nothing waits. */
    @Nullable
    Demand next() {
        Level first = null;
        for (var level : levels.values()) {
            if (!level.flows.isEmpty() && (first == null || level.tag < first.tag)) {
                first = level;
            }
        }
        return first == null ? null : first.flows.first().first().demand();
    }

    /**
     * Takes a batch out.
     *
     * @param kind of all its items
     * @param most items
     * @return in the order in which they were served; empty where nothing of that kind waits
     */
    List<Slice<R>> take(Object kind, int most) {
        var batch = new ArrayList<Slice<R>>();
        int room = most;
        while (room > 0) {
            var slice = takeOne(kind, room);
            if (slice == null) {
                break;
            }
            room -= slice.count();
            batch.add(slice);
        }
        return batch;
    }

    /** Takes out those for which it is too late to be dispatched, and ends them. */
    List<Ticket<R>> expire(long now) {
        var expired = new ArrayList<Ticket<R>>();
        while (true) {
            var first = deadlines.peek();
            if (first == null || (!isGone(first) && first.latestDispatch() - now > 0)) {
                return expired;
            }
            deadlines.remove();
            if (!isGone(first)) {
                withdraw(first);
                first.end();
                expired.add(first);
            }
        }
    }

    /** When {@link #expire} will next find something; {@link Ticket#NEVER}. */
    long nextDeadline() {
        while (!deadlines.isEmpty() && isGone(deadlines.element())) {
            deadlines.remove();
        }
        return deadlines.isEmpty() ? Ticket.NEVER : deadlines.element().latestDispatch();
    }

    /** Takes out what waits of a request; what was dispatched is none of this. */
    void withdraw(Ticket<R> ticket) {
        if (level(ticket).remove(ticket)) {
            gone(ticket.demand(), ticket.waiting());
        }
    }

    private void gone(Demand demand, int items) {
        waiting -= items;
        room.free(demand, items);
    }

    /** Takes out everything. */
    List<Ticket<R>> clear() {
        var all = new ArrayList<Ticket<R>>();
        for (var level : levels.values()) {
            level.flows.forEach(flow -> all.addAll(flow.tickets));
        }
        all.forEach(this::withdraw);
        return all;
    }

    private static boolean isGone(Ticket<?> ticket) {
        return ticket.isEnded() || ticket.waiting() == 0;
    }

    private Level level(Ticket<R> ticket) {
        return Objects.requireNonNull(levels.get(ticket.priority()));
    }

    /** The next items of a kind; null where there are none. */
    private @Nullable Slice<R> takeOne(Object kind, int most) {
        Level first = null;
        Flow next = null;
        for (var level : levels.values()) {
            var flow = first == null || level.tag < first.tag ? level.next(kind) : null;
            if (flow != null) {
                first = level;
                next = flow;
            }
        }
        if (first == null || next == null) {
            return null;
        }
        virtualTime = Math.max(virtualTime, first.tag);
        var slice = first.serve(next, most);
        gone(slice.ticket().demand(), slice.count());
        return slice;
    }

    /** The requests of one priority. */
    private final class Level {
        private final Priority priority;
        private final Map<Object, Flow> callers = new HashMap<>();
        /** Those with requests, the next one first. */
        private final NavigableSet<Flow> flows =
                new TreeSet<>(Comparator.<Flow>comparingDouble(flow -> flow.tag).thenComparing(flow -> flow.arrival));

        private double tag;
        private double served;
        private int waiting;

        Level(Priority priority) {
            this.priority = priority;
        }

        /** Callers take turns: those with many requests do not hold up one with few for longer than a batch each. */
        long ahead(Ticket<R> ticket, int most) {
            var flow = callers.get(ticket.caller());
            long ofCaller = ticket.items() + (flow == null ? 0L : flow.waiting);
            return Math.min(waiting, (ofCaller + most) * flows.size());
        }

        void add(Ticket<R> ticket) {
            waiting += ticket.waiting();
            if (flows.isEmpty()) {
                tag = Math.max(tag, virtualTime);
            }
            var flow = callers.computeIfAbsent(ticket.caller(), caller -> new Flow());
            flow.waiting += ticket.waiting();
            if (flow.tickets.isEmpty()) {
                flow.tag = Math.max(flow.tag, served);
                flow.arrival = arrivals++;
                flow.tickets.add(ticket);
                flows.add(flow);
            } else {
                flow.tickets.add(ticket);
            }
        }

        /** Whose request of a kind is next; null where there is none. */
        @Nullable
        Flow next(Object kind) {
            for (var flow : flows) {
                if (flow.first().kind().equals(kind)) {
                    return flow;
                }
            }
            return null;
        }

        Slice<R> serve(Flow flow, int most) {
            flows.remove(flow);
            served = Math.max(served, flow.tag);
            var ticket = flow.first();
            var slice = ticket.take(most);
            waiting -= slice.count();
            flow.waiting -= slice.count();
            tag += (double) slice.count() / priority.weight();
            flow.tag += slice.count();
            if (ticket.waiting() == 0) {
                flow.tickets.remove();
            }
            settle(ticket.caller(), flow);
            return slice;
        }

        boolean remove(Ticket<R> ticket) {
            var flow = callers.get(ticket.caller());
            if (flow == null || !flow.tickets.contains(ticket)) {
                return false;
            }
            flows.remove(flow);
            flow.tickets.remove(ticket);
            waiting -= ticket.waiting();
            flow.waiting -= ticket.waiting();
            settle(ticket.caller(), flow);
            return true;
        }

        /** Puts a flow back in its new place, or away. */
        private void settle(Object caller, Flow flow) {
            if (!flow.tickets.isEmpty()) {
                flows.add(flow);
            } else if (caller instanceof Ticket) {
                callers.remove(caller);
            } else if (callers.size() > 2 * flows.size() + REMEMBERED_CALLERS) {
                callers.values().removeIf(other -> other.tickets.isEmpty() && other.tag <= served);
            }
        }
    }

    /** The requests of one caller, in the order in which they came. */
    private final class Flow {
        private final Deque<Ticket<R>> tickets = new ArrayDeque<>();
        private double tag;
        private long arrival;
        private int waiting;

        Ticket<R> first() {
            return tickets.element();
        }
    }
}
