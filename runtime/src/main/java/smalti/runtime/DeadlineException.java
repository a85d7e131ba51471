package smalti.runtime;

import java.time.Duration;
import smalti.spec.SmaltiException;

/** A request was not run, as it waited until it could not be done within its timeout any more. */
public final class DeadlineException extends SmaltiException {
    private static final long serialVersionUID = 1;

    DeadlineException(String graph, Duration waited, Duration timeout) {
        super(graph + ": the request waited for " + waited.toMillis() + " ms and would not be done within "
                + (timeout.toMillis() == 0
                        ? "what was left of its timeout"
                        : "its timeout of " + timeout.toMillis() + " ms"));
    }
}
