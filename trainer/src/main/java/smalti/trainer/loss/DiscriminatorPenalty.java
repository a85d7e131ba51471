package smalti.trainer.loss;

import java.util.Map;
import java.util.function.UnaryOperator;
import org.nd4j.autodiff.samediff.SDVariable;
import smalti.spec.CounterRandom;
import smalti.trainer.graph.GraphBuilder;

/** A term that holds a discriminator smooth about real pictures. */
public interface DiscriminatorPenalty {
    /**
     * @param real pictures [B, C, H, W]
     * @param logits of them, [B, 1]
     * @param discriminator pictures to logits, by the same weights
     */
    Term term(GraphBuilder g, SDVariable real, SDVariable logits, UnaryOperator<SDVariable> discriminator);

    /**
     * What its inputs are at a step.
     *
     * @param random of penalties alone
     * @param values of a batch of pictures
     */
    Map<String, float[]> inputs(CounterRandom random, int step, int values);
}
