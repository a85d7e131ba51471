package smalti.runtime;

import java.time.Duration;
import smalti.spec.SmaltiException;

/**
 * A request was refused at once, as too many items wait already: more than may, or more than are done in time for it.
 * Nothing of it was run: it may be sent again, after {@link #estimate}.
 */
public final class QueueFullException extends SmaltiException {
    private static final long serialVersionUID = 1;

    private static final Duration SHORTEST = Duration.ofMillis(1);

    private final int depth;
    private final Duration estimate;

    private QueueFullException(String message, int depth, Duration estimate) {
        super(message);
        this.depth = depth;
        this.estimate = estimate.compareTo(SHORTEST) < 0 ? SHORTEST : estimate;
    }

    /**
     * More wait than may.
     *
     * @param full what there is no room for
     * @param takes how long what waits takes; zero where that is not known
     */
    static QueueFullException full(String graph, String full, int depth, Duration takes, Duration estimate) {
        var message = graph + ": " + full + "; "
                + (takes.isZero()
                        ? "how long those take is not known yet"
                        : "those take about " + takes.toMillis() + " ms");
        return new QueueFullException(message, depth, estimate);
    }

    /**
     * What waits takes too long for a request's timeout.
     *
     * @param takes how long what waits takes, with the request
     */
    static QueueFullException late(
            String graph, int items, int depth, Duration timeout, Duration takes, Duration estimate) {
        var message = graph + ": " + items + " more cannot be done in " + timeout.toMillis() + " ms where " + depth
                + " wait already; with them it takes about " + takes.toMillis() + " ms";
        return new QueueFullException(message, depth, estimate);
    }

    /** Items that wait. */
    public int depth() {
        return depth;
    }

    /**
     * After how long the same request would be let in if nothing else were sent meanwhile, as services say in
     * {@code Retry-After}: until enough of what waits has gone, by what batches took lately, with something to spare for
     * those that take longer. At least a millisecond, and at most what all that waits is believed to take. A header in
     * seconds rounds it up; a client that is one of many does well to add some chance.
     */
    public Duration estimate() {
        return estimate;
    }
}
