package smalti.runtime;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A request of nothing, run so that the JVM has loaded and linked what runs requests when the first one of something
 * comes.
 */
final class Rehearsal {
    private static final AtomicBoolean DONE = new AtomicBoolean();

    private Rehearsal() {}

    /** Once in the process; for a thread that has nothing better to do. */
    static void rehearse() {
        if (!DONE.compareAndSet(false, true)) {
            return;
        }
        var settings = new BatchSettings(1, 1, ThreadBudget.of(1), 1, 1);
        var batcher = new Batcher<String>(
                "rehearsal", (batch, alone, stop) -> 0, settings, BatchListener.NONE, Threads.SERVERS);
        batcher.run("nothing", Demand.of("nothing", 1), RequestOptions.defaults());
        batcher.drain(Duration.ZERO);
    }
}
