package smalti.spec.model;

import java.util.List;
import smalti.spec.Check;

/**
 * Convolutions of 4 x 4 with stride 2, each of which halves the picture, then one dense layer. The decoder has the same
 * layers backwards, with transposed convolutions.
 *
 * @param channels of each convolution, from the picture to the latents
 * @param dense numbers in the layer between the last convolution and the latents
 */
public record ConvolutionalNetwork(
        @Default("[32, 64]") List<Integer> channels,
        @Default("256") int dense,
        @Default("silu") Activation activation) implements Network {
    public ConvolutionalNetwork {
        channels = List.copyOf(channels);
        Check.that(
                        !channels.isEmpty() && channels.size() <= 9,
                        "channels must have from 1 to 9 entries, got %s",
                        channels.size())
                .and(
                        channels.stream().allMatch(count -> count >= 1 && count <= 4096),
                        "channels must be from 1 to 4096 each, got %s",
                        channels)
                .and(dense >= 1 && dense <= 65_536, "dense must be from 1 to 65536, got %s", dense)
                .done();
    }

    @Override
    public void checkFits(ImageSpec image, int latents) {
        int factor = 1 << channels.size();
        int height = image.height() / factor;
        int width = image.width() / factor;
        boolean halves = image.height() % factor == 0 && image.width() % factor == 0 && height >= 2 && width >= 2;
        long flat = (long) height * width * channels.get(channels.size() - 1);
        Check.that(
                        halves,
                        "image.height and image.width must halve %s times (once an entry of model.network.channels) down"
                                + " to at least 2 pixels, got %sx%s",
                        channels.size(),
                        image.height(),
                        image.width())
                .and(
                        flat <= MlpNetwork.MOST_INPUTS,
                        "model.network.channels must leave at most %s numbers for the dense layer, got %s; add an entry"
                                + " or make the last one smaller",
                        MlpNetwork.MOST_INPUTS,
                        flat)
                .done();
        MlpNetwork.checkWeights("model.network.dense", List.of(flat, (long) dense, (long) latents));
    }
}
