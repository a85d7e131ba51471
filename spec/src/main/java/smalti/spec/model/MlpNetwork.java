package smalti.spec.model;

import java.util.ArrayList;
import java.util.List;
import smalti.spec.Check;
import smalti.spec.SpecException;

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

    /** @throws SpecException if a dense layer from one size to the next has more weights than an array can hold */
    static void checkWeights(String key, List<Long> sizes) {
        for (int i = 1; i < sizes.size(); i++) {
            long weights = sizes.get(i - 1) * sizes.get(i);
            Check.that(
                            weights <= Integer.MAX_VALUE,
                            "%s must leave each dense layer at most %s weights, got %s x %s; take fewer",
                            key,
                            Integer.MAX_VALUE,
                            sizes.get(i - 1),
                            sizes.get(i))
                    .done();
        }
    }

    @Override
    public void checkFits(ImageSpec image, int latents) {
        long inputs = (long) image.height() * image.width() * image.channels();
        Check.that(
                        inputs <= MOST_INPUTS,
                        "image.height x image.width x image.channels must be at most %s for a network of kind mlp, got"
                                + " %s; take a smaller picture or kind convolutional",
                        MOST_INPUTS,
                        inputs)
                .done();
        var sizes = new ArrayList<Long>();
        sizes.add(inputs);
        hidden.forEach(size -> sizes.add((long) size));
        sizes.add((long) latents);
        checkWeights("model.network.hidden", sizes);
    }
}
