package smalti.trainer.quantizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Objects;
import org.junit.jupiter.api.Test;
import smalti.spec.CounterRandom;
import smalti.spec.model.CodebookStart;
import smalti.spec.model.EmaQuantizer;
import smalti.spec.model.LossQuantizer;
import smalti.trainer.graph.Parameters;

class CodebookTest {
    /** Appendix A.1 of van den Oord et al. in float64, with each average divided by 1 − γᵗ. */
    @Test
    void theMovingAverageFollowsThePaper() {
        int codes = 4;
        int dim = 3;
        double decay = 0.9;
        double epsilon = 1e-5;
        var parameters = new Parameters(2);
        var codebook =
                new EmaCodebook(new EmaQuantizer(codes, dim, decay, epsilon, CodebookStart.UNIFORM, 0), parameters, 2);
        var n = new double[codes];
        var m = new double[codes][dim];
        for (int step = 0; step < 20; step++) {
            var latents = new float[8 * dim];
            new CounterRandom(step, 0).normals(0, latents, 0, latents.length);
            var chosen = new long[] {0, 1, 1, 2, 0, 0, 2, 1}; // code 3 is never used
            var counts = new double[codes];
            var sums = new double[codes][dim];
            for (int i = 0; i < 8; i++) {
                counts[(int) chosen[i]]++;
                for (int d = 0; d < dim; d++) {
                    sums[(int) chosen[i]][d] += latents[i * dim + d];
                }
            }
            codebook.follow(latents, chosen, step);
            double unbias = 1 - Math.pow(decay, step + 1.0);
            double total = 0;
            for (int k = 0; k < codes; k++) {
                n[k] = decay * n[k] + (1 - decay) * counts[k];
                total += n[k] / unbias;
            }
            var table = parameters.values(Codebook.PARAMETER);
            for (int k = 0; k < codes; k++) {
                double smoothed = (n[k] / unbias + epsilon) / (total + codes * epsilon) * total;
                for (int d = 0; d < dim; d++) {
                    m[k][d] = decay * m[k][d] + (1 - decay) * sums[k][d];
                    assertThat((double) table[k * dim + d]).isCloseTo(m[k][d] / unbias / smoothed, within(1e-4));
                }
            }
        }
        assertThat(codebook.usage(1)).isEqualTo(0.75);
    }

    @Test
    void aCodeWithoutUseMovesToALatent() {
        var parameters = new Parameters(2);
        var codebook = new EmaCodebook(new EmaQuantizer(3, 2, 0.9, 1e-5, CodebookStart.UNIFORM, 4), parameters, 2);
        float[] latents = {1, 2, 1, 2, -3, 5, -3, 5};
        for (int step = 0; step < 4; step++) {
            codebook.follow(latents, new long[] {0, 0, 1, 1}, step);
        }
        var table = parameters.values(Codebook.PARAMETER);
        assertThat(new float[] {table[4], table[5]}).isIn(new float[] {1, 2}, new float[] {-3, 5});
        // and stays there while the next batch does not use it
        codebook.follow(latents, new long[] {0, 0, 1, 1}, 4);
        var next = parameters.values(Codebook.PARAMETER);
        assertThat((double) next[4]).isCloseTo(table[4], within(0.01));
    }

    @Test
    void kMeansFindsSeparateClusters() {
        var samples = new float[300 * 2];
        new CounterRandom(4, 0).normals(0, samples, 0, samples.length);
        float[][] centres = {{10, 0}, {-10, 0}, {0, 10}};
        for (int i = 0; i < 300; i++) {
            for (int d = 0; d < 2; d++) {
                samples[2 * i + d] = centres[i % 3][d] + 0.1f * samples[2 * i + d];
            }
        }
        var fit = KMeans.fit(samples, 2, 3, 20, new CounterRandom(1, 0), 0);
        assertThat(fit.counts()).containsOnly(100);
        for (var centre : centres) {
            assertThat(nearest(fit.centres(), centre)).isLessThan(0.05);
        }
    }

