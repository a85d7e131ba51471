package smalti.trainer.graph;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.controlflow.compat.StopGradient;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.DeConv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode;

/**
 * The ops that graphs are built of, over one SameDiff instance and shared {@link Parameters}. Images are
 * [batch, channels, height, width]. SameDiff 1.0.0-M2.1 has ops that are silently wrong; those here are held to a
 * float64 reference, forward and gradient, on the native build in use.
 */
public final class GraphBuilder {
    /** Numerical floor of a variance. Source: Ioffe and Szegedy 2015, arXiv:1502.03167, algorithm 1. */
    public static final double BATCH_NORM_EPSILON = 1e-5;

    private static final String NCHW = "NCHW";

    private final SameDiff graph = SameDiff.create();
    private final Parameters parameters;
    private final boolean trainable;

    private GraphBuilder(Parameters parameters, boolean trainable) {
        this.parameters = parameters;
        this.trainable = trainable;
    }

    /** Parameters become variables, with gradients. */
    public static GraphBuilder training(Parameters parameters) {
        return new GraphBuilder(parameters, true);
    }

    /** Parameters become constants: the form that is saved and exported. */
    public static GraphBuilder inference(Parameters parameters) {
        return new GraphBuilder(parameters, false);
    }

    public SameDiff graph() {
        return graph;
    }

    /** @param shape −1 for a free axis */
    public SDVariable input(String name, DataType type, long... shape) {
        return graph.placeHolder(name, type, shape);
    }

    public SDVariable parameter(String name, Initializer initializer, long... shape) {
        if (graph.hasVariable(name)) {
            return graph.getVariable(name);
        }
        var array = parameters.array(name, initializer, shape);
        return trainable ? graph.var(name, array) : graph.constant(name, array);
    }

    public SDVariable constant(String name, INDArray array) {
        return graph.constant(name, array);
    }

    /**
     * A square convolution kernel.
     *
     * @param in channels of the input
     * @param out channels of the output
     * @param padding zeros on every side; a transposed convolution loses as many instead
     */
    public record Kernel(int in, int out, int size, int stride, int padding, Initializer initializer) {}

    /** Weights [size, size, in, out] at {@code name/weights}, with a bias at {@code name/bias}. */
    public SDVariable convolution(String name, SDVariable x, Kernel kernel) {
        return graph.cnn().conv2d(x, weights(name, kernel), bias(name, kernel), configuration(kernel));
    }

    /** As {@link #convolution} without a bias, for where a normalisation follows. */
    public SDVariable plainConvolution(String name, SDVariable x, Kernel kernel) {
        return graph.cnn().conv2d(x, weights(name, kernel), configuration(kernel));
    }

    private SDVariable weights(String name, Kernel kernel) {
        int size = kernel.size();
        return parameter(name + "/weights", kernel.initializer(), size, size, kernel.in(), kernel.out());
    }

    /** Weights [size, size, out, in] at {@code name/weights}, with a bias at {@code name/bias}. */
    public SDVariable transposedConvolution(String name, SDVariable x, Kernel kernel) {
        return graph.cnn()
                .deconv2d(x, transposedWeights(name, kernel), bias(name, kernel), transposedConfiguration(kernel));
    }

    /** As {@link #transposedConvolution} without a bias. */
    public SDVariable plainTransposedConvolution(String name, SDVariable x, Kernel kernel) {
        return graph.cnn().deconv2d(x, transposedWeights(name, kernel), transposedConfiguration(kernel));
    }

    private SDVariable transposedWeights(String name, Kernel kernel) {
        int size = kernel.size();
        return parameter(name + "/weights", kernel.initializer(), size, size, kernel.out(), kernel.in());
    }

    private SDVariable bias(String name, Kernel kernel) {
        return parameter(name + "/bias", Initializer.constant(0), kernel.out());
    }

    private static Conv2DConfig configuration(Kernel kernel) {
        return Conv2DConfig.builder()
                .kH(kernel.size())
                .kW(kernel.size())
                .sH(kernel.stride())
                .sW(kernel.stride())
                .pH(kernel.padding())
                .pW(kernel.padding())
                .paddingMode(PaddingMode.VALID) // explicit padding, which is then taken from pH and pW
                .dataFormat(NCHW)
                .build();
    }

    private static DeConv2DConfig transposedConfiguration(Kernel kernel) {
        return DeConv2DConfig.builder()
                .kH(kernel.size())
                .kW(kernel.size())
                .sH(kernel.stride())
                .sW(kernel.stride())
                .pH(kernel.padding())
                .pW(kernel.padding())
                .isSameMode(false)
                .dataFormat(NCHW)
                .build();
    }

    /** max(x, 0). */
    public SDVariable relu(SDVariable x) {
        return leakyRelu(x, 0);
    }

    /**
     * max(x, slope·x).
     *
     * @param slope from 0 to below 1
     */
    public SDVariable leakyRelu(SDVariable x, double slope) {
        if (slope == 0) {
            return graph.nn().relu(x, 0);
        }
        return trainable
                ? new LeakyRelu(graph, x, slope).outputVariables()[0]
                : graph.nn().leakyRelu(x, slope);
    }

    public SDVariable tanh(SDVariable x) {
        return graph.math().tanh(x);
    }

    /** ln(1 + eˣ). */
    public SDVariable softplus(SDVariable x) {
        return graph.nn().softplus(x);
    }

    public SDVariable add(SDVariable a, SDVariable b) {
        return a.add(b);
    }

