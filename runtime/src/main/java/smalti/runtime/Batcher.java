package smalti.runtime;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import smalti.runtime.BatchListener.Outcome;

/**
 * Brings the requests of many callers to one graph: at once and on the caller's own thread where nothing else is run,
 * else as batches of what waits, as soon as there are threads for one. It never waits for a batch to fill.
 *
 * <p>Requests are refused when too many items wait, expire and are cancelled while they wait. A run is stopped when
 * nobody waits for any of it.
 *
 * <p>Implementation: {@link Admission} says who may wait, {@link FairQueue} who is next, {@link OpenRequests} holds all
 * that have not ended, {@link Dispatcher} runs them, {@link RequestEnds} tells how they ended, and {@link WarmUp} runs
 * some for their own sake.
 *
 * @param <R> what is asked for
 */
final class Batcher<R> {
    private static final Duration CENTURY = Duration.ofDays(36_500);

    private final String name;
    private final BatchListener listener;
    private final Executor servers;
    private final Ticker ticker;
    private final WaitingRoom room;
    private final OpenRequests<R> requests;
    private final RequestEnds<R> ends;
    private final Dispatcher<R> dispatcher;
    private final WarmUp<R> warmUp;

    /**
     * @param name of the graph, for errors
     * @param servers runs what the callers' threads do not
     */
    Batcher(String name, BatchRunner<R> runner, BatchSettings settings, BatchListener listener, Executor servers) {
        this(name, runner, settings, listener, servers, Ticker.SYSTEM);
    }

    /** @param ticker that requests wait by */
    Batcher(
            String name,
            BatchRunner<R> runner,
            BatchSettings settings,
            BatchListener listener,
            Executor servers,
            Ticker ticker) {
        this.name = name;
        this.listener = new GuardedListener(name, listener);
        this.servers = new CallerRunsExecutor(servers);
        this.ticker = ticker;
        var admission = new Admission<R>(name, settings.limits(), settings.lanes());
        var costs = admission.costs();
        this.room = admission.room();
        this.requests = new OpenRequests<>(name, admission, ticker, new Alarm(ticker, this::wakeUp));
        this.ends = new RequestEnds<>(name, requests, this.listener, ticker);
        this.dispatcher =
                new Dispatcher<>(settings, runner, requests, ends, costs, this.listener, this.servers, ticker);
        this.warmUp = new WarmUp<>(runner, requests, ends, dispatcher.threads(), costs, ticker);
    }

    /** For what waits; others that bring requests may count theirs there too. */
    WaitingRoom room() {
        return room;
    }

    /**
     * Lets a request in that comes later.
     *
     * @throws QueueFullException if too many items wait
     * @throws ModelClosedException if the batcher is closed
     */
    Place place(Demand demand) {
        return requests.place(demand);
    }

    /** That hears of requests and batches; it throws nothing. */
    BatchListener listener() {
        return listener;
    }

    /** Items that wait. */
    int depth() {
        return requests.waiting();
    }

    /**
     * Runs a request and waits for it.
     *
     * @throws QueueFullException if too many items wait
     * @throws DeadlineException if the timeout passes before the request is run
     * @throws CancellationException if the thread is interrupted while the request waits
     * @throws ModelClosedException if the batcher is closed before the request is done
     * @throws RunException if the run fails, with the cause
     */
    void run(R request, Demand demand, RequestOptions options) {
        run(request, demand, options, null);
    }

    /** @param place by {@link #place}: it is not refused, and its timeout counts from then on; null for none */
    void run(R request, Demand demand, RequestOptions options, @Nullable Place place) {
        var ticket = ticket(request, demand, options, place);
        if (!dispatcher.runsHere(ticket)) {
            await(ticket);
        }
    }

    /**
     * As {@link #run}, without waiting; what it throws, the future fails with, and whoever hangs something on the future
     * sees it as it is. Cancelling the future gives the request up.
     *
     * @param answer makes the future's value, once the request was run
     */
    <T> CompletableFuture<T> submit(R request, Demand demand, RequestOptions options, Supplier<T> answer) {
        return submit(request, demand, options, null, answer);
    }

