package smalti.runtime;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import smalti.runtime.BatchListener.Outcome;
import smalti.runtime.Ticket.Slice;
import smalti.spec.SmaltiException;

/**
 * Brings the requests of many callers to one graph: at once and on the caller's own thread where nothing else is run,
 * else as batches of what waits, as soon as there are threads for one. It never waits for a batch to fill.
 *
 * <p>Requests are refused when too many items wait, expire and are cancelled while they wait, and a batch that fails is
 * run again request by request, so that one bad request fails alone. A run is stopped when nobody waits for any of it.
 *
 * @param <R> what is asked for
 */
final class Batcher<R> {
    /** A size is warmed no longer once it was run so often ... */
    private static final int MOST_WARM_RUNS = 10;

    /** ... or for so long, and {@link BatchCosts#LEAST_SEEN} times. */
    private static final long WARM_NANOS = 50_000_000;

    private static final AtomicBoolean REHEARSED = new AtomicBoolean();

    private static final Duration CENTURY = Duration.ofDays(36_500);

    private final String name;
    private final Settings settings;
    private final BatchRunner<R> runner;
    private final BatchListener listener;
    private final Executor servers;
    private final ThreadBudget budget;
    private final ThreadBudget.Claim claim;
    private final Admission<R> admission;
    private final BatchCosts costs;
    private final Ticker ticker;

    private final ReentrantLock lock = new ReentrantLock();
    /** A run ended, or the last of what waited went. */
    private final Condition ended = lock.newCondition();

    private final Schedule<R> schedule;
    private final Set<Running<R>> running = new HashSet<>();
    private boolean accepts = true;
    private long wakesAt = Ticket.NEVER;
    private @Nullable Future<?> wake;

    /**
     * @param name of the graph, for errors
     * @param servers runs what the callers' threads do not
     */
    Batcher(String name, BatchRunner<R> runner, Settings settings, BatchListener listener, Executor servers) {
        this(name, runner, settings, listener, servers, Ticker.SYSTEM);
    }

    /** @param ticker that requests wait by */
    Batcher(
            String name,
            BatchRunner<R> runner,
            Settings settings,
            BatchListener listener,
            Executor servers,
            Ticker ticker) {
        this.name = name;
        this.settings = settings;
        this.runner = runner;
        this.listener = new GuardedListener(name, listener);
        this.servers = servers;
        this.ticker = ticker;
        this.budget = settings.budget();
        this.claim = new ThreadBudget.Claim(settings.threads(), () -> elsewhere(this::serve));
        // how many batches run at once, at most
        int lanes = Math.max(1, budget.threads() / settings.threads());
        this.admission = new Admission<>(name, settings.limits(), lanes);
        this.costs = admission.costs();
        this.schedule = admission.schedule();
    }

    /**
     * @param threads of the budget that a batch takes
     * @param threadsAlone that a batch takes where nothing else is run or waits
     */
    record Settings(Limits limits, ThreadBudget budget, int threads, int threadsAlone) {
        /** Of items of any size. */
        Settings(int maxBatch, int maxWaiting, ThreadBudget budget, int threads, int threadsAlone) {
            this(Limits.of(maxBatch, maxWaiting), budget, threads, threadsAlone);
        }
    }

    /**
     * Runs a request of nothing, so that the JVM has loaded and linked all this when the first one of something comes:
     * for a thread that has nothing better to do. Once in the process.
     */
    static void rehearse() {
        if (!REHEARSED.compareAndSet(false, true)) {
            return;
        }
        var settings = new Settings(1, 1, ThreadBudget.of(1), 1, 1);
        var batcher = new Batcher<String>(
                "rehearsal", (batch, alone, stop) -> 0, settings, BatchListener.NONE, Threads.SERVERS);
        batcher.run("nothing", Demand.of("nothing", 1), RequestOptions.defaults());
        batcher.drain(Duration.ZERO);
    }

    /** For what waits; others that bring requests may count theirs there too. */
    Room room() {
        return admission.room();
    }

    /**
     * Lets a request in that comes later.
     *
     * @throws QueueFullException if too many items wait
     * @throws ModelClosedException if the batcher is closed
     */
    Place place(Demand demand) {
        lock.lock();
        try {
            requireOpen();
            long now = ticker.nanos();
            var refusal = admission.take(demand, ageOfRuns(now));
            if (refusal != null) {
                throw refusal;
            }
            return new Place(room(), demand, now);
        } finally {
            lock.unlock();
        }
    }

