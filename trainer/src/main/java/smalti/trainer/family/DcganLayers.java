package smalti.trainer.family;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import smalti.spec.DcganFamily;
import smalti.spec.ImageSpec;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.Initializer;

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
    private static final double SLOPE = 0.2;
    // Source: Radford et al. 2016, section 4.
    private static final Initializer WEIGHTS = Initializer.normal(0, 0.02);

    /** How a batch normalisation with a relu is done: by the batch, or by given statistics. */
    interface Normalization {
        SDVariable apply(GraphBuilder g, String name, SDVariable x, int channels);
    }

    int doublings() {
        return family.doublings(image);
    }

    /** Channels of the generator's stages, from the noise to the last hidden layer. */
    private int generatorChannels(int stage) {
        return family.generatorChannels() << (doublings() - 1 - stage);
    }

    /** Names and channels of the generator's normalisations, in order. */
    record Normalized(String name, int channels) {}

    List<Normalized> generatorNormalizations() {
        var found = new ArrayList<Normalized>();
        for (int stage = 0; stage < doublings(); stage++) {
            found.add(new Normalized("generator/norm" + stage, generatorChannels(stage)));
        }
        return found;
    }

    /**
     * @param noise [B, Z]
     * @param labels [B, classes], one-hot, where conditional
     * @param batch the batch size, or −1
     * @return [B, C, H, W] in [−1, 1]
     */
    SDVariable generator(
            GraphBuilder g, SDVariable noise, @Nullable SDVariable labels, int batch, Normalization normalization) {
        int height = image.height() >> doublings();
        int width = image.width() >> doublings();
        var input = labels == null ? noise : g.concat(1, noise, labels);
        int length = family.noise() + (labels == null ? 0 : classes);
        int channels = generatorChannels(0);
        var weights = g.parameter("generator/project", WEIGHTS, length, (long) channels * height * width);
        var h = g.reshape(g.matrixProduct(input, weights), batch, channels, height, width);
        h = normalization.apply(g, "generator/norm0", h, channels);
        for (int stage = 1; stage < doublings(); stage++) {
            int out = generatorChannels(stage);
            h = g.plainTransposedConvolution("generator/up" + stage, h, kernel(channels, out));
            h = normalization.apply(g, "generator/norm" + stage, h, out);
            channels = out;
        }
        return g.tanh(g.transposedConvolution("generator/image", h, kernel(channels, image.channels())));
    }

    /**
     * @param picture [B, C, H, W]
     * @param labels [B, classes], one-hot, where conditional
     * @return logits [B, 1]: above 0 for real
     */
    SDVariable discriminator(GraphBuilder g, SDVariable picture, @Nullable SDVariable labels, int batch) {
        int channels = family.discriminatorChannels();
        var h = g.leakyRelu(g.convolution("discriminator/down0", picture, kernel(image.channels(), channels)), SLOPE);
        for (int stage = 1; stage < doublings(); stage++) {
            h = g.plainConvolution("discriminator/down" + stage, h, kernel(channels, 2 * channels));
            channels *= 2;
            h = g.batchNorm("discriminator/norm" + stage, h, channels, SLOPE).output();
        }
        long length = (long) channels * (image.height() >> doublings()) * (image.width() >> doublings());
        var features = g.reshape(h, batch, length); // [B, F]
        var logit = g.matrixProduct(features, g.parameter("discriminator/logit", WEIGHTS, length, 1));
        if (labels == null) {
            return logit;
        }
        var byClass =
                g.matrixProduct(features, g.parameter("discriminator/classes", WEIGHTS, length, classes)); // [B, K]
        var ones = g.constant(
                "discriminator/ones/" + picture.name(),
                smalti.trainer.graph.HostArrays.floats(filled(classes), classes, 1));
        return g.add(logit, g.matrixProduct(g.multiply(byClass, labels), ones));
    }

    /** Doubles or halves each side. */
    private static GraphBuilder.Kernel kernel(int in, int out) {
        return new GraphBuilder.Kernel(in, out, 4, 2, 1, WEIGHTS);
    }

    private static float[] filled(int length) {
        var ones = new float[length];
        java.util.Arrays.fill(ones, 1);
        return ones;
    }
}
