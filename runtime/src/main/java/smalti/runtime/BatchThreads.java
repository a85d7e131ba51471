package smalti.runtime;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The threads of a budget that the batches of one graph take. Thread-safe. */
final class BatchThreads {
    private final ThreadBudget budget;
    private final ThreadBudget.Claim claim;
    private final int usual;
    private final int alone;

    /** @param granted called once threads are taken that {@link #takeOrWait} or {@link #keep} waits for */
    BatchThreads(BatchSettings settings, Runnable granted) {
        this.budget = settings.budget();
        this.usual = settings.threads();
        this.alone = settings.threadsAlone();
        this.claim = new ThreadBudget.Claim(usual, granted);
    }

    /** How many a batch has. */
    int count(boolean isAlone) {
        return isAlone ? alone : usual;
    }

    /** Whether a batch that is alone has no more than another one. */
    boolean areAlwaysTheSame() {
        return alone == usual;
    }

    /**
     * Takes threads for a batch, if there are any now.
     *
     * @param isAlone whether it may have all of them
     * @return how many; 0 where there are none
     */
    int tryTake(boolean isAlone) {
        if (isAlone && budget.tryTake(claim, alone)) {
            return alone;
        }
        return budget.tryTake(claim, usual) ? usual : 0;
    }

    /** @return whether those of a batch were taken; else they are waited for in line */
    boolean takeOrWait() {
        return budget.takeOrWait(claim);
    }

    /**
     * Takes those of a batch, in a place in line of its own, and waits for them on this thread.
     *
     * @param stop ends the waiting
     * @return by which they are given back; null where the waiting was ended
     */
    ThreadBudget.@Nullable Claim await(StopSignal stop) {
        var isGranted = new CompletableFuture<Boolean>();
        var turn = claim.beside(() -> isGranted.complete(true));
        if (budget.takeOrWait(turn)) {
            return turn;
        }
        stop.onStop(() -> isGranted.complete(!budget.leave(turn)));
        return isGranted.join() ? turn : null;
    }

    /**
     * Takes more to those of a batch, where nothing else wants any.
     *
     * @return how many the batch has then
     */
    int widened(boolean isAlone) {
        return isAlone && budget.tryTake(alone - usual) ? alone : usual;
    }

    /** @return whether those of a batch are still taken, for the next one; else they are waited for in line */
    boolean keep(int held, long nanos) {
        return budget.keep(claim, held, nanos);
    }

    /** Stands in line no more. */
    void leaveLine() {
        budget.leave(claim);
    }

    void give(int held, long nanos) {
        give(claim, held, nanos);
    }

    void give(ThreadBudget.Claim turn, int held, long nanos) {
        budget.give(turn, held, nanos);
    }
}
