package smalti.exporter.pass;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/**
 * A Conv, ConvTranspose, Gemm or MatMul with constant weights: sums of input channels, each times a weight.
 *
 * @param weights of Conv [out, in/group, k…], of ConvTranspose [in, out/group, k…], of MatMul and Gemm [in, out], of
 *     Gemm with transB [out, in]
 * @param bias what is added to each output channel, Gemm's beta included; null where there is none
 * @param channels out
 * @param rank of input and output; of a MatMul of unknown rank 1, which all have at least
 */
record Layer(Node node, Tensor weights, double @Nullable [] bias, int channels, int rank) {
    /** The layer that a node is, if weights and bias are constants of floats. */
    static Optional<Layer> of(@Nullable Node node, GraphEdit draft) {
        var weights = node == null || !node.domain().isEmpty() ? null : draft.constant(node.input(1));
        if (node == null || weights == null || !isFloat(weights)) {
            return Optional.empty();
        }
        return switch (node.op()) {
            case "Conv", "ConvTranspose" -> convolution(node, weights, draft);
            // before opset 7 its bias was broadcast by an attribute
            case "Gemm" -> weights.rank() == 2 && draft.opset() >= 7 ? gemm(node, weights, draft) : Optional.empty();
            case "MatMul" ->
                weights.rank() == 2
                        ? Optional.of(new Layer(
                                node,
                                weights,
                                null,
                                Math.toIntExact(weights.dims().get(1)),
                                draft.shapes().rank(node.input(0)).orElse(1)))
                        : Optional.empty();
            default -> Optional.empty();
        };
    }

    private static Optional<Layer> convolution(Node node, Tensor weights, GraphEdit draft) {
        var bias = draft.constant(node.input(2));
        long group = node.whole("group", 1);
        if (weights.rank() < 3 || (bias == null && !node.input(2).isEmpty())) {
            return Optional.empty();
        }
        long channels = node.is("Conv") ? weights.dims().get(0) : weights.dims().get(1) * group;
        boolean sound = group > 0
                && weights.dims().get(0) % group == 0
                && (bias == null
                        || (bias.type() == weights.type() && bias.dims().equals(List.of(channels))));
        return sound
                ? Optional.of(new Layer(
                        node, weights, bias == null ? null : numbers(bias), Math.toIntExact(channels), weights.rank()))
                : Optional.empty();
    }

    private static Optional<Layer> gemm(Node node, Tensor weights, GraphEdit draft) {
        int channels = Math.toIntExact(weights.dims().get(node.whole("transB", 0) != 0 ? 0 : 1));
        if (node.input(2).isEmpty()) {
            return Optional.of(new Layer(node, weights, null, channels, 2));
        }
        var given = draft.constant(node.input(2));
        var bias = perChannel(given, 2, 1, channels).orElse(null);
        if (given == null || bias == null || given.type() != weights.type()) {
            return Optional.empty();
        }
        double beta = node.real("beta", 1);
        for (int i = 0; i < channels; i++) {
            bias[i] *= beta;
        }
        return Optional.of(new Layer(node, weights, bias, channels, 2));
    }

    static boolean isFloat(Tensor tensor) {
        return tensor.type() == ValueType.FLOAT32 || tensor.type() == ValueType.FLOAT64;
    }

    /** The axis of the output along which its channels lie. */
    int axis() {
        return node.is("MatMul") ? rank - 1 : 1;
    }

    /** The axis of the input along which its channels lie. */
    int inputAxis() {
        return node.whole("transA", 0) != 0 ? 0 : axis();
    }

    /** Whether the first axis of the weights is that of the input channels. */
    private boolean startsWithInputs() {
        return !node.is("Conv") && node.whole("transB", 0) == 0;
    }

    int inputChannels() {
        return Math.toIntExact(
                weights.dims().get(startsWithInputs() ? 0 : 1) * (startsWithInputs() ? 1 : node.whole("group", 1)));
    }

    /** The channel of each weight on the side of the first axis, or on the other, where groups follow one another. */
    private int channelOf(int element, boolean first) {
        int inner = 1;
        for (int axis = 2; axis < weights.rank(); axis++) {
            inner = Math.toIntExact(inner * weights.dims().get(axis));
        }
        int second = Math.toIntExact(weights.dims().get(1));
        int outer = element / inner / second;
        int perGroup = Math.toIntExact(Math.max(1, weights.dims().get(0) / node.whole("group", 1)));
        return first ? outer : outer / perGroup * second + element / inner % second;
    }

    /**
     * Other weights and another bias for this layer.
     *
     * @param weights null where they stay as they are
     * @param bias null where there is none
     */
    private record Change(
            @Nullable Tensor weights, @Nullable Tensor bias) {}

    /**
     * Replaces a node behind this one by one layer.
     *
     * @param affine what that node does to this one's output
     * @return false if there is no such layer: the new weights would not be finite, or there is no place for a bias
     */
    boolean absorb(Node after, Affine affine, GraphEdit draft) {
        var change = behind(affine);
        if (change.isEmpty()) {
            return false;
        }
        // first, so that its name is free
        draft.remove(node);
        replace(after, with(change.get(), node.input(0), after.output(), draft), draft);
        return true;
    }

