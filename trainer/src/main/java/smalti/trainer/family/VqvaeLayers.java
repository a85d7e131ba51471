package smalti.trainer.family;

import org.nd4j.autodiff.samediff.SDVariable;
import smalti.spec.VqvaeFamily;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.Initializer;

/**
 * Encoder and decoder of a VQ-VAE, for training and inference alike.
 *
 * <p>Source: van den Oord et al. 2017, section 4.1, in the sizes of DeepMind's Sonnet example. Shapes for 32×32 RGB,
 * two downsamplings, hidden 128, D 64:
 *
 * <pre>
 *   image [B,3,32,32] → [B,64,16,16] → [B,128,8,8] → [B,128,8,8] → residual stack → latents [B,64,8,8]
 *   quantized [B,64,8,8] → [B,128,8,8] → residual stack → [B,64,16,16] → image [B,3,32,32]
 * </pre>
 */
record VqvaeLayers(VqvaeFamily family, int channels) {
    SDVariable encoder(GraphBuilder g, SDVariable image) {
        var h = image;
        int in = channels;
        for (int i = 1; i <= family.downsamplings(); i++) {
            int out = i < family.downsamplings() ? family.hidden() / 2 : family.hidden();
            h = g.relu(convolution(g, "encoder/down" + i, h, in, out, 4, 2, 1));
            in = out;
        }
        h = g.relu(convolution(g, "encoder/conv", h, in, family.hidden(), 3, 1, 1));
        h = residualStack(g, "encoder", h);
        return convolution(
                g, "encoder/latents", h, family.hidden(), family.quantizer().codeDim(), 1, 1, 0);
    }

    SDVariable decoder(GraphBuilder g, SDVariable quantized) {
        int hidden = family.hidden();
        var h = convolution(g, "decoder/conv", quantized, family.quantizer().codeDim(), hidden, 3, 1, 1);
        h = residualStack(g, "decoder", h);
        int in = hidden;
        for (int i = 1; i < family.downsamplings(); i++) {
            h = g.relu(transposed(g, "decoder/up" + i, h, in, hidden / 2));
            in = hidden / 2;
        }
        return transposed(g, "decoder/image", h, in, channels);
    }

    private SDVariable residualStack(GraphBuilder g, String name, SDVariable x) {
        var h = x;
        int hidden = family.hidden();
        int inner = family.residualHidden();
        for (int i = 1; i <= family.residualBlocks(); i++) {
            var block = name + "/residual" + i;
            var narrow = convolution(g, block + "/conv3", g.relu(h), hidden, inner, 3, 1, 1);
            h = g.add(h, convolution(g, block + "/conv1", g.relu(narrow), inner, hidden, 1, 1, 0));
        }
        return g.relu(h);
    }

    private static SDVariable convolution(
            GraphBuilder g, String name, SDVariable x, int in, int out, int kernel, int stride, int padding) {
        var initializer = Initializer.truncatedNormal((long) kernel * kernel * in);
        return g.convolution(name, x, new GraphBuilder.Kernel(in, out, kernel, stride, padding, initializer));
    }

    private static SDVariable transposed(GraphBuilder g, String name, SDVariable x, int in, int out) {
        var initializer = Initializer.truncatedNormal(4L * 4 * in);
        return g.transposedConvolution(name, x, new GraphBuilder.Kernel(in, out, 4, 2, 1, initializer));
    }
}
