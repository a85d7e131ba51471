package smalti.runtime;

import java.lang.ref.Cleaner;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Frees a model that was lost without being closed, once its requests are done, and logs where it was opened.
 */
final class Leash {
    private static final Cleaner CLEANER = Cleaner.create();

    /** As long as it takes: nobody waits for the end of it. */
    private static final Duration NO_HURRY = Duration.ofDays(365);

    private final Tie tie;
    private final Cleaner.Cleanable cleanable;

    private Leash(Tie tie) {
        this.tie = tie;
        this.cleanable = CLEANER.register(this, tie);
        Threads.opened();
    }

    /**
     * Held by the model: once this is lost, the model is.
     *
     * @param model for the log
     * @param close closes the model, within a time; must not reach the model itself
     */
    static Leash of(String model, Consumer<Duration> close) {
        return new Leash(new Tie(model, close, new Throwable("opened here")));
    }

    /** Closes the model; again, it does nothing. */
    void close(Duration timeout) {
        tie.close.accept(timeout);
        if (tie.end()) {
            cleanable.clean();
            Threads.closed();
        }
    }

    private static final class Tie implements Runnable {
        private final String model;
        private final Consumer<Duration> close;
        private final Throwable opened;
        private boolean isOver;

        Tie(String model, Consumer<Duration> close, Throwable opened) {
            this.model = model;
            this.close = close;
            this.opened = opened;
        }

        synchronized boolean end() {
            boolean isFirst = !isOver;
            isOver = true;
            return isFirst;
        }

        @Override
        public void run() {
            if (!end()) {
                return;
            }
            // the cleaner's thread serves the whole process, so it does not wait for runs
            new CallerRunsExecutor(Threads.SERVERS).execute(this::free);
        }

        private void free() {
            try {
                Log.LOG.warn(
                        "{}: was never closed and is freed now; close models, as by try-with-resources", model, opened);
                close.accept(NO_HURRY);
            } finally {
                Threads.closed();
            }
        }
    }
}
