package smalti.runtime;

import java.util.List;
import java.util.stream.IntStream;

/**
 * The batch sizes that a device runs. A processor runs any; a GPU prepares itself for each new one, so that it is shown
 * powers of two alone, and {@code most}.
 *
 * @param most items in a batch
 * @param padded whether batches are filled up
 */
record BatchSizes(int most, boolean padded) {
    /** The size that a batch of so many items is run as. */
    int holding(int items) {
        return padded && items < most ? Math.min(most, nextPowerOfTwo(items)) : items;
    }

    /** One of each power of two, and the largest, in order: what there is to warm up. */
    List<Integer> all() {
        return IntStream.iterate(1, size -> size < 2 * most, size -> 2 * size)
                .mapToObj(size -> Math.min(most, size))
                .distinct()
                .toList();
    }

    private static int nextPowerOfTwo(int items) {
        return items == 1 ? 1 : 2 * Integer.highestOneBit(items - 1);
    }
}