    /** That hears of requests and batches; it throws nothing. */
    BatchListener listener() {
        return listener;
    }

    /** Items that wait. */
    int depth() {
        return locked(schedule::waiting);
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
        if (!runsHere(ticket)) {
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
                        (done, failure) -> CallScope.run(scope, () -> settle(result, failure, answer)),
                        this::elsewhere);
        // by whom ever: orTimeout and complete give it up as cancel does; of one that is over there is nothing to
        // cancel
        var unused = result.whenComplete((done, failure) -> cancel(ticket));
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
        byItself(request, demand, run -> {
            runTaken(run, true);
            long nanos = 0;
            for (int i = 0; i < BatchCosts.LEAST_SEEN || (i < MOST_WARM_RUNS && nanos < WARM_NANOS); i++) {
                long took = runTaken(run, false);
                costs.ran(demand.costs(), demand.items(), took);
                nanos += took;
            }
        });
    }

    /**
     * Runs a request once as one batch of its own, however many items it has, as soon as there are threads for it. No
     * cost is learnt from it.
     *
     * @throws ModelClosedException if the batcher is closed
     * @throws RunException if the run fails
     */
    void once(R request, Demand demand) {
        byItself(request, demand, run -> runTaken(run, true));
    }

    private void byItself(R request, Demand demand, Consumer<Running<R>> runs) {
        var ticket = ticket(request, demand, RequestOptions.defaults(), null);
        var run = new Running<>(List.of(ticket.take(demand.items())), true, false, ticker.nanos());
        lock.lock();
        try {
            requireOpen();
            running.add(run);
        } finally {
            lock.unlock();
        }
        try {
            runs.accept(run);
        } finally {
            ticket.end();
            finish(run);
        }
    }

    /**
     * Runs a batch once its turn has come. One that is to be run alone does not wait for all threads to be free.
     *
     * @return the nanoseconds that it took
     */
    private long runTaken(Running<R> run, boolean alone) {
        var isGranted = new CompletableFuture<Boolean>();
        var turn = claim.beside(() -> isGranted.complete(true));
        if (!budget.takeOrWait(turn)) {
            run.stop().onStop(() -> isGranted.complete(!budget.leave(turn)));
            if (!isGranted.join()) {
                throw closed();
            }
        }
        int threads = widened(alone);
        long start = ticker.nanos();
        long nanos;
        try {
            if (run.stop().isGiven()) {
                throw closed();
            }
            runner.run(run.batch(), alone, run.stop());
        } catch (RuntimeException | Error e) {
            throw failed(run, e);
        } finally {
            nanos = ticker.nanos() - start;
            budget.give(turn, threads, nanos);
        }
        return nanos;
    }

    /**
     * A thread that runs a batch completes futures itself where the machine gives it no other.
     *
     * @throws IllegalStateException if this thread runs a batch, which a drain would wait for
     */
    void requireOutside() {
        if (locked(() -> running.stream().anyMatch(Running::isByThisThread))) {
            throw new IllegalStateException(name + ": a close within a run would wait for that run");
        }
    }

