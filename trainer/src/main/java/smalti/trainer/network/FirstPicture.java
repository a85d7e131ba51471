package smalti.trainer.network;

import java.util.function.UnaryOperator;

/**
 * What a decoder is to give, about, before it has learnt anything: the mean picture.
 *
 * @param mean of each pixel over all pictures, [C·H·W]
 * @param decoded the decoder's numbers for means of pixels
 */
public record FirstPicture(float[] mean, UnaryOperator<float[]> decoded) {
    /** For each number of a picture, [C·H·W]. */
    float[] ofPixels() {
        return decoded.apply(mean.clone());
    }

    /** For each channel, [C]: of the mean over its pixels. */
    float[] ofChannels(int channels) {
        var means = new float[channels];
        int plane = mean.length / channels;
        for (int i = 0; i < mean.length; i++) {
            means[i / plane] += mean[i] / plane;
        }
        return decoded.apply(means);
    }
}
