package smalti.runtime;

import java.util.Objects;
import smalti.spec.SmaltiException;

/** A request was run, and the run failed; what it failed with is the cause. */
public final class RunException extends SmaltiException {
    private static final long serialVersionUID = 1;

    /** @param problem with the graph's name or file */
    RunException(String problem, Throwable cause) {
        super(problem, cause);
    }

    /** Made on this thread, of what a run threw on this or another one. */
    static RunException of(String graph, Throwable failure) {
        if (failure instanceof RunException && failure.getMessage() != null && failure.getCause() != null) {
            return new RunException(failure.getMessage(), failure.getCause());
        }
        return new RunException(graph + ": the run failed (" + failure + ")", Objects.requireNonNull(failure));
    }
}
