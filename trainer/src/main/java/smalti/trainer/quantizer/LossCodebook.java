package smalti.trainer.quantizer;

import java.util.Optional;
import org.nd4j.autodiff.samediff.SDVariable;
import smalti.spec.LossQuantizer;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.Parameters;

/** The codes follow the gradient of ‖sg(z) − e‖². Source: van den Oord et al. 2017, equation 3, second term. */
public final class LossCodebook extends Codebook {
    private final LossQuantizer spec;

    public LossCodebook(LossQuantizer spec, Parameters parameters, long seed) {
        super(spec, parameters, seed);
        this.spec = spec;
    }

    @Override
    public boolean isTrainable() {
        return true;
    }

    @Override
    public Optional<SDVariable> loss(GraphBuilder builder, SDVariable latents, SDVariable quantized) {
        return Optional.of(builder.scale(builder.meanSquare(quantized, builder.stopGradient(latents)), spec.weight()));
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
