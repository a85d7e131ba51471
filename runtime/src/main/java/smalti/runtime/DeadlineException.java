package smalti.runtime;

import java.time.Duration;

/** A request was not run, as its timeout passed while it waited. */
public final class DeadlineException extends RuntimeException {
    private static final long serialVersionUID = 1;

    DeadlineException(String graph, Duration waited) {
        super(graph + ": the request's timeout passed after " + waited.toMillis() + " ms of waiting");
    }
}
