package smalti.runtime;

import java.util.Arrays;
import java.util.Objects;
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
    private final int @Nullable [] classIndices;
    private final double truncation;

    private Generation(int count, long seed, int @Nullable [] classIndices, double truncation) {
        Check.that(count >= 1, "count must be at least 1, got %s", count)
                .and(
                        classIndices == null || classIndices.length == count,
                        "classes must be one for each of %s pictures, got %s",
                        count,
                        classIndices == null ? 0 : classIndices.length)
                .and(truncation >= 0.05, "truncation must be at least 0.05, got %s", truncation)
                .done(InputException::new);
        this.count = count;
        this.seed = seed;
        this.classIndices = classIndices;
        this.truncation = truncation;
    }

    /** Pictures 0…count−1 of a seed. */
    public static Generation of(int count, long seed) {
        return new Generation(count, seed, null, Double.POSITIVE_INFINITY);
    }

    /** All of one class. */
    public Generation ofClass(int classIndex) {
        var all = new int[count];
        Arrays.fill(all, classIndex);
        return new Generation(count, seed, all, truncation);
    }

    /** @param classIndices one for each picture */
    public Generation ofClasses(int... classIndices) {
        Objects.requireNonNull(classIndices, "classIndices");
        return new Generation(count, seed, classIndices.clone(), truncation);
    }

    /**
     * Noise is drawn again where its size is beyond a threshold: more typical pictures, and fewer kinds of them.
     *
     * <p>Source: Brock, Donahue and Simonyan 2019, arXiv:1809.11096, section 3.1.
     *
     * @param threshold in standard deviations; infinite for none
     */
    public Generation withTruncation(double threshold) {
        return new Generation(count, seed, classIndices, threshold);
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

    int @Nullable [] classIndices() {
        return classIndices;
    }

    int @Nullable [] classIndices(int first, int count) {
        return classIndices == null ? null : Arrays.copyOfRange(classIndices, first, first + count);
    }

    /** The noise [count, length] of some of the pictures. */
    float[] noise(int first, int count, int length) {
        var random = new CounterRandom(seed, CounterRandom.GENERATION);
        var noise = new float[count * length];
        for (int i = 0; i < count; i++) {
            random.normals(first + i, truncation, noise, i * length, length);
        }
        return noise;
    }
}
