package smalti.runtime;

import java.util.Arrays;

/**
 * What batches of one kind of items cost, by their size, as the batches that were run tell: how large one is worth
 * making, and how long one takes. Thread-safe.
 *
 * <p>Implementation: a batch is believed to take {@code pace * means[place]} an item. Only that product is ever seen:
 * the same batches would fit a pace that is twice as fast and means that are twice as long. So that the two don't drift
 * apart, and sizes that are not run aren't left behind by those that are, the means have no part in following the
 * machine. They tell what sizes cost beside each other alone: what a batch adds to the logarithm of its own mean it takes
 * from those of the sizes that were run just before, and nothing where its own alone was. With the sum of the logarithms
 * fixed, the pace is what batches took beside fixed numbers, and moves those along that are not run.
 */
final class SizeCosts {
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

    /** The third batch of a size tells that of the first two nothing can be kept: beyond what batches vary by. */
    private static final double OTHERWISE = 4;

    /** So many batches in a row that take very much less than the first ones tell that those were slow by themselves ... */
    private static final int FIRST_OFF = 2;

    /** ... among the first batches of a kind, while caches are cold. */
    private static final int COLD = 64;

    /** So many in a row that are far off, between others that are not, tell that it is the size and not the machine ... */
    private static final int NEW_OFF = 4;

    /** ... whose median is no further off than this ... */
    private static final double STEADY = 1.33;

    /** ... and so many where the size was well known. */
    private static final int KNOWN_OFF = 6;

    /** Batches of a size before its cost counts: the first ones allocate and warm up. */
    static final int LEAST_SEEN = 3;

    /**
     * The next larger and the next smaller size are tried in turn, each after some more batches than were seen of it, and
     * after so many at most: what little is known of is soon known better.
     */
    private static final int MOST_BETWEEN_TRIALS = 64;

    private static final double MORE_THAN_SEEN = 1.5;

    private final int most;
    /** Nanoseconds of an item in batches of up to 2^i, where the machine is as fast as it was first. */
    private final double[] means;

    /** Batches that tell of a size's mean, or parts of such. */
    private final double[] seen;
    /** Times what it took first. */
    private double pace = 1;

    /** Batches in a row that took very much more than was believed, or, below 0, very much less. */
    private int inRow;

    /** Batches of each size in a row that were far off. */
    private final int[] offInRow;

    /** What those that are off would make of the mean: the nearest to what was believed. */
    private final double[] nearest;

    /** Batches of each size that were not, up to {@link #FIRST_SEEN}. */
    private final int[] fitting;

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
    private int batches;
    private boolean isLargerNext = true;

    private volatile long lastRun;
    private volatile double deviation;
    private volatile double least;
    private volatile int cap;

    /** @param most items in a batch */
    SizeCosts(int most) {
        this.most = most;
        this.means = new double[place(most) + 1];
        this.seen = new double[means.length];
        this.shares = new double[means.length];
        this.offInRow = new int[means.length];
        this.nearest = new double[means.length];
        this.fitting = new int[means.length];
        this.cap = most;
    }

