package smalti.runtime;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The call that a thread works for, and the calls around it. A request takes it along to the thread that completes its
 * future, so that a close within a call is noticed there too.
 */
final class CallScope {
    private static final ThreadLocal<@Nullable CallScope> CURRENT = new ThreadLocal<>();

    private final Object owner;
    private final @Nullable CallScope around;
    private volatile boolean isOver;

    /** A call within those that this thread works for now; nothing is done within it yet. */
    CallScope(Object owner) {
        this.owner = owner;
        this.around = current();
    }

    /** Nobody waits any more for what is done within it. */
    void end() {
        isOver = true;
    }

    /** The innermost call that this thread works for and that is not over; null for none. */
    static @Nullable CallScope current() {
        var scope = CURRENT.get();
        while (scope != null && scope.isOver) {
            scope = scope.around;
        }
        return scope;
    }

    /** Whether this thread works for a call of an owner that is not over. */
    static boolean isWithin(Object owner) {
        for (var scope = CURRENT.get(); scope != null; scope = scope.around) {
            if (scope.owner == owner && !scope.isOver) {
                return true;
            }
        }
        return false;
    }

    /**
     * Does work on this thread for a call.
     *
     * @param scope null for none
     */
    static <T> T within(@Nullable CallScope scope, Supplier<T> work) {
        var before = CURRENT.get();
        CURRENT.set(scope);
        try {
            return work.get();
        } finally {
            // nothing stays behind on a thread of the user's
            if (before == null) {
                CURRENT.remove();
            } else {
                CURRENT.set(before);
            }
        }
    }

    /** As {@link #within(CallScope, Supplier)}. */
    static void run(@Nullable CallScope scope, Runnable work) {
        within(scope, () -> {
            work.run();
            return true;
        });
    }
}
