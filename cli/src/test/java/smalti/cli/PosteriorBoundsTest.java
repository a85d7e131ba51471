package smalti.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import smalti.spec.CounterRandom;

/** Against numbers worked out by hand, and a linear Gaussian model whose likelihood has a closed form. */
class PosteriorBoundsTest {
    /** x = w·z + b + s·ε of two pixels and one latent number. */
    private static final double[] W = {0.8, -0.6};

    private static final double B = 0.3;
    private static final double S = 0.5;
    private static final float[] X = {0.9f, 0.1f};

    /** log N(x; b, w·wᵀ + s²·I): w is of length 1, so the determinant is s²·(s² + 1). */
    private static double exact() {
        double along = W[0] * (X[0] - B) + W[1] * (X[1] - B);
        double squares = (X[0] - B) * (X[0] - B) + (X[1] - B) * (X[1] - B);
        double form = (squares - along * along) / (S * S) + along * along / (S * S + 1);
        return -0.5 * (2 * Math.log(2 * Math.PI) + Math.log(S * S * (S * S + 1)) + form);
    }

    private static PosteriorBounds sampled(double mean, double variance, int samples) {
        var bounds = new PosteriorBounds(new float[] {(float) mean}, new float[] {(float) Math.log(variance)});
        var random = new CounterRandom(3, 7);
        for (int k = 0; k < samples; k++) {
            var z = new float[1];
            random.normals(k, z, 0, 1);
            z[0] = (float) ((float) mean + Math.exp((float) Math.log(variance) / 2.0) * z[0]);
            var image = new float[] {(float) (W[0] * z[0] + B), (float) (W[1] * z[0] + B)};
            bounds.add(z, 0, PosteriorBounds.gaussian(S).log(X, image, 0));
        }
        return bounds;
    }

    @Test
    void bothBoundsAreTheLikelihoodWhereTheDistributionIsTheTrueOne() {
        double variance = S * S / (S * S + 1);
        double mean = variance / (S * S) * (W[0] * (X[0] - B) + W[1] * (X[1] - B));
        var bounds = sampled(mean, variance, 50_000);
        // every weight is p(x): nothing is left to chance but the rounding of z to float32
        assertThat(bounds.importanceWeighted()).isCloseTo(exact(), within(1e-5));
        // the mean of 50,000 numbers of a deviation below 1
        assertThat(bounds.evidence()).isCloseTo(exact(), within(0.02));
    }

    @Test
    void anotherDistributionCostsItsDivergenceAndMoreSamplesWinItBack() {
        double variance = S * S / (S * S + 1);
        double mean = variance / (S * S) * (W[0] * (X[0] - B) + W[1] * (X[1] - B));
        double otherMean = mean + 0.4;
        double otherVariance = 1.5 * variance;
        // KL(q ‖ p(z|x)) of two normal distributions
        double gap = 0.5 * (otherVariance / variance + 0.16 / variance - 1 - Math.log(otherVariance / variance));
        var many = sampled(otherMean, otherVariance, 50_000);
        // 50,000 samples, by their deviation of some 1
        assertThat(many.evidence()).isCloseTo(exact() - gap, within(0.03));
        assertThat(many.importanceWeighted()).isCloseTo(exact(), within(0.03));
        assertThat(sampled(otherMean, otherVariance, 1).importanceWeighted()).isLessThan(exact() + 1.5);
    }

    /** KL of N(2, e) from N(0, 1): ½·(4 + e − 1 − 1). */
    @Test
    void divergencesAreThoseOfNormalDistributions() {
        assertThat(new PosteriorBounds(new float[] {0, 0}, new float[] {0, 0}).divergence())
                .isZero();
        assertThat(new PosteriorBounds(new float[] {2}, new float[] {1}).divergence())
                .isCloseTo((2 + Math.E) / 2, within(1e-12));
    }

