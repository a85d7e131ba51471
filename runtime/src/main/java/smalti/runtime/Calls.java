package smalti.runtime;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The calls of several steps that are under way. Closing lets no more of them begin, and waits until these have ended
 * their last step. Thread-safe.
 */
final class Calls {
    private final String place;
    private int open;
    private volatile boolean isClosed;

    /** @param place for errors */
    Calls(String place) {
        this.place = place;
    }

    /** Whether nothing may begin any more. */
    boolean isClosed() {
        return isClosed;
    }

    /** @throws ModelClosedException if nothing may begin any more */
    void requireOpen() {
        if (isClosed) {
            throw new ModelClosedException(place);
        }
    }

    /**
     * Does a call on this thread.
     *
     * @throws ModelClosedException as {@link #requireOpen}
     */
    <T> T within(Supplier<T> work) {
        begin();
        var scope = new CallScope(this);
        try {
            return CallScope.within(scope, work);
        } finally {
            end(scope);
        }
    }

    /**
     * Begins a call that is over before anybody hears of its future.
     *
     * @param work where it throws {@link ModelClosedException}, the future fails with it, as where nothing may begin any
     *     more
     */
    <T> CompletableFuture<T> withinAsync(Supplier<CompletableFuture<T>> work) {
        try {
            begin();
        } catch (ModelClosedException e) {
            return CompletableFuture.failedFuture(e);
        }
        var scope = new CallScope(this);
        CompletableFuture<T> answer;
        try {
            answer = CallScope.within(scope, work);
        } catch (ModelClosedException e) {
            end(scope);
            return CompletableFuture.failedFuture(e);
        } catch (RuntimeException | Error e) {
            end(scope);
            throw e;
        }
        return LentAnswer.of(answer, failure -> end(scope));
    }

    private void end(CallScope scope) {
        scope.end();
        end();
    }

    /** @throws IllegalStateException if this thread works for a call that is not over, which a close would wait for */
    void requireOutside() {
        if (CallScope.isWithin(this)) {
            throw new IllegalStateException(place + ": a close within a call would wait for that call");
        }
    }

    /** @throws ModelClosedException as {@link #requireOpen} */
    synchronized void begin() {
        requireOpen();
        open++;
    }

    synchronized void end() {
        open--;
        notifyAll();
    }

    /** Nothing begins any more. */
    synchronized void refuse() {
        isClosed = true;
    }

    /**
     * Nothing begins any more; waits for what is under way.
     *
     * @return what is left of the timeout; nothing where the thread is interrupted
     */
    synchronized Duration close(Duration timeout) {
        refuse();
        long end = System.nanoTime() + TimeUnit.NANOSECONDS.convert(timeout);
        try {
            for (long left = end - System.nanoTime(); open > 0 && left > 0; left = end - System.nanoTime()) {
                TimeUnit.NANOSECONDS.timedWait(this, left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Duration.ZERO;
        }
        return Duration.ofNanos(Math.max(0, end - System.nanoTime()));
    }
}
