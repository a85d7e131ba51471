package smalti.trainer.quantizer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import smalti.spec.model.EmaQuantizer;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.Parameters;
import smalti.trainer.loss.Term;

/**
 * The codes are moving averages of the latents that choose them.
 *
 * <p>Source: van den Oord et al. 2017, appendix A.1, in the form of DeepMind's Sonnet: both averages are freed of
 * their bias towards zero (Kingma and Ba 2015, section 3), and the counts are smoothed by ε.
 *
 * <pre>
 *   N ← γN + (1 − γ)n          m ← γm + (1 − γ)Σz          both divided by 1 − γᵗ
 *   Ñ = (N + ε)/(ΣN + Kε)·ΣN   e = m/Ñ
 * </pre>
 */
final class EmaCodebook extends Codebook {
    private final EmaQuantizer spec;
    private final float[] counts; // N before the division, [K]
    private final float[] sums; // m before the division, [K, D]
    private final float[] bias = {1}; // γᵗ: the share of the averages that is still the zero they began with

    EmaCodebook(EmaQuantizer spec, Parameters parameters, long seed) {
        super(spec, parameters, seed);
        this.spec = spec;
        counts = new float[spec.codes()];
        sums = new float[spec.codes() * spec.codeDim()];
    }

    @Override
    public List<String> standing() {
        return List.of(PARAMETER);
    }

    @Override
    List<Term> terms(GraphBuilder g, SDVariable latents, SDVariable quantized) {
        return List.of();
    }

    @Override
    void started(float[] centres, int[] samples, int batches) {
        bias[0] = 0;
        for (int k = 0; k < counts.length; k++) {
            counts[k] = samples[k] / (float) batches;
            for (int d = 0; d < spec.codeDim(); d++) {
                sums[k * spec.codeDim() + d] = centres[k * spec.codeDim() + d] * counts[k];
            }
        }
    }

    @Override
    void move(float[] latents, long[] codes) {
        int dim = spec.codeDim();
        var batchCounts = new double[counts.length];
        var batchSums = new double[sums.length];
        for (int i = 0; i < codes.length; i++) {
            int code = (int) codes[i];
            batchCounts[code]++;
            for (int d = 0; d < dim; d++) {
                batchSums[code * dim + d] += latents[i * dim + d];
            }
        }
        double rest = 1 - spec.decay();
        bias[0] *= (float) spec.decay();
        double total = 0;
        for (int k = 0; k < counts.length; k++) {
            counts[k] += (float) (rest * (batchCounts[k] - counts[k]));
            total += counts[k] / (1.0 - bias[0]);
        }
        var codebook = new float[sums.length];
        for (int k = 0; k < counts.length; k++) {
            double smoothed =
                    (counts[k] / (1.0 - bias[0]) + spec.epsilon()) / (total + counts.length * spec.epsilon()) * total;
            for (int d = 0; d < dim; d++) {
                int at = k * dim + d;
                sums[at] += (float) (rest * (batchSums[at] - sums[at]));
                codebook[at] = (float) (sums[at] / (1.0 - bias[0]) / smoothed);
            }
        }
        parameters().set(PARAMETER, codebook);
    }

    @Override
    void restarted(int code, float[] latents, int from) {
        double total = 0;
        for (float count : counts) {
            total += count;
        }
        counts[code] = (float) (total / counts.length);
        for (int d = 0; d < spec.codeDim(); d++) {
            sums[code * spec.codeDim() + d] = latents[from * spec.codeDim() + d] * counts[code];
        }
    }

    @Override
    public Map<String, float[]> state() {
        var state = new LinkedHashMap<>(super.state());
        state.put("codebook/counts", counts);
        state.put("codebook/sums", sums);
        state.put("codebook/bias", bias);
        return state;
    }
}
