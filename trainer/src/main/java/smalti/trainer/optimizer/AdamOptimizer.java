package smalti.trainer.optimizer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import smalti.spec.Adam;
import smalti.spec.Optimizer;
import smalti.spec.SpecException;
import smalti.trainer.graph.Chunks;
import smalti.trainer.graph.DenseFloats;
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

    /**
     * @param key of the optimiser in a spec
     * @throws SpecException of another kind
     */
    public static AdamOptimizer of(Optimizer spec, String key, Parameters parameters, List<String> names) {
        if (!(spec instanceof Adam adam)) {
            throw new SpecException(key + ".kind must be adam, the only one that is trained with so far, got "
                    + spec.getClass().getSimpleName());
        }
        return new AdamOptimizer(adam, parameters, names);
    }

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
     * @param gradients by the names of the parameters
     * @param step from 0
     * @param rateFactor what the learning rate is multiplied by
     * @param clipNorm bound on the norm of all gradients together; 0: none
     * @return that norm before clipping
     */
    public double step(Function<String, DenseFloats> gradients, int step, double rateFactor, double clipNorm) {
        var values = new LinkedHashMap<String, DenseFloats>();
        double squares = 0;
        for (var name : moments.keySet()) {
            var gradient = gradients.apply(name);
            values.put(name, gradient);
            squares += Chunks.sum(
                    gradient.length(),
                    (at, length, scratch) -> squares(gradient.read(at, scratch.floats(0, length), length), length));
        }
        double norm = Math.sqrt(squares);
        float clip = clipNorm > 0 && norm > clipNorm ? (float) (clipNorm / norm) : 1;
        double corrected1 = 1 - Math.pow(spec.beta1(), step + 1.0);
        double corrected2 = 1 - Math.pow(spec.beta2(), step + 1.0);
        double rate = spec.learningRate() * rateFactor / corrected1;
        values.forEach((name, gradient) -> {
            var parameter = parameters.elements(name);
            var moment = Objects.requireNonNull(moments.get(name));
            Chunks.each(parameter.length(), (at, length, scratch) -> {
                var moved = parameter.read(at, scratch.floats(0, length), length);
                var slope = gradient.read(at, scratch.floats(1, length), length);
                var first = scratch.floats(2, length);
                var second = scratch.floats(3, length);
                System.arraycopy(moment.first(), at, first, 0, length);
                System.arraycopy(moment.second(), at, second, 0, length);
                update(moved, slope, first, second, length, clip, rate, Math.sqrt(corrected2));
                System.arraycopy(first, 0, moment.first(), at, length);
                System.arraycopy(second, 0, moment.second(), at, length);
                parameter.write(at, moved, length);
            });
        });
        return norm;
    }

    private static double squares(float[] values, int length) {
        // four sums: one alone would wait for itself
        double sum0 = 0;
        double sum1 = 0;
        double sum2 = 0;
        double sum3 = 0;
        int i = 0;
        for (; i <= length - 4; i += 4) {
            sum0 += (double) values[i] * values[i];
            sum1 += (double) values[i + 1] * values[i + 1];
            sum2 += (double) values[i + 2] * values[i + 2];
            sum3 += (double) values[i + 3] * values[i + 3];
        }
        for (; i < length; i++) {
            sum0 += (double) values[i] * values[i];
        }
        return (sum0 + sum1) + (sum2 + sum3);
    }

    /** On arrays of the same indices: with others, the JVM could not tell that they do not overlap, nor vectorise. */
    private void update(
            float[] parameter,
            float[] gradient,
            float[] first,
            float[] second,
            int length,
            float clip,
            double rate,
            double secondRoot) {
        float beta1 = (float) spec.beta1();
        float beta2 = (float) spec.beta2();
        float rest1 = (float) (1 - spec.beta1());
        float rest2 = (float) (1 - spec.beta2());
        float rootScale = (float) (1 / secondRoot);
        float epsilon = (float) spec.epsilon();
        float stepSize = (float) rate;
        for (int i = 0; i < length; i++) {
            float g = clip * gradient[i];
            float m = beta1 * first[i] + rest1 * g;
            float v = beta2 * second[i] + rest2 * g * g;
            first[i] = m;
            second[i] = v;
            parameter[i] -= stepSize * m / ((float) Math.sqrt(v) * rootScale + epsilon);
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
