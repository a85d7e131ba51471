package smalti.trainer.family;

import java.util.ArrayList;
import smalti.spec.model.VqvaeFamily;
import smalti.trainer.layer.Convolution;
import smalti.trainer.layer.Layer;
import smalti.trainer.layer.ResidualStack;
import smalti.trainer.layer.TransposedConvolution;

/**
 * Encoder and decoder of a VQ-VAE, for training and inference alike.
 *
 * <p>Source: van den Oord et al. 2017, section 4.1, with the layer sizes of DeepMind's Sonnet example. Shapes for 32×32
 * RGB, hidden 128, two downsamplings:
 *
 * <pre>
 *   image [B,3,32,32] → [B,64,16,16] → [B,128,8,8] → residual stack → latents [B,64,8,8]
 *   quantized [B,64,8,8] → [B,128,8,8] → residual stack → [B,64,16,16] → image [B,3,32,32]
 * </pre>
 */
record VqvaeLayers(VqvaeFamily family, int channels) {
    Layer encoder() {
        var layers = new ArrayList<Layer>();
        int hidden = family.hidden();
        int in = channels;
        for (int i = 1; i <= family.downsamplings(); i++) {
            int out = i < family.downsamplings() ? hidden / 2 : hidden;
            layers.add(Convolution.of("down" + i, in, out, 4, 2, 1));
            layers.add(Layer.relu());
            in = out;
        }
        layers.add(Convolution.of("conv", in, hidden, 3, 1, 1));
        layers.add(Layer.relu());
        layers.add(residuals());
        layers.add(Convolution.of("latents", hidden, family.quantizer().codeDim(), 1, 1, 0));
        return Layer.sequence(layers).within("encoder");
    }

    Layer decoder() {
        var layers = new ArrayList<Layer>();
        int hidden = family.hidden();
        layers.add(Convolution.of("conv", family.quantizer().codeDim(), hidden, 3, 1, 1));
        layers.add(residuals());
        int in = hidden;
        for (int i = 1; i < family.downsamplings(); i++) {
            layers.add(TransposedConvolution.doubling("up" + i, in, hidden / 2));
            layers.add(Layer.relu());
            in = hidden / 2;
        }
        layers.add(TransposedConvolution.doubling("image", in, channels));
        return Layer.sequence(layers).within("decoder");
    }

    private ResidualStack residuals() {
        return new ResidualStack(family.hidden(), family.residualHidden(), family.residualBlocks());
    }
}
