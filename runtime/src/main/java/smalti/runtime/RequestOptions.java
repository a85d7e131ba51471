package smalti.runtime;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import smalti.spec.SpecException;

/**
 * How one request is treated. None of these changes its result.
 *
 * @param timeout from the call until the result must be there; null for as long as it takes. Where others wait, a request that
 *     would not be done by then is refused with {@link QueueFullException}; one that waits until it cannot be any more
 *     fails with {@link DeadlineException} without being run; one that runs is finished
 * @param priority against the other requests of the same graph
 * @param caller whom the request is for, such as a tenant: callers that wait share the items run evenly, whatever each
 *     of them asks for. Empty: every request counts as a caller of its own
 */
public record RequestOptions(@Nullable Duration timeout, Priority priority, String caller) {
    private static final RequestOptions DEFAULTS = new RequestOptions(null, Priority.NORMAL, "");

    public RequestOptions {
        Objects.requireNonNull(priority, "priority");
        Objects.requireNonNull(caller, "caller");
        if (timeout != null && (timeout.isNegative() || timeout.isZero())) {
            throw new SpecException("timeout must be longer than nothing, got " + timeout);
        }
    }

    /** No timeout, normal priority, nobody in particular. */
    public static RequestOptions defaults() {
        return DEFAULTS;
    }

    public RequestOptions withTimeout(Duration timeout) {
        return new RequestOptions(timeout, priority, caller);
    }

    public RequestOptions withPriority(Priority priority) {
        return new RequestOptions(timeout, priority, caller);
    }

    public RequestOptions withCaller(String caller) {
        return new RequestOptions(timeout, priority, caller);
    }

    /**
     * For the next step of a request that began at {@code start}.
     *
     * @param start in nanoseconds of {@link System#nanoTime}
     */
    RequestOptions since(long start) {
        if (timeout == null) {
            return this;
        }
        var left = timeout.minusNanos(System.nanoTime() - start);
        // too late already: the next step expires at once
        return withTimeout(left.isNegative() || left.isZero() ? Duration.ofNanos(1) : left);
    }
}
