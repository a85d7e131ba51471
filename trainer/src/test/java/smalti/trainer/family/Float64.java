package smalti.trainer.family;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import smalti.spec.model.Adam;
import smalti.trainer.graph.Tensor;

/** A training's state in float64, and what a step makes of it: gradients by central differences, then Adam. */
final class Float64 {
    /** Small beside weights of 0.02 and more, large beside the rounding of a loss near 1. */
    private static final double DIFFERENCE = 1e-7;

    private final Map<String, double[]> values = new LinkedHashMap<>();

    Float64(Map<String, float[]> snapshot) {
        snapshot.forEach((name, floats) -> {
            var doubles = new double[floats.length];
            for (int i = 0; i < doubles.length; i++) {
                doubles[i] = floats[i];
            }
            values.put(name, doubles);
        });
    }

    Set<String> names() {
        return values.keySet();
    }

    /** The state's own values. */
    double[] of(String name) {
        return Objects.requireNonNull(values.get(name), name);
    }

    Tensor tensor(String name, int... shape) {
        return Tensor.of(shape, of(name));
    }

    /** A scalar that depends on the state. */
    @FunctionalInterface
    interface Loss {
        double of();
    }

    Map<String, double[]> gradients(List<String> names, Loss loss) {
        return gradients(names, loss, DIFFERENCE);
    }

    /** @param difference on both sides: larger for a loss of many nats, whose rounding is larger */
    Map<String, double[]> gradients(List<String> names, Loss loss, double difference) {
        var gradients = new LinkedHashMap<String, double[]>();
        for (var name : names) {
            var at = of(name);
            var gradient = new double[at.length];
            for (int i = 0; i < at.length; i++) {
                double kept = at[i];
                at[i] = kept + difference;
                double above = loss.of();
                at[i] = kept - difference;
                double below = loss.of();
                at[i] = kept;
                gradient[i] = (above - below) / (2 * difference);
            }
            gradients.put(name, gradient);
        }
        return gradients;
    }

    static double norm(Map<String, double[]> gradients) {
        double squares = 0;
        for (var gradient : gradients.values()) {
            for (double g : gradient) {
                squares += g * g;
            }
        }
        return Math.sqrt(squares);
    }

    /** Kingma and Ba 2015, algorithm 1. */
    void adam(Adam adam, Map<String, double[]> gradients, int step) {
        gradients.forEach((name, gradient) -> {
            var value = of(name);
            var first = of(name + "/adam1");
            var second = of(name + "/adam2");
            for (int i = 0; i < value.length; i++) {
                first[i] = adam.beta1() * first[i] + (1 - adam.beta1()) * gradient[i];
                second[i] = adam.beta2() * second[i] + (1 - adam.beta2()) * gradient[i] * gradient[i];
                double firstHat = first[i] / (1 - Math.pow(adam.beta1(), step + 1.0));
                double secondHat = second[i] / (1 - Math.pow(adam.beta2(), step + 1.0));
                value[i] -= adam.learningRate() * firstHat / (Math.sqrt(secondHat) + adam.epsilon());
            }
        });
    }

    /** Holds a training's state to this one, each array by its largest value: what is small is rounded like it. */
    void assertEqualTo(Map<String, float[]> snapshot, double tolerance) {
        assertThat(snapshot).containsOnlyKeys(values.keySet());
        snapshot.forEach((name, actual) -> assertClose(name, actual, of(name), tolerance));
    }

    static void assertClose(String name, float[] actual, double[] expected, double tolerance) {
        assertThat(actual).as(name).hasSameSizeAs(expected);
        double largest = 0;
        double worst = 0;
        for (int i = 0; i < actual.length; i++) {
            largest = Math.max(largest, Math.abs(expected[i]));
            worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
        }
        assertThat(worst).as(name + ", largest value " + largest).isLessThanOrEqualTo(tolerance * largest);
    }
}
