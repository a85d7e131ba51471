package smalti.runtime;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Requests that wait until it is seen whether their rows are independent. They are tried one after the other. They take
 * room in the graph's queue, and expire as the requests there do. Who receives an {@link Admitted} closes it once the
 * request is in the graph's queue.
 */
final class ProofQueue {
    private static final long MOST_MILLIS = TimeUnit.DAYS.toMillis(365);

    private final String file;
    private final Function<Demand, Place> letsIn;
    private final RowsProof proof;
    private final Calls calls;
    private CompletableFuture<?> last = CompletableFuture.completedFuture(null);
    /** How many requests of a kind wait; those of one kind need one proof. */
    private final Map<Object, Integer> kinds = new ConcurrentHashMap<>();

    private volatile long tookNanos;
    /** When the try that runs began; null for none. */
    private volatile @Nullable Long begun;

    /** @param letsIn gives a place among what waits, here and for a run, or refuses a request */
    ProofQueue(String file, Function<Demand, Place> letsIn, RowsProof proof) {
        this.file = file;
        this.letsIn = letsIn;
        this.proof = proof;
        this.calls = new Calls(file);
    }

    /** A request that has its place: first this queue's, then its receiver's to close. */
    final class Admitted implements AutoCloseable {
        private final Place place;
        private final AtomicBoolean isOver = new AtomicBoolean();
        private volatile boolean isIndependent;

        Admitted(Place place) {
            this.place = place;
        }

        /** Whether its rows may share a run; false also where that is not known. */
        boolean isIndependent() {
            return isIndependent;
        }

        /** The graph's queue takes it over; else closing this frees it. */
        Place place() {
            return place;
        }

        /** Again, it does nothing. */
        @Override
        public void close() {
            if (isOver.compareAndSet(false, true)) {
                place.leave();
                calls.end();
            }
        }
    }

    /**
     * The answer to a request that waits. Where it fails, its place is freed and the failure told before anybody else
     * hears of it.
     */
    private final class Waiting extends CompletableFuture<Admitted> {
        private final Admitted admitted;
        private final Object kind;
        private final Consumer<Throwable> failed;
        private final AtomicBoolean isOver = new AtomicBoolean();

        Waiting(Admitted admitted, Object kind, Consumer<Throwable> failed) {
            this.admitted = admitted;
            this.kind = kind;
            this.failed = failed;
            kinds.merge(kind, 1, Integer::sum);
        }

        void complete(boolean isIndependent) {
            admitted.isIndependent = isIndependent;
            complete(admitted);
        }

        @Override
        public boolean complete(Admitted seen) {
            return isFirst() && super.complete(seen);
        }

        @Override
        public boolean completeExceptionally(Throwable failure) {
            if (!isFirst()) {
                return false;
            }
            try {
                tell(failure);
            } finally {
                super.completeExceptionally(failure);
            }
            return true;
        }

        @Override
        public boolean cancel(boolean mayInterrupt) {
            if (!isFirst()) {
                return false;
            }
            try {
                tell(new CancellationException());
            } finally {
                super.cancel(mayInterrupt);
            }
            return true;
        }

        private boolean isFirst() {
            boolean isFirst = isOver.compareAndSet(false, true);
            if (isFirst) {
                kinds.computeIfPresent(kind, (same, count) -> count == 1 ? null : count - 1);
            }
            return isFirst;
        }

        private void tell(Throwable failure) {
            admitted.place().leave();
            try {
                failed.accept(failure);
            } finally {
                admitted.close();
            }
        }
    }

    /**
     * Tells whether rows of such requests may share a run.
     *
     * @param failed is told first how the request ended, where it was let in and failed here
     * @return fails as {@link RowsProof#holds}, and with {@link DeadlineException}
     * @throws QueueFullException if too many rows wait
     * @throws ModelClosedException if the model is closed
     */
    synchronized CompletableFuture<Admitted> later(GraphJob job, RequestOptions options, Consumer<Throwable> failed) {
        var demand = job.demand();
        calls.begin();
        Place place = null;
        List<TrialRow> rows;
        try {
            place = letsIn.apply(demand);
            // now, as a caller whose request expires may change its memory
            rows = RowsProof.rows(job);
        } catch (RuntimeException | Error e) {
            if (place != null) {
                place.leave();
            }
            calls.end();
            throw e;
        }
        var answer = new Waiting(new Admitted(place), demand.kind(), failed);
        var scope = CallScope.current();
        // a request that was given up is not tried
        var next = last.thenApplyAsync(before -> !answer.isDone() && holds(job, rows), Threads.SERVERS);
        last = next.handle((holds, failure) -> null);
        // by another thread, as whatever depends on the answer must not hold up the requests behind
        var unused = next.whenCompleteAsync(
                (holds, failure) -> CallScope.run(scope, () -> settle(answer, holds, failure)), Threads.SERVERS);
        options.timeout().ifPresent(timeout -> expire(answer, timeout));
        return answer;
    }

    private boolean holds(GraphJob job, List<TrialRow> rows) {
        long start = System.nanoTime();
        begun = start;
        try {
            return proof.holds(job, rows);
        } finally {
            tookNanos = System.nanoTime() - start;
            begun = null;
        }
    }

    /**
     * As {@link #later}, and waits for it.
     *
     * @throws CancellationException if the thread is interrupted meanwhile
     */
    Admitted now(GraphJob job, RequestOptions options, Consumer<Throwable> failed) {
        var answer = (Waiting) later(job, options, failed);
        try {
            return answer.get();
        } catch (InterruptedException e) {
            answer.cancel(false);
            // another thread may have ended it, and be about to close it
            answer.admitted.close();
            Thread.currentThread().interrupt();
            throw new CancellationException(file + ": interrupted while the request waited");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw (RuntimeException) e.getCause();
        }
    }

    /** The requests that are here, or with a receiver that has not closed them. */
    Calls calls() {
        return calls;
    }

    /**
     * About how long it takes until nothing waits here any more: as long as the last try, or the one that runs, for each
     * kind of requests; 0 where nothing is known. It takes no lock.
     */
    long nanosUntilEmpty() {
        var since = begun;
        long one = since == null ? tookNanos : Math.max(tookNanos, System.nanoTime() - since);
        return one * kinds.size();
    }

    private static void settle(Waiting answer, Boolean holds, @Nullable Throwable failure) {
        if (failure == null) {
            answer.complete((boolean) holds);
        } else {
            answer.completeExceptionally(Failure.cause(failure));
        }
    }

    private void expire(Waiting answer, Duration timeout) {
        var expiry = Threads.CLOCK.schedule(
                () -> Threads.SERVERS.execute(
                        () -> answer.completeExceptionally(new DeadlineException(file, timeout, timeout))),
                Math.min(TimeUnit.MILLISECONDS.convert(timeout), MOST_MILLIS) + 1,
                TimeUnit.MILLISECONDS);
        var unused = answer.whenComplete((seen, failure) -> expiry.cancel(false));
    }
}
