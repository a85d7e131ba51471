package smalti.trainer.family;

import java.util.ArrayList;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import smalti.spec.model.DcganFamily;
import smalti.spec.model.ImageSpec;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.HostArrays;
import smalti.trainer.graph.Initializer;
import smalti.trainer.layer.BatchNorm;
import smalti.trainer.layer.Convolution;
import smalti.trainer.layer.Layer;
import smalti.trainer.layer.TransposedConvolution;

/**
 * Generator and discriminator of a DCGAN, for training and inference alike.
 *
 * <p>Source: Radford et al. 2016, arXiv:1511.06434, section 3 and figure 1, with kernels of 4 so that stride 2 divides
 * them evenly. Conditional form: Mirza and Osindero 2014 for the generator (the class joins the noise); projection,
 * Miyato and Koyama 2018, arXiv:1802.05637, for the discriminator. Shapes for 32×32 RGB, channels g:
 *
 * <pre>
 *   noise [B,Z] → [B,4g·16] → [B,4g,4,4] → [B,2g,8,8] → [B,g,16,16] → image [B,3,32,32]
 * </pre>
 */
record DcganLayers(DcganFamily family, ImageSpec image, int classes) {
    static final String GENERATOR = "generator";
    static final String DISCRIMINATOR = "discriminator";

    private static final double SLOPE = 0.2;
    // Source: Radford et al. 2016, section 4.
    private static final Initializer WEIGHTS = Initializer.normal(0, 0.02);

    /** Channels of the generator's stages, from the noise to the last hidden layer. */
    private int generatorChannels(int stage) {
        return family.generatorChannels() << (doublings() - 1 - stage);
    }

    private int doublings() {
        return family.doublings(image);
    }

    private int height() {
        return image.height() >> doublings();
    }

    private int width() {
        return image.width() >> doublings();
    }

    /**
     * @param noise [B, Z]
     * @param labels [B, classes], one-hot, where conditional
     * @param batch the batch size, or −1
     * @return [B, C, H, W] in [−1, 1]
     */
    SDVariable generator(GraphBuilder g, SDVariable noise, @Nullable SDVariable labels, int batch) {
        var input = labels == null ? noise : g.concat(1, noise, labels);
        int length = family.noise() + (labels == null ? 0 : classes);
        int first = generatorChannels(0);
        var layers = new ArrayList<Layer>();
        layers.add((builder, x) -> {
            var weights = builder.parameter("project", WEIGHTS, length, (long) first * height() * width());
            return builder.reshape(builder.matrixProduct(x, weights), batch, first, height(), width());
        });
        layers.add(normalization(0));
        for (int stage = 1; stage < doublings(); stage++) {
            layers.add(up("up" + stage, generatorChannels(stage - 1), generatorChannels(stage), false));
            layers.add(normalization(stage));
        }
        layers.add(up("image", generatorChannels(doublings() - 1), image.channels(), true));
        layers.add(GraphBuilder::tanh);
        return Layer.sequence(layers).within(GENERATOR).apply(g, input);
    }

    private BatchNorm normalization(int stage) {
        return new BatchNorm("norm" + stage, generatorChannels(stage), 0, family.batchNormMomentum());
    }

    /** Doubles each side. */
    private static Layer up(String name, int in, int out, boolean biased) {
        return new TransposedConvolution(name, in, out, 4, 2, 1, WEIGHTS, biased ? Initializer.constant(0) : null);
    }

    /** Halves each side. */
    private static Layer down(String name, int in, int out, boolean biased) {
        return new Convolution(name, in, out, 4, 2, 1, WEIGHTS, biased);
    }

    /**
     * @param picture [B, C, H, W]
     * @param labels [B, classes], one-hot, where conditional
     * @return logits [B, 1]: above 0 for real
     */
    SDVariable discriminator(GraphBuilder g, SDVariable picture, @Nullable SDVariable labels, int batch) {
        var layers = new ArrayList<Layer>();
        int channels = family.discriminatorChannels();
        layers.add(down("down0", image.channels(), channels, true));
        layers.add((builder, x) -> builder.leakyRelu(x, SLOPE));
        for (int stage = 1; stage < doublings(); stage++) {
            layers.add(down("down" + stage, channels, 2 * channels, false));
            channels *= 2;
            layers.add(BatchNorm.unfollowed("norm" + stage, channels, SLOPE));
        }
        long length = (long) channels * height() * width();
        layers.add((builder, x) -> logits(builder, builder.reshape(x, batch, length), labels, length));
        return Layer.sequence(layers).within(DISCRIMINATOR).apply(g, picture);
    }

    /** @param features [B, length] */
    private SDVariable logits(GraphBuilder g, SDVariable features, @Nullable SDVariable labels, long length) {
        var logit = g.matrixProduct(features, g.parameter("logit", WEIGHTS, length, 1));
        if (labels == null) {
            return logit;
        }
        var byClass = g.matrixProduct(features, g.parameter("classes", WEIGHTS, length, classes)); // [B, K]
        var ones = g.constant("ones/" + features.name(), HostArrays.floats(filled(classes), classes, 1));
        return g.add(logit, g.matrixProduct(g.multiply(byClass, labels), ones));
    }

    private static float[] filled(int length) {
        var ones = new float[length];
        java.util.Arrays.fill(ones, 1);
        return ones;
    }
}
