package smalti.trainer.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import smalti.pictures.Picture;
import smalti.spec.SpecException;
import smalti.trainer.data.Pictures;

/**
 * SSIM against scikit-image 0.26.0. Both are double arithmetic in another order, and its variances are differences of
 * numbers up to 255²: 1e-9 is far above what that loses.
 */
class ImageMetricsTest {
    private static final double TOLERANCE = 1e-9;

    private static int level(int y, int x, int c, int shift) {
        return (y * 37 + x * 91 + c * 53 + x * y % 17 * 11 + shift) % 256;
    }

    private static Picture pattern(int height, int width, int channels, boolean changed) {
        var pixels = new byte[height * width * channels];
        for (int i = 0; i < pixels.length; i++) {
            int c = i % channels;
            int x = i / channels % width;
            int y = i / channels / width;
            int level = level(y, x, c, 0);
            pixels[i] = (byte) (changed ? level * 3 / 4 + level(y, x, c, 91) / 4 : level);
        }
        return Picture.of(height, width, channels, pixels);
    }

    @Test
    void ssimIsScikitImages() {
        assertThat(ImageMetrics.ssim(pattern(16, 20, 3, false), pattern(16, 20, 3, true)))
                .isCloseTo(0.8786361392287468, within(TOLERANCE));
        assertThat(ImageMetrics.ssim(pattern(11, 11, 1, false), pattern(11, 11, 1, true)))
                .isCloseTo(0.8899113189158909, within(TOLERANCE));
        assertThat(ImageMetrics.ssim(pattern(32, 32, 3, false), pattern(32, 32, 3, true)))
                .isCloseTo(0.8818703880609317, within(TOLERANCE));
        assertThat(ImageMetrics.ssim(pattern(16, 20, 3, true), pattern(16, 20, 3, true)))
                .isCloseTo(1, within(TOLERANCE));
    }

    @Test
    void ssimOfSetsIsTheMean() {
        var same = pattern(16, 20, 3, false).pixels();
        var changed = pattern(16, 20, 3, true).pixels();
        var left = new byte[2 * same.length];
        System.arraycopy(same, 0, left, 0, same.length);
        System.arraycopy(same, 0, left, same.length, same.length);
        var right = left.clone();
        System.arraycopy(changed, 0, right, same.length, same.length);
        var pictures = Pictures.of(16, 20, 3, left);
        var others = Pictures.of(16, 20, 3, right);
        assertThat(ImageMetrics.ssim(pictures, others)).isCloseTo((1 + 0.8786361392287468) / 2, within(TOLERANCE));
        assertThat(ImageMetrics.mse(pictures, others)).isCloseTo(0.01451749327181853 / 2, within(1e-15));
    }

    @Test
    void ssimRefusesOtherSizesAndSmallPictures() {
        assertThatThrownBy(() -> ImageMetrics.ssim(pattern(10, 12, 1, false), pattern(10, 13, 1, false)))
                .isInstanceOf(SpecException.class)
                .hasMessage("both pictures must have the same size, got 10x12x1 and 10x13x1\n"
                        + "SSIM needs at least 11x11 pixels, got 10x12");
    }

    @Test
    void errorsAreInUnitsOfTheRange() {
        assertThat(ImageMetrics.mse(new byte[] {0, 51}, new byte[] {0, 102})).isCloseTo(0.02, within(1e-15));
        assertThat(ImageMetrics.mse(new byte[] {0}, new byte[] {(byte) 255})).isEqualTo(1);
        assertThat(ImageMetrics.nmse(0.02, 0.08)).isEqualTo(0.25);
        assertThat(ImageMetrics.psnr(0.01)).isCloseTo(20, within(1e-12));
        assertThat(ImageMetrics.psnr(0)).isInfinite().isPositive();
    }

    @Test
    void lengthsMustAgree() {
        assertThatThrownBy(() -> ImageMetrics.mse(new byte[2], new byte[3])).isInstanceOf(SpecException.class);
        assertThatThrownBy(() -> ImageMetrics.nmse(0.1, 0)).isInstanceOf(SpecException.class);
        assertThatThrownBy(() -> ImageMetrics.mse(Pictures.of(1, 1, 1, new byte[2]), Pictures.of(1, 1, 1, new byte[3])))
                .isInstanceOf(SpecException.class);
    }
}
