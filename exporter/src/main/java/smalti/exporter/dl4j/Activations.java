package smalti.exporter.dl4j;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationCube;
import org.nd4j.linalg.activations.impl.ActivationELU;
import org.nd4j.linalg.activations.impl.ActivationGELU;
import org.nd4j.linalg.activations.impl.ActivationHardSigmoid;
import org.nd4j.linalg.activations.impl.ActivationHardTanH;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationLReLU;
import org.nd4j.linalg.activations.impl.ActivationMish;
import org.nd4j.linalg.activations.impl.ActivationRReLU;
import org.nd4j.linalg.activations.impl.ActivationRationalTanh;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationReLU6;
import org.nd4j.linalg.activations.impl.ActivationRectifiedTanh;
import org.nd4j.linalg.activations.impl.ActivationSELU;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.activations.impl.ActivationSoftPlus;
import org.nd4j.linalg.activations.impl.ActivationSoftSign;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.activations.impl.ActivationSwish;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.activations.impl.ActivationThresholdedReLU;

/** Activation functions as DL4J computes them, which is what the network was trained with. */
final class Activations {
    private static final Map<Class<? extends IActivation>, Curve<IActivation>> BY_TYPE = new HashMap<>();

    /** A function of every element. */
    @FunctionalInterface
    private interface Curve<A extends IActivation> {
        SDVariable of(A function, SDVariable x, SameDiff graph);
    }

    private static <A extends IActivation> void row(Class<A> type, Curve<A> curve) {
        BY_TYPE.put(type, (function, x, graph) -> curve.of(type.cast(function), x, graph));
    }

    static {
        row(ActivationIdentity.class, (f, x, graph) -> x);
        row(ActivationCube.class, (f, x, graph) -> graph.math.cube(x));
        row(ActivationELU.class, (f, x, graph) -> elu(x, f.getAlpha(), graph));
        row(ActivationGELU.class, (f, x, graph) -> f.isPrecise() ? preciseGelu(x, graph) : graph.nn.gelu(x));
        row(ActivationHardSigmoid.class, (f, x, graph) -> graph.nn.hardSigmoid(x));
        row(ActivationHardTanH.class, (f, x, graph) -> graph.nn.hardTanh(x));
        row(ActivationLReLU.class, (f, x, graph) -> graph.nn.leakyRelu(x, f.getAlpha()));
        row(ActivationMish.class, (f, x, graph) -> x.mul(graph.math.tanh(graph.nn.softplus(x))));
        row(ActivationRReLU.class, (f, x, graph) -> randomizedRelu(f, x, graph));
        row(ActivationRationalTanh.class, (f, x, graph) -> graph.math.rationalTanh(x));
        row(ActivationReLU.class, Activations::relu);
        row(ActivationReLU6.class, (f, x, graph) -> graph.nn.relu6(x, 0));
        row(ActivationRectifiedTanh.class, (f, x, graph) -> graph.math.rectifiedTanh(x));
        row(ActivationSELU.class, (f, x, graph) -> graph.nn.selu(x));
        row(ActivationSigmoid.class, (f, x, graph) -> graph.nn.sigmoid(x));
        row(ActivationSoftPlus.class, (f, x, graph) -> graph.nn.softplus(x));
        row(ActivationSoftSign.class, (f, x, graph) -> graph.nn.softsign(x));
        row(ActivationSwish.class, (f, x, graph) -> graph.nn.swish(x));
        row(ActivationTanH.class, (f, x, graph) -> graph.math.tanh(x));
        row(ActivationThresholdedReLU.class, (f, x, graph) -> above(x, f.getTheta()));
    }

    private Activations() {}

    /** All that are covered, softmax among them. */
    static Set<Class<? extends IActivation>> types() {
        var types = new java.util.HashSet<>(BY_TYPE.keySet());
        types.add(ActivationSoftmax.class);
        return types;
    }

    /**
     * Applies a function.
     *
     * @param softmaxAxis that a softmax sums over
     * @param rank of x
     * @throws NotCovered if it is none of DL4J's
     */
    static SDVariable apply(IActivation function, SDVariable x, int softmaxAxis, int rank, LayerPlace site) {
        if (function instanceof ActivationSoftmax) {
            return softmax(x, softmaxAxis, rank, site.graph());
        }
        var curve = BY_TYPE.get(function.getClass());
        if (curve == null) {
            throw new NotCovered("the activation function "
                    + function.getClass().getSimpleName() + " is not covered; use one of DL4J's");
        }
        return curve.of(function, x, site.graph());
    }

    /** Over the last axis: SameDiff's own softmax over another one is wrong. */
    private static SDVariable softmax(SDVariable x, int axis, int rank, SameDiff graph) {
        if (axis == rank - 1) {
            return graph.nn.softmax(x, axis);
        }
        var order = new int[rank];
        for (int i = 0; i < rank; i++) {
            order[i] = i;
        }
        order[axis] = rank - 1;
        order[rank - 1] = axis;
        return graph.nn.softmax(x.permute(order), rank - 1).permute(order);
    }

    private static SDVariable elu(SDVariable x, double alpha, SameDiff graph) {
        if (alpha == 1) {
            return graph.nn.elu(x);
        }
        var negative = graph.nn.relu(x.neg(), 0).neg();
        return graph.nn.relu(x, 0).add(graph.math.expm1(negative).mul(alpha));
    }

    /** nd4j takes the cube of 0.044715·x, not 0.044715 times the cube of x. */
    private static SDVariable preciseGelu(SDVariable x, SameDiff graph) {
        var inner = x.add(graph.math.cube(x.mul(0.044715))).mul(Math.sqrt(2 / Math.PI));
        return x.mul(graph.math.tanh(inner).add(1)).mul(0.5);
    }

    /** x where it is above the bound, else 0. */
    private static SDVariable above(SDVariable x, double bound) {
        return x.mul(x.gt(bound).castTo(x.dataType()));
    }

    /** In inference DL4J takes the middle of both slopes for the least value. */
    private static SDVariable randomizedRelu(ActivationRReLU f, SDVariable x, SameDiff graph) {
        double least = (f.getL() + f.getU()) / 2;
        return graph.nn.relu(x.sub(least), 0).add(least);
    }

    private static SDVariable relu(ActivationReLU f, SDVariable x, SameDiff graph) {
        double threshold = f.getThreshold() == null ? 0 : f.getThreshold();
        double slope = f.getNegativeSlope() == null ? 0 : f.getNegativeSlope();
        SDVariable y;
        if (threshold != 0) {
            var high = x.gte(threshold).castTo(x.dataType());
            var low = high.rsub(1).mul(x.sub(threshold)).mul(slope);
            y = x.mul(high).add(low);
        } else {
            y = slope == 0 ? graph.nn.relu(x, 0) : graph.nn.leakyRelu(x, slope);
        }
        return f.getMax() == null ? y : graph.min(y, graph.constant(f.getMax()).castTo(x.dataType()));
    }
}
