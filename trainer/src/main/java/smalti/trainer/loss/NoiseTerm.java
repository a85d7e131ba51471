package smalti.trainer.loss;

import java.util.Map;
import java.util.function.UnaryOperator;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import smalti.spec.CounterRandom;
import smalti.spec.model.NoisePenalty;
import smalti.trainer.graph.GraphBuilder;

/**
 * λ·mean (ℓ(x) − ℓ(x + σε))², which is λσ²‖∇ℓ(x)‖² to first order.
 *
 * <p>Source: Lin et al. 2025, arXiv:2501.08316, approximated R1.
 */
record NoiseTerm(NoisePenalty spec) implements DiscriminatorPenalty {
    private static final String INPUT = "penaltyNoise";

    @Override
    public Term term(GraphBuilder g, SDVariable real, SDVariable logits, UnaryOperator<SDVariable> discriminator) {
        var noise = g.input(INPUT, DataType.FLOAT, real.getShape());
        var moved = discriminator.apply(g.add(real, g.scale(noise, spec.deviation())));
        return new Term("noisePenalty", g.meanSquare(logits, moved), spec.weight());
    }

    @Override
    public Map<String, float[]> inputs(CounterRandom random, int step, int values) {
        var noise = new float[values];
        random.normals(step, noise, 0, values);
        return Map.of(INPUT, noise);
    }
}
