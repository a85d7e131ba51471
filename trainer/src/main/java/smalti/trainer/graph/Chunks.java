package smalti.trainer.graph;

import java.util.stream.IntStream;

/** Splits work over the processor's cores, always at the same places, so that sums do not depend on their number. */
public final class Chunks {
    /** 16 KB of floats: a few such arrays lie in a core's nearest cache. */
    private static final int LENGTH = 4096;

    private Chunks() {}

    /** Work on the elements from {@code at} on. */
    @FunctionalInterface
    public interface Work {
        void on(int at, int length, Scratch scratch);
    }

    /** Work that ends in a number. */
    @FunctionalInterface
    public interface Sum {
        double of(int at, int length, Scratch scratch);
    }

    public static void each(int length, Work work) {
        IntStream.range(0, count(length))
                .parallel()
                .forEach(chunk -> work.on(chunk * LENGTH, size(chunk, length), Scratch.ofThread()));
    }

    /** The sum over all chunks, in their order. */
    public static double sum(int length, Sum sum) {
        var parts = new double[count(length)];
        IntStream.range(0, parts.length)
                .parallel()
                .forEach(chunk -> parts[chunk] = sum.of(chunk * LENGTH, size(chunk, length), Scratch.ofThread()));
        double total = 0;
        for (double part : parts) {
            total += part;
        }
        return total;
    }

    private static int count(int length) {
        return (length + LENGTH - 1) / LENGTH;
    }

    private static int size(int chunk, int length) {
        return Math.min(LENGTH, length - chunk * LENGTH);
    }
}
