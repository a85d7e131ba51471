package smalti.exporter.precision;

import java.util.List;
import smalti.exporter.graph.Tensor;

/**
 * A constant in whole numbers, symmetric: each is its step times a scale.
 *
 * @param scale float32: one, or one for each place along the axis
 * @param axis of the scales; −1 for one scale in all
 */
record QuantizedTensor(Tensor steps, Tensor scale, int axis) {
    /** @param scales all equal where the axis is −1 */
    static QuantizedTensor of(Tensor steps, float[] scales, int axis) {
        return new QuantizedTensor(
                steps, axis < 0 ? Tensor.of(new float[] {scales[0]}) : Tensor.of(scales, scales.length), axis);
    }

    /** Zeros, as many as there are scales. */
    Tensor zeroPoint() {
        var zeros = new double[scale.count()];
        return (scale.rank() == 0 ? Tensor.of(zeros) : Tensor.of(zeros, zeros.length)).cast(steps.type());
    }

    /** Weights of a pointwise convolution, [out,in,1,1], as those of a product, [in,out]. */
    QuantizedTensor asColumns() {
        var rows = List.of(steps.dims().get(0), steps.dims().get(1));
        return new QuantizedTensor(steps.reshaped(rows).permuted(1, 0), scale, 1);
    }
}
