package smalti.trainer.quantizer;

import java.util.Arrays;
import smalti.spec.CounterRandom;

/**
 * Lloyd's k-means from seeded samples.
 *
 * <p>Source: Lloyd 1982, "Least squares quantization in PCM"; as a codebook's start: Łańcucki et al. 2020,
 * arXiv:2005.08520.
 *
 * @param centres [k, dim], row by row
 * @param counts samples a centre
 */
record KMeans(float[] centres, int[] counts) {
    /**
     * @param samples [n, dim], row by row
     * @param index keeps uses of {@code random} apart
     */
    static KMeans fit(float[] samples, int dim, int k, int iterations, CounterRandom random, long index) {
        int n = samples.length / dim;
        var centres = new float[k * dim];
        var order = random.permutation(index, n);
        for (int c = 0; c < k; c++) {
            System.arraycopy(samples, order[c % n] * dim, centres, c * dim, dim);
        }
        var counts = new int[k];
        var nearest = new int[n];
        for (int iteration = 0; iteration < iterations; iteration++) {
            assign(samples, dim, centres, nearest);
            var sums = new double[k * dim];
            Arrays.fill(counts, 0);
            for (int i = 0; i < n; i++) {
                counts[nearest[i]]++;
                for (int d = 0; d < dim; d++) {
                    sums[nearest[i] * dim + d] += samples[i * dim + d];
                }
            }
            for (int c = 0; c < k; c++) {
                if (counts[c] > 0) {
                    for (int d = 0; d < dim; d++) {
                        centres[c * dim + d] = (float) (sums[c * dim + d] / counts[c]);
                    }
                }
            }
        }
        return new KMeans(centres, counts);
    }

    private static void assign(float[] samples, int dim, float[] centres, int[] nearest) {
        java.util.stream.IntStream.range(0, nearest.length).parallel().forEach(i -> {
            float least = Float.POSITIVE_INFINITY;
            for (int c = 0; c < centres.length / dim; c++) {
                float distance = 0;
                for (int d = 0; d < dim; d++) {
                    float difference = samples[i * dim + d] - centres[c * dim + d];
                    distance += difference * difference;
                }
                if (distance < least) {
                    least = distance;
                    nearest[i] = c;
                }
            }
        });
    }
}
