package smalti.trainer.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * A decoder begins at the mean picture. With biases of 0, dense layers with tanh begin as an odd function of the latents:
 * they learn pictures for one half of the prior, and their negatives stay in the other.
 */
class VaeStartTest {
    private static float[] bias(String name) {
        var snapshot = FamilyGraphs.training(FamilyGraphs.spec(name)).state().snapshot();
        return Objects.requireNonNull(snapshot.get("decoder/image/bias"));
    }

    /** Mean brightness of a pixel of channel c, counted from the pictures themselves. */
    private static double mean(int c, int y, int x) {
        var pictures = FamilyGraphs.pictures();
        double sum = 0;
        for (int i = 0; i < pictures.count(); i++) {
            sum += pictures.picture(i).at(y, x, c) / 255.0;
        }
        return sum / pictures.count();
    }

    @Test
    void logitsOfBernoulliPixelsAreThoseOfTheMeanPicture() {
        var bias = bias("vae-mlp");
        for (int c = 0; c < 3; c++) {
            for (int y = 0; y < 16; y++) {
                for (int x = 0; x < 16; x++) {
                    double logit = bias[(c * 16 + y) * 16 + x];
                    double p = Math.max(0.001, Math.min(0.999, mean(c, y, x)));
                    assertThat(1 / (1 + Math.exp(-logit))).isCloseTo(p, within(1e-6));
                }
            }
        }
    }

    @Test
    void aConvolutionBeginsWithTheLogitOfEachChannelsMean() {
        var bias = bias("vae-conditional");
        for (int c = 0; c < 3; c++) {
            double mean = 0;
            for (int y = 0; y < 16; y++) {
                for (int x = 0; x < 16; x++) {
                    mean += mean(c, y, x) / 256;
                }
            }
            assertThat(1 / (1 + Math.exp(-bias[c]))).isCloseTo(mean, within(1e-6));
        }
    }

    @Test
    void meansOfGaussianPixelsAreThoseOfEachChannelWhereTheLastLayerIsAConvolution() {
        var bias = bias("vae-gaussian");
        for (int c = 0; c < 3; c++) {
            double mean = 0;
            for (int y = 0; y < 16; y++) {
                for (int x = 0; x < 16; x++) {
                    mean += mean(c, y, x) / 256;
                }
            }
            assertThat((double) bias[c]).isCloseTo(mean, within(1e-6));
        }
    }
}
