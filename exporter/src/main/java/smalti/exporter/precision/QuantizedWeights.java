package smalti.exporter.precision;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.precision.ActivationType.Steps;

/**
 * A layer's weights in INT8, and its bias in INT32, whose scale is the input's times the weights'.
 *
 * @param bias null where the layer needs none
 */
record QuantizedWeights(QuantizedTensor weights, @Nullable QuantizedTensor bias) {
    /**
     * @param input of the layer; what its zero point cannot say goes into the bias
     * @param learnt the means of the input's channels, with which the bias makes up for rounded weights and inputs
     * @param perChannel whether each output channel has a scale
     */
    static QuantizedWeights of(LinearLayer layer, Steps input, Learnt learnt, boolean perChannel) {
        var weights = layer.weights();
        int count = weights.count();
        int channels = layer.channels();
        var channelOf = layer.channelOf();
        var given = layer.bias();
        var bias = new double[channels];
        for (int channel = 0; given != null && channel < channels; channel++) {
            bias[channel] = given.number(channel);
        }
        var largest = new double[channels];
        for (int i = 0; i < count; i++) {
            int channel = channelOf.applyAsInt(i);
            double weight = weights.number(i);
            largest[channel] = Math.max(largest[channel], Math.abs(weight));
            bias[channel] += input.offset() * weight;
        }
        var scales = scales(largest, bias, input.scale(), perChannel);
        var bytes = ByteBuffer.allocate(count);
        for (int i = 0; i < count; i++) {
            long step = Math.round(weights.number(i) / scales[channelOf.applyAsInt(i)]);
            bytes.put((byte) Math.max(-ActivationType.GREATEST_WEIGHT, Math.min(ActivationType.GREATEST_WEIGHT, step)));
        }
        var steps = new Tensor(ValueType.INT8, weights.dims(), bytes.flip());
        var means = means(learnt.means().get(layer.input()), layer);
        var met = means(learnt.met().get(layer.name()), layer);
        boolean corrected = means != null;
        if (means != null) {
            correct(bias, layer, steps, scales, means, met, input.offset());
        }
        var quantized = QuantizedTensor.of(steps, scales, perChannel ? layer.channelAxis() : -1);
        // a product has no bias of its own: for the correction alone it gets no Add
        boolean isBiased = given != null
                || input.offset() != 0
                || (corrected && !layer.node().is("MatMul"));
        return new QuantizedWeights(quantized, isBiased ? bias(bias, scales, input.scale(), perChannel) : null);
    }

    private static double @Nullable [] means(double @Nullable [] given, LinearLayer layer) {
        return given != null && given.length == layer.inputChannels() ? given : null;
    }

    /** Of the weights; large enough for the bias to fit 32 bits. */
    private static float[] scales(double[] largest, double[] bias, double inputScale, boolean perChannel) {
        var scales = new float[largest.length];
        float greatest = 0;
        for (int channel = 0; channel < scales.length; channel++) {
            double scale = Math.max(
                    largest[channel] / ActivationType.GREATEST_WEIGHT,
                    Math.abs(bias[channel]) / inputScale / (1 << 30));
            scales[channel] = scale >= Float.MIN_NORMAL ? (float) scale : 1;
            greatest = Math.max(greatest, scale >= Float.MIN_NORMAL ? (float) scale : 0);
        }
        if (!perChannel) {
            Arrays.fill(scales, greatest > 0 ? greatest : 1);
        }
        return scales;
    }

    /**
     * Takes from the bias what the rounding of the weights adds on average: rounded weights times inputs that are
     * positive on the whole, as they are behind a ReLU, shift a channel. Where it is known what the layers before make of
     * their inputs in INT8, what they shift is taken away as well.
     *
     * <p>Source: Nagel et al. 2019, arXiv:1906.04721, section 4.2, and appendix D for what is met.
     *
     * @param means of the input in FP32
     * @param met means of the dequantized input, without the offset; null where FP32's stand for them
     */
    private static void correct(
            double[] bias,
            LinearLayer layer,
            Tensor steps,
            float[] scales,
            double[] means,
            double @Nullable [] met,
            double offset) {
        var weights = layer.weights();
        var channelOf = layer.channelOf();
        var inputOf = layer.inputChannelOf();
        int count = weights.count();
        for (int i = 0; i < count; i++) {
            int channel = channelOf.applyAsInt(i);
            double mean = means[inputOf.applyAsInt(i)] - offset;
            double now = met == null ? mean : met[inputOf.applyAsInt(i)];
            bias[channel] -= steps.number(i) * (double) scales[channel] * now - weights.number(i) * mean;
        }
    }

    private static QuantizedTensor bias(double[] bias, float[] weightScales, float inputScale, boolean perChannel) {
        var steps = new int[bias.length];
        var scales = new float[bias.length];
        for (int channel = 0; channel < bias.length; channel++) {
            scales[channel] = inputScale * weightScales[channel];
            steps[channel] = (int) Math.round(bias[channel] / scales[channel]);
        }
        return QuantizedTensor.of(Tensor.of(steps, steps.length), scales, perChannel ? 0 : -1);
    }
}
