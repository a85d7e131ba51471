package smalti.runtime;

import java.util.ArrayList;
import java.util.Collections;
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
    /** What the claim that began last had been given until then; a claim that comes back begins there. */
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

    /** As {@link #tryTake(int)}, on the claim's account. */
    synchronized boolean tryTake(Claim claim, int count) {
        if (!tryTake(count)) {
            return false;
        }
        begin(claim);
        return true;
    }

    /** A claim that was away has saved nothing up. One that never had to wait owes nothing to those that come. */
    private void begin(Claim claim) {
        claim.account.served = Math.max(claim.account.served, served);
        served = claim.account.served;
    }

    /**
     * Takes threads now or waits for them in the claim's place in line.
     *
     * @return whether they were taken; else {@link Claim#granted} is called once they are
     */
    synchronized boolean takeOrWait(Claim claim) {
        if (tryTake(claim, claim.threads)) {
            return true;
        }
        if (!waiting.contains(claim)) {
            claim.account.served = Math.max(claim.account.served, served);
            waiting.add(claim);
        }
        return false;
    }

    /** Waits no more. @return whether it still did */
    synchronized boolean leave(Claim claim) {
        return waiting.remove(claim);
    }

    /**
     * Goes on with a claim's threads after a run, unless another waits that has had less of the threads' time; then it
     * waits in line again.
     *
     * @param held threads, given back as far as they are more than the claim's
     * @param nanos for how long they were held
     * @return whether the claim's threads are still taken; else {@link Claim#granted} is called once they are
     */
    boolean keep(Claim claim, int held, long nanos) {
        boolean kept;
        List<Claim> granted;
        synchronized (this) {
            claim.account.served += (double) nanos * held;
            kept = waiting.isEmpty()
                    || waiting.stream()
                            .allMatch(other -> other == claim || other.account.served >= claim.account.served);
            free += kept ? held - claim.threads : held;
            if (kept) {
                begin(claim);
            } else if (!waiting.contains(claim)) {
                waiting.add(claim);
            }
            granted = grant();
        }
        granted.forEach(next -> next.granted.run());
        return kept;
    }

    /**
     * Gives threads back.
     *
     * @param nanos for how long they were held
     */
    void give(Claim claim, int held, long nanos) {
        List<Claim> granted;
        synchronized (this) {
            claim.account.served += (double) nanos * held;
            free += held;
            granted = grant();
        }
        granted.forEach(next -> next.granted.run());
    }

    /** Takes threads for those who wait, in turn, as far as there are any. */
    private List<Claim> grant() {
        if (waiting.isEmpty()) {
            return List.of();
        }
        var granted = new ArrayList<Claim>();
        while (!waiting.isEmpty()) {
            var next = Collections.min(waiting, Comparator.comparingDouble(claim -> claim.account.served));
            if (next.threads > free) {
                break;
            }
            waiting.remove(next);
            free -= next.threads;
            begin(next);
            granted.add(next);
        }
        return granted;
    }

    /** What a model's graph had of a budget: nanoseconds times threads. */
    private static final class Account {
        private double served;
    }

    /** One model's graph before a budget. */
    static final class Claim {
        private final Account account;
        private final int threads;
        private final Runnable granted;

        /**
         * @param threads that it asks for each time
         * @param granted called, on the thread that gave them back, with the threads taken
         */
        Claim(int threads, Runnable granted) {
            this(new Account(), threads, granted);
        }

        private Claim(Account account, int threads, Runnable granted) {
            this.account = account;
            this.threads = threads;
            this.granted = granted;
        }

        /** Another one of the same graph, which stands in line by itself. */
        Claim beside(Runnable granted) {
            return new Claim(account, threads, granted);
        }
    }
}