    /** Takes note of a batch. */
    synchronized void add(int items, long nanos) {
        int place = nearest(items);
        batches = Math.min(batches + 1, COLD + 1);
        // a clock may stand still meanwhile
        long took = Math.max(1, nanos);
        slowest = Math.max(slowest, took);
        largest = Math.max(largest, items);
        double one = (double) took / items;
        if (seen[place] == 0) {
            begin(place, one / pace, 1);
        } else if (seen[place] < LEAST_SEEN && !isSteady()) {
            // beside a pace that changes just now a size's first batches tell nothing
            begin(place, one / pace, 1);
            remember(1);
            inRow -= Integer.signum(inRow);
        } else if (seen[place] == 1) {
            // the first one may have done what is done once
            means[place] = Math.min(one / pace, MOST_TIMES * means[place]);
            seen[place] = 2;
        } else {
            double expected = isSeen(place) ? expected(items) : pace * means[place] * items;
            double times = took / expected;
            double off = Math.min(times, MOST_TIMES) - 1;
            int side = side(off);
            countOff(place, side, one / pace);
            int many = Math.abs(offInRow[place]);
            boolean isKnown = fitting[place] >= FIRST_SEEN;
            boolean isCold = batches <= COLD && !isKnown && side < 0 && many >= FIRST_OFF;
            boolean isOtherwise = !isSeen(place) && (times > OTHERWISE || times < 1 / OTHERWISE);
            if (isCold || isOtherwise) {
                begin(place, one / pace, 1);
            } else if (many >= (isKnown ? KNOWN_OFF : NEW_OFF)) {
                begin(place, nearest[place], LEAST_SEEN);
            } else if (isAnchored) {
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

    private void begin(int place, double mean, int batches) {
        means[place] = mean;
        seen[place] = batches;
        offInRow[place] = 0;
        fitting[place] = 0;
    }

    /** Counts what is off beside others that are not: of all that are off alike it is the machine. */
    private void countOff(int place, int side, double mean) {
        int many = isSteady() ? inRow(offInRow[place], side) : 0;
        offInRow[place] = many;
        nearest[place] =
                Math.abs(many) <= 1 ? mean : many > 0 ? Math.min(nearest[place], mean) : Math.max(nearest[place], mean);
        if (side == 0) {
            fitting[place] = Math.min(FIRST_SEEN, fitting[place] + 1);
        }
    }

    /** Whether the last few batches of all sizes took about what was believed. */
    private boolean isSteady() {
        double lately = lately();
        return lately < STEADY && lately > 1 / STEADY;
    }

    private void remember(double times) {
        latest[next] = times;
        next = (next + 1) % latest.length;
    }

    private double others(int place) {
        double others = 0;
        for (int other = 0; other < shares.length; other++) {
            others += other == place ? 0 : shares[other];
        }
        return others;
    }

    /** 1 where a batch took very much more than was believed, −1 where very much less. */
    private static int side(double off) {
        return off >= MOST_TIMES - 1 ? 1 : off <= 1 / MOST_TIMES - 1 ? -1 : 0;
    }

    /** @param before how many were on one side in a row, below 0 on the lower one */
    private static int inRow(int before, int side) {
        return side == 0 ? 0 : side * before > 0 ? before + side : side;
    }

    /** Learns what sizes cost beside each other: as much as others were run lately. */
    private void compare(int place, double times) {
        double most = Math.log(MOST_TIMES);
        double off = Math.max(-most, Math.min(most, Math.log(times / lately())));
        double others = others(place);
        for (int other = 0; other < shares.length; other++) {
            if (other != place) {
                means[other] *= Math.exp(-NEWEST_BESIDE * shares[other] * off);
            }
        }
        means[place] *= Math.exp(weight(place) * others * off);
        seen[place] += others;
        remember(times);
    }

    /** How many times what was expected the last few batches took, in the median: the pace may have changed. */
    private double lately() {
        double[] sorted = latest.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    /** The pace goes after a batch; the faster, the more of them in a row are far off on the same side. */
    private void follow(double off) {
        inRow = inRow(inRow, side(off));
        pace *= Math.exp(NEWEST_PACE * Math.max(1, Math.min(Math.abs(inRow), inRow > 0 ? 2 : 4)) * off);
    }

    private void vary(int place, double off) {
        distances = Math.min(distances, Integer.MAX_VALUE - 1) + 1;
        // the mean that it is far from varies too
        double squared = (1 - weight(place)) * off * off;
        variance += Math.max(NEWEST_DISTANCE, 1.0 / distances) * (squared - variance);
        deviation = Math.sqrt(variance);
    }

    /** When a batch was run last, in batches of all kinds. */
    long lastRun() {
        return lastRun;
    }

    void lastRun(long batches) {
        lastRun = batches;
    }

    /** How many items the next batch should have at most. */
    int cap() {
        return cap;
    }

    /** Nanoseconds of an item in batches of the best size; 0 where none is known. */
    double least() {
        return least;
    }

    /** Standard deviation of what a batch takes, as a part of the mean. */
    double deviation() {
        return deviation;
    }

    /** Nanoseconds of a batch of so many items; 0 where nothing is known. */
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
