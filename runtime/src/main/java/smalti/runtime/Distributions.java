package smalti.runtime;

import java.util.Arrays;
import java.util.Objects;
import smalti.spec.Check;

/**
 * Normal distributions of latents, one for each picture, every number on its own.
 *
 * @param dim D, how many numbers a picture has
 * @param means [N,D], row by row; shared, not copied
 * @param logVariances [N,D], the natural logarithms of the variances; shared, not copied
 */
public record Distributions(int dim, float[] means, float[] logVariances) {
    public Distributions {
        Objects.requireNonNull(means, "means");
        Objects.requireNonNull(logVariances, "logVariances");
        Check.that(dim >= 1, "dim must be at least 1, got %s", dim).done(InputException::new);
        Check.that(
                        means.length >= 1 && means.length % dim == 0,
                        "means must have %s numbers for each picture, got %s",
                        dim,
                        means.length)
                .and(
                        logVariances.length == means.length,
                        "logVariances must be as many as means, %s, got %s",
                        means.length,
                        logVariances.length)
                .done(InputException::new);
    }

    /** How many pictures. */
    public int count() {
        return means.length / dim;
    }

    /** Some of the pictures' distributions; copied. */
    public Distributions range(int first, int count) {
        Check.that(
                        first >= 0 && count >= 1 && first <= count() - count,
                        "first and count must be a range of %s pictures, got %s and %s",
                        count(),
                        first,
                        count)
                .done(InputException::new);
        int end = (first + count) * dim;
        return new Distributions(
                dim, Arrays.copyOfRange(means, first * dim, end), Arrays.copyOfRange(logVariances, first * dim, end));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Distributions that
                && dim == that.dim
                && Arrays.equals(means, that.means)
                && Arrays.equals(logVariances, that.logVariances);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(means) + Arrays.hashCode(logVariances);
    }

    @Override
    public String toString() {
        return "Distributions[" + count() + "," + dim + "]";
    }
}
