package smalti.runtime;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/** One request after another, as one future: cancelling it cancels the one that is under way. */
final class Steps {
    private Steps() {}

    static <A, B> CompletableFuture<B> of(CompletableFuture<A> first, Function<A, CompletableFuture<B>> second) {
        var current = new AtomicReference<CompletableFuture<?>>(first);
        var both = first.thenCompose(answer -> {
            var next = second.apply(answer);
            current.set(next);
            return next;
        });
        var unused = both.whenComplete((answer, failure) -> {
            if (both.isCancelled()) {
                Objects.requireNonNull(current.get()).cancel(true);
            }
        });
        return both;
    }
}
