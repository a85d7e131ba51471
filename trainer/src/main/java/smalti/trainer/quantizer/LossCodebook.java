package smalti.trainer.quantizer;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import smalti.spec.model.LossQuantizer;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.Parameters;
import smalti.trainer.loss.Term;

/** The codes follow the gradient of ‖sg(z) − e‖². Source: van den Oord et al. 2017, equation 3, second term. */
final class LossCodebook extends Codebook {
    private final LossQuantizer spec;

    LossCodebook(LossQuantizer spec, Parameters parameters, long seed) {
        super(spec, parameters, seed);
        this.spec = spec;
    }

    @Override
    public List<String> standing() {
        return List.of();
    }

    @Override
    List<Term> terms(GraphBuilder g, SDVariable latents, SDVariable quantized) {
        return List.of(new Term("codebookLoss", g.meanSquare(quantized, g.stopGradient(latents)), spec.weight()));
    }

    @Override
    void started(float[] centres, int[] counts, int batches) {
        // the optimiser takes it from there
    }

    @Override
    void move(float[] latents, long[] codes) {
        // the optimiser has moved them
    }

    @Override
    void restarted(int code, float[] latents, int from) {
        // the parameter itself is all there is
    }
}
