package smalti.trainer.metric;

import java.util.Arrays;
import smalti.spec.Check;

/**
 * How evenly a codebook is used.
 *
 * @param perplexity {@code exp(−Σ p·ln(p + 1e-10))} of the codes' shares p: 1 where one code does everything, {@code
 *     codes} where all are used alike; as in Sonnet's {@code vqvae.py}
 * @param seen codes that were used at all
 * @param codes size of the codebook
 */
public record CodebookUsage(double perplexity, int seen, int codes) {
    /**
     * @param counts how often each code was used; a batch's perplexity depends on its size, so take an epoch's counts
     *     where figures are compared
     */
    public static CodebookUsage of(long[] counts) {
        long total = Arrays.stream(counts).sum();
        Check.that(
                        Arrays.stream(counts).allMatch(count -> count >= 0) && total > 0,
                        "counts must be at least 0 and not all 0, got %s counts with the sum %s",
                        counts.length,
                        total)
                .done();
        double entropy = 0;
        int seen = 0;
        for (long count : counts) {
            double share = (double) count / total;
            entropy -= share * StrictMath.log(share + 1e-10);
            seen += count > 0 ? 1 : 0;
        }
        return new CodebookUsage(StrictMath.exp(entropy), seen, counts.length);
    }

    /** Share of the codes that were used at all, in (0, 1]. */
    public double usage() {
        return (double) seen / codes;
    }
}
