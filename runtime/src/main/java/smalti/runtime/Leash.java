package smalti.runtime;

import java.lang.ref.Cleaner;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Notices that nobody has a model any more that nobody closed: says where it was opened, and frees it once what it was
 * asked for is done.
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
     * Whoever has the model has this.
     *
     * @param model for the log
     * @param close the model, within a time; must not reach who has it
     */
    static Leash of(String model, Consumer<Duration> close) {
        return new Leash(new Tie(model, close, new Throwable("opened here")));
    }

    /** The model was closed; again, it does nothing. */
    void close() {
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
            // what cleans up for the whole process does not wait for runs
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
