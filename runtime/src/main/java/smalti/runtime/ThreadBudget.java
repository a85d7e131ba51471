package smalti.runtime;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import smalti.spec.Check;

/**
 * The threads that models may keep busy at once, together. A model that waits for threads gets them before one that has
 * had more of their time, so that a slow model does not starve another.
 *
 * <p>{@link #ofProcess} is shared by every model that is given no other.
 */
public final class ThreadBudget {
    private static final ThreadBudget PROCESS =
            new ThreadBudget(Runtime.getRuntime().availableProcessors());

    private final int threads;
    private final List<Claim> waiting = new ArrayList<>();
    private int free;
    private double served;

    private ThreadBudget(int threads) {
        this.threads = threads;
        this.free = threads;
    }

    /** As many threads as the JVM may use processors: in a container, its quota. */
    public static ThreadBudget ofProcess() {
        return PROCESS;
    }

    /** A budget of its own. */
    public static ThreadBudget of(int threads) {
        Check.that(threads >= 1 && threads <= 1024, "threads must be from 1 to 1024, got %s", threads)
                .done();
        return new ThreadBudget(threads);
    }

    /** How many threads there are. */
    public int threads() {
        return threads;
    }

    /** @return whether there were so many, and nobody waits for threads; they must be given back */
    synchronized boolean tryTake(int count) {
        if (waiting.isEmpty() && free >= count) {
            free -= count;
            return true;
        }
        return false;
    }

    /**
     * Takes threads now or waits for them in the claim's place in line.
     *
     * @return whether they were taken; else {@link Claim#granted} is called once they are
     */
    synchronized boolean takeOrWait(Claim claim) {
        if (tryTake(claim.threads)) {
            return true;
        }
        if (!waiting.contains(claim)) {
            claim.served = Math.max(claim.served, served);
            waiting.add(claim);
        }
        return false;
    }

    /** Waits no more. */
    synchronized void leave(Claim claim) {
        waiting.remove(claim);
    }

    /**
     * Gives threads back.
     *
     * @param nanos for how long they were held
     */
    void give(Claim claim, int count, long nanos) {
        var granted = new ArrayList<Claim>();
        synchronized (this) {
            free += count;
            claim.served += (double) nanos * count;
            while (!waiting.isEmpty()) {
                var next = waiting.stream()
                        .min(Comparator.comparingDouble(other -> other.served))
                        .orElseThrow();
                if (next.threads > free) {
                    break;
                }
                waiting.remove(next);
                free -= next.threads;
                served = Math.max(served, next.served);
                granted.add(next);
            }
        }
        granted.forEach(next -> next.granted.run());
    }

    /** One model's graph before a budget. */
    static final class Claim {
        private final int threads;
        private final Runnable granted;
        private double served;

        /**
         * @param threads that it asks for each time
         * @param granted called, on the thread that gave them back, with the threads taken
         */
        Claim(int threads, Runnable granted) {
            this.threads = threads;
            this.granted = granted;
        }
    }
}
