package smalti.exporter.precision;

import java.util.Arrays;

/** How often a value took which numbers, in equal bins between the least and the greatest; and the ranges that follow. */
final class ValueHistogram {
    static final int BINS = 2048;

    /** The share of the numbers that a percentile leaves out on either side. */
    private static final double OUTSIDE = 1e-5;

    /** Bytes have so many steps. */
    static final int LEVELS = 256;

    /** How many ends a search tries on a side, of the whole range down to its tenth. */
    private static final int ENDS = 90;

    private final double least;
    private final double width;
    private final long[] bins = new long[BINS];
    private long count;

    ValueHistogram(double least, double greatest) {
        this.least = least;
        this.width = (greatest - least) / BINS;
    }

    void add(float[] numbers) {
        for (float number : numbers) {
            // a model that draws random numbers gives others the second time
            bins[bin(number)]++;
        }
        count += numbers.length;
    }

    private int bin(double number) {
        int bin = width > 0 ? (int) ((number - least) / width) : 0;
        return Math.max(0, Math.min(BINS - 1, bin));
    }

    private double greatest() {
        return least + BINS * width;
    }

    /** All that was seen. */
    ValueRange whole() {
        return new ValueRange(least, greatest());
    }

    /** What remains without the outermost hundred-thousandth on either side. */
    ValueRange percentile() {
        double outside = OUTSIDE * count;
        int first = 0;
        for (double below = bins[0]; below <= outside && first < BINS - 1; below += bins[first]) {
            first++;
        }
        int last = BINS - 1;
        for (double above = bins[last]; above <= outside && last > first; above += bins[last]) {
            last--;
        }
        return new ValueRange(least + first * width, least + (last + 1) * width);
    }

    /** The range whose steps lie closest to the numbers in mean square, what is cut off at its ends included. */
    ValueRange meanSquare() {
        double low = Math.min(0, least);
        double high = Math.max(0, greatest());
        double least = error(low, high);
        // one end after the other, twice: the steps' size hangs on both
        for (int round = 0; round < 2; round++) {
            for (int side = 0; side < 2; side++) {
                double end = side == 0 ? Math.max(0, greatest()) : Math.min(0, this.least);
                for (int i = 0; i < ENDS; i++) {
                    double shorter = end * (1 - (double) i / 100);
                    double error = side == 0 ? error(low, shorter) : error(shorter, high);
                    if (error < least) {
                        least = error;
                        low = side == 0 ? low : shorter;
                        high = side == 0 ? shorter : high;
                    }
                }
            }
        }
        return new ValueRange(low, high);
    }

    /** The sum of the squares by which numbers in the middle of their bins move to a step. */
    private double error(double low, double high) {
        double scale = (high - low) / (LEVELS - 1);
        if (!(scale > 0)) {
            return Double.POSITIVE_INFINITY;
        }
        double zero = Math.rint(-low / scale);
        double sum = 0;
        for (int i = 0; i < BINS; i++) {
            if (bins[i] > 0) {
                double number = least + (i + 0.5) * width;
                double step = Math.max(0, Math.min(LEVELS - 1, Math.rint(number / scale) + zero));
                double moved = number - (step - zero) * scale;
                sum += bins[i] * moved * moved;
            }
        }
        return sum;
    }

    /**
     * The range that loses the least information: of those that end so many bins from zero, or where the numbers end, the
     * one of the smallest Kullback-Leibler divergence between the numbers, with what is cut off at its ends, and the same
     * told apart by 256 steps alone. The bin of zero, which is a step always, is left out.
     *
     * <p>Source: Migacz 2017, "8-bit inference with TensorRT", GTC.
     */
    ValueRange entropy() {
        int zero = least > 0 || greatest() < 0 ? -1 : bin(0);
        int below = Math.max(0, zero);
        int farthest = Math.max(BINS - below, below);
        double best = Double.POSITIVE_INFINITY;
        var range = whole();
        for (int reach = LEVELS / 2; reach <= farthest; reach += 8) {
            int first = Math.max(0, below - reach);
            int end = Math.min(BINS, below + reach);
            if (end - first < LEVELS) {
                continue;
            }
            double divergence = divergence(first, end, zero);
            if (divergence < best) {
                best = divergence;
                range = new ValueRange(least + first * width, least + end * width);
            }
        }
        return range;
    }

    private double divergence(int first, int end, int zero) {
        int size = end - first;
        var wanted = new double[size];
        var kept = new double[size];
        for (int i = 0; i < BINS; i++) {
            if (i == zero) {
                continue;
            }
            wanted[Math.max(0, Math.min(size - 1, i - first))] += bins[i];
            if (i >= first && i < end) {
                kept[i - first] = bins[i];
            }
        }
        var told = new double[size];
        for (int level = 0; level < LEVELS; level++) {
            int from = (int) ((long) level * size / LEVELS);
            int to = (int) ((long) (level + 1) * size / LEVELS);
            double sum = 0;
            int filled = 0;
            for (int i = from; i < to; i++) {
                sum += kept[i];
                filled += kept[i] > 0 ? 1 : 0;
            }
            for (int i = from; i < to; i++) {
                told[i] = kept[i] > 0 ? sum / filled : 0;
            }
        }
        return divergence(wanted, told);
    }

    /** Of one distribution from another; infinite where the other denies what the one has. */
    private static double divergence(double[] wanted, double[] told) {
        double all = Arrays.stream(wanted).sum();
        double others = Arrays.stream(told).sum();
        double sum = 0;
        for (int i = 0; i < wanted.length; i++) {
            if (wanted[i] > 0) {
                if (told[i] == 0) {
                    return Double.POSITIVE_INFINITY;
                }
                sum += wanted[i] / all * Math.log(wanted[i] / all / (told[i] / others));
            }
        }
        return sum;
    }
}
