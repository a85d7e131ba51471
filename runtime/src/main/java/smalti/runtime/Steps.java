package smalti.runtime;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/** One request after another, as one future: whoever ends it from outside cancels the one that is under way. */
final class Steps {
    private Steps() {}

    static <A, B> CompletableFuture<B> of(CompletableFuture<A> first, Function<A, CompletableFuture<B>> second) {
        var current = new AtomicReference<CompletableFuture<?>>(first);
        var isOver = new AtomicBoolean();
        var both = first.thenCompose(answer -> {
            var next = second.apply(answer);
            current.set(next);
            if (isOver.get()) {
                next.cancel(true);
            }
            return next;
        });
        var unused = both.whenComplete((answer, failure) -> {
            // in this order: one of the two sees what the other set
            isOver.set(true);
            Objects.requireNonNull(current.get()).cancel(true);
        });
        return both;
    }
}