    /**
     * Takes no more requests, and waits until those that it has are done. What is not by the end of the timeout, or
     * when the thread is interrupted, fails, and what runs is stopped.
     */
    void drain(Duration timeout) {
        long end = ticker.nanos() + timeout.toNanos();
        lock.lock();
        try {
            accepts = false;
            while (!isIdle() && end - ticker.nanos() > 0) {
                ended.awaitNanos(end - ticker.nanos());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
        abandon().forEach(ticket -> fail(ticket, Outcome.FAILED, closed()));
        lock.lock();
        try {
            // what was stopped still holds the graph
            while (!isIdle()) {
                ended.awaitUninterruptibly();
            }
            if (wake != null) {
                wake.cancel(false);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Ends every request, and gives the signal to stop to every run. */
    private List<Ticket<R>> abandon() {
        lock.lock();
        try {
            var all = new ArrayList<>(schedule.clear());
            running.forEach(run -> run.batch().forEach(slice -> all.add(slice.ticket())));
            all.removeIf(ticket -> !ticket.end());
            // only now: a run that fails is tried again for those who wait still
            running.forEach(run -> run.stop().give());
            return all;
        } finally {
            lock.unlock();
        }
    }

    private boolean isIdle() {
        return running.isEmpty() && schedule.isEmpty();
    }

    private Ticket<R> ticket(R request, Demand demand, RequestOptions options, @Nullable Place place) {
        long arrival = place == null ? ticker.nanos() : place.arrival();
        var timeout = options.timeout().orElse(null);
        // beyond a century nanoseconds overflow
        long deadline = timeout == null || timeout.compareTo(CENTURY) > 0 ? Ticket.NEVER : arrival + timeout.toNanos();
        return new Ticket<>(request, demand, options.priority(), options.caller(), arrival, deadline, place);
    }

    /** @return whether nothing stood in the way, so that the request was run */
    private boolean runsHere(Ticket<R> ticket) {
        if (Threads.currentIsVirtual()) {
            return false;
        }
        int threads;
        Running<R> run;
        lock.lock();
        try {
            requireOpen();
            // one that is too late waits for nothing, and so expires
            if (!schedule.isEmpty()
                    || ticket.items() > admission.cap(ticket.demand())
                    || ticket.isLate(ticker.nanos())) {
                return false;
            }
            threads = takeThreads(running.isEmpty());
            if (threads == 0) {
                return false;
            }
            var all = List.of(ticket.take(ticket.items()));
            run = new Running<>(all, threads == settings.threadsAlone(), false, ticker.nanos());
            running.add(run);
            ticket.leavePlace();
        } finally {
            lock.unlock();
        }
        runHere(ticket, run, threads);
        return true;
    }

    private void runHere(Ticket<R> ticket, Running<R> run, int threads) {
        long start = ticker.nanos();
        ticket.dispatched(start);
        var outcome = Outcome.FAILED;
        long copied = 0;
        try {
            copied = runner.run(run.batch(), run.isAlone(), run.stop());
            outcome = Outcome.COMPLETED;
        } catch (RuntimeException | Error e) {
            throw failed(run, e);
        } finally {
            long end = ticker.nanos();
            budget.give(claim, threads, end - start);
            finish(run);
            if (outcome == Outcome.COMPLETED) {
                learn(run.batch(), run.isAlone(), end - start);
                listener.batch(ticket.items(), copied, end - start - copied);
            }
            // nothing of it waits that would have to be taken out
            if (locked(ticket::end)) {
                listener.request(outcome, ticket.items(), start - ticket.arrival(), end - ticket.arrival());
            }
        }
    }

    /** @return how many; 0 where there are none now */
    private int takeThreads(boolean alone) {
        if (alone && budget.tryTake(claim, settings.threadsAlone())) {
            return settings.threadsAlone();
        }
        return budget.tryTake(claim, settings.threads()) ? settings.threads() : 0;
    }

    private void enqueue(Ticket<R> ticket) {
        var refusal = offer(ticket);
        if (refusal != null) {
            listener.request(Outcome.REFUSED, ticket.items(), 0, 0);
            throw refusal;
        }
        startServer();
    }

    private @Nullable QueueFullException offer(Ticket<R> ticket) {
        lock.lock();
        try {
            requireOpen();
            var refusal = admission.offer(ticket, !running.isEmpty(), ageOfRuns(ticker.nanos()));
            if (refusal != null) {
                return refusal;
            }
            wakeAt(ticket.latestDispatch());
            return null;
        } finally {
            lock.unlock();
        }
    }

    /** Under the lock: nanoseconds that the oldest run takes already. */
    private long ageOfRuns(long now) {
        long age = 0;
        for (var run : running) {
            age = Math.max(age, now - run.start());
        }
        return age;
    }

    private void await(Ticket<R> ticket) {
        enqueue(ticket);
        try {
            ticket.result().get();
        } catch (InterruptedException e) {
            cancel(ticket);
            awaitRuns(ticket);
            Thread.currentThread().interrupt();
            throw new CancellationException(name + ": interrupted while the request waited");
        } catch (ExecutionException e) {
            throw raised(e.getCause());
        }
    }

    /** The memory of a request is its caller's again once no run reads or writes it. */
    private void awaitRuns(Ticket<R> ticket) {
        lock.lock();
        try {
            while (isRun(ticket)) {
                ended.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    /** What another thread threw, as of this thread. */
    private RuntimeException raised(@Nullable Throwable failure) {
        if (failure instanceof DeadlineException expired) {
            return expired;
        }
        return failure instanceof ModelClosedException
                ? closed()
                : RunException.of(name, Objects.requireNonNull(failure));
    }

    /** What a run threw: in a batcher that closes nothing but that. */
    private SmaltiException failed(Running<R> run, Throwable failure) {
        return run.stop().isGiven() ? closed() : RunException.of(name, failure);
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

    private void startServer() {
        if (budget.takeOrWait(claim)) {
            elsewhere(this::serve);
        }
    }

    private void elsewhere(Runnable task) {
        try {
            servers.execute(task);
        } catch (RejectedExecutionException | OutOfMemoryError e) {
            // the machine gives no more threads: it is done on this one, or those who wait would wait for ever
            task.run();
        }
    }

    /** Runs batches as long as something waits and no other model has a better claim; begins with threads taken. */
    private void serve() {
        boolean holds = true;
        while (holds) {
            long start = ticker.nanos();
            int threads = settings.threads();
            boolean goesOn = false;
            try {
                expire();
                var run = next();
                if (run != null) {
                    threads = widened(run.isAlone());
                    serve(run, threads);
                    goesOn = depth() > 0;
                }
            } finally {
                holds = release(threads, ticker.nanos() - start, goesOn);
            }
        }
    }

    /** @return the threads that the run has: all of them where nothing else wants any */
    private int widened(boolean alone) {
        boolean isWide = alone && budget.tryTake(settings.threadsAlone() - settings.threads());
        return isWide ? settings.threadsAlone() : settings.threads();
    }

    private void serve(Running<R> run, int threads) {
        try {
            if (run.isFollowed()) {
                startServer();
            }
            run(run, threads == settings.threadsAlone());
        } finally {
            finish(run);
        }
    }

    /** @return whether the threads of a batch are still taken, for the next one */
    private boolean release(int threads, long nanos, boolean goesOn) {
        if (goesOn) {
            return budget.keep(claim, threads, nanos);
        }
        // what came to wait meanwhile waits in line already, or must now
        budget.leave(claim);
        budget.give(claim, threads, nanos);
        if (depth() > 0) {
            startServer();
        }
        return false;
    }

    /** The next batch; null where nothing waits. */
    private @Nullable Running<R> next() {
        lock.lock();
        try {
            boolean first = running.isEmpty();
            long now = ticker.nanos();
            var batch = admission.next(now);
            if (batch.isEmpty()) {
                return null;
            }
            var run = new Running<>(batch, first && schedule.isEmpty(), !schedule.isEmpty(), now);
            running.add(run);
            return run;
        } finally {
            lock.unlock();
        }
    }

    private void run(Running<R> run, boolean alone) {
        var batch = run.batch();
        var ofAll = attempt(batch, alone, run.stop());
        if (ofAll == null) {
            return;
        }
        for (var slice : batch) {
            if (slice.ticket().isEnded()) {
                continue;
            }
            // alone it fails for its own reasons
            var failure = batch.size() == 1 ? ofAll : attempt(List.of(slice), alone, run.stop());
            if (failure != null && end(slice.ticket())) {
                fail(slice.ticket(), Outcome.FAILED, RunException.of(name, failure));
            }
        }
    }

    /** @return what went wrong; null where all went well */
    private @Nullable Throwable attempt(List<Slice<R>> batch, boolean alone, StopSignal stop) {
        long start = ticker.nanos();
        long copied;
        try {
            copied = runner.run(batch, alone, stop);
        } catch (RuntimeException | Error e) {
            return e;
        }
        listener.batch(items(batch), copied, ticker.nanos() - start - copied);
        batch.forEach(this::complete);
        learn(batch, alone, ticker.nanos() - start);
        return null;
    }

    /** @param nanos with those that it took to wake whoever waited */
    private void learn(List<Slice<R>> batch, boolean alone, long nanos) {
        // what a batch costs on threads that it has to itself says nothing of a loaded machine
        if (!alone || settings.threadsAlone() == settings.threads()) {
            costs.ran(batch.get(0).ticket().demand().costs(), items(batch), nanos);
        }
    }

    private static int items(List<? extends Slice<?>> batch) {
        int items = 0;
        for (var slice : batch) {
            items += slice.count();
        }
        return items;
    }

    private void complete(Slice<R> slice) {
        var ticket = slice.ticket();
        boolean last;
        lock.lock();
        try {
            last = ticket.finish(slice.count());
        } finally {
            lock.unlock();
        }
        if (last) {
            long now = ticker.nanos();
            listener.request(
                    Outcome.COMPLETED,
                    ticket.items(),
                    ticket.firstDispatch() - ticket.arrival(),
                    now - ticket.arrival());
            ticket.result().complete(null);
        }
    }

    /** Ends a request, and what waits of it with it. @return whether somebody waited for it until now */
    private boolean end(Ticket<R> ticket) {
        lock.lock();
        try {
            schedule.withdraw(ticket);
            boolean isFirst = ticket.end();
            stopUnwanted();
            return isFirst;
        } finally {
            lock.unlock();
        }
    }

    private void cancel(Ticket<R> ticket) {
        lock.lock();
        try {
            if (!ticket.end()) {
                return;
            }
            schedule.withdraw(ticket);
            stopUnwanted();
            ended.signalAll();
        } finally {
            lock.unlock();
        }
        fail(ticket, Outcome.CANCELLED, new CancellationException(name + ": the request was cancelled"));
    }

    /** Under the lock: stops the runs that nobody waits for. */
    private void stopUnwanted() {
        for (var run : running) {
            if (run.isUnwanted()) {
                run.stop().give();
            }
        }
    }

    /** Tells whoever waits once no run reads or writes the request's memory any more. */
    private void fail(Ticket<R> ticket, Outcome outcome, Throwable failure) {
        long now = ticker.nanos();
        long dispatched = Math.min(now, ticket.firstDispatch());
        listener.request(outcome, ticket.items(), dispatched - ticket.arrival(), now - ticket.arrival());
        lock.lock();
        try {
            if (isRun(ticket)) {
                ticket.failsWith(failure);
                return;
            }
        } finally {
            lock.unlock();
        }
        ticket.result().completeExceptionally(failure);
    }

    /** Under the lock. */
    private boolean isRun(Ticket<R> ticket) {
        for (var run : running) {
            if (run.isOf(ticket)) {
                return true;
            }
        }
        return false;
    }

    private void finish(Running<R> run) {
        List<Ticket<R>> failed = null;
        lock.lock();
        try {
            running.remove(run);
            for (var slice : run.batch()) {
                if (slice.ticket().failure() != null && !isRun(slice.ticket())) {
                    failed = failed == null ? new ArrayList<>() : failed;
                    failed.add(slice.ticket());
                }
            }
            ended.signalAll();
        } finally {
            lock.unlock();
        }
        if (failed != null) {
            failed.forEach(ticket -> ticket.result().completeExceptionally(ticket.failure()));
        }
    }

    private void wakeUp() {
        expire();
        lock.lock();
        try {
            wakesAt = Ticket.NEVER;
            wakeAt(schedule.nextDeadline());
        } finally {
            lock.unlock();
        }
    }

    private void expire() {
        long now = ticker.nanos();
        List<Ticket<R>> expired;
        lock.lock();
        try {
            expired = schedule.expire(now);
            if (!expired.isEmpty()) {
                stopUnwanted();
                ended.signalAll();
            }
        } finally {
            lock.unlock();
        }
        for (var ticket : expired) {
            var waited = Duration.ofNanos(now - ticket.arrival());
            var timeout = Duration.ofNanos(ticket.deadline() - ticket.arrival());
            fail(ticket, Outcome.EXPIRED, new DeadlineException(name, waited, timeout));
        }
    }

    private void wakeAt(long deadline) {
        if (deadline == Ticket.NEVER || (wakesAt != Ticket.NEVER && wakesAt - deadline <= 0)) {
            return;
        }
        if (wake != null) {
            wake.cancel(false);
        }
        wakesAt = deadline;
        wake = ticker.after(deadline - ticker.nanos(), this::wakeUp);
    }

    private void requireOpen() {
        if (!accepts) {
            throw closed();
        }
    }

    private ModelClosedException closed() {
        return new ModelClosedException(name);
    }

    private <T> T locked(Supplier<T> work) {
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }
}
