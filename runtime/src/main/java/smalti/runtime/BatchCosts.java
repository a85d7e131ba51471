package smalti.runtime;

import java.util.Arrays;
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

    /** Weight of a batch in the pace of the machine, which becomes slower and faster for all sizes at once. */
    private static final double NEWEST_PACE = 0.04;

    /** Least weight of a batch in what its size costs beside others. */
    private static final double NEWEST_BESIDE = 0.01;

    /** Weight of a batch in what was run lately. */
    private static final double NEWEST_SHARE = 0.2;

    /** What a batch is compared with varies too: so many times as much as the batch alone. */
    private static final double VARIED = 2;

    /** Weight of the newest batch of any size in what they vary by. */
    private static final double NEWEST_DISTANCE = 0.02;

    /** Beyond so many times what was believed, or below that part of it, a batch counts as if it were just so far off. */
    private static final double MOST_TIMES = 2;

    /** The first batches of a size, whose mean is what it costs; from then on the scale is fixed. */
    private static final int FIRST_SEEN = 10;

    /** Batches of a size before its cost counts: the first ones allocate and warm up. */
    static final int LEAST_SEEN = 3;

    /**
     * The next larger and the next smaller size are tried in turn, each after some more batches than were seen of it, and
     * after so many at most: what little is known of is soon known better.
     */
    private static final int MOST_BETWEEN_TRIALS = 64;

    private static final double MORE_THAN_SEEN = 1.5;

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

    /** Nanoseconds of a batch of so many items; 0 where nothing is known. */
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
        /*
         * A batch is believed to take pace * means[place] an item. Only that product is ever seen: the same batches would
         * fit a pace that is twice as fast and means that are twice as long. So that the two don't drift apart, and sizes
         * that are not run aren't left behind by those that are, the means have no part in following the machine. They
         * tell what sizes cost beside each other alone: what a batch adds to the logarithm of its own mean it takes from
         * those of the sizes that were run just before, and nothing where its own alone was. With the sum of the
         * logarithms fixed, the pace is what batches took beside fixed numbers, and moves those along that are not run.
         */
        private final int most;
        /** Nanoseconds of an item in batches of up to 2^i, where the machine is as fast as it was first. */
        private final double[] means;

        /** Batches that tell of a size's mean, or parts of such. */
        private final double[] seen;
        /** Times what it took first. */
        private double pace = 1;

        /** Batches in a row that took very much more than was believed, or, below 0, very much less. */
        private int inRow;

        /** Which part of the last few batches each size was. */
        private final double[] shares;

        /** How many times what was expected each of them took; and where the next one is put. */
        private final double[] latest = {1, 1, 1, 1, 1};

        private int next;

        /** Whether the means are fixed in scale. */
        private boolean isAnchored;

        /** Of the batch that took longest. */
        private long slowest;

        /** Items of the largest batch. */
        private int largest;

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
            this.seen = new double[means.length];
            this.shares = new double[means.length];
            this.cap = most;
        }

        synchronized void add(int items, long nanos) {
            int place = nearest(items);
            // a clock may stand still meanwhile
            long took = Math.max(1, nanos);
            slowest = Math.max(slowest, took);
            largest = Math.max(largest, items);
            double one = (double) took / items;
            if (seen[place] == 0) {
                means[place] = one / pace;
                seen[place] = 1;
            } else if (seen[place] == 1) {
                // the first one may have done what is done once
                means[place] = Math.min(one / pace, MOST_TIMES * means[place]);
                seen[place] = 2;
            } else {
                double expected = isSeen(place) ? expected(items) : pace * means[place] * items;
                double times = took / expected;
                double off = Math.min(times, MOST_TIMES) - 1;
                if (isAnchored) {
                    compare(place, times);
                    follow(off);
                } else {
                    means[place] *= 1 + weight(place) * off;
                    seen[place]++;
                    isAnchored = seen[place] >= FIRST_SEEN;
                }
                vary(place, off);
            }
            for (int other = 0; other < shares.length; other++) {
                shares[other] += NEWEST_SHARE * ((other == place ? 1 : 0) - shares[other]);
            }
            sinceTrial++;
            settle();
        }

        /** Learns what sizes cost beside each other: as much as others were run lately. */
        private void compare(int place, double times) {
            double most = Math.log(MOST_TIMES);
            double off = Math.max(-most, Math.min(most, Math.log(times / lately())));
            double others = 0;
            for (int other = 0; other < shares.length; other++) {
                if (other != place) {
                    others += shares[other];
                    means[other] *= Math.exp(-NEWEST_BESIDE * shares[other] * off);
                }
            }
            means[place] *= Math.exp(weight(place) * others * off);
            seen[place] += others;
            latest[next] = times;
            next = (next + 1) % latest.length;
        }

        /** How many times what was expected the last few batches took, in the median: the pace may have changed. */
        private double lately() {
            double[] sorted = latest.clone();
            Arrays.sort(sorted);
            return sorted[sorted.length / 2];
        }

        /** The pace goes after a batch; the faster, the more of them in a row are far off on the same side. */
        private void follow(double off) {
            int side = off >= MOST_TIMES - 1 ? 1 : off <= 1 / MOST_TIMES - 1 ? -1 : 0;
            inRow = side == 0 ? 0 : side * inRow > 0 ? inRow + side : side;
            pace *= Math.exp(NEWEST_PACE * Math.max(1, Math.min(Math.abs(inRow), inRow > 0 ? 2 : 4)) * off);
        }

        private void vary(int place, double off) {
            distances = Math.min(distances, Integer.MAX_VALUE - 1) + 1;
            // the mean that it is far from varies too
            double squared = (1 - weight(place)) * off * off;
            variance += Math.max(NEWEST_DISTANCE, 1.0 / distances) * (squared - variance);
            deviation = Math.sqrt(variance);
        }

        synchronized long run(int items) {
            return Math.round(Math.min(expected(items), longest(items)));
        }

        /** Between the sizes around them where those were seen, else as many times a smaller one, or as a larger one. */
        private double expected(int items) {
            int above = Math.min(place(items), means.length - 1);
            while (above < means.length && !isSeen(above)) {
                above++;
            }
            int below = Math.min(Integer.SIZE - 1 - Integer.numberOfLeadingZeros(items), means.length - 1);
            while (below >= 0 && !isSeen(below)) {
                below--;
            }
            if (below < 0) {
                return above == means.length ? 0 : nanos(above);
            }
            if (above == means.length || above <= below) {
                return nanos(below) / size(below) * items;
            }
            double part = (double) (items - size(below)) / (size(above) - size(below));
            return nanos(below) + part * (nanos(above) - nanos(below));
        }

        private double nanos(int place) {
            return pace * means[place] * size(place);
        }

        /** So many items took no longer so far; more than were ever run as many times as long. */
        private double longest(int items) {
            return (double) slowest * Math.max(1, (double) items / largest);
        }

        private int size(int place) {
            return Math.min(most, 1 << place);
        }

        private boolean isSeen(int place) {
            return seen[place] >= LEAST_SEEN;
        }

        private void settle() {
            int cheapest = -1;
            for (int place = 0; place < means.length; place++) {
                if (isSeen(place) && (cheapest < 0 || means[place] < means[cheapest])) {
                    cheapest = place;
                }
            }
            if (cheapest < 0) {
                return;
            }
            int best = best(cheapest);
            least = pace * means[best];
            cap = size(bestOrTried(best));
        }

        /** The best size, or one beside it where it is time for a trial. */
        private int bestOrTried(int best) {
            int other = isLargerNext ? best + 1 : best - 1;
            if (other < 0 || other == means.length) {
                // there is none: the one on the other side
                other = 2 * best - other;
            }
            if (means.length == 1 || sinceTrial < Math.min(MOST_BETWEEN_TRIALS, MORE_THAN_SEEN * seen[other])) {
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
            return isSeen(place) && means[place] <= means[cheapest] * (1 + WORTH) + chance;
        }

        /** Of a mean, squared. */
        private double squaredError(int place) {
            return VARIED * variance * means[place] * means[place] * weight(place);
        }

        /** Of a batch of a size in its mean. */
        private double weight(int place) {
            return Math.max(NEWEST_BESIDE, 1.0 / seen[place]);
        }

        private int nearest(int items) {
            int above = place(items);
            return Math.min(4 * items < 3 << above ? above - 1 : above, means.length - 1);
        }

        /** Of the smallest size that holds them. */
        private static int place(int items) {
            return Integer.SIZE - Integer.numberOfLeadingZeros(items - 1);
        }
    }
}