    private static double nearest(float[] found, float[] centre) {
        double least = Double.MAX_VALUE;
        for (int i = 0; i < found.length; i += 2) {
            least = Math.min(least, Math.hypot(found[i] - centre[0], found[i + 1] - centre[1]));
        }
        return least;
    }

    @Test
    void theLossFormStartsWhereKMeansSays() {
        var parameters = new Parameters(2);
        var codebook = new LossCodebook(new LossQuantizer(2, 1, 1, CodebookStart.KMEANS, 0), parameters, 2);
        codebook.startFrom(new float[] {-1, -1.1f, -0.9f, 4, 4.1f, 3.9f}, 1);
        var table = parameters.values(Codebook.PARAMETER);
        java.util.Arrays.sort(table);
        assertThat((double) table[0]).isCloseTo(-1, within(1e-6));
        assertThat((double) table[1]).isCloseTo(4, within(1e-6));
    }

    /** By hand: a cluster of four latents and one of two, in two batches, then a batch of one and two. */
    @Test
    void theMovingAverageStartsFromCentresAndTheirCounts() {
        var parameters = new Parameters(2);
        var codebook = new EmaCodebook(new EmaQuantizer(2, 1, 0.9, 0.01, CodebookStart.KMEANS, 0), parameters, 2);
        codebook.startFrom(new float[] {-1.5f, 3.5f, -0.5f, -1.25f, 4.5f, -0.75f}, 2);
        var table = parameters.values(Codebook.PARAMETER);
        int low = table[0] < table[1] ? 0 : 1;
        assertThat(table[low]).isEqualTo(-1);
        assertThat(table[1 - low]).isEqualTo(4);
        var state = codebook.state();
        var counts = Objects.requireNonNull(state.get("codebook/counts"));
        var sums = Objects.requireNonNull(state.get("codebook/sums"));
        assertThat(counts[low]).isEqualTo(2); // four in two batches
        assertThat(counts[1 - low]).isEqualTo(1);
        assertThat(sums[low]).isEqualTo(-4 * 1f / 2);
        assertThat(sums[1 - low]).isEqualTo(2 * 4f / 2);
        assertThat(state.get("codebook/bias")).containsExactly(0);

        codebook.follow(new float[] {-2, 4, 5}, new long[] {low, 1 - low, 1 - low}, 0);
        // N = 0.9·2 + 0.1·1 and 0.9·1 + 0.1·2, m = 0.9·(−2) + 0.1·(−2) and 0.9·4 + 0.1·9, Ñ = (N + ε)/(3 + 2ε)·3
        double lowest = -2.0 / ((1.9 + 0.01) / 3.02 * 3);
        double highest = 4.5 / ((1.1 + 0.01) / 3.02 * 3);
        table = parameters.values(Codebook.PARAMETER);
        assertThat((double) table[low]).isCloseTo(lowest, within(1e-6));
        assertThat((double) table[1 - low]).isCloseTo(highest, within(1e-6));
    }

    @Test
    void aCodeWithoutLatentsAtTheStartIsGivenOne() {
        // two places for five codes: k-means leaves three without latents, and an average of none would be zero
        var parameters = new Parameters(2);
        var codebook = new EmaCodebook(new EmaQuantizer(5, 2, 0.9, 1e-5, CodebookStart.KMEANS, 0), parameters, 2);
        var latents = new float[] {3, 7, 3, 7, -6, 5, -6, 5, 3, 7, -6, 5};
        codebook.startFrom(latents, 1);
        var before = parameters.values(Codebook.PARAMETER);
        codebook.follow(latents, new long[] {0, 0, 1, 1, 0, 1}, 0);
        var after = parameters.values(Codebook.PARAMETER);
        for (int k = 0; k < 5; k++) {
            var at = new float[] {before[2 * k], before[2 * k + 1]};
            assertThat(at).as("code %s", k).isIn(new float[] {3, 7}, new float[] {-6, 5});
            if (k > 1) {
                assertThat((double) after[2 * k]).as("code %s", k).isCloseTo(at[0], within(0.01));
                assertThat((double) after[2 * k + 1]).as("code %s", k).isCloseTo(at[1], within(0.01));
            }
        }
    }
}
