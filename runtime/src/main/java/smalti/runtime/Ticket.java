package smalti.runtime;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A request of some items in a {@link FairQueue}.
 *
 * @param <R> what is asked for
 */
final class Ticket<R> {
    static final long NEVER = Long.MAX_VALUE;

    private final R request;
    private final Demand demand;
    private final Priority priority;
    private final Object caller;
    private final long arrival;
    private final long deadline;
    private final @Nullable Place place;
    private final CompletableFuture<Void> result = new CompletableFuture<>();
    private long runNanos;
    private long firstDispatch = NEVER;
    private int dispatched;
    private int done;
    private boolean ended;
    private @Nullable Throwable failure;

    /**
     * @param caller whose share it counts for; empty for itself alone
     * @param arrival in nanoseconds of the queue's clock
     * @param deadline by which it must be done; {@link #NEVER}
     */
    Ticket(R request, Demand demand, Priority priority, String caller, long arrival, long deadline) {
        this(request, demand, priority, caller, arrival, deadline, null);
    }

    /** @param place that it has already; null for none */
    Ticket(
            R request,
            Demand demand,
            Priority priority,
            String caller,
            long arrival,
            long deadline,
            @Nullable Place place) {
        this.request = request;
        this.demand = demand;
        this.priority = priority;
        this.caller = caller.isEmpty() ? this : caller;
        this.arrival = arrival;
        this.deadline = deadline;
        this.place = place;
    }

    R request() {
        return request;
    }

    Demand demand() {
        return demand;
    }

    Object kind() {
        return demand.kind();
    }

    int items() {
        return demand.items();
    }

    Priority priority() {
        return priority;
    }

    Object caller() {
        return caller;
    }

    long arrival() {
        return arrival;
    }

    long deadline() {
        return deadline;
    }

    /** Whether it was let in before it came here. */
    boolean isLetIn() {
        return place != null;
    }

    /** @return whether room was taken for it already, which is its queue's from now on */
    boolean handOnPlace() {
        return place != null && place.handOn();
    }

    /** It waits for nothing. */
    void leavePlace() {
        if (place != null) {
            place.leave();
        }
    }

    /** Says that the run of its last items will take so long. */
    void willTake(long nanos) {
        runNanos = nanos;
    }

    /** After which no item of it is dispatched, as it would be done too late; {@link #NEVER}. */
    long latestDispatch() {
        return deadline == NEVER ? NEVER : deadline - runNanos;
    }

    /** Whether it should have been done before now. */
    boolean isLate(long now) {
        return deadline != NEVER && now - deadline >= 0;
    }

    /** Says what it failed with, for those who learn it later. */
    void failsWith(Throwable failure) {
        this.failure = failure;
    }

    @Nullable
    Throwable failure() {
        return failure;
    }

    /** Completed once the request has ended. */
    CompletableFuture<Void> result() {
        return result;
    }

    /** When the first item was dispatched, if one was. */
    long firstDispatch() {
        return firstDispatch;
    }

    /** Takes note of when items are dispatched. */
    void dispatched(long now) {
        firstDispatch = Math.min(firstDispatch, now);
    }

    /** Items that wait still. */
    int waiting() {
        return demand.items() - dispatched;
    }

    /** Whether nobody waits for it any more: it is complete, failed, expired or cancelled. */
    boolean isEnded() {
        return ended;
    }

    /** Takes the next items. */
    Slice<R> take(int most) {
        int count = Math.min(most, waiting());
        var slice = new Slice<>(this, dispatched, count);
        dispatched += count;
        return slice;
    }

    /** @return whether these were the last items of a request that somebody waits for */
    boolean finish(int count) {
        done += count;
        if (done == demand.items() && !ended) {
            ended = true;
            return true;
        }
        return false;
    }

    /** @return whether somebody waited for it until now */
    boolean end() {
        boolean first = !ended;
        ended = true;
        return first;
    }

    /**
     * Some items of a request.
     *
     * @param first the first of them
     */
    record Slice<R>(Ticket<R> ticket, int first, int count) {
        Slice {
            Objects.checkFromIndexSize(first, count, ticket.items());
        }
    }
}
