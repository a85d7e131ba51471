package smalti.trainer.optimizer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.nd4j.linalg.api.ndarray.INDArray;
import smalti.spec.Adam;
import smalti.trainer.graph.HostArrays;
import smalti.trainer.graph.Parameters;

/**
 * Adam with gradients clipped by their global norm.
 *
 * <p>Source: Kingma and Ba 2015, arXiv:1412.6980, algorithm 1; clipping: Pascanu et al. 2013, arXiv:1211.5063.
 */
public final class AdamOptimizer {
    private final Adam spec;
    private final Parameters parameters;
    private final Map<String, Moments> moments = new LinkedHashMap<>();

    private record Moments(float[] first, float[] second) {}

    public AdamOptimizer(Adam spec, Parameters parameters, List<String> names) {
        this.spec = spec;
        this.parameters = parameters;
        for (var name : names) {
            int length = Math.toIntExact(parameters.array(name).length());
            moments.put(name, new Moments(new float[length], new float[length]));
        }
    }

    /**
     * Moves every parameter once.
     *
     * @param step from 0
     * @param rateFactor what the learning rate is multiplied by
     * @param clipNorm bound on the norm of all gradients together; 0: none
     * @return that norm before clipping
     */
    public double step(Map<String, INDArray> gradients, int step, double rateFactor, double clipNorm) {
        var values = new LinkedHashMap<String, float[]>();
        double squares = 0;
        for (var name : moments.keySet()) {
            var gradient = gradients.get(name);
            if (gradient == null) {
                throw new IllegalArgumentException("no gradient of " + name);
            }
            var read = HostArrays.floats(gradient);
            for (float g : read) {
                squares += (double) g * g;
            }
            values.put(name, read);
        }
        double norm = Math.sqrt(squares);
        float clip = clipNorm > 0 && norm > clipNorm ? (float) (clipNorm / norm) : 1;
        double corrected1 = 1 - Math.pow(spec.beta1(), step + 1.0);
        double corrected2 = 1 - Math.pow(spec.beta2(), step + 1.0);
        double rate = spec.learningRate() * rateFactor;
        moments.forEach((name, moment) -> {
            var parameter = parameters.values(name);
            update(
                    parameter,
                    Objects.requireNonNull(values.get(name)),
                    moment,
                    clip,
                    rate / corrected1,
                    Math.sqrt(corrected2));
            parameters.set(name, parameter);
        });
        return norm;
    }

    private void update(
            float[] parameter, float[] gradient, Moments moment, float clip, double rate, double secondRoot) {
        float beta1 = (float) spec.beta1();
        float beta2 = (float) spec.beta2();
        float rest1 = (float) (1 - spec.beta1());
        float rest2 = (float) (1 - spec.beta2());
        float rootScale = (float) (1 / secondRoot);
        float epsilon = (float) spec.epsilon();
        float stepSize = (float) rate;
        var first = moment.first();
        var second = moment.second();
        for (int i = 0; i < parameter.length; i++) {
            float g = clip * gradient[i];
            first[i] = beta1 * first[i] + rest1 * g;
            second[i] = beta2 * second[i] + rest2 * g * g;
            parameter[i] -= stepSize * first[i] / ((float) Math.sqrt(second[i]) * rootScale + epsilon);
        }
    }

    /** The moments by name; the arrays themselves, so that they can be written to and read from. */
    public Map<String, float[]> state() {
        var state = new LinkedHashMap<String, float[]>();
        moments.forEach((name, moment) -> {
            state.put(name + "/adam1", moment.first());
            state.put(name + "/adam2", moment.second());
        });
        return state;
    }
}