    /** q = N(0, 1) is the prior: the weights are p(x|z) alone, and their mean is (e⁻¹ + e⁻³)/2. */
    @Test
    void weightsAreMeansOfLikelihoodsNotOfTheirLogarithms() {
        var bounds = new PosteriorBounds(new float[1], new float[1]);
        bounds.add(new float[] {9, 0.5f}, 1, -1);
        bounds.add(new float[] {-2}, 0, -3);
        assertThat(bounds.evidence()).isCloseTo(-2, within(1e-12));
        assertThat(bounds.importanceWeighted()).isCloseTo(Math.log((Math.exp(-1) + Math.exp(-3)) / 2), within(1e-12));
        // far below what a double's exponential holds
        var small = new PosteriorBounds(new float[1], new float[1]);
        small.add(new float[1], 0, -5000);
        small.add(new float[1], 0, -5000);
        assertThat(small.importanceWeighted()).isCloseTo(-5000, within(1e-9));
    }

    @Test
    void bernoulliLikelihoodsAreSumsOfLogarithms() {
        var picture = new float[] {1, 0, 1};
        var images = new float[] {0, 0.25f, 0.5f, 0.75f};
        assertThat(PosteriorBounds.bernoulli(picture, images, 1))
                .isCloseTo(Math.log(0.25) + Math.log(0.5) + Math.log(0.75), within(1e-12));
        // 3,000 pixels, whose product no double holds
        var many = new float[3000];
        var half = new float[3000];
        IntStream.range(0, 3000).forEach(i -> half[i] = 0.5f);
        assertThat(PosteriorBounds.bernoulli(many, half, 0)).isCloseTo(3000 * Math.log(0.5), within(1e-9));
    }

    @Test
    void crossEntropiesWeighBothLogarithmsByTheBrightness() {
        assertThat(PosteriorBounds.crossEntropy(new float[] {0.25f, 1}, new float[] {9, 0.5f, 0.75f}, 1))
                .isCloseTo(0.25 * Math.log(0.5) + 0.75 * Math.log(0.5) + Math.log(0.75), within(1e-12));
        assertThat(PosteriorBounds.crossEntropy(new float[] {0}, new float[] {1}, 0))
                .isCloseTo(-25 * Math.log(2), within(1e-12));
    }

    @Test
    void saturatedProbabilitiesCountAsTheirRounding() {
        assertThat(PosteriorBounds.bernoulli(new float[] {0}, new float[] {1}, 0))
                .isCloseTo(-25 * Math.log(2), within(1e-12));
        assertThat(PosteriorBounds.bernoulli(new float[] {1}, new float[] {0}, 0))
                .isCloseTo(-149 * Math.log(2), within(1e-12));
        assertThat(PosteriorBounds.bernoulli(new float[] {1, 0}, new float[] {1, 0}, 0))
                .isZero();
    }

    /** Of one pixel a deviation from its mean: −½ − ln s − ½·ln 2π. */
    @Test
    void gaussianLikelihoodsAreDensities() {
        assertThat(PosteriorBounds.gaussian(0.25).log(new float[] {0.75f}, new float[] {0.5f}, 0))
                .isCloseTo(-0.5 - Math.log(0.25) - Math.log(2 * Math.PI) / 2, within(1e-12));
    }

    @Test
    void errorsOfMeansAreThoseOfTheirSamples() {
        // the variance of 1, 3 is 2
        assertThat(PosteriorFigures.error(new double[] {1, 3})).isCloseTo(1, within(1e-12));
        assertThat(PosteriorFigures.error(new double[] {5})).isZero();
    }

    @Test
    void picturesAreMadeOfBlackAndWhiteOnceByTheirBrightness() {
        var grey = new byte[40_000];
        java.util.Arrays.fill(grey, (byte) 51); // a fifth of 255
        var drawn = PosteriorFigures.binary(grey, 0);
        long white = IntStream.range(0, drawn.length)
                .filter(i -> drawn[i] == (byte) 255)
                .count();
        // five deviations of a binomial distribution
        assertThat(white / 40_000.0).isCloseTo(0.2, within(0.01));
        assertThat(PosteriorFigures.binary(grey, 0)).isEqualTo(drawn);
        assertThat(PosteriorFigures.binary(grey, 1)).isNotEqualTo(drawn);
        assertThat(PosteriorFigures.binary(new byte[] {0, (byte) 255}, 0)).containsExactly(0, -1);
    }
}
