package smalti.runtime;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import smalti.spec.Check;
import smalti.spec.CounterRandom;

/**
 * What a generator is asked for. Immutable.
 *
 * <pre>{@code
 * generator.generate(Generation.of(8, 42).ofClass(3).withTruncation(0.7));
 * }</pre>
 */
public final class Generation {
    private final int count;
    private final long seed;
    private final @Nullable Classes classes;
    private final double truncation;

    /**
     * The class of each picture.
     *
     * @param one of all of them, where they are not said one by one
     */
    private record Classes(int one, int @Nullable [] each) {
        int of(int picture) {
            return each == null ? one : each[picture];
        }

        IntStream of(int first, int count) {
            return each == null ? IntStream.of(one) : Arrays.stream(each, first, first + count);
        }
    }

    private Generation(int count, long seed, @Nullable Classes classes, double truncation) {
        Check.that(count >= 1, "count must be at least 1, got %s", count)
                .and(truncation >= 0.05, "truncation must be at least 0.05, got %s", truncation)
                .done(InputException::new);
        this.count = count;
        this.seed = seed;
        this.classes = classes;
        this.truncation = truncation;
    }

    /** Pictures 0…count−1 of a seed. */
    public static Generation of(int count, long seed) {
        return new Generation(count, seed, null, Double.POSITIVE_INFINITY);
    }

    /** All of one class. */
    public Generation ofClass(int classIndex) {
        return new Generation(count, seed, new Classes(classIndex, null), truncation);
    }

    /** @param classIndices one for each picture */
    public Generation ofClasses(int... classIndices) {
        Objects.requireNonNull(classIndices, "classIndices");
        Check.that(
                        classIndices.length == count,
                        "classes must be one for each of %s pictures, got %s",
                        count,
                        classIndices.length)
                .done(InputException::new);
        return new Generation(count, seed, new Classes(0, classIndices.clone()), truncation);
    }

    /**
     * Noise is drawn again where its size is beyond a threshold: more typical pictures, and fewer kinds of them.
     *
     * <p>Source: Brock, Donahue and Simonyan 2019, arXiv:1809.11096, section 3.1.
     *
     * @param threshold in standard deviations; infinite for none
     */
    public Generation withTruncation(double threshold) {
        return new Generation(count, seed, classes, threshold);
    }

    /** How many pictures. */
    public int count() {
        return count;
    }

    public long seed() {
        return seed;
    }

    /** In standard deviations; infinite where there is none. */
    public double truncation() {
        return truncation;
    }

    boolean hasClasses() {
        return classes != null;
    }

    /** The classes of some of the pictures, each at least once; none where there are none. */
    IntStream classIndices(int first, int count) {
        return classes == null ? IntStream.empty() : classes.of(first, count);
    }

    /** Puts the classes [count] of some of the pictures. */
    void putClasses(int first, int count, ByteBuffer into) {
        var all = Objects.requireNonNull(classes, "classes");
        for (int i = 0; i < count; i++) {
            into.putLong(all.of(first + i));
        }
    }

    /** Puts the noise [count, length] of some of the pictures. */
    void putNoise(int first, int count, int length, ByteBuffer into) {
        var random = new CounterRandom(seed, CounterRandom.GENERATION);
        var noise = new float[length];
        for (int i = 0; i < count; i++) {
            random.normals(first + i, truncation, noise, 0, length);
            for (float number : noise) {
                into.putFloat(number);
            }
        }
    }

    /** The noise of one picture. */
    float[] noise(int index, int length) {
        var noise = new float[length];
        new CounterRandom(seed, CounterRandom.GENERATION).normals(index, truncation, noise, 0, length);
        return noise;
    }
}
