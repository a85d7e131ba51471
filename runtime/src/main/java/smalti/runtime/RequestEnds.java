package smalti.runtime;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import smalti.runtime.BatchListener.Outcome;
import smalti.runtime.Ticket.Slice;
import smalti.spec.SmaltiException;

/**
 * Ends requests: tells the listener, and then whoever waits. A request that fails while a run still reads or writes its
 * memory is told of after that run.
 *
 * @param <R> what is asked for
 */
final class RequestEnds<R> {
    private final String name;
    private final OpenRequests<R> requests;
    private final BatchListener listener;
    private final Ticker ticker;

    /** @param name of the graph, for errors */
    RequestEnds(String name, OpenRequests<R> requests, BatchListener listener, Ticker ticker) {
        this.name = name;
        this.requests = requests;
        this.listener = listener;
        this.ticker = ticker;
    }

    /** Some items were run; the last of them complete the request. */
    void completed(Slice<R> slice) {
        if (requests.complete(slice)) {
            var ticket = slice.ticket();
            long now = ticker.nanos();
            listener.request(
                    Outcome.COMPLETED,
                    ticket.items(),
                    ticket.firstDispatch() - ticket.arrival(),
                    now - ticket.arrival());
            ticket.result().complete(null);
        }
    }

    /** The run of a request failed. */
    void failed(Ticket<R> ticket, Throwable failure) {
        if (requests.end(ticket)) {
            tell(ticket, Outcome.FAILED, RunException.of(name, failure));
        }
    }

    /** Nobody waits for a request any more; nothing where it has ended. */
    void cancel(Ticket<R> ticket) {
        if (requests.end(ticket)) {
            tell(ticket, Outcome.CANCELLED, new CancellationException(name + ": the request was cancelled"));
        }
    }

    /** Ends those that cannot be done in time any more. */
    void expire() {
        long now = ticker.nanos();
        for (var ticket : requests.expire(now)) {
            var waited = Duration.ofNanos(now - ticket.arrival());
            var timeout = Duration.ofNanos(ticket.deadline() - ticket.arrival());
            tell(ticket, Outcome.EXPIRED, new DeadlineException(name, waited, timeout));
        }
    }

    /** Ends all of them: the graph is closed. */
    void abandon() {
        requests.abandon().forEach(ticket -> tell(ticket, Outcome.FAILED, requests.closed()));
    }

    /** A run is over, and the memory of its requests their callers' again. */
    void finish(RunningBatch<R> run) {
        for (var ticket : requests.finish(run)) {
            ticket.result().completeExceptionally(ticket.failure());
        }
    }

    /** What a run threw, as its callers see it: in a graph that closes nothing but that. */
    SmaltiException failure(RunningBatch<R> run, Throwable thrown) {
        return run.stop().isGiven() ? requests.closed() : RunException.of(name, thrown);
    }

    private void tell(Ticket<R> ticket, Outcome outcome, Throwable failure) {
        long now = ticker.nanos();
        long dispatched = Math.min(now, ticket.firstDispatch());
        listener.request(outcome, ticket.items(), dispatched - ticket.arrival(), now - ticket.arrival());
        if (!requests.failsLater(ticket, failure)) {
            ticket.result().completeExceptionally(failure);
        }
    }
}
