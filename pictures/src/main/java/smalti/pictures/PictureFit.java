package smalti.pictures;

import smalti.spec.model.DataSpec;
import smalti.spec.model.ImageSpec;

/**
 * Brings a picture to a size with a triangle (bilinear) filter whose support grows with the scale when shrinking, so
 * that no pixel is passed over.
 *
 * <p>Source: Pillow's {@code Resample.c}, whose fixed-point arithmetic this follows: horizontal first, 8 bits between
 * the passes, weights in 22 bits. {@code CROP} is {@code ImageOps.fit}, {@code STRETCH} is {@code Image.resize}, both
 * with {@code BILINEAR}.
 */
public final class PictureFit {
    private static final int WEIGHT_BITS = 22;

    private PictureFit() {}

    /** Channels first, then the size; a picture that is right already comes back as it is. */
    public static Picture apply(Picture picture, ImageSpec wanted, DataSpec.Fit fit) {
        var converted = picture.withChannels(wanted.channels());
        int height = converted.height();
        int width = converted.width();
        if (height == wanted.height() && width == wanted.width()) {
            return converted;
        }
        double boxHeight = height;
        double boxWidth = width;
        if (fit == DataSpec.Fit.CROP) {
            double ratio = (double) wanted.width() / wanted.height();
            if ((double) width / height >= ratio) {
                boxWidth = ratio * height;
            } else {
                boxHeight = width / ratio;
            }
        }
        double left = (width - boxWidth) / 2;
        double top = (height - boxHeight) / 2;
        var across = Weights.of(width, left, left + boxWidth, wanted.width());
        var down = Weights.of(height, top, top + boxHeight, wanted.height());
        return vertical(horizontal(converted, across), down);
    }

    /** Each axis scaled by itself. */
    public static Picture stretched(Picture picture, int height, int width) {
        var across = Weights.of(picture.width(), 0, picture.width(), width);
        var down = Weights.of(picture.height(), 0, picture.height(), height);
        return vertical(horizontal(picture, across), down);
    }

    private static Picture horizontal(Picture picture, Weights weights) {
        int height = picture.height();
        int channels = picture.channels();
        int width = weights.first.length;
        var source = picture.raw();
        var target = new byte[height * width * channels];
        int to = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int from = (y * picture.width() + weights.first[x]) * channels;
                for (int c = 0; c < channels; c++) {
                    target[to++] = weights.sum(x, source, from + c, channels);
                }
            }
        }
        return new Picture(height, width, channels, target);
    }

    private static Picture vertical(Picture picture, Weights weights) {
        int height = weights.first.length;
        int stride = picture.width() * picture.channels();
        var source = picture.raw();
        var target = new byte[height * stride];
        int to = 0;
        for (int y = 0; y < height; y++) {
            int from = weights.first[y] * stride;
            for (int i = 0; i < stride; i++) {
                target[to++] = weights.sum(y, source, from + i, stride);
            }
        }
        return new Picture(height, picture.width(), picture.channels(), target);
    }

    /** For each output pixel on one axis, the input pixels under its triangle and their weights. */
    private static final class Weights {
        final int[] first;
        final int[][] weights;

        private Weights(int[] first, int[][] weights) {
            this.first = first;
            this.weights = weights;
        }

        /** @param in0 where the part of the input begins that becomes the output; {@code in1}: where it ends */
        static Weights of(int inSize, double in0, double in1, int outSize) {
            // Pillow holds the box in single precision
            double scale = (double) ((float) in1 - (float) in0) / outSize;
            double support = Math.max(1, scale);
            var first = new int[outSize];
            var weights = new int[outSize][];
            for (int i = 0; i < outSize; i++) {
                double centre = (float) in0 + (i + 0.5) * scale;
                int least = Math.max(0, (int) (centre - support + 0.5));
                int end = Math.min(inSize, (int) (centre + support + 0.5));
                var triangle = new double[end - least];
                double sum = 0;
                for (int k = 0; k < triangle.length; k++) {
                    triangle[k] = Math.max(0, 1 - Math.abs((least + k - centre + 0.5) / support));
                    sum += triangle[k];
                }
                first[i] = least;
                weights[i] = new int[triangle.length];
                for (int k = 0; k < triangle.length; k++) {
                    weights[i][k] = (int) (0.5 + triangle[k] / sum * (1 << WEIGHT_BITS));
                }
            }
            return new Weights(first, weights);
        }

        byte sum(int output, byte[] source, int from, int stride) {
            int sum = 1 << (WEIGHT_BITS - 1);
            int at = from;
            for (int weight : weights[output]) {
                sum += weight * (source[at] & 0xFF);
                at += stride;
            }
            return (byte) Math.min(255, sum >> WEIGHT_BITS);
        }
    }
}
