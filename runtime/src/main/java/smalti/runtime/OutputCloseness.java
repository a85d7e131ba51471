package smalti.runtime;

import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * How far the numbers of one output may be apart that should be the same, as kernels add in another order for other batches.
 *
 * <p>A number may be off by a share of itself, and of what is usual where it stands: in its column, as boxes and scores lie
 * side by side, but for what is far beyond the usual, such as the least number of a type in masked places.
 */
final class OutputCloseness {
    /** Times a number that is small but usual: beyond, it is no number to measure others by. */
    private static final double BEYOND = 1e4;

    /** Beyond this they stand for infinity. */
    private static final double NEARLY_INFINITE = 1e30;

    /** Of what is usual in the whole output, so that a column of a few small numbers is not held to less than noise. */
    private static final double LEAST_SHARE = 0.01;

    private final double share;
    private final double[] columns;

    private OutputCloseness(double share, double... columns) {
        this.share = share;
        this.columns = columns;
    }

    /** Whole numbers may be apart by so much. */
    static OutputCloseness ofWholes(double most) {
        return new OutputCloseness(0, most);
    }

    /**
     * Floats.
     *
     * @param rows of the output
     * @param share by which they may be apart
     * @param width numbers that stand beside one another along the last axis, each in a column; 1 where columns say nothing
     */
    static OutputCloseness ofFloats(List<double[]> rows, double share, int width) {
        double all = usual(rows.stream().flatMapToDouble(Arrays::stream));
        var columns = new double[width];
        for (int column = 0; column < width; column++) {
            int at = column;
            double usual = width == 1 ? all : usual(rows.stream().flatMapToDouble(row -> column(row, at, width)));
            columns[column] = share * Math.max(usual, LEAST_SHARE * all);
        }
        return new OutputCloseness(share, columns);
    }

    private static DoubleStream column(double[] row, int column, int width) {
        return DoubleStream.iterate(column, at -> at < row.length, at -> at + width)
                .map(at -> row[(int) at]);
    }

    /** The largest within {@link #BEYOND} times the lower quartile of those that are not 0. */
    private static double usual(DoubleStream numbers) {
        var sorted = numbers.map(Math::abs)
                .filter(number -> number > 0 && number < NEARLY_INFINITE)
                .sorted()
                .toArray();
        if (sorted.length == 0) {
            return 0;
        }
        double most = BEYOND * sorted[sorted.length / 4];
        int last = sorted.length - 1;
        while (sorted[last] > most) {
            last--;
        }
        return sorted[last];
    }

    private boolean isSame(double[] one, double[] other, int at) {
        double apart = Math.abs(one[at] - other[at]);
        return Double.compare(one[at], other[at]) == 0
                || (Double.isFinite(apart)
                        && apart
                                <= columns[at % columns.length]
                                        + share * Math.min(Math.abs(one[at]), Math.abs(other[at])));
    }

    /** How many of a row's numbers are not the same. */
    int differences(double[] one, double[] other) {
        int count = 0;
        for (int at = 0; at < one.length; at++) {
            count += isSame(one, other, at) ? 0 : 1;
        }
        return count;
    }

    /** Where they are not the same first; there is such a place. */
    int firstDifference(double[] one, double[] other) {
        int at = 0;
        while (isSame(one, other, at)) {
            at++;
        }
        return at;
    }
}