    /** Gives the output channels factors; the output keeps its name. False if the weights would not be finite. */
    boolean scale(double[] factor, GraphEdit draft) {
        var change = behind(new Affine(factor, new double[channels]));
        change.ifPresent(found -> replace(node, with(found, node.input(0), node.output(), draft), draft));
        return change.isPresent();
    }

    /**
     * Whether this layer can do what a node in front of it does: the paddings of some are zeros behind that node alone.
     *
     * @param affine what that node does to its input, of which it makes this one's
     */
    boolean takes(Affine affine) {
        return before(affine).isPresent();
    }

    /** Takes the input of the node in front of this one, and does what that does; see {@link #takes}. */
    void absorbBefore(String input, Affine affine, GraphEdit draft) {
        replace(node, with(before(affine).orElseThrow(), input, node.output(), draft), draft);
    }

    private void replace(Node old, Node other, GraphEdit draft) {
        draft.replace(old, other);
        node.inputs().stream().skip(1).forEach(draft::removeUnused);
    }

    private Optional<Change> behind(Affine affine) {
        var scaled = numbers(weights);
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] *= affine.factor()[channelOf(i, !startsWithInputs())];
        }
        var moved = affine.shift().clone();
        for (int i = 0; bias != null && i < moved.length; i++) {
            moved[i] += bias[i] * affine.factor()[i];
        }
        return change(affine, scaled, moved);
    }

    private Optional<Change> before(Affine affine) {
        if (!affine.isScale() && !isWhole()) {
            return Optional.empty();
        }
        var scaled = numbers(weights);
        var moved = bias == null ? new double[channels] : bias.clone();
        double alpha = node.real("alpha", 1);
        for (int i = 0; i < scaled.length; i++) {
            int from = channelOf(i, startsWithInputs());
            moved[channelOf(i, !startsWithInputs())] += alpha * scaled[i] * affine.shift()[from];
            scaled[i] *= affine.factor()[from];
        }
        return change(affine, scaled, moved);
    }

    /** Whether every output is a sum over all taps. */
    private boolean isWhole() {
        return switch (node.op()) {
            case "Conv" ->
                node.wholes("pads").orElse(List.of()).stream().allMatch(pad -> pad == 0)
                        && List.of("NOTSET", "VALID").contains(node.text("auto_pad", "NOTSET"));
            case "ConvTranspose" -> false;
            default -> true;
        };
    }

    private Optional<Change> change(Affine affine, double[] scaled, double[] moved) {
        boolean isBiased = bias != null || !affine.isScale();
        var change = new Change(
                affine.isShift() ? null : tensor(weights.type(), weights.dims(), scaled),
                isBiased ? tensor(weights.type(), List.of((long) channels), moved) : null);
        boolean hasPlace = !isBiased || !node.is("MatMul") || rank == 2;
        return hasPlace && isFinite(change.weights()) && isFinite(change.bias())
                ? Optional.of(change)
                : Optional.empty();
    }

    private Node with(Change change, String input, String output, GraphEdit draft) {
        var inputs = new ArrayList<>(List.of(input, node.input(1)));
        if (change.weights() != null) {
            inputs.set(1, draft.add(output + "_weight", change.weights()));
        }
        if (change.bias() != null) {
            inputs.add(draft.add(output + "_bias", change.bias()));
        }
        var attributes = new TreeMap<>(node.attributes());
        attributes.remove("beta");
        var op = node.is("MatMul") && change.bias() != null ? "Gemm" : node.op();
        return new Node(node.name(), "", op, inputs, List.of(output), attributes);
    }

    static double[] numbers(Tensor tensor) {
        var numbers = new double[tensor.count()];
        Arrays.setAll(numbers, tensor::number);
        return numbers;
    }

    private static boolean isFinite(@Nullable Tensor tensor) {
        return tensor == null || Arrays.stream(numbers(tensor)).allMatch(Double::isFinite);
    }

    /** Rounded to 32 or 64 bits. */
    static Tensor tensor(ValueType type, List<Long> dims, double[] values) {
        var data = ByteBuffer.allocate(values.length * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (double value : values) {
            if (type == ValueType.FLOAT32) {
                data.putFloat((float) value);
            } else {
                data.putDouble(value);
            }
        }
        return new Tensor(type, dims, data.flip());
    }

    /**
     * A constant as a number a channel, if that is all it is.
     *
     * @param rank of the value that it meets
     * @param axis of the channels
     */
    static Optional<double[]> perChannel(@Nullable Tensor constant, int rank, int axis, int channels) {
        if (constant == null || !isFloat(constant) || constant.rank() > rank) {
            return Optional.empty();
        }
        for (int i = 0; i < constant.rank(); i++) {
            long size = constant.dims().get(i);
            boolean isChannel = i + rank - constant.rank() == axis;
            if (size != 1 && !(isChannel && size == channels)) {
                return Optional.empty();
            }
        }
        var values = new double[channels];
        for (int i = 0; i < channels; i++) {
            values[i] = constant.number(constant.count() == 1 ? 0 : i);
        }
        return Optional.of(values);
    }
}
