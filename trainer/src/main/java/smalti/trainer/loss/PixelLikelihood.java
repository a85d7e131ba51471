package smalti.trainer.loss;

import org.nd4j.autodiff.samediff.SDVariable;
import smalti.spec.CounterRandom;
import smalti.spec.bundle.Contract;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.Parameters;

/** p(x|z) of a picture whose pixels are independent given latents. Images are from 0 to 1. */
public interface PixelLikelihood {
    /**
     * What a step's pictures are to be, given their brightness.
     *
     * @param images [B, C, H, W] of a batch; may be changed and returned
     * @param random of this use alone
     */
    float[] targets(float[] images, CounterRandom random, int step);

    /**
     * −ln p(x|z) in nats, summed over a picture's pixels, the mean over the batch: a scalar.
     *
     * @param decoded what the decoder gives, [B, C, H, W]
     * @param target [B, C, H, W]
     * @param pixels numbers of a picture
     */
    SDVariable negativeLogLikelihood(GraphBuilder g, SDVariable decoded, SDVariable target, int pixels);

    /**
     * What a decoder gives that knows the pixels' means alone.
     *
     * @param mean of pixels; may be changed and returned
     */
    float[] decodedOf(float[] mean);

    /**
     * What is shown: each pixel's mean.
     *
     * @param decoded what the decoder gives, [B, C, H, W]
     */
    SDVariable image(GraphBuilder g, SDVariable decoded);

    Contract.Posterior contract(int dim, Parameters weights);
}
