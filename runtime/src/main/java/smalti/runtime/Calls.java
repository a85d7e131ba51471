package smalti.runtime;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Calls of several steps, which are under way from their first to the end of their last: whoever closes lets no more of
 * them begin, and waits for those. Thread-safe.
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

    /** @throws ModelClosedException as {@link #requireOpen} */
    synchronized void begin() {
        requireOpen();
        open++;
    }

    synchronized void end() {
        open--;
        notifyAll();
    }

    /**
     * Nothing begins any more; waits for what is under way.
     *
     * @return what is left of the timeout; nothing where the thread is interrupted
     */
    synchronized Duration close(Duration timeout) {
        isClosed = true;
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
