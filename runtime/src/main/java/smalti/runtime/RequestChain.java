package smalti.runtime;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Two requests, one after the other, as one future. Ending that from outside cancels the request that is under way. */
final class RequestChain {
    private RequestChain() {}

    static <A, B> CompletableFuture<B> of(CompletableFuture<A> first, Function<A, CompletableFuture<B>> second) {
        var current = new AtomicReference<CompletableFuture<?>>(first);
        var isOver = new AtomicBoolean();
        var both = new CompletableFuture<B>();
        var unusedFirst = first.whenComplete((answer, failure) -> {
            if (failure != null) {
                both.completeExceptionally(failure);
                return;
            }
            try {
                var next = second.apply(answer);
                current.set(next);
                if (isOver.get()) {
                    next.cancel(true);
                }
                var unusedSecond = next.whenComplete((end, refusal) -> settle(both, end, refusal));
            } catch (RuntimeException | Error e) {
                both.completeExceptionally(e);
            }
        });
        var unused = both.whenComplete((answer, failure) -> {
            // in this order: one of the two sees what the other set
            isOver.set(true);
            Objects.requireNonNull(current.get()).cancel(true);
        });
        return both;
    }

    /** By hand: the JDK would wrap the failure in a CompletionException. */
    private static <B> void settle(CompletableFuture<B> both, B answer, @Nullable Throwable failure) {
        if (failure != null) {
            both.completeExceptionally(failure);
        } else {
            both.complete(answer);
        }
    }
}
