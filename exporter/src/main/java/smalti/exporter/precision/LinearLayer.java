package smalti.exporter.precision;

import java.util.List;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/**
 * A convolution or product in float32 whose weights are constant: what there are INT8 kernels for.
 *
 * @param weights of Conv [out,in/group,…], of MatMul […,in,out], of Gemm [in,out], of Gemm with transB [out,in]
 * @param bias a number for each output channel; null without
 */
record LinearLayer(Node node, Tensor weights, @Nullable Tensor bias) {
    static Optional<LinearLayer> of(Node node, Dataflow flow) {
        var weights = isLinear(node) ? flow.constant(node.input(1)) : null;
        if (weights == null || weights.type() != ValueType.FLOAT32 || weights.count() == 0) {
            return Optional.empty();
        }
        var layer = new LinearLayer(node, weights, flow.constant(node.input(2)));
        return layer.hasLayersRank() && (node.input(2).isEmpty() || layer.hasBiasOfChannels())
                ? Optional.of(layer)
                : Optional.empty();
    }

    /** The first output, by which layers are known. */
    String name() {
        return node.output();
    }

    /** The value that is convolved or multiplied. */
    String input() {
        return node.input(0);
    }

    private static boolean isLinear(Node node) {
        if (node.is("Gemm")) {
            return node.whole("transA", 0) == 0 && node.real("alpha", 1) == 1 && node.real("beta", 1) == 1;
        }
        return node.is("Conv") || node.is("MatMul");
    }

    private boolean hasLayersRank() {
        return node.is("Conv") ? weights.rank() >= 3 : weights.rank() == 2 || (node.is("MatMul") && weights.rank() > 2);
    }

    /** A number for each column; [M,1] would be one for each row. */
    private boolean hasBiasOfChannels() {
        if (bias == null || bias.type() != ValueType.FLOAT32 || bias.rank() == 0) {
            return false;
        }
        int last = bias.rank() - 1;
        return bias.dims().get(last) == channels()
                && bias.dims().subList(0, last).stream().allMatch(size -> size == 1);
    }

    private boolean isTransposed() {
        return node.is("Gemm") && node.whole("transB", 0) == 1;
    }

    /** The axis of the weights along which output channels lie. */
    int channelAxis() {
        return node.is("Conv") || isTransposed() ? 0 : weights.rank() - 1;
    }

    /** The axis of the weights along which input channels of a group lie. */
    private int inputAxis() {
        return node.is("Conv") || isTransposed() ? 1 : weights.rank() - 2;
    }

    /** Whether there is a matrix for each of several places, which share their scales: kernels take one for all then. */
    boolean isBatched() {
        return !node.is("Conv") && weights.rank() > 2;
    }

    int channels() {
        return size(channelAxis());
    }

    int inputChannels() {
        return node.is("Conv") ? size(1) * groups() : size(inputAxis());
    }

    /** Whether each output channel sees a few of the input channels alone. */
    boolean isGrouped() {
        return node.is("Conv") && groups() > 1;
    }

    private int groups() {
        return Math.toIntExact(node.whole("group", 1));
    }

    private int size(int axis) {
        return Math.toIntExact(weights.dims().get(axis));
    }

    /** How many elements of the weights lie between two that follow each other along an axis. */
    private int step(int axis) {
        int step = 1;
        for (int i = axis + 1; i < weights.rank(); i++) {
            step *= size(i);
        }
        return step;
    }

    /** The output channel that each element of the weights makes. */
    IntUnaryOperator channelOf() {
        int step = step(channelAxis());
        int channels = channels();
        return element -> element / step % channels;
    }

    /** The input channel that each element of the weights takes. */
    IntUnaryOperator inputChannelOf() {
        int axis = inputAxis();
        int step = step(axis);
        int inputs = size(axis);
        if (!node.is("Conv")) {
            return element -> element / step % inputs;
        }
        var channelOf = channelOf();
        int perGroup = Math.max(1, channels() / groups());
        return element -> channelOf.applyAsInt(element) / perGroup * inputs + element / step % inputs;
    }

    /** How many products make so many numbers. */
    long products(long outputs) {
        return node.is("Conv") ? outputs * weights.count() / channels() : outputs * size(inputAxis());
    }

    /** Whether each output pixel is a product of the input pixel at its place. */
    boolean isPointwise() {
        return node.is("Conv")
                && weights.rank() == 4
                && weights.dims().subList(2, 4).equals(List.of(1L, 1L))
                && groups() == 1
                && node.text("auto_pad", "NOTSET").equals("NOTSET")
                && node.wholes("strides").orElse(List.of(1L, 1L)).equals(List.of(1L, 1L))
                && node.wholes("pads").orElse(List.of(0L, 0L, 0L, 0L)).equals(List.of(0L, 0L, 0L, 0L));
    }
}
