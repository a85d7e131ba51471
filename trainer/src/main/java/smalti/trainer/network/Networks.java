package smalti.trainer.network;

import java.util.List;
import smalti.spec.model.ConvolutionalNetwork;
import smalti.spec.model.MlpNetwork;
import smalti.trainer.part.Part;

/** Smalti's own networks. */
public final class Networks {
    private Networks() {}

    public static List<Part<?, ?>> parts() {
        return List.of(
                new Part<>(
                        MlpNetwork.class,
                        Autoencoder.Start.class,
                        spec -> (image, classes, latents, first) ->
                                new MlpAutoencoder(spec, image, classes, latents, first)),
                new Part<>(
                        ConvolutionalNetwork.class,
                        Autoencoder.Start.class,
                        spec -> (image, classes, latents, first) ->
                                new ConvolutionalAutoencoder(spec, image, classes, latents, first)));
    }
}
