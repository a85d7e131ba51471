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
    private static final double SURE = 2.5;

    /**
     * A batch that takes no longer keeps nobody waiting to speak of, and whoever is woken takes some 50 microseconds of a
     * processor: of pictures that take less than this, several are run at once where they wait.
     */
    private static final long BRIEF_NANOS = 2_000_000;

    /** Least weight of the newest batch in what its size costs beside the others. */
    private static final double NEWEST = 0.01;

    /** Its weight in the pace of the machine, which becomes slower and faster for all sizes at once. */
    private static final double NEWEST_PACE = 0.1;

    /** Weight of the newest batch of any size in what they vary by. */
    private static final double NEWEST_DISTANCE = 0.02;

    /** Beyond so many times its size's mean a batch was held up by something else, which says nothing of its size. */
    private static final double MOST_SLOWER = 2;

    /** Batches of a size before its cost counts: the first ones allocate and warm up. */
    static final int LEAST_SEEN = 3;

    /**
     * The next larger and the next smaller size are tried in turn, each after as many batches as were seen of it, and
     * after so many at most: what little is known of is soon known better.
     */
    private static final int MOST_BETWEEN_TRIALS = 64;

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

    /** Nanoseconds of a batch of so many items, mostly of the next power of two; 0 where nothing is known. */
    long run(Object kind, int items) {
        var costs = kinds.get(kind);
        return costs == null ? 0 : costs.run(items);
    }

    /** Standard deviation of what a batch takes, as a part of the mean; 0 where nothing is known. */
    double deviation(Object kind) {
        var costs = kinds.get(kind);
        return costs == null ? 0 : costs.deviation;
    }

    /** Of one kind of items. */
    private static final class Costs {
        private final int most;
        /** Mean nanoseconds of an item in batches of up to 2^i, where the machine is as fast as it was first. */
        private final double[] means;

        private final int[] seen;
        /** Times what it took first. */
        private double pace = 1;

        /** Mean squared distance of a batch from the mean of its size, as a part of that: of all sizes together. */
        private double variance;

        private int distances;
        private int sinceTrial;
        private boolean isLargerNext = true;

        private volatile double deviation;
        private volatile double least;
        private volatile int cap;

        Costs(int most) {
            this.most = most;
            this.means = new double[place(most) + 1];
            this.seen = new int[means.length];
            this.cap = most;
        }

        synchronized void add(int items, long nanos) {
            int place = Math.min(place(items), means.length - 1);
            // a clock may stand still meanwhile
            double one = Math.max(1, nanos) / (pace * items);
            seen[place] = Math.min(seen[place], Integer.MAX_VALUE - 1) + 1;
            if (seen[place] == 1) {
                means[place] = one;
            } else if (seen[place] == 2) {
                // the first one may have done what is done once
                means[place] = Math.min(one, MOST_SLOWER * means[place]);
            } else {
                double weight = weight(place);
                double off = Math.min(one / means[place], MOST_SLOWER) - 1;
                boolean isKnown = weight < NEWEST_PACE;
                if (isKnown) {
                    pace *= 1 + NEWEST_PACE * off;
                }
                if (!isKnown || off < MOST_SLOWER - 1) {
                    means[place] *= 1 + weight * off;
                }
                distances = Math.min(distances, Integer.MAX_VALUE - 1) + 1;
                // the mean that it is far from varies too
                double squared = (1 - weight) * off * off;
                variance += Math.max(NEWEST_DISTANCE, 1.0 / distances) * (squared - variance);
                deviation = Math.sqrt(variance);
            }
            sinceTrial++;
            settle();
        }

        /** By the smallest size that holds them and was seen, or else the largest that was. */
        synchronized long run(int items) {
            int first = Math.min(place(items), means.length - 1);
            for (int place = first; place < means.length; place++) {
                if (seen[place] >= LEAST_SEEN) {
                    return Math.round(pace * means[place] * Math.min(most, 1 << place));
                }
            }
            for (int place = first; place >= 0; place--) {
                if (seen[place] >= LEAST_SEEN) {
                    return Math.round(pace * means[place] * items);
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
            least = pace * means[best];
            cap = Math.min(most, 1 << bestOrTried(best));
        }

        /** The best size, or one beside it where it is time for a trial. */
        private int bestOrTried(int best) {
            int other = isLargerNext ? best + 1 : best - 1;
            if (other < 0 || other == means.length) {
                // there is none: the one on the other side
                other = 2 * best - other;
            }
            if (means.length == 1 || sinceTrial < Math.min(MOST_BETWEEN_TRIALS, seen[other])) {
                return best;
            }
            sinceTrial = 0;
            isLargerNext = other < best;
            return other;
        }

        /** Of the sizes that cost as little as the cheapest, the largest that takes no time to speak of, or the smallest. */
        private int best(int cheapest) {
            int smallest = cheapest;
            int largest = -1;
            for (int place = means.length - 1; place >= 0; place--) {
                if (isAsGood(place, cheapest)) {
                    smallest = place;
                    if (largest < 0 && pace * means[place] * (1 << place) <= BRIEF_NANOS) {
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
            double weight = Math.max(NEWEST / (2 - NEWEST), 1.0 / (seen[place] - 1));
            return variance * means[place] * means[place] * weight;
        }

        /** Of the newest batch of a size in its mean. */
        private double weight(int place) {
            return Math.max(NEWEST, 1.0 / (seen[place] - 1));
        }

        private static int place(int items) {
            return Integer.SIZE - Integer.numberOfLeadingZeros(items - 1);
        }
    }
}
