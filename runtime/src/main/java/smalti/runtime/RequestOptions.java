package smalti.runtime;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How one request is treated. None of these changes its result. Immutable; what is not said is as in {@link #defaults}. */
public final class RequestOptions extends ByValue {
    private static final RequestOptions DEFAULTS = new RequestOptions(new Values(null, Priority.NORMAL, ""));

    private final Values values;

    private record Values(@Nullable Duration timeout, Priority priority, String caller) {}

    private RequestOptions(Values values) {
        this.values = values;
    }

    /** No timeout, normal priority, nobody in particular. */
    public static RequestOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Where others wait, a request that would not be done in its time is refused with {@link QueueFullException}; one
     * that waits until it cannot be any more fails with {@link DeadlineException} without being run; one that runs is
     * finished.
     *
     * @param timeout from the call until the result must be there
     * @throws InputException if that is nothing, or less
     */
    public RequestOptions withTimeout(Duration timeout) {
        Objects.requireNonNull(timeout, "timeout");
        if (timeout.isNegative() || timeout.isZero()) {
            throw new InputException("timeout must be longer than nothing, got " + timeout);
        }
        return new RequestOptions(new Values(timeout, values.priority, values.caller));
    }

    /** @param priority against the other requests of the same graph */
    public RequestOptions withPriority(Priority priority) {
        Objects.requireNonNull(priority, "priority");
        return new RequestOptions(new Values(values.timeout, priority, values.caller));
    }

    /**
     * @param caller whom the request is for, such as a tenant: callers that wait share the items run evenly, whatever
     *     each of them asks for. Empty: every request counts as a caller of its own
     */
    public RequestOptions withCaller(String caller) {
        Objects.requireNonNull(caller, "caller");
        return new RequestOptions(new Values(values.timeout, values.priority, caller));
    }

    /** Empty for as long as it takes. */
    public Optional<Duration> timeout() {
        return Optional.ofNullable(values.timeout);
    }

    public Priority priority() {
        return values.priority;
    }

    /** Empty for nobody in particular. */
    public String caller() {
        return values.caller;
    }

    /**
     * For the next step of a request that began at {@code start}.
     *
     * @param start in nanoseconds of {@link System#nanoTime}
     */
    RequestOptions since(long start) {
        if (values.timeout == null) {
            return this;
        }
        var left = values.timeout.minusNanos(System.nanoTime() - start);
        // too late already: the next step expires at once
        return withTimeout(left.isNegative() || left.isZero() ? Duration.ofNanos(1) : left);
    }

    @Override
    Record values() {
        return values;
    }
}
