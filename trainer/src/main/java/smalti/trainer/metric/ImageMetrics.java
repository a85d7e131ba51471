package smalti.trainer.metric;

import smalti.pictures.Picture;
import smalti.spec.Check;
import smalti.spec.Psnr;
import smalti.trainer.data.Pictures;

/** How far pictures are from their reconstructions. */
public final class ImageMetrics {
    /** Side of SSIM's window; smaller pictures have no SSIM. */
    public static final int SSIM_WINDOW = 11;

    private static final double SSIM_SIGMA = 1.5;
    private static final double C1 = 0.01 * 255 * (0.01 * 255);
    private static final double C2 = 0.03 * 255 * (0.03 * 255);

    private ImageMetrics() {}

    /** Mean squared error of uint8 pixels, in [0, 1] units. */
    public static double mse(byte[] pixels, byte[] others) {
        Check.that(
                        pixels.length == others.length && pixels.length > 0,
                        "both must hold as many pixels, and some; got %s and %s",
                        pixels.length,
                        others.length)
                .done();
        long sum = 0;
        for (int i = 0; i < pixels.length; i++) {
            int difference = (pixels[i] & 0xFF) - (others[i] & 0xFF);
            sum += (long) difference * difference;
        }
        return sum / (255.0 * 255.0) / pixels.length;
    }

    /** Mean squared error over all pictures, in [0, 1] units. */
    public static double mse(Pictures pictures, Pictures others) {
        requireAlike(pictures, others);
        double sum = 0;
        for (int i = 0; i < pictures.count(); i++) {
            sum += mse(pictures.picture(i).pixels(), others.picture(i).pixels());
        }
        return sum / pictures.count();
    }

    /**
     * Mean squared error relative to the training pixels' variance: 1 is as good as painting the mean.
     *
     * @param variance in the units of {@code mse}
     */
    public static double nmse(double mse, double variance) {
        Check.that(variance > 0, "variance must be above 0 (pictures of one colour have none), got %s", variance)
                .done();
        return mse / variance;
    }

    /** Peak signal-to-noise ratio in dB for an error in [0, 1] units; infinite for 0. */
    public static double psnr(double mse) {
        return Psnr.of(mse, 1);
    }

    /** Mean of {@link #ssim(Picture, Picture)} over all pictures. */
    public static double ssim(Pictures pictures, Pictures others) {
        requireAlike(pictures, others);
        double sum = 0;
        for (int i = 0; i < pictures.count(); i++) {
            sum += ssim(pictures.picture(i), others.picture(i));
        }
        return sum / pictures.count();
    }

    /**
     * Structural similarity, at most 1: Gaussian window of 11×11 with σ = 1.5, K₁ = 0.01, K₂ = 0.03, population
     * covariances, 255 as the range of values; the mean over the windows that lie wholly inside, and over the channels.
     *
     * <p>Source: Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity". Equal to
     * scikit-image's {@code structural_similarity(…, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
     * data_range=255, channel_axis=-1)}.
     *
     * @throws smalti.spec.SpecException if the sizes differ, or a side is below {@link #SSIM_WINDOW}
     */
    public static double ssim(Picture picture, Picture other) {
        int height = picture.height();
        int width = picture.width();
        int channels = picture.channels();
        Check.that(
                        height == other.height() && width == other.width() && channels == other.channels(),
                        "both pictures must have the same size, got %sx%sx%s and %sx%sx%s",
                        height,
                        width,
                        channels,
                        other.height(),
                        other.width(),
                        other.channels())
                .and(
                        Math.min(height, width) >= SSIM_WINDOW,
                        "SSIM needs at least %sx%s pixels, got %sx%s",
                        SSIM_WINDOW,
                        SSIM_WINDOW,
                        height,
                        width)
                .done();
        double sum = 0;
        var x = new double[height * width];
        var y = new double[height * width];
        for (int c = 0; c < channels; c++) {
            for (int i = 0; i < x.length; i++) {
                x[i] = picture.at(i / width, i % width, c);
                y[i] = other.at(i / width, i % width, c);
            }
            sum += channelSsim(x, y, height, width);
        }
        return sum / channels;
    }

    private static double channelSsim(double[] x, double[] y, int height, int width) {
        var meanX = blurred(x, height, width);
        var meanY = blurred(y, height, width);
        var meanXx = blurred(product(x, x), height, width);
        var meanYy = blurred(product(y, y), height, width);
        var meanXy = blurred(product(x, y), height, width);
        double sum = 0;
        for (int i = 0; i < meanX.length; i++) {
            double varianceX = meanXx[i] - meanX[i] * meanX[i];
            double varianceY = meanYy[i] - meanY[i] * meanY[i];
            double covariance = meanXy[i] - meanX[i] * meanY[i];
            sum += (2 * meanX[i] * meanY[i] + C1)
                    * (2 * covariance + C2)
                    / ((meanX[i] * meanX[i] + meanY[i] * meanY[i] + C1) * (varianceX + varianceY + C2));
        }
        return sum / meanX.length;
    }

    private static double[] product(double[] x, double[] y) {
        var product = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            product[i] = x[i] * y[i];
        }
        return product;
    }

    /** Gaussian means of all windows that lie inside: [H − 10, W − 10]. */
    private static double[] blurred(double[] values, int height, int width) {
        var window = window();
        int across = width - SSIM_WINDOW + 1;
        int down = height - SSIM_WINDOW + 1;
        var rows = new double[height * across];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < across; x++) {
                double sum = 0;
                for (int k = 0; k < SSIM_WINDOW; k++) {
                    sum += window[k] * values[y * width + x + k];
                }
                rows[y * across + x] = sum;
            }
        }
        var blurred = new double[down * across];
        for (int i = 0; i < blurred.length; i++) {
            double sum = 0;
            for (int k = 0; k < SSIM_WINDOW; k++) {
                sum += window[k] * rows[i + k * across];
            }
            blurred[i] = sum;
        }
        return blurred;
    }

    private static double[] window() {
        var window = new double[SSIM_WINDOW];
        double sum = 0;
        for (int k = 0; k < SSIM_WINDOW; k++) {
            double off = k - SSIM_WINDOW / 2;
            window[k] = StrictMath.exp(-off * off / (2 * SSIM_SIGMA * SSIM_SIGMA));
            sum += window[k];
        }
        for (int k = 0; k < SSIM_WINDOW; k++) {
            window[k] /= sum;
        }
        return window;
    }

    static void requireAlike(Pictures pictures, Pictures others) {
        Check.that(
                        pictures.count() == others.count() && pictures.count() > 0,
                        "both must hold as many pictures, and some; got %s and %s",
                        pictures.count(),
                        others.count())
                .and(
                        pictures.pictureBytes() == others.pictureBytes(),
                        "both must hold pictures of the same size, got %s and %s bytes each",
                        pictures.pictureBytes(),
                        others.pictureBytes())
                .done();
    }
}
