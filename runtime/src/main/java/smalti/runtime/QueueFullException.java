package smalti.runtime;

import java.time.Duration;
import smalti.spec.SmaltiException;

/**
 * A request was refused at once, as too many items wait already: more than may, or more than are done in time for it.
 * Nothing of it was run: it may be sent again.
 */
public final class QueueFullException extends SmaltiException {
    private static final long serialVersionUID = 1;

    private final int depth;
    private final Duration estimate;

    private QueueFullException(String message, int depth, Duration estimate) {
        super(message);
        this.depth = depth;
        this.estimate = estimate;
    }

    /** More wait than may. */
    static QueueFullException full(String graph, int items, int depth, int bound, Duration estimate) {
        var message =
                graph + ": " + items + " more cannot wait where " + depth + " of at most " + bound + " wait already; "
                        + (estimate.isZero()
                                ? "how long those take is not known yet"
                                : "those take about " + estimate.toMillis() + " ms");
        return new QueueFullException(message, depth, estimate);
    }

    /** What waits takes too long for a request's timeout. */
    static QueueFullException late(String graph, int items, int depth, Duration timeout, Duration estimate) {
        var message = graph + ": " + items + " more cannot be done in " + timeout.toMillis() + " ms where " + depth
                + " wait already; with them it takes about " + estimate.toMillis() + " ms";
        return new QueueFullException(message, depth, estimate);
    }

    /** Items that wait. */
    public int depth() {
        return depth;
    }

    /** How long what waits will take, by what batches took so far; zero where none was run yet. */
    public Duration estimate() {
        return estimate;
    }
}
