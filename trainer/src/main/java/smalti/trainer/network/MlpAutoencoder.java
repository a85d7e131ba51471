package smalti.trainer.network;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import smalti.spec.model.ImageSpec;
import smalti.spec.model.MlpNetwork;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.Initializer;
import smalti.trainer.layer.Activations;
import smalti.trainer.layer.Dense;
import smalti.trainer.layer.Layer;

/** Dense layers both ways; a class joins the first layer's input as a one-hot row. */
record MlpAutoencoder(MlpNetwork spec, ImageSpec image, int classes, int latents, FirstPicture first)
        implements Autoencoder {
    private int pixels() {
        return image.height() * image.width() * image.channels();
    }

    @Override
    public int features() {
        return spec.hidden().get(spec.hidden().size() - 1);
    }

    @Override
    public SDVariable encode(GraphBuilder g, SDVariable picture, @Nullable SDVariable labels, int batch) {
        var row = joined(g, g.reshape(picture, batch, pixels()), labels);
        return hidden(pixels() + classes, spec.hidden()).apply(g, row);
    }

    @Override
    public SDVariable decode(GraphBuilder g, SDVariable rows, @Nullable SDVariable labels, int batch) {
        var backwards = new ArrayList<>(spec.hidden());
        Collections.reverse(backwards);
        int last = backwards.get(backwards.size() - 1);
        var layers = List.of(
                hidden(latents + classes, backwards),
                new Dense(
                        "image",
                        last,
                        pixels(),
                        Initializer.truncatedNormal(last),
                        Initializer.values(first.ofPixels())));
        var row = Layer.sequence(layers).apply(g, joined(g, rows, labels));
        return g.reshape(row, batch, image.channels(), image.height(), image.width());
    }

    private Layer hidden(int inputs, List<Integer> sizes) {
        var layers = new ArrayList<Layer>();
        int in = inputs;
        for (int i = 0; i < sizes.size(); i++) {
            layers.add(new Dense("hidden" + (i + 1), in, sizes.get(i), Initializer.truncatedNormal(in)));
            layers.add(Activations.layer(spec.activation()));
            in = sizes.get(i);
        }
        return Layer.sequence(layers);
    }

    static SDVariable joined(GraphBuilder g, SDVariable row, @Nullable SDVariable labels) {
        return labels == null ? row : g.concat(1, row, labels);
    }
}
