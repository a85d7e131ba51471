package smalti.runtime;

import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import smalti.spec.SpecException;

/**
 * What kinds of things go wrong with a request, so that a service can turn them into its own answers in one place.
 *
 * <p>Calls throw the exceptions that the kinds name, and futures of the runtime fail with the same ones: bare in
 * {@code whenComplete} and {@code exceptionally}, as the cause of what {@code get} and {@code join} throw. What a service
 * makes of a future wraps them once more, as the JDK does; {@link #of} looks through that.
 */
public enum Failure {
    /** {@link QueueFullException}: too much waits. It may be sent again, after {@link QueueFullException#estimate}. */
    REFUSED,
    /** {@link DeadlineException}: its timeout passed while it waited. */
    EXPIRED,
    /** {@link CancellationException}: its future was cancelled, or the thread that waited was interrupted. */
    CANCELLED,
    /** {@link ModelClosedException}: the model was closed before the request was done. */
    CLOSED,
    /** {@link RunException}: the run failed, with the cause. */
    RUN,
    /** {@link InputException}: what was given is wrong. */
    INPUT,
    /** {@link LoadException}, or any other {@link SpecException}: the model or how it is to be run is wrong. */
    MODEL,
    /** Nothing that the runtime itself throws. */
    OTHER;

    /** @param thrown by a call, or what a future failed with */
    public static Failure of(Throwable thrown) {
        Objects.requireNonNull(thrown, "thrown");
        var cause = cause(thrown);
        if (cause instanceof QueueFullException) {
            return REFUSED;
        } else if (cause instanceof DeadlineException) {
            return EXPIRED;
        } else if (cause instanceof CancellationException) {
            return CANCELLED;
        } else if (cause instanceof ModelClosedException) {
            return CLOSED;
        } else if (cause instanceof RunException) {
            return RUN;
        } else if (cause instanceof InputException) {
            return INPUT;
        }
        return cause instanceof SpecException ? MODEL : OTHER;
    }

    /** What futures wrapped, as it was. */
    public static Throwable cause(Throwable thrown) {
        Objects.requireNonNull(thrown, "thrown");
        var cause = thrown;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }
}
