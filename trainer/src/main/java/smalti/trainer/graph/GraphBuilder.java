package smalti.trainer.graph;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
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
    private final Statistics statistics;
    private final boolean training;
    private final Map<String, Followed> followed = new LinkedHashMap<>();
    private String scope = "";

    private GraphBuilder(Parameters parameters, Statistics statistics, boolean training) {
        this.parameters = parameters;
        this.statistics = statistics;
        this.training = training;
    }

    /** Parameters become variables, with gradients; batches are normalised by themselves. */
    public static GraphBuilder training(Parameters parameters, Statistics statistics) {
        return new GraphBuilder(parameters, statistics, true);
    }

    /** Parameters and statistics become constants: the form that is saved and exported. */
    public static GraphBuilder inference(Parameters parameters, Statistics statistics) {
        return new GraphBuilder(parameters, statistics, false);
    }

    public boolean isTraining() {
        return training;
    }

    /** Builds with {@code scope/} before the names of parameters, statistics and constants. */
    public SDVariable within(String inner, Supplier<SDVariable> build) {
        var outer = scope;
        scope = outer + inner + "/";
        try {
            return build.get();
        } finally {
            scope = outer;
        }
    }

    public SameDiff graph() {
        return graph;
    }

    /** @param shape −1 for a free axis */
    public SDVariable input(String name, DataType type, long... shape) {
        return graph.placeHolder(name, type, shape);
    }

    public SDVariable parameter(String name, Initializer initializer, long... shape) {
        var scoped = scope + name;
        if (graph.hasVariable(scoped)) {
            return graph.getVariable(scoped);
        }
        var array = parameters.array(scoped, initializer, shape);
        return training ? graph.var(scoped, array) : graph.constant(scoped, array);
    }

    /** A copy of what a parameter or constant holds. */
    public float[] values(SDVariable known) {
        return HostArrays.floats(known.getArr());
    }

    public SDVariable constant(String name, INDArray array) {
        return graph.constant(scope + name, array);
    }

    /**
     * @param x [B, in, H, W]
     * @param weights [size, size, in, out]
     * @param bias [out], or null
     * @param padding zeros on every side
     */
    public SDVariable convolution(
            SDVariable x, SDVariable weights, @Nullable SDVariable bias, int size, int stride, int padding) {
        var configuration = configuration(size, stride, padding);
        return bias == null
                ? graph.cnn().conv2d(x, weights, configuration)
                : graph.cnn().conv2d(x, weights, bias, configuration);
    }

    /**
     * @param x [B, in, H, W]
     * @param weights [size, size, out, in]
     * @param bias [out], or null
     * @param padding what is cut off on every side
     */
    public SDVariable transposedConvolution(
            SDVariable x, SDVariable weights, @Nullable SDVariable bias, int size, int stride, int padding) {
        var configuration = transposedConfiguration(size, stride, padding);
        return bias == null
                ? graph.cnn().deconv2d(x, weights, configuration)
                : graph.cnn().deconv2d(x, weights, bias, configuration);
    }

    private static Conv2DConfig configuration(int size, int stride, int padding) {
        return Conv2DConfig.builder()
                .kH(size)
                .kW(size)
                .sH(stride)
                .sW(stride)
                .pH(padding)
                .pW(padding)
                .paddingMode(PaddingMode.VALID) // explicit padding, which is then taken from pH and pW
                .dataFormat(NCHW)
                .build();
    }

    private static DeConv2DConfig transposedConfiguration(int size, int stride, int padding) {
        return DeConv2DConfig.builder()
                .kH(size)
                .kW(size)
                .sH(stride)
                .sW(stride)
                .pH(padding)
                .pW(padding)
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
        return training
                ? new LeakyRelu(graph, x, slope).outputVariables()[0]
                : graph.nn().leakyRelu(x, slope);
    }

    public SDVariable tanh(SDVariable x) {
        return graph.math().tanh(x);
    }

    /** 1/(1 + e⁻ˣ). */
    public SDVariable sigmoid(SDVariable x) {
        return graph.nn().sigmoid(x);
    }

    /** x·σ(x). Source: Elfwing et al. 2018, arXiv:1702.03118. */
    public SDVariable silu(SDVariable x) {
        return training ? new Silu(graph, x).outputVariables()[0] : multiply(x, sigmoid(x));
    }

    public SDVariable exp(SDVariable x) {
        return graph.math().exp(x);
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

    /** x + by. */
    public SDVariable shift(SDVariable x, double by) {
        return x.add(by);
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

    /** The sum of everything, a scalar. */
    public SDVariable sum(SDVariable x) {
        return x.sum();
    }

    /** The mean over the rows of [m, n] → [n]. */
    public SDVariable rowMean(SDVariable x) {
        return x.mean(0);
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
        return training
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

    /**
     * A batch's normalisation.
     *
     * @param mean [1, channels, 1, 1]
     * @param variance biased, [1, channels, 1, 1]
     */
    public record BatchNorm(SDVariable output, SDVariable mean, SDVariable variance) {}

    /**
     * Normalises each channel by the batch's own statistics, and ends with a leaky relu; in training alone.
     *
     * <p>Source: Ioffe and Szegedy 2015, algorithm 1.
     *
     * @param x [batch, channels, height, width]
     * @param gamma [1, channels, 1, 1]
     * @param beta [1, channels, 1, 1]
     * @param slope of the leaky relu; 0 for a relu, 1 for none
     */
    public BatchNorm batchNorm(SDVariable x, SDVariable gamma, SDVariable beta, double slope) {
        var found = new BatchNormalization(graph, x, gamma, beta, slope).outputVariables();
        return new BatchNorm(found[0], found[1], found[2]);
    }

    /** Whose statistics, by which names in the graph, and how slowly. */
    record Followed(String mean, String variance, double momentum) {}

    /** Lets a layer's running statistics follow what a graph sees at each step. */
    public void follow(String layer, int channels, double momentum, BatchNorm seen) {
        statistics.of(scope + layer, channels);
        var named = new Followed(scope + layer + "/mean", scope + layer + "/variance", momentum);
        named(named.mean(), seen.mean());
        named(named.variance(), seen.variance());
        followed.put(scope + layer, named);
    }

    /** What a layer normalises by in inference. */
    public Statistics.OfChannels statistics(String layer, int channels) {
        return statistics.of(scope + layer, channels);
    }

    Statistics statistics() {
        return statistics;
    }

    /** By layer. */
    Map<String, Followed> followed() {
        return followed;
    }

    /** Names a result, so that it can be asked for. */
    public SDVariable named(String name, SDVariable x) {
        return x.rename(name);
    }

    /** The parameters that this graph uses, in order of creation. */
    public List<String> trainables() {
        return trainables("");
    }

    /** Those of one scope. */
    public List<String> trainables(String ofScope) {
        return parameters.names().stream()
                .filter(name -> ofScope.isEmpty() || name.startsWith(ofScope + "/"))
                .filter(graph::hasVariable)
                .toList();
    }
}
