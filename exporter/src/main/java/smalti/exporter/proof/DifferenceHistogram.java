package smalti.exporter.proof;

import java.util.Arrays;
import java.util.List;

/** How many differences are 0, below 1e-9, and of each power of ten up to 1. */
final class DifferenceHistogram {
    private static final double[] BOUNDS = {1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1};

    private final long[] counts = new long[BOUNDS.length + 2];

    void add(double difference) {
        int bin = 0;
        if (difference != 0) {
            bin = 1;
            while (bin <= BOUNDS.length && difference >= BOUNDS[bin - 1]) {
                bin++;
            }
        }
        counts[bin]++;
    }

    List<Long> counts() {
        return Arrays.stream(counts).boxed().toList();
    }
}
