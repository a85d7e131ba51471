package smalti.exporter.pass;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/**
 * A Conv or ConvTranspose with constant weights.
 *
 * @param weights of Conv [out, in/group, k…], of ConvTranspose [in, out/group, k…]
 * @param bias null where there is none
 * @param channels out
 */
record Layer(Node node, Tensor weights, @Nullable Tensor bias, int channels) {
    /** The layer that a node is, if weights and bias are constants of floats. */
    static Optional<Layer> of(@Nullable Node node, Draft draft) {
        if (node == null || !(node.is("Conv") || node.is("ConvTranspose"))) {
            return Optional.empty();
        }
        var weights = draft.constant(node.input(1));
        var bias = draft.constant(node.input(2));
        if (weights == null
                || weights.rank() < 3
                || !isFloat(weights)
                || (bias == null && !node.input(2).isEmpty())) {
            return Optional.empty();
        }
        long group = node.whole("group", 1);
        long channels = node.is("Conv") ? weights.dims().get(0) : weights.dims().get(1) * group;
        boolean sound = group > 0
                && weights.dims().get(0) % group == 0
                && (bias == null
                        || (bias.type() == weights.type() && bias.dims().equals(List.of(channels))));
        return sound ? Optional.of(new Layer(node, weights, bias, (int) channels)) : Optional.empty();
    }

    static boolean isFloat(Tensor tensor) {
        return tensor.type() == ValueType.FLOAT32 || tensor.type() == ValueType.FLOAT64;
    }

    boolean isTransposed() {
        return node.is("ConvTranspose");
    }

    /**
     * Replaces a node behind this one, which makes {@code factor·y + shift} of its output, by one layer.
     *
     * @param factor a number a channel
     * @param shift a number a channel
     * @return false if the new weights would not be finite
     */
    boolean absorb(Node after, double[] factor, double[] shift, Draft draft) {
        var scaled = numbers(weights);
        int inner = 1;
        for (int axis = 2; axis < weights.rank(); axis++) {
            inner = Math.toIntExact(inner * weights.dims().get(axis));
        }
        int second = Math.toIntExact(weights.dims().get(1));
        int perGroup = Math.toIntExact(Math.max(1, weights.dims().get(0) / node.whole("group", 1)));
        for (int i = 0; i < scaled.length; i++) {
            int outer = i / inner / second;
            int channel = isTransposed() ? outer / perGroup * second + i / inner % second : outer;
            scaled[i] *= factor[channel];
        }
        var moved = shift.clone();
        if (bias != null) {
            for (int i = 0; i < moved.length; i++) {
                moved[i] += bias.number(i) * factor[i];
            }
        }
        var newWeights = tensor(weights.type(), weights.dims(), scaled);
        var newBias = tensor(weights.type(), List.of((long) channels), moved);
        if (!isFinite(newWeights) || !isFinite(newBias)) {
            return false;
        }
        boolean same = Arrays.stream(factor).allMatch(value -> value == 1);
        var w = same ? node.input(1) : draft.add(after.output() + "_weight", newWeights);
        var b = draft.add(after.output() + "_bias", newBias);
        var merged = new Node(
                node.name(), "", node.op(), List.of(node.input(0), w, b), List.of(after.output()), node.attributes());
        // first, so that its name is free
        draft.remove(node);
        draft.replace(after, merged);
        return true;
    }

    static double[] numbers(Tensor tensor) {
        var numbers = new double[tensor.count()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = tensor.number(i);
        }
        return numbers;
    }

    private static boolean isFinite(Tensor tensor) {
        return Arrays.stream(numbers(tensor)).allMatch(Double::isFinite);
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
