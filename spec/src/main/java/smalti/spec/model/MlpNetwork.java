package smalti.spec.model;

import java.util.List;
import smalti.spec.Check;

/**
 * Dense layers; a picture is a row of numbers. The decoder has the same layers backwards.
 *
 * @param hidden numbers in each hidden layer, from the picture to the latents
 */
public record MlpNetwork(
        @Default("[400, 400]") List<Integer> hidden,
        @Default("tanh") Activation activation) implements Network {
    /** Numbers of a picture: each has a weight for every number of the first layer. */
    static final int MOST_INPUTS = 65_536;

    public MlpNetwork {
        hidden = List.copyOf(hidden);
        Check.that(
                        !hidden.isEmpty() && hidden.size() <= 16,
                        "hidden must have from 1 to 16 entries, got %s",
                        hidden.size())
                .and(
                        hidden.stream().allMatch(numbers -> numbers >= 1 && numbers <= 65_536),
                        "hidden must be from 1 to 65536 each, got %s",
                        hidden)
                .done();
    }

    @Override
    public void checkFits(ImageSpec image) {
        long inputs = (long) image.height() * image.width() * image.channels();
        Check.that(
                        inputs <= MOST_INPUTS,
                        "image.height x image.width x image.channels must be at most %s for a network of kind mlp, got"
                                + " %s; take a smaller picture or kind convolutional",
                        MOST_INPUTS,
                        inputs)
                .done();
    }
}
