package smalti.runtime;

import java.time.Duration;

/** A request was refused at once, as too many items wait already. Nothing of it was run: it may be sent again. */
public final class QueueFullException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int depth;
    private final Duration estimate;

    QueueFullException(String graph, int items, int depth, int bound, Duration estimate) {
        super(graph + ": " + items + " more cannot wait where " + depth + " of at most " + bound
                + " wait already; those take about " + estimate.toMillis() + " ms");
        this.depth = depth;
        this.estimate = estimate;
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
