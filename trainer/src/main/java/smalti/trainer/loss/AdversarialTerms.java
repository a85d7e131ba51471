package smalti.trainer.loss;

import org.nd4j.autodiff.samediff.SDVariable;
import smalti.trainer.graph.GraphBuilder;

/** What a discriminator and a generator minimise, as functions of logits [B, 1]; both are means over the batch. */
public interface AdversarialTerms {
    /**
     * The discriminator's loss.
     *
     * @param real logits of real pictures
     * @param fake logits of made pictures
     */
    SDVariable discriminator(GraphBuilder g, SDVariable real, SDVariable fake);

    /**
     * The generator's loss.
     *
     * @param fake logits of made pictures
     */
    SDVariable generator(GraphBuilder g, SDVariable fake);
}
