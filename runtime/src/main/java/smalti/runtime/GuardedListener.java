package smalti.runtime;

import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps what a listener throws away from callers, and logs the first of it. */
final class GuardedListener implements BatchListener {
    private static final Logger LOG = LoggerFactory.getLogger(GuardedListener.class);

    private final String name;
    private final BatchListener guarded;
    private final AtomicBoolean isLogged = new AtomicBoolean();

    /** @param name of the graph, for the log */
    GuardedListener(String name, BatchListener guarded) {
        this.name = name;
        this.guarded = guarded;
    }

    @Override
    public void batch(int items, long copyNanos, long runNanos) {
        try {
            guarded.batch(items, copyNanos, runNanos);
        } catch (RuntimeException | Error e) {
            log(e);
        }
    }

    @Override
    public void request(Outcome outcome, int items, long queuedNanos, long totalNanos) {
        try {
            guarded.request(outcome, items, queuedNanos, totalNanos);
        } catch (RuntimeException | Error e) {
            log(e);
        }
    }

    private void log(Throwable e) {
        if (isLogged.compareAndSet(false, true)) {
            LOG.warn("{}: a meter failed; its numbers are wrong from here on", name, e);
        }
    }
}
