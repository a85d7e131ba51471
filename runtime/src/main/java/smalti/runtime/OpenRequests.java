package smalti.runtime;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import smalti.runtime.Ticket.Slice;

/**
 * The requests of a graph that have not ended: those that wait and those that are run, behind one lock. It calls nobody;
 * {@link RequestEnds} tells those who wait.
 *
 * @param <R> what is asked for
 */
final class OpenRequests<R> {
    private final String name;
    private final Ticker ticker;
    private final Admission<R> admission;
    private final FairQueue<R> queue;
    private final Alarm alarm;
    private final Set<RunningBatch<R>> running = new HashSet<>();
    private final ReentrantLock lock = new ReentrantLock();
    /** A run ended, or the last of what waited went. */
    private final Condition ended = lock.newCondition();

    private boolean accepts = true;

    /**
     * @param name of the graph, for errors
     * @param alarm rings when the first of what waits is too late
     */
    OpenRequests(String name, Admission<R> admission, Ticker ticker, Alarm alarm) {
        this.name = name;
        this.admission = admission;
        this.queue = admission.queue();
        this.ticker = ticker;
        this.alarm = alarm;
    }

    ModelClosedException closed() {
        return new ModelClosedException(name);
    }

    /** Items that wait. */
    int waiting() {
        return locked(queue::waiting);
    }

    /**
     * Lets a request in that comes later.
     *
     * @throws QueueFullException if too many items wait
     * @throws ModelClosedException if no more are accepted
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
            return new Place(admission.room(), demand, now);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Lets a request wait, or refuses it.
     *
     * @return null where it waits
     * @throws ModelClosedException if no more are accepted
     */
    @Nullable
    QueueFullException offer(Ticket<R> ticket) {
        lock.lock();
        try {
            requireOpen();
            var refusal = admission.offer(ticket, !running.isEmpty(), ageOfRuns(ticker.nanos()));
            if (refusal == null) {
                alarm.ringsBy(ticket.latestDispatch());
            }
            return refusal;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Begins the run of a request on the thread that brings it, with threads taken for it, where nothing stands in the
     * way.
     *
     * @return null where it has to wait, or is too late
     * @throws ModelClosedException if no more are accepted
     */
    @Nullable
    RunningBatch<R> beginAtOnce(Ticket<R> ticket, BatchThreads threads) {
        lock.lock();
        try {
            requireOpen();
            long now = ticker.nanos();
            // one that is too late waits for nothing, and so expires
            if (!queue.isEmpty() || ticket.items() > admission.cap(ticket.demand()) || ticket.isLate(now)) {
                return null;
            }
            int taken = threads.tryTake(running.isEmpty());
            if (taken == 0) {
                return null;
            }
            var all = List.of(ticket.take(ticket.items()));
            var run = new RunningBatch<>(all, taken == threads.count(true), false, now);
            running.add(run);
            ticket.leavePlace();
            return run;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Begins the run of a request that does not wait with the others.
     *
     * @throws ModelClosedException if no more are accepted
     */
    RunningBatch<R> begin(Ticket<R> ticket) {
        var run = new RunningBatch<>(List.of(ticket.take(ticket.items())), true, false, ticker.nanos());
        lock.lock();
        try {
            requireOpen();
            running.add(run);
            return run;
        } finally {
            lock.unlock();
        }
    }

    /** Begins the run of the next batch; null where nothing waits. */
    @Nullable
    RunningBatch<R> beginNext() {
        lock.lock();
        try {
            boolean first = running.isEmpty();
            long now = ticker.nanos();
            var batch = admission.next(now);
            if (batch.isEmpty()) {
                return null;
            }
            var run = new RunningBatch<>(batch, first && queue.isEmpty(), !queue.isEmpty(), now);
            running.add(run);
            return run;
        } finally {
            lock.unlock();
        }
    }

    /**
     * A run is over.
     *
     * @return requests that failed before, and whose memory no run reads or writes any more
     */
    List<Ticket<R>> finish(RunningBatch<R> run) {
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
        return failed == null ? List.of() : failed;
    }

    /** Some items of a request were run. @return whether they were the last that somebody waits for */
    boolean complete(Slice<R> slice) {
        lock.lock();
        try {
            return slice.ticket().finish(slice.count());
        } finally {
            lock.unlock();
        }
    }

    /** Ends a request that was run as a whole. @return whether somebody waited for it until now */
    boolean complete(Ticket<R> ticket) {
        // nothing of it waits that would have to be taken out
        return locked(ticket::end);
    }

    /** Ends a request, and what waits of it with it. @return whether somebody waited for it until now */
    boolean end(Ticket<R> ticket) {
        lock.lock();
        try {
            if (!ticket.end()) {
                return false;
            }
            queue.withdraw(ticket);
            stopUnwanted();
            ended.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Ends the requests that cannot be done in time any more. */
    List<Ticket<R>> expire(long now) {
        lock.lock();
        try {
            var expired = queue.expire(now);
            if (!expired.isEmpty()) {
                stopUnwanted();
                ended.signalAll();
            }
            return expired;
        } finally {
            lock.unlock();
        }
    }

    /** The alarm rang. */
    void setAlarmAgain() {
        lock.lock();
        try {
            alarm.rang(queue.nextDeadline());
        } finally {
            lock.unlock();
        }
    }

    /** Leaves a failure to {@link #finish}, where a run still reads or writes the request's memory. @return whether so */
    boolean failsLater(Ticket<R> ticket, Throwable failure) {
        lock.lock();
        try {
            if (isRun(ticket)) {
                ticket.failsWith(failure);
                return true;
            }
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** The memory of a request is its caller's again once no run reads or writes it. */
    void awaitRuns(Ticket<R> ticket) {
        lock.lock();
        try {
            while (isRun(ticket)) {
                ended.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whether this thread runs a batch. */
    boolean isRunByThisThread() {
        return locked(() -> running.stream().anyMatch(RunningBatch::isByThisThread));
    }

    /** Accepts no more, and waits until those that it has are done, for so long at most. */
    void close(Duration timeout) {
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
    }

    /** Ends every request, and gives the signal to stop to every run. */
    List<Ticket<R>> abandon() {
        lock.lock();
        try {
            var all = new ArrayList<>(queue.clear());
            running.forEach(run -> run.batch().forEach(slice -> all.add(slice.ticket())));
            all.removeIf(ticket -> !ticket.end());
            // only now: a run that fails is tried again for those who wait still
            running.forEach(run -> run.stop().give());
            return all;
        } finally {
            lock.unlock();
        }
    }

    /** After it accepts no more: until nothing is run, as what was stopped still holds the graph. */
    void awaitIdle() {
        lock.lock();
        try {
            while (!isIdle()) {
                ended.awaitUninterruptibly();
            }
            alarm.cancel();
        } finally {
            lock.unlock();
        }
    }

    private boolean isIdle() {
        return running.isEmpty() && queue.isEmpty();
    }

    private boolean isRun(Ticket<R> ticket) {
        for (var run : running) {
            if (run.isOf(ticket)) {
                return true;
            }
        }
        return false;
    }

    /** Stops the runs that nobody waits for. */
    private void stopUnwanted() {
        for (var run : running) {
            if (run.isUnwanted()) {
                run.stop().give();
            }
        }
    }

    /** Nanoseconds that the oldest run takes already. */
    private long ageOfRuns(long now) {
        long age = 0;
        for (var run : running) {
            age = Math.max(age, now - run.start());
        }
        return age;
    }

    private void requireOpen() {
        if (!accepts) {
            throw closed();
        }
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
