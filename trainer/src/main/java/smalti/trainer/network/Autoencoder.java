package smalti.trainer.network;

import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import smalti.spec.model.ImageSpec;
import smalti.trainer.graph.GraphBuilder;

/** Two networks: a picture to features, and latents to a picture. Both may know the picture's class. */
public interface Autoencoder {
    /** A network of a spec, before it has sizes. */
    @FunctionalInterface
    interface Start {
        /**
         * @param classes how many; 0 where no class is an input
         * @param latents numbers of a row of latents
         * @param first what the decoder begins with
         */
        Autoencoder begin(ImageSpec image, int classes, int latents, FirstPicture first);
    }

    /** Numbers of a row of features. */
    int features();

    /**
     * @param image [B, C, H, W]
     * @param labels [B, classes], one-hot, where there are classes
     * @param batch the batch size, or −1
     * @return [B, features]
     */
    SDVariable encode(GraphBuilder g, SDVariable image, @Nullable SDVariable labels, int batch);

    /**
     * @param latents [B, latents]
     * @param labels [B, classes], one-hot, where there are classes
     * @param batch the batch size, or −1
     * @return [B, C, H, W], any numbers
     */
    SDVariable decode(GraphBuilder g, SDVariable latents, @Nullable SDVariable labels, int batch);
}
