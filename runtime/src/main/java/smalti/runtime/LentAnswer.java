package smalti.runtime;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The answer of a call that has a model. The model is given back before anybody hears of the answer, so that whoever hears
 * of it may close or replace the model. Ending the answer from outside gives the work up.
 */
final class LentAnswer<T> extends CompletableFuture<T> {
    private final CompletableFuture<T> work;
    private final GiveBack giveBack;
    private final AtomicBoolean isGiven = new AtomicBoolean();

    /** What is done before anybody hears of an answer; where it throws, they hear of it all the same. */
    interface GiveBack {
        /** @param failure null for none */
        void ended(@Nullable Throwable failure);
    }

    private LentAnswer(CompletableFuture<T> work, GiveBack giveBack) {
        this.work = work;
        this.giveBack = giveBack;
    }

    /** @param giveBack called once */
    static <T> CompletableFuture<T> of(CompletableFuture<T> work, GiveBack giveBack) {
        var answer = new LentAnswer<>(work, giveBack);
        var unusedWork = work.whenComplete(answer::settle);
        // for the ways to end a future that are not overridden here
        var unused = answer.whenComplete((done, failure) -> answer.giveUp(failure));
        return answer;
    }

    @Override
    public boolean complete(T value) {
        giveUp(null);
        return super.complete(value);
    }

    @Override
    public boolean completeExceptionally(Throwable failure) {
        giveUp(failure);
        return super.completeExceptionally(failure);
    }

    @Override
    public boolean cancel(boolean mayInterrupt) {
        giveUp(new CancellationException());
        return super.cancel(mayInterrupt);
    }

    private void settle(T done, @Nullable Throwable failure) {
        if (!isGiven.compareAndSet(false, true)) {
            return;
        }
        try {
            giveBack.ended(failure);
        } finally {
            if (failure == null) {
                super.complete(done);
            } else {
                super.completeExceptionally(failure);
            }
        }
    }

    private void giveUp(@Nullable Throwable failure) {
        if (isGiven.compareAndSet(false, true)) {
            try {
                giveBack.ended(failure);
            } finally {
                work.cancel(true);
            }
        }
    }
}
