package smalti.runtime;

import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** The time that requests wait by. It goes on evenly, whatever is done to the machine's clock. */
interface Ticker {
    /** {@link System#nanoTime}. */
    Ticker SYSTEM = new Ticker() {
        @Override
        public long nanos() {
            return System.nanoTime();
        }

        @Override
        public Future<?> after(long nanos, Runnable task) {
            return Threads.CLOCK.schedule(task, nanos, TimeUnit.NANOSECONDS);
        }
    };

    /** Nanoseconds since some moment, the same one each time. */
    long nanos();

    /** Runs a short task later, unless it is cancelled until then. */
    Future<?> after(long nanos, Runnable task);
}
