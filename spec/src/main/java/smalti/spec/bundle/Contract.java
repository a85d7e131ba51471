package smalti.spec.bundle;

import java.util.List;
import org.jspecify.annotations.Nullable;
import smalti.spec.Check;
import smalti.spec.CounterRandom;
import smalti.spec.SpecException;

/**
 * What a model takes and gives beyond the shapes of its graphs. A manifest holds at most one of each kind, by name:
 * {@code pixels}, {@code codebook}, {@code noise}, {@code classes}, {@code posterior}.
 */
public sealed interface Contract {
    /**
     * What a float image means. A pixel p in 0…255 and a float y stand for each other by {@code y = lo + (hi − lo)·p/255};
     * back, {@code p = clip(round(255·(y − lo)/(hi − lo)), 0, 255)} with halves to even. Channels are RGB or grey.
     *
     * @param height of the training pictures; convolutional graphs take others
     */
    record Pixels(int height, int width, int channels, double lo, double hi) implements Contract {
        public Pixels {
            Check.that(height >= 1 && width >= 1, "height and width must be at least 1, got %sx%s", height, width)
                    .and(channels == 1 || channels == 3, "channels must be 1 (grey) or 3 (RGB), got %s", channels)
                    .and(lo < hi, "lo must be below hi, got %s and %s", lo, hi)
                    .done();
        }
    }

    /**
     * Discrete codes [N,h,w], each of which stands for a vector.
     *
     * @param codes K; a code is in [0, K)
     * @param dim D, the length of a code's vector; null in a bundle of format 1 without a graph of latents
     * @param factor pixels that a code stands for on each side
     * @param levels of each number of a vector, where vectors are made by rounding: K is their product; null where
     *     vectors are looked up in a table
     * @param fingerprint SHA-256 of the code vectors: codes belong to a bundle with the same fingerprint; null in a run
     *     folder
     */
    record Codebook(
            int codes,
            @Nullable Integer dim,
            int factor,
            @Nullable List<Integer> levels,
            @Nullable String fingerprint) implements Contract {
        public Codebook {
            var check = Check.that(codes >= 2, "codes must be at least 2, got %s", codes)
                    .and(dim == null || dim >= 1, "dim must be at least 1, got %s", String.valueOf(dim))
                    .and(factor >= 1, "factor must be at least 1, got %s", factor);
            if (levels != null) {
                levels = List.copyOf(levels);
                long product = 1;
                for (int level : levels) {
                    check.and(level >= 2, "levels must be at least 2 each, got %s", level);
                    product *= level;
                }
                check.and(product == codes, "codes must be the product of levels %s, got %s", levels, codes)
                        .and(
                                dim == null || dim == levels.size(),
                                "dim must be %s, a number for each of levels, got %s",
                                levels.size(),
                                String.valueOf(dim));
            }
            check.done();
        }

        /** Of vectors in a table, before they are exported. */
        public static Codebook ofTable(int codes, int dim, int factor) {
            return new Codebook(codes, dim, factor, null, null);
        }

        /** @throws SpecException of a run's codebook, which has no fingerprint yet */
        public String exportedFingerprint() {
            if (fingerprint == null) {
                throw new SpecException("contracts.codebook.fingerprint is missing");
            }
            return fingerprint;
        }

        public Codebook withFingerprint(String sha256) {
            return new Codebook(codes, dim, factor, levels, sha256);
        }
    }

    /**
     * Where a generator's noise comes from.
     *
     * @param length Z of the noise [N,Z]
     * @param generator how noise is made of (seed, i); only {@link #PHILOX} is known
     */
    record Noise(int length, String generator) implements Contract {
        /** {@link CounterRandom#normals} with stream {@link CounterRandom#GENERATION}. */
        public static final String PHILOX = "philox4x32-10/box-muller";

        public Noise {
            Check.that(length >= 1 && length <= 65536, "length must be from 1 to 65536, got %s", length)
                    .and(generator.equals(PHILOX), "generator must be %s, got %s", PHILOX, generator)
                    .done();
        }

        public static Noise ofLength(int length) {
            return new Noise(length, PHILOX);
        }
    }

    /**
     * The class [N] of each picture is an input.
     *
     * @param names of the classes 0, 1, …
     */
    record Classes(List<String> names) implements Contract {
        public Classes {
            names = List.copyOf(names);
            Check.that(!names.isEmpty(), "names must not be empty").done();
        }
    }

    /**
     * A picture stands for a normal distribution of latents, independent in each number: mean and log-variance [N,D].
     *
     * @param dim D
     * @param likelihood of a picture given latents: {@link #BERNOULLI}, where the decoder gives each pixel's probability
     *     of 1, or {@link #GAUSSIAN}, where it gives each pixel's mean
     * @param deviation of each pixel about its mean, in units of the pixel range; null where bernoulli
     * @param binarized of a bernoulli likelihood: whether the model was trained on pixels of 0 and 1, drawn by their
     *     brightness, or on the brightness itself; null where gaussian, and in older bundles, which were binarised
     */
    record Posterior(
            int dim,
            String likelihood,
            @Nullable Double deviation,
            @Nullable Boolean binarized) implements Contract {
        public static final String BERNOULLI = "bernoulli";
        public static final String GAUSSIAN = "gaussian";

        public Posterior {
            boolean gaussian = likelihood.equals(GAUSSIAN);
            Check.that(dim >= 1 && dim <= 65536, "dim must be from 1 to 65536, got %s", dim)
                    .and(
                            gaussian || likelihood.equals(BERNOULLI),
                            "likelihood must be %s or %s, got %s",
                            BERNOULLI,
                            GAUSSIAN,
                            likelihood)
                    .and(
                            !gaussian || (deviation != null && deviation > 0),
                            "deviation must be above 0 of a gaussian likelihood, got %s",
                            deviation == null ? "nothing" : deviation)
                    .and(
                            gaussian || deviation == null,
                            "deviation must be left out where the likelihood is not gaussian, got %s",
                            String.valueOf(deviation))
                    .and(
                            !gaussian || binarized == null,
                            "binarized must be left out of a gaussian likelihood, got %s",
                            String.valueOf(binarized))
                    .done();
        }

        public static Posterior ofBernoulli(int dim, boolean binarized) {
            return new Posterior(dim, BERNOULLI, null, binarized);
        }

        public static Posterior ofGaussian(int dim, double deviation) {
            return new Posterior(dim, GAUSSIAN, deviation, null);
        }

        /** Whether a picture's pixels are to be 0 or 1 where its likelihood is asked for. */
        public boolean ofBinaryPixels() {
            return likelihood.equals(BERNOULLI) && !Boolean.FALSE.equals(binarized);
        }
    }
}
