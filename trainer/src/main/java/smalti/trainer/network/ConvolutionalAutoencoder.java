package smalti.trainer.network;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import smalti.spec.model.ConvolutionalNetwork;
import smalti.spec.model.ImageSpec;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.Initializer;
import smalti.trainer.layer.Activations;
import smalti.trainer.layer.Convolution;
import smalti.trainer.layer.Dense;
import smalti.trainer.layer.Layer;
import smalti.trainer.layer.TransposedConvolution;

/**
 * Convolutions and one dense layer, and the same backwards; a class joins the dense layer's input and the latents as a
 * one-hot row. Shapes for 28×28 grey, channels 32 and 64, dense d:
 *
 * <pre>
 *   image [B,1,28,28] → [B,32,14,14] → [B,64,7,7] → features [B,d]
 *   latents [B,D] → [B,d] → [B,64,7,7] → [B,32,14,14] → [B,1,28,28]
 * </pre>
 */
record ConvolutionalAutoencoder(
        ConvolutionalNetwork spec, ImageSpec image, int classes, int latents, FirstPicture first)
        implements Autoencoder {
    private static final int KERNEL = 4;

    private List<Integer> channels() {
        return spec.channels();
    }

    private int deepest() {
        return channels().get(channels().size() - 1);
    }

    private int height() {
        return image.height() >> channels().size();
    }

    private int width() {
        return image.width() >> channels().size();
    }

    private int flat() {
        return deepest() * height() * width();
    }

    @Override
    public int features() {
        return spec.dense();
    }

    @Override
    public SDVariable encode(GraphBuilder g, SDVariable picture, @Nullable SDVariable labels, int batch) {
        var layers = new ArrayList<Layer>();
        int in = image.channels();
        for (int i = 0; i < channels().size(); i++) {
            layers.add(Convolution.of("down" + (i + 1), in, channels().get(i), KERNEL, 2, 1));
            layers.add(activation());
            in = channels().get(i);
        }
        var row = g.reshape(Layer.sequence(layers).apply(g, picture), batch, flat());
        return Layer.sequence(List.of(dense("dense", flat() + classes, spec.dense()), activation()))
                .apply(g, MlpAutoencoder.joined(g, row, labels));
    }

    @Override
    public SDVariable decode(GraphBuilder g, SDVariable rows, @Nullable SDVariable labels, int batch) {
        var layers = new ArrayList<Layer>();
        layers.add(dense("dense", latents + classes, spec.dense()));
        layers.add(activation());
        layers.add(dense("spread", spec.dense(), flat()));
        layers.add(activation());
        layers.add((builder, x) -> builder.reshape(x, batch, deepest(), height(), width()));
        for (int i = channels().size() - 1; i > 0; i--) {
            layers.add(doubling("up" + i, channels().get(i), channels().get(i - 1), Initializer.constant(0)));
            layers.add(activation());
        }
        layers.add(doubling(
                "image", channels().get(0), image.channels(), Initializer.values(first.ofChannels(image.channels()))));
        return Layer.sequence(layers).apply(g, MlpAutoencoder.joined(g, rows, labels));
    }

    private Layer activation() {
        return Activations.layer(spec.activation());
    }

    private static Layer dense(String name, int in, int out) {
        return new Dense(name, in, out, Initializer.truncatedNormal(in));
    }

    /** Each number of the result is a sum of 2×2 of the kernel's 4×4 places. */
    private static Layer doubling(String name, int in, int out, Initializer bias) {
        return new TransposedConvolution(name, in, out, KERNEL, 2, 1, Initializer.truncatedNormal(4L * in), bias);
    }
}
