package smalti.runtime;

import java.util.Collections;
import java.util.Comparator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What batches of each size cost, as the batches that were run tell, and so how large one is worth making. On a
 * processor a picture mostly costs the same alone and among many; then small batches answer sooner for nothing.
 *
 * <p>Sizes count by the power of two that holds them. Thread-safe.
 */
final class BatchCosts {
    /** A service that is sent pictures of all sizes must not remember each: the one that was run longest ago goes. */
    private static final int MOST_KINDS = 256;

    /** A kind that was not run for so many batches of others is forgotten: the machine may be another by now. */
    private static final int FORGOTTEN = 4096;

    private final int most;
    private final Map<Object, SizeCosts> kinds = new ConcurrentHashMap<>();
    private final AtomicLong batches = new AtomicLong();

    /** @param most items in a batch */
    BatchCosts(int most) {
        this.most = most;
    }

    /** Takes note of a batch. */
    void ran(Object kind, int items, long nanos) {
        long now = batches.incrementAndGet();
        if (now % FORGOTTEN == 0) {
            kinds.values().removeIf(costs -> now - costs.lastRun() > FORGOTTEN);
        }
        var costs = kinds.get(kind);
        if (costs == null) {
            while (kinds.size() >= MOST_KINDS) {
                kinds.values().remove(Collections.min(kinds.values(), Comparator.comparingLong(SizeCosts::lastRun)));
            }
            costs = kinds.computeIfAbsent(kind, unseen -> new SizeCosts(most));
        }
        costs.lastRun(now);
        costs.add(items, nanos);
    }

    /** How many items the next batch should have at most. */
    int cap(Object kind) {
        var costs = kinds.get(kind);
        return costs == null ? most : costs.cap();
    }

    /** Nanoseconds that so many items take, one batch after the other; 0 where nothing is known. */
    long estimate(Object kind, int items) {
        var costs = kinds.get(kind);
        return costs == null ? 0 : Math.round(items * costs.least());
    }

    /** Nanoseconds of a batch of so many items; 0 where nothing is known. */
    long run(Object kind, int items) {
        var costs = kinds.get(kind);
        return costs == null ? 0 : costs.run(items);
    }

    /** Standard deviation of what a batch takes, as a part of the mean; 0 where nothing is known. */
    double deviation(Object kind) {
        var costs = kinds.get(kind);
        return costs == null ? 0 : costs.deviation();
    }
}
