package smalti.exporter.precision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/** Layers that share their scale, and biases that take a shift away, beside what the paper's formulas give. */
final class EqualizationTest {
    private static final int IN = 5;
    private static final int MIDDLE = 7;
    private static final int OUT = 3;

    private static Model chain() {
        var first = new float[IN * MIDDLE];
        var random = new Random(9);
        for (int i = 0; i < first.length; i++) {
            // channels of very different reach
            first[i] = (float) (random.nextGaussian() * Math.pow(3, i % MIDDLE - 3));
        }
        return new Nets()
                .input("x", ValueType.FLOAT32, -1, IN)
                .output("y", ValueType.FLOAT32, -1, OUT)
                .constant("w1", Tensor.of(first, IN, MIDDLE))
                .weights("b1", 0.5, MIDDLE)
                .weights("w2", 0.4, MIDDLE, OUT)
                .weights("b2", 0.5, OUT)
                .node("Gemm", "h", "x", "w1", "b1")
                .node("Relu", "r", "h")
                .node("Gemm", "y", "r", "w2", "b2")
                .model();
    }

    private static Tensor constant(Model model, String output, int input) {
        var name = model.graph().nodes().stream()
                .filter(node -> node.output().equals(output))
                .findFirst()
                .map(node -> node.input(input))
                .orElseThrow();
        return (Tensor) Objects.requireNonNull(model.graph().initializers().get(name));
    }

    /** max(0, x·W1 + b1)·W2 + b2 in float64. */
    private static double[] computed(Model model, double[] x) {
        var middle = new double[MIDDLE];
        var out = new double[OUT];
        for (int j = 0; j < MIDDLE; j++) {
            middle[j] = constant(model, "h", 2).number(j);
            for (int i = 0; i < IN; i++) {
                middle[j] += x[i] * constant(model, "h", 1).number(i * MIDDLE + j);
            }
        }
        for (int k = 0; k < OUT; k++) {
            out[k] = constant(model, "y", 2).number(k);
            for (int j = 0; j < MIDDLE; j++) {
                out[k] += Math.max(0, middle[j]) * constant(model, "y", 1).number(j * OUT + k);
            }
        }
        return out;
    }

    private static double[] reach(Model model, boolean made) {
        var reach = new double[MIDDLE];
        var weights = constant(model, made ? "h" : "y", 1);
        for (int i = 0; i < weights.count(); i++) {
            int channel = made ? i % MIDDLE : i / OUT;
            reach[channel] = Math.max(reach[channel], Math.abs(weights.number(i)));
        }
        return reach;
    }

    /** Both reach √(r1·r2), by equation 11; what is computed stays, but for the rounding of the new weights to float32. */
    @Test
    void channelsReachAsFarOnBothSidesAndTheFunctionStays() {
        var before = chain();
        var after = CrossLayerEqualization.apply(before, QdqWriter.layers(before));
        var made = reach(after, true);
        var taken = reach(after, false);
        var madeBefore = reach(before, true);
        var takenBefore = reach(before, false);
        for (int i = 0; i < MIDDLE; i++) {
            double wanted = Math.sqrt(madeBefore[i] * takenBefore[i]);
            assertThat(made[i]).isCloseTo(wanted, within(1e-6 * wanted));
            assertThat(taken[i]).isCloseTo(wanted, within(1e-6 * wanted));
        }
        var random = new Random(2);
        for (int sample = 0; sample < 20; sample++) {
            var x = random.doubles(IN, -3, 3).toArray();
            var wanted = computed(before, x);
            var got = computed(after, x);
            for (int k = 0; k < OUT; k++) {
                assertThat(got[k]).isCloseTo(wanted[k], within(1e-5 * (1 + Math.abs(wanted[k]))));
            }
        }
    }

    /** Three convolutions in a row, one of them depthwise: ONNX Runtime computes the same. */
    @Test
    void convolutionsInARowComputeTheSame() {
        var model = new Nets()
                .input("x", ValueType.FLOAT32, -1, 4, 6, 6)
                .output("y", ValueType.FLOAT32, -1, 5, 6, 6)
                .weights("w1", 0.4, 8, 4, 1, 1)
                .weights("b1", 0.4, 8)
                .weights("w2", 0.4, 8, 1, 3, 3)
                .weights("w3", 0.4, 5, 8, 1, 1)
                .conv("a", 1, "x", "w1", "b1")
                .node("Relu", "ra", "a")
                .node(Node.of(
                        "Conv",
                        List.of("ra", "w2"),
                        "b",
                        Map.of("group", Attribute.of(8), "pads", Attribute.ints(1, 1, 1, 1))))
                .conv("y", 1, "b", "w3")
                .model();
        var after = CrossLayerEqualization.apply(model, QdqWriter.layers(model));
        assertThat(after.graph()).isNotEqualTo(model.graph());
        var sample = Nets.floats(1, 4, 1, 2, 4, 6, 6).get(0);
        var wanted = Nets.run(model, sample, "y");
        var got = Nets.run(after, sample, "y");
        for (int i = 0; i < wanted.count(); i++) {
            assertThat(got.number(i)).isCloseTo(wanted.number(i), within(1e-5));
        }
    }

    @Test
    void whatOthersTakeTooStays() {
        var model = new Nets()
                .input("x", ValueType.FLOAT32, -1, 4)
                .output("y", ValueType.FLOAT32, -1, 4)
                .output("h", ValueType.FLOAT32, -1, 4)
                .weights("w1", 0.4, 4, 4)
                .weights("w2", 0.4, 4, 4)
                .node("MatMul", "h", "x", "w1")
                .node("MatMul", "y", "h", "w2")
                .model();
        assertThat(CrossLayerEqualization.apply(model, QdqWriter.layers(model))).isSameAs(model);
    }

    /** A bias that is corrected by what is met: of ŵ·x̂ instead of w·x it takes Σ ŵ·E[x̂] − w·E[x], by hand. */
    @Test
    void theBiasTakesAwayWhatInt8LayersBeforeShift() {
        var model = new Nets()
                .input("x", ValueType.FLOAT32, -1, 4)
                .output("y", ValueType.FLOAT32, -1, 2)
                .weights("w", 0.4, 4, 2)
                .weights("b", 0.4, 2)
                .node("Gemm", "y", "x", "w", "b")
                .model();
        var layer = QdqWriter.layers(model).get(0);
        double[] means = {1, 2, -1, 0.5};
        double[] met = {1.1, 1.8, -1, 0.7};
        var learnt = new Learnt(Map.of(), Map.of("x", means), Map.of("y", met));
        float scale = 1f / 64;
        var got = QuantizedWeights.of(layer, new ActivationType.Steps(scale, 0, 0), learnt, true);
        var bias = Objects.requireNonNull(got.bias());
        for (int k = 0; k < 2; k++) {
            double wanted = constant(model, "y", 2).number(k);
            for (int i = 0; i < 4; i++) {
                double rounded = got.weights().steps().number(2 * i + k)
                        * got.weights().scale().number(k);
                wanted -= rounded * met[i] - constant(model, "y", 1).number(2 * i + k) * means[i];
            }
            double step = bias.scale().number(k);
            assertThat(bias.steps().number(k) * step).isCloseTo(wanted, within(step));
        }
    }
}