    public SDVariable subtract(SDVariable a, SDVariable b) {
        return a.sub(b);
    }

    public SDVariable multiply(SDVariable a, SDVariable b) {
        return a.mul(b);
    }

    public SDVariable scale(SDVariable x, double by) {
        return x.mul(by);
    }

    public SDVariable negate(SDVariable x) {
        return graph.math().neg(x);
    }

    /** The mean over everything, a scalar. */
    public SDVariable mean(SDVariable x) {
        return x.mean();
    }

    /** The mean of (a − b)² over everything, a scalar. */
    public SDVariable meanSquare(SDVariable a, SDVariable b) {
        var difference = subtract(a, b);
        return mean(multiply(difference, difference));
    }

    /** [m, k] · [k, n] → [m, n]. */
    public SDVariable matrixProduct(SDVariable a, SDVariable b) {
        return graph.mmul(a, b);
    }

    /** [m, k] · [n, k]ᵀ → [m, n]. */
    public SDVariable matrixProductTransposed(SDVariable a, SDVariable b) {
        return graph.mmul(a, b, false, true, false);
    }

    /** [.., k] · [k, n] over the last axis of a tensor of rank 4; inference only. */
    public SDVariable lastAxisProduct(SDVariable x, SDVariable matrix) {
        return graph.tensorMmul(x, matrix, new int[] {3}, new int[] {0});
    }

    /** Σ x² over axis 1 of [m, k] → [m]. */
    public SDVariable squaredNorms(SDVariable x) {
        return multiply(x, x).sum(1);
    }

    /** Index of the least element along an axis, int64. */
    public SDVariable argMin(SDVariable x, int axis) {
        return graph.argmin(x, axis);
    }

    /** int64 [n] → float [n, classes]. */
    public SDVariable oneHot(SDVariable indices, int classes) {
        return graph.oneHot(indices, classes, 1, 1, 0, DataType.FLOAT);
    }

    /** Rows of [k, d] by int64 indices of any shape; in training, of shape [n]. */
    public SDVariable gatherRows(SDVariable table, SDVariable indices) {
        return trainable
                ? new Lookup(graph, table, indices).outputVariables()[0]
                : graph.gather(table, indices, 0); // whose gradient is wrong
    }

    public SDVariable permute(SDVariable x, int... axes) {
        return graph.permute(x, axes);
    }

    public SDVariable reshape(SDVariable x, long... shape) {
        return graph.reshape(x, shape);
    }

    public SDVariable concat(int axis, SDVariable... parts) {
        return graph.concat(axis, parts);
    }

    /** The identity, through which no gradient flows. */
    public SDVariable stopGradient(SDVariable x) {
        return new StopGradient(graph, x).outputVariable();
    }

    /**
     * Forward {@code replacement}, backward the identity on {@code x}.
     *
     * <p>Source: van den Oord et al. 2017, section 3.2; Bengio et al. 2013, arXiv:1308.3432.
     */
    public SDVariable straightThrough(SDVariable x, SDVariable replacement) {
        return add(x, stopGradient(subtract(replacement, x)));
    }

    /** A batch's normalisation: the output, and the statistics that running ones are made of. */
    public record BatchNorm(SDVariable output, SDVariable mean, SDVariable variance) {}

    /**
     * Normalises each channel by the batch's own statistics, and ends with a leaky relu; in training alone.
     *
     * <p>Source: Ioffe and Szegedy 2015, algorithm 1.
     *
     * @param x [batch, channels, height, width]
     * @param slope of the leaky relu; 0 for a relu, 1 for none
     * @return mean and (biased) variance as [1, channels, 1, 1]
     */
    public BatchNorm batchNorm(String name, SDVariable x, int channels, double slope) {
        var found =
                new BatchNormalization(graph, x, gamma(name, channels), beta(name, channels), slope).outputVariables();
        return new BatchNorm(found[0], found[1], found[2]);
    }

    /** The same by given statistics, each [channels], baked into one scale and one shift. */
    public SDVariable frozenBatchNorm(String name, SDVariable x, int channels, float[] mean, float[] variance) {
        gamma(name, channels);
        beta(name, channels);
        var gamma = parameters.values(name + "/gamma");
        var beta = parameters.values(name + "/beta");
        var scale = new float[channels];
        var shift = new float[channels];
        for (int c = 0; c < channels; c++) {
            double factor = gamma[c] / Math.sqrt(variance[c] + BATCH_NORM_EPSILON);
            scale[c] = (float) factor;
            shift[c] = (float) (beta[c] - mean[c] * factor);
        }
        var scaled = multiply(x, constant(name + "/scale", HostArrays.floats(scale, 1, channels, 1, 1)));
        return add(scaled, constant(name + "/shift", HostArrays.floats(shift, 1, channels, 1, 1)));
    }

    // Source of the spread: Radford et al. 2016, section 4, and the authors' code, gamma ~ N(1, 0.02).
    private SDVariable gamma(String name, int channels) {
        return parameter(name + "/gamma", Initializer.normal(1, 0.02), 1, channels, 1, 1);
    }

    private SDVariable beta(String name, int channels) {
        return parameter(name + "/beta", Initializer.constant(0), 1, channels, 1, 1);
    }

    /** Names a result, so that it can be asked for. */
    public SDVariable named(String name, SDVariable x) {
        return x.rename(name);
    }

    /** The trainable parameters that this graph uses, in order of creation. */
    public List<String> trainables() {
        return parameters.names().stream().filter(graph::hasVariable).toList();
    }
}
