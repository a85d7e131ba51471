package smalti.runtime;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What batches of each size cost, as the batches that were run tell, and so how large one is worth making. On a
 * processor a picture mostly costs the same alone and among many; then small batches answer sooner for nothing.
 *
 * <p>Sizes count by the power of two that holds them. Thread-safe.
 */
final class BatchCosts {
    /** A larger batch must save so much of an item's cost. */
    private static final double WORTH = 0.05;

    /** By how many standard errors beyond that: what only chance makes cheaper is slower for nothing. */
    private static final double SURE = 2;

    /**
     * A batch that takes no longer keeps nobody waiting to speak of, and whoever is woken takes some 50 microseconds of a
     * processor: of pictures that take less than this, several are run at once where they wait.
     */
    private static final long BRIEF_NANOS = 2_000_000;

    /** Weight of the newest batch in the running mean, which follows a machine that becomes slower or faster. */
    private static final double NEWEST = 0.1;

    /** Batches of a size before its cost counts: the first ones allocate and warm up. */
    static final int LEAST_SEEN = 3;

    /** Every so many batches the next larger size is tried, and half way between the next smaller one. */
    private static final int TRIAL = 64;

    /** Kinds beyond it are not learnt: a service that is sent pictures of all sizes must not remember each. */
    private static final int MOST_KINDS = 256;

    private final int most;
    private final Map<Object, Costs> kinds = new ConcurrentHashMap<>();

    /** @param most items in a batch */
    BatchCosts(int most) {
        this.most = most;
    }

    /** Takes note of a batch. */
    void ran(Object kind, int items, long nanos) {
        var costs = kinds.get(kind);
        if (costs == null && kinds.size() < MOST_KINDS) {
            costs = kinds.computeIfAbsent(kind, unseen -> new Costs(most));
        }
        if (costs != null) {
            costs.add(items, nanos);
        }
    }

    /** How many items the next batch should have at most. */
    int cap(Object kind) {
        var costs = kinds.get(kind);
        return costs == null ? most : costs.cap;
    }

    /** Nanoseconds that so many items take, one batch after the other; 0 where nothing is known. */
    long estimate(Object kind, int items) {
        var costs = kinds.get(kind);
        return costs == null ? 0 : Math.round(items * costs.least);
    }

    /** Nanoseconds of a batch of so many items or the next power of two; 0 where nothing is known. */
    long run(Object kind, int items) {
        var costs = kinds.get(kind);
        return costs == null ? 0 : costs.run(items);
    }

    /** Of one kind of items. */
    private static final class Costs {
        private final int most;
        /** Mean nanoseconds of an item in batches of up to 2^i. */
        private final double[] means;

        /** Mean squared distance from them. */
        private final double[] variances;

        private final int[] seen;
        /** Since the last trial of a larger size. */
        private int batches;

        private volatile double least;
        private volatile int cap;

        Costs(int most) {
            this.most = most;
            this.means = new double[place(most) + 1];
            this.variances = new double[means.length];
            this.seen = new int[means.length];
            this.cap = most;
        }

        synchronized void add(int items, long nanos) {
            int place = Math.min(place(items), means.length - 1);
            double one = (double) nanos / items;
            seen[place] = Math.min(seen[place], Integer.MAX_VALUE - 1) + 1;
            if (seen[place] <= 2) {
                // the first one may have done what is done once
                means[place] = one;
            } else {
                double off = one - means[place];
                double weight = Math.max(NEWEST, 1.0 / (seen[place] - 1));
                means[place] += weight * off;
                variances[place] += weight * (off * off - variances[place]);
            }
            batches = (batches + 1) % TRIAL;
            settle();
        }

        /** By the smallest size that holds them and was seen. */
        synchronized long run(int items) {
            for (int place = Math.min(place(items), means.length - 1); place < means.length; place++) {
                if (seen[place] >= LEAST_SEEN) {
                    return Math.round(means[place] * Math.min(most, 1 << place));
                }
            }
            return 0;
        }

        private void settle() {
            int cheapest = -1;
            for (int place = 0; place < means.length; place++) {
                if (seen[place] >= LEAST_SEEN && (cheapest < 0 || means[place] < means[cheapest])) {
                    cheapest = place;
                }
            }
            if (cheapest < 0) {
                return;
            }
            int best = best(cheapest);
            if (batches == 0 || (best + 1 < means.length && seen[best + 1] < LEAST_SEEN)) {
                best++;
            } else if (batches == TRIAL / 2) {
                best--;
            }
            least = means[cheapest];
            cap = Math.min(most, 1 << Math.max(0, best));
        }

        /** Of the sizes that cost as little as the cheapest, the largest that takes no time to speak of, or the smallest. */
        private int best(int cheapest) {
            int smallest = cheapest;
            int largest = -1;
            for (int place = means.length - 1; place >= 0; place--) {
                if (isAsGood(place, cheapest)) {
                    smallest = place;
                    if (largest < 0 && means[place] * (1 << place) <= BRIEF_NANOS) {
                        largest = place;
                    }
                }
            }
            return largest < 0 ? smallest : largest;
        }

        private boolean isAsGood(int place, int cheapest) {
            double chance = SURE * Math.sqrt(squaredError(place) + squaredError(cheapest));
            return seen[place] >= LEAST_SEEN && means[place] <= means[cheapest] * (1 + WORTH) + chance;
        }

        /** Of a mean, squared. */
        private double squaredError(int place) {
            return variances[place] * Math.max(NEWEST / (2 - NEWEST), 1.0 / (seen[place] - 1));
        }

        private static int place(int items) {
            return Integer.SIZE - Integer.numberOfLeadingZeros(items - 1);
        }
    }
}
