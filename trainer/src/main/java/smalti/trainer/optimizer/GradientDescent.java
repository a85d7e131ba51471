package smalti.trainer.optimizer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import smalti.trainer.graph.Chunks;
import smalti.trainer.graph.DenseFloats;
import smalti.trainer.graph.Parameters;

/**
 * Parameters that follow their gradients by a rule, with the gradients clipped by their global norm.
 *
 * <p>Source of the clipping: Pascanu et al. 2013, arXiv:1211.5063.
 */
public final class GradientDescent {
    /** Slots of scratch arrays before those of what a rule keeps. */
    private static final int FIRST_KEPT = 2;

    private final UpdateRule rule;
    private final Parameters parameters;
    /** What the rule keeps, by parameter. */
    private final Map<String, float[][]> kept = new LinkedHashMap<>();

    public GradientDescent(UpdateRule rule, Parameters parameters, List<String> names) {
        this.rule = rule;
        this.parameters = parameters;
        for (var name : names) {
            int length = Math.toIntExact(parameters.array(name).length());
            kept.put(name, new float[rule.kept().size()][length]);
        }
    }

    /**
     * Moves every parameter once.
     *
     * @param gradients by the names of the parameters
     * @param move from 0
     * @param rateFactor what the learning rate is multiplied by
     * @param clipNorm bound on the norm of all gradients together; 0: none
     * @return that norm before clipping
     */
    public double move(Function<String, DenseFloats> gradients, int move, double rateFactor, double clipNorm) {
        var values = new LinkedHashMap<String, DenseFloats>();
        double squares = 0;
        for (var name : kept.keySet()) {
            var gradient = gradients.apply(name);
            values.put(name, gradient);
            squares += Chunks.sum(
                    gradient.length(),
                    (at, length, scratch) -> squares(gradient.read(at, scratch.floats(0, length), length), length));
        }
        double norm = Math.sqrt(squares);
        float clip = clipNorm > 0 && norm > clipNorm ? (float) (clipNorm / norm) : 1;
        var moving = rule.at(move, rateFactor);
        values.forEach((name, gradient) -> follow(name, gradient, clip, moving));
        return norm;
    }

    private void follow(String name, DenseFloats gradient, float clip, UpdateRule.Move moving) {
        var parameter = parameters.elements(name);
        var all = Objects.requireNonNull(kept.get(name));
        Chunks.each(parameter.length(), (at, length, scratch) -> {
            var moved = parameter.read(at, scratch.floats(0, length), length);
            var slope = gradient.read(at, scratch.floats(1, length), length);
            if (clip != 1) {
                for (int i = 0; i < length; i++) {
                    slope[i] *= clip;
                }
            }
            var part = new float[all.length][];
            for (int k = 0; k < all.length; k++) {
                part[k] = scratch.floats(FIRST_KEPT + k, length);
                System.arraycopy(all[k], at, part[k], 0, length);
            }
            moving.apply(moved, slope, part, length);
            for (int k = 0; k < all.length; k++) {
                System.arraycopy(part[k], 0, all[k], at, length);
            }
            parameter.write(at, moved, length);
        });
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

    /** What the rule keeps, by name; the arrays themselves, so that they can be written to and read from. */
    public Map<String, float[]> state() {
        var state = new LinkedHashMap<String, float[]>();
        kept.forEach((name, arrays) -> {
            for (int k = 0; k < arrays.length; k++) {
                state.put(name + "/" + rule.kept().get(k), arrays[k]);
            }
        });
        return state;
    }
}
