package smalti.cli;

import smalti.spec.bundle.Contract;

/**
 * Bounds on the log-likelihood of one picture under a VAE, in nats, in double.
 *
 * <p>The evidence lower bound is E_q[log p(x|z)] − KL(q(z|x) ‖ N(0, 1)), its expectation the mean over samples of q, its
 * divergence in closed form. Source: Kingma and Welling 2014, arXiv:1312.6114, equation 10. The importance-weighted bound
 * is log 1/K Σ p(x|zₖ)·p(zₖ)/q(zₖ|x), which comes the closer to log p(x) the more samples there are. Source: Burda, Grosse and
 * Salakhutdinov 2016, arXiv:1509.00519, equation 8.
 */
final class PosteriorBounds {
    private static final double LOG_TWO_PI = Math.log(2 * Math.PI);

    private final float[] mean;
    private final float[] logVariance;
    private double sum;
    private double greatest = Double.NEGATIVE_INFINITY;
    private double weights;
    private int samples;

    /**
     * @param mean of q(z|x), [D]
     * @param logVariance of q(z|x), [D]
     */
    PosteriorBounds(float[] mean, float[] logVariance) {
        this.mean = mean;
        this.logVariance = logVariance;
    }

    /**
     * Takes a sample of q.
     *
     * @param latents as the decoder was given them, of which this sample's D numbers begin at {@code from}
     * @param logLikelihood log p(x|z)
     */
    void add(float[] latents, int from, double logLikelihood) {
        double ratio = 0;
        for (int d = 0; d < mean.length; d++) {
            double z = latents[from + d];
            double gap = z - mean[d];
            // log N(z; 0, 1) − log N(z; mean, variance), without the log 2π of both
            ratio += (gap * gap * Math.exp(-(double) logVariance[d]) + logVariance[d] - z * z) / 2;
        }
        double weight = logLikelihood + ratio;
        // Σ exp(weight) as exp(greatest)·weights: the numbers themselves are too small for any float
        if (weight > greatest) {
            weights = weights * Math.exp(greatest - weight) + 1;
            greatest = weight;
        } else {
            weights += Math.exp(weight - greatest);
        }
        sum += logLikelihood;
        samples++;
    }

    /** E_q[log p(x|z)]. */
    double logLikelihood() {
        return sum / samples;
    }

    /** KL(q ‖ N(0, 1)) = ½·Σ (mean² + variance − 1 − logVariance). */
    double divergence() {
        double sumOfNumbers = 0;
        for (int d = 0; d < mean.length; d++) {
            sumOfNumbers += ((double) mean[d] * mean[d] + Math.exp(logVariance[d]) - 1 - logVariance[d]) / 2;
        }
        return sumOfNumbers;
    }

    double evidence() {
        return logLikelihood() - divergence();
    }

    double importanceWeighted() {
        return greatest + Math.log(weights / samples);
    }

    /** log p(x|z) of a picture. */
    interface Likelihood {
        /**
         * @param picture [P], in [0, 1]
         * @param images what the decoder gives, of which this picture's begins at {@code from}
         */
        double log(float[] picture, float[] images, int from);

        static Likelihood of(Contract.Posterior posterior) {
            return posterior.deviation() != null
                    ? gaussian(posterior.deviation())
                    : posterior.ofBinaryPixels() ? PosteriorBounds::bernoulli : PosteriorBounds::crossEntropy;
        }
    }

    /**
     * Σ log of the probability of each pixel, 0 or 1. A float32 of 1 stands for all numbers from 1 − 2⁻²⁵ on: where a pixel is
     * 0 in spite of it, 2⁻²⁵ counts; and where a pixel is 1 in spite of a float32 of 0, the least float32 counts, 2⁻¹⁴⁹.
     */
    static double bernoulli(float[] picture, float[] images, int from) {
        double logarithms = 0;
        double product = 1;
        for (int i = 0; i < picture.length; i++) {
            double probability = images[from + i];
            product *= picture[i] > 0.5f ? Math.max(probability, Float.MIN_VALUE) : Math.max(1 - probability, 0x1p-25);
            // one logarithm for many: a double holds a product of more than this and one factor of any size
            if (product < 1e-200) {
                logarithms += Math.log(product);
                product = 1;
            }
        }
        return logarithms + Math.log(product);
    }

    /**
     * Σ x·ln y + (1 − x)·ln(1 − y) of brightness x: what is minimised without binarisation, and no logarithm of a
     * probability. Floats of 0 and 1 count as in {@link #bernoulli}.
     */
    static double crossEntropy(float[] picture, float[] images, int from) {
        double sum = 0;
        for (int i = 0; i < picture.length; i++) {
            double x = picture[i];
            double y = images[from + i];
            sum += x * Math.log(Math.max(y, Float.MIN_VALUE)) + (1 - x) * Math.log(Math.max(1 - y, 0x1p-25));
        }
        return sum;
    }

    /** Σ log N(x; image, deviation²). */
    static Likelihood gaussian(double deviation) {
        double constant = Math.log(deviation) + LOG_TWO_PI / 2;
        return (picture, images, from) -> {
            double squares = 0;
            for (int i = 0; i < picture.length; i++) {
                double gap = (double) picture[i] - images[from + i];
                squares += gap * gap;
            }
            return -squares / (2 * deviation * deviation) - picture.length * constant;
        };
    }
}
