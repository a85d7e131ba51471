package smalti.exporter.lowering;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;
import smalti.exporter.samediff.SourceOp;

/**
 * Convolutions in NCHW with explicit, symmetric padding. nd4j's arguments are kH, kW, sH, sW, pH, pW, dH, dW, padding
 * mode, data format (0: NCHW), weight format.
 *
 * <p>ONNX's own padding modes stay unused: consumers differ in them.
 */
final class ConvolutionLowerings {
    private ConvolutionLowerings() {}

    static Map<String, Lowering> rows() {
        return Map.of(
                "conv2d", (op, to) -> convolution(op, to, "Conv"),
                "deconv2d", (op, to) -> convolution(op, to, "ConvTranspose"),
                "biasadd", ConvolutionLowerings::bias);
    }

    private static void convolution(SourceOp op, Emitter to, String onnx) {
        var ints = op.ints();
        Emitter.require(ints.size() >= 10, "at least 10 arguments are needed, got %s", ints);
        Emitter.require(ints.get(8) == 0, "padding must be explicit, got mode %s", ints.get(8));
        Emitter.require(ints.get(9) == 0, "the data format must be NCHW");
        Emitter.require(
                ints.size() < 11 || ints.get(10) == 0, "the weights must be in nd4j's first format, got %s", ints);
        Emitter.require(
                ints.get(6) == 1 && ints.get(7) == 1,
                "the dilation must be 1 (nd4j's oneDNN builds cannot run others), got %s",
                ints.subList(6, 8));
        var weights = to.constant(op, 1, "the weights");
        Emitter.require(weights.rank() == 4, "the weights must have 4 axes, got %s", weights.dims());
        Emitter.require(
                weights.dims().get(0).equals(ints.get(0))
                        && weights.dims().get(1).equals(ints.get(1)),
                "the weights %s must begin with the kernel %s",
                weights.dims(),
                ints.subList(0, 2));
        // [kH,kW,in,out] → [out,in,kH,kW] of a convolution, [kH,kW,out,in] → [in,out,kH,kW] of a transposed one
        var inputs =
                new ArrayList<>(List.of(to.input(op, 0), to.constant(op, "weights", weights.permuted(3, 2, 0, 1))));
        if (op.inputs().size() > 2) {
            var bias = to.constant(op, 2, "the bias");
            inputs.add(to.constant(op, "bias", bias.reshaped(List.of(elements(bias)))));
        }
        long padHeight = ints.get(4);
        long padWidth = ints.get(5);
        to.finish(
                op,
                onnx,
                inputs,
                Map.of(
                        "kernel_shape", Attribute.ints(ints.get(0), ints.get(1)),
                        "strides", Attribute.ints(ints.get(2), ints.get(3)),
                        "pads", Attribute.ints(padHeight, padWidth, padHeight, padWidth),
                        "dilations", Attribute.ints(1, 1)));
    }

    /** Channels are axis 1 where the flag says NCHW, else the last axis, where ONNX's broadcasting is right as it is. */
    private static void bias(SourceOp op, Emitter to) {
        int rank = to.value(op, 0).rank();
        var bias = to.constant(op, 1, "the bias");
        boolean channelsFirst = !op.flags().isEmpty() && op.flags().get(0);
        var sizes = new ArrayList<>(List.of(elements(bias)));
        for (int axis = 2; channelsFirst && axis < rank; axis++) {
            sizes.add(1L);
        }
        to.finish(op, "Add", to.input(op, 0), to.constant(op, "bias", bias.reshaped(sizes)));
    }

    private static long elements(Tensor tensor) {
        return tensor.dims().stream().reduce(1L, Math::multiplyExact);
    }
}
