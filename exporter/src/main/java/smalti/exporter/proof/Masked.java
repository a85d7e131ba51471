package smalti.exporter.proof;

import smalti.exporter.graph.Tensor;

/**
 * Numbers of an output that would hide all others in its range: far from them and the same in both of two runs, as where a
 * graph masks scores by −10⁹.
 */
public final class Masked {
    /** So many times the median magnitude. */
    private static final double FAR = 1000;

    private Masked() {}

    /**
     * The magnitude above which what is the same in both tells nothing of the range; infinite where all tells.
     *
     * @param actual of the same shape
     */
    public static double above(Tensor expected, Tensor actual) {
        double least = Double.POSITIVE_INFINITY;
        double greatest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < expected.count(); i++) {
            double number = expected.number(i);
            if (Double.isFinite(number)) {
                least = Math.min(least, number);
                greatest = Math.max(greatest, number);
            }
        }
        // the median to the next power of two, of those that are no mask themselves
        var counts = new long[Double.MAX_EXPONENT - Double.MIN_EXPONENT + 2];
        long all = 0;
        for (int i = 0; i < expected.count(); i++) {
            double number = expected.number(i);
            boolean isEnd = (number == least || number == greatest) && number == actual.number(i);
            if (Double.isFinite(number) && number != 0 && !isEnd) {
                counts[Math.getExponent(number) - Double.MIN_EXPONENT + 1]++;
                all++;
            }
        }
        if (all == 0) {
            return Double.POSITIVE_INFINITY;
        }
        int place = 0;
        for (long below = counts[0]; 2 * below < all; below += counts[place]) {
            place++;
        }
        return FAR * Math.scalb(1.0, place + Double.MIN_EXPONENT);
    }
}