    /** @param place as of {@link #run(Object, Demand, RequestOptions, Place)} */
    <T> CompletableFuture<T> submit(
            R request, Demand demand, RequestOptions options, @Nullable Place place, Supplier<T> answer) {
        var ticket = ticket(request, demand, options, place);
        try {
            enqueue(ticket);
        } catch (QueueFullException | ModelClosedException e) {
            return CompletableFuture.failedFuture(e);
        }
        // what depends on the future must not hold up the thread that runs batches; the JDK's own pool makes a thread
        // for each task where there are two processors or fewer
        var result = new CompletableFuture<T>();
        var scope = CallScope.current();
        var unusedEnd = ticket.result()
                .whenCompleteAsync(
                        (done, failure) -> CallScope.run(scope, () -> settle(result, failure, answer)), servers);
        // orTimeout and complete give the request up as cancel does; one that has ended is not cancelled
        var unused = result.whenComplete((done, failure) -> ends.cancel(ticket));
        return result;
    }

    /**
     * Runs a request for its own sake, as one batch, both alone and as under load, so that memory is there and costs are
     * known when others come.
     *
     * @throws ModelClosedException if the batcher is closed
     * @throws RunException if a run fails
     */
    void warm(R request, Demand demand) {
        warmUp.warm(ticket(request, demand, RequestOptions.defaults(), null));
    }

    /**
     * Runs a request once as one batch of its own, however many items it has, as soon as there are threads for it. No
     * cost is learnt from it.
     *
     * @throws ModelClosedException if the batcher is closed
     * @throws RunException if the run fails
     */
    void once(R request, Demand demand) {
        warmUp.once(ticket(request, demand, RequestOptions.defaults(), null));
    }

    /**
     * A thread that runs a batch completes futures itself where the machine gives it no other.
     *
     * @throws IllegalStateException if this thread runs a batch, which a drain would wait for
     */
    void requireOutside() {
        if (requests.isRunByThisThread()) {
            throw new IllegalStateException(name + ": a close within a run would wait for that run");
        }
    }

    /**
     * Takes no more requests, and waits until those that it has are done. What is not by the end of the timeout, or
     * when the thread is interrupted, fails, and what runs is stopped.
     */
    void drain(Duration timeout) {
        requests.close(timeout);
        ends.abandon();
        requests.awaitIdle();
    }

    private Ticket<R> ticket(R request, Demand demand, RequestOptions options, @Nullable Place place) {
        long arrival = place == null ? ticker.nanos() : place.arrival();
        var timeout = options.timeout().orElse(null);
        // beyond a century nanoseconds overflow
        long deadline = timeout == null || timeout.compareTo(CENTURY) > 0 ? Ticket.NEVER : arrival + timeout.toNanos();
        return new Ticket<>(request, demand, options.priority(), options.caller(), arrival, deadline, place);
    }

    private void enqueue(Ticket<R> ticket) {
        var refusal = requests.offer(ticket);
        if (refusal != null) {
            listener.request(Outcome.REFUSED, ticket.items(), 0, 0);
            throw refusal;
        }
        dispatcher.wake();
    }

    private void await(Ticket<R> ticket) {
        enqueue(ticket);
        try {
            ticket.result().get();
        } catch (InterruptedException e) {
            ends.cancel(ticket);
            requests.awaitRuns(ticket);
            Thread.currentThread().interrupt();
            throw new CancellationException(name + ": interrupted while the request waited");
        } catch (ExecutionException e) {
            throw raised(e.getCause());
        }
    }

    /** What another thread threw, as of this thread. */
    private RuntimeException raised(@Nullable Throwable failure) {
        if (failure instanceof DeadlineException expired) {
            return expired;
        }
        return failure instanceof ModelClosedException
                ? requests.closed()
                : RunException.of(name, Objects.requireNonNull(failure));
    }

    /** Where the answer itself cannot be made, that is a run that failed. */
    private <T> void settle(CompletableFuture<T> result, @Nullable Throwable failure, Supplier<T> answer) {
        if (failure != null) {
            result.completeExceptionally(failure);
            return;
        }
        try {
            result.complete(answer.get());
        } catch (RuntimeException | Error e) {
            result.completeExceptionally(RunException.of(name, e));
        }
    }

    private void wakeUp() {
        ends.expire();
        requests.setAlarmAgain();
    }
}
