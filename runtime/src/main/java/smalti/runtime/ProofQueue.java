package smalti.runtime;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Requests that wait until it is seen whether their rows are independent, tried one after the other. What waits
 * counts among what waits for a run, and expires as that does. Whoever was told that rows are independent, or that it
 * is not known, says {@link #handed} when the request is in nobody's hands but the graph's.
 */
final class ProofQueue {
    private static final long MOST_MILLIS = TimeUnit.DAYS.toMillis(365);

    private final String file;
    private final Room room;
    private final RowsProof proof;
    private final Calls calls;
    private CompletableFuture<?> last = CompletableFuture.completedFuture(null);
    private volatile long tookNanos;

    /** @param room for what waits, here and for a run */
    ProofQueue(String file, Room room, RowsProof proof) {
        this.file = file;
        this.room = room;
        this.proof = proof;
        this.calls = new Calls(file);
    }

    /**
     * The answer to a request that waits: its place is free, and its failure told, before anybody else hears of it,
     * whoever ends it.
     */
    private final class Waiting extends CompletableFuture<Boolean> {
        private final Demand demand;
        private final Consumer<Throwable> failed;
        private final AtomicBoolean isOver = new AtomicBoolean();

        Waiting(Demand demand, Consumer<Throwable> failed) {
            this.demand = demand;
            this.failed = failed;
        }

        @Override
        public boolean complete(Boolean holds) {
            return isOver(null) && super.complete(holds);
        }

        @Override
        public boolean completeExceptionally(Throwable failure) {
            return isOver(failure) && super.completeExceptionally(failure);
        }

        @Override
        public boolean cancel(boolean mayInterrupt) {
            return isOver(new CancellationException()) && super.cancel(mayInterrupt);
        }

        private boolean isOver(@Nullable Throwable failure) {
            if (!isOver.compareAndSet(false, true)) {
                return false;
            }
            room.free(demand, demand.items());
            if (failure != null) {
                failed.accept(failure);
                handed();
            }
            return true;
        }
    }

    /**
     * Whether rows of such requests may share a run; false where it is not known.
     *
     * @param failed is told first how the request ended, where it was let in and failed here
     * @return fails as {@link RowsProof#holds}, and with {@link DeadlineException}
     * @throws QueueFullException if too many rows wait for it
     * @throws ModelClosedException if the model is closed
     */
    synchronized CompletableFuture<Boolean> later(GraphJob job, RequestOptions options, Consumer<Throwable> failed) {
        var demand = job.demand();
        calls.begin();
        if (!room.take(demand)) {
            calls.end();
            var takes = Duration.ofNanos(tookNanos);
            throw QueueFullException.full(file, room.full(demand), room.waiting(), takes, takes);
        }
        List<TrialRow> rows;
        try {
            // now: whose request expires may change its memory
            rows = RowsProof.rows(job);
        } catch (RuntimeException | Error e) {
            room.free(demand, demand.items());
            calls.end();
            throw e;
        }
        var answer = new Waiting(demand, failed);
        var scope = CallScope.current();
        // of what was given up nothing is tried
        var next = last.thenApplyAsync(before -> !answer.isDone() && holds(job, rows), Threads.SERVERS);
        last = next.handle((holds, failure) -> null);
        // by another thread: what hangs on the answer must not hold up those that wait behind
        var unused = next.whenCompleteAsync(
                (holds, failure) -> CallScope.run(scope, () -> settle(answer, holds, failure)), Threads.SERVERS);
        options.timeout().ifPresent(timeout -> expire(answer, timeout));
        return answer;
    }

    private boolean holds(GraphJob job, List<TrialRow> rows) {
        long start = System.nanoTime();
        try {
            return proof.holds(job, rows);
        } finally {
            tookNanos = System.nanoTime() - start;
        }
    }

    /**
     * As {@link #later}, and waits for it.
     *
     * @throws CancellationException if the thread is interrupted meanwhile
     */
    boolean now(GraphJob job, RequestOptions options, Consumer<Throwable> failed) {
        var answer = later(job, options, failed);
        try {
            return answer.get();
        } catch (InterruptedException e) {
            if (!answer.cancel(false)) {
                handed();
            }
            Thread.currentThread().interrupt();
            throw new CancellationException(file + ": interrupted while the request waited");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw (RuntimeException) e.getCause();
        }
    }

    /** What is in the hands of this queue, or of whom it told. */
    Calls calls() {
        return calls;
    }

    void handed() {
        calls.end();
    }

    private static void settle(Waiting answer, Boolean holds, @Nullable Throwable failure) {
        if (failure == null) {
            answer.complete(holds);
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
        var unused = answer.whenComplete((holds, failure) -> expiry.cancel(false));
    }
}
