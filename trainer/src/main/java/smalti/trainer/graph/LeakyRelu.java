package smalti.trainer.graph;

import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * max(x, slope·x), for a slope from 0 (relu) to below 1. Its gradient asks the output's sign, which is the input's, so
 * that the input need not be kept.
 *
 * <p>Source: Maas et al. 2013, "Rectifier nonlinearities improve neural network acoustic models", section 2.
 */
final class LeakyRelu extends KernelOp {
    private final float slope;

    LeakyRelu(SameDiff graph, SDVariable x, double slope) {
        super(1, graph, x);
        this.slope = (float) slope;
    }

    @Override
    public String opName() {
        return "kernel_leaky_relu";
    }

    @Override
    List<long[]> shapes(List<long[]> inputs) {
        return inputs;
    }

    @Override
    Runnable kernel(List<INDArray> inputs, List<INDArray> outputs) {
        var x = new DenseFloats(inputs.get(0));
        var y = new DenseFloats(outputs.get(0));
        return () -> Chunks.each(x.length(), (at, length, scratch) -> {
            var values = x.read(at, scratch.floats(0, length), length);
            forward(values, length, slope);
            y.write(at, values, length);
        });
    }

    /** In place. */
    static void forward(float[] x, int length, float slope) {
        if (slope == 0) {
            for (int i = 0; i < length; i++) {
                x[i] = Math.max(x[i], 0);
            }
        } else {
            for (int i = 0; i < length; i++) {
                x[i] = Math.max(x[i], slope * x[i]);
            }
        }
    }

    /** Turns the gradient of y into that of x, in place. */
    static void backward(float[] gradient, float[] y, int length, float slope) {
        for (int i = 0; i < length; i++) {
            // 1 above zero, else 0 (but below 3e-39); a condition would keep the loop from being vectorised
            float above = Math.max(0, Math.min(1, y[i] * Float.MAX_VALUE));
            float below = slope * gradient[i];
            gradient[i] = below + above * (gradient[i] - below);
        }
    }

    @Override
    List<@Nullable SDVariable> gradients(List<@Nullable SDVariable> upstream) {
        return gradients(getSameDiff(), outputVariables()[0], upstream.get(0), slope);
    }

    /** That of x, by the output y = max(x, slope·x) and its gradient. */
    static List<@Nullable SDVariable> gradients(
            SameDiff graph, SDVariable y, @Nullable SDVariable upstream, float slope) {
        return Collections.singletonList(
                upstream == null ? null : new Gradient(graph, y, upstream, slope).outputVariables()[0]);
    }

    /** Of the output and its gradient. */
    private static final class Gradient extends KernelOp {
        private final float slope;

        Gradient(SameDiff graph, SDVariable y, SDVariable upstream, float slope) {
            super(1, graph, y, upstream);
            this.slope = slope;
        }

        @Override
        public String opName() {
            return "kernel_leaky_relu_bp";
        }

        @Override
        List<long[]> shapes(List<long[]> inputs) {
            return List.of(inputs.get(0));
        }

        @Override
        Runnable kernel(List<INDArray> inputs, List<INDArray> outputs) {
            var y = new DenseFloats(inputs.get(0));
            var upstream = new DenseFloats(inputs.get(1));
            var gradient = new DenseFloats(outputs.get(0));
            return () -> Chunks.each(y.length(), (at, length, scratch) -> {
                var values = upstream.read(at, scratch.floats(0, length), length);
                backward(values, y.read(at, scratch.floats(1, length), length), length, slope);
                gradient.write(at, values, length);
            });
        }
    }
}
