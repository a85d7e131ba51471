package smalti.trainer.graph;

import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import smalti.spec.CounterRandom;

/** A float64 tensor in C order: the independent reference that graphs are held to. Plain loops, nothing shared. */
public record Tensor(int[] shape, double[] values) {
    public static Tensor of(int[] shape, double... values) {
        return new Tensor(shape, values);
    }

    public static Tensor zeros(int... shape) {
        int length = 1;
        for (int size : shape) {
            length *= size;
        }
        return new Tensor(shape, new double[length]);
    }

    public static Tensor random(long seed, int... shape) {
        var tensor = zeros(shape);
        var floats = new float[tensor.values.length];
        new CounterRandom(seed, 99).normals(0, floats, 0, floats.length);
        for (int i = 0; i < floats.length; i++) {
            tensor.values[i] = floats[i];
        }
        return tensor;
    }

    public float[] floats() {
        var floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    public int size(int axis) {
        return shape[axis];
    }

    public double at(int... index) {
        return values[offset(index)];
    }

    public void add(double value, int... index) {
        values[offset(index)] += value;
    }

    private int offset(int... index) {
        int offset = 0;
        for (int axis = 0; axis < shape.length; axis++) {
            offset = offset * shape[axis] + index[axis];
        }
        return offset;
    }

    public Tensor map(DoubleUnaryOperator function) {
        return new Tensor(shape, java.util.Arrays.stream(values).map(function).toArray());
    }

    public Tensor reshaped(int... newShape) {
        return new Tensor(newShape, values);
    }

    /** Element by element; axes of size 1 are spread, shorter shapes get leading ones. */
    public Tensor with(Tensor other, DoubleBinaryOperator function) {
        int rank = Math.max(shape.length, other.shape.length);
        var a = padded(rank);
        var b = other.padded(rank);
        var result = new int[rank];
        for (int axis = 0; axis < rank; axis++) {
            result[axis] = Math.max(a.shape[axis], b.shape[axis]);
        }
        var out = zeros(result);
        var index = new int[rank];
        for (int i = 0; i < out.values.length; i++) {
            int rest = i;
            var inA = new int[rank];
            var inB = new int[rank];
            for (int axis = rank - 1; axis >= 0; axis--) {
                index[axis] = rest % result[axis];
                rest /= result[axis];
                inA[axis] = a.shape[axis] == 1 ? 0 : index[axis];
                inB[axis] = b.shape[axis] == 1 ? 0 : index[axis];
            }
            out.values[i] = function.applyAsDouble(a.at(inA), b.at(inB));
        }
        return out;
    }

    private Tensor padded(int rank) {
        var padded = new int[rank];
        for (int axis = 0; axis < rank; axis++) {
            int from = axis - (rank - shape.length);
            padded[axis] = from < 0 ? 1 : shape[from];
        }
        return reshaped(padded);
    }

    /** Axis i of the result is axis {@code axes[i]} of this. */
    public Tensor permuted(int... axes) {
        var result = new int[axes.length];
        for (int i = 0; i < axes.length; i++) {
            result[i] = shape[axes[i]];
        }
        var out = zeros(result);
        for (int i = 0; i < out.values.length; i++) {
            int rest = i;
            var index = new int[axes.length];
            for (int axis = axes.length - 1; axis >= 0; axis--) {
                index[axes[axis]] = rest % result[axis];
                rest /= result[axis];
            }
            out.values[i] = at(index);
        }
        return out;
    }

    public Tensor product(Tensor other) {
        var out = zeros(size(0), other.size(1));
        for (int i = 0; i < size(0); i++) {
            for (int j = 0; j < other.size(1); j++) {
                for (int k = 0; k < size(1); k++) {
                    out.add(at(i, k) * other.at(k, j), i, j);
                }
            }
        }
        return out;
    }

    /** This is [B,C,H,W], weights [kH,kW,in,out], bias [out]. */
    public Tensor convolved(Tensor weights, Tensor bias, int stride, int padding) {
        int kernel = weights.size(0);
        int height = (size(2) + 2 * padding - kernel) / stride + 1;
        int width = (size(3) + 2 * padding - kernel) / stride + 1;
        var out = zeros(size(0), weights.size(3), height, width);
        for (int b = 0; b < size(0); b++) {
            for (int o = 0; o < weights.size(3); o++) {
                for (int y = 0; y < height; y++) {
                    for (int x = 0; x < width; x++) {
                        out.add(
                                bias.at(o) + window(weights, b, o, y * stride - padding, x * stride - padding),
                                b,
                                o,
                                y,
                                x);
                    }
                }
            }
        }
        return out;
    }

    private double window(Tensor weights, int b, int o, int top, int left) {
        double sum = 0;
        for (int i = 0; i < weights.size(0); i++) {
            for (int j = 0; j < weights.size(1); j++) {
                int y = top + i;
                int x = left + j;
                if (y >= 0 && y < size(2) && x >= 0 && x < size(3)) {
                    for (int c = 0; c < size(1); c++) {
                        sum += at(b, c, y, x) * weights.at(i, j, c, o);
                    }
                }
            }
        }
        return sum;
    }

    /** This is [B,C,H,W], weights [kH,kW,out,in], bias [out]: every element spreads a kernel over the output. */
    public Tensor transposedConvolved(Tensor weights, Tensor bias, int stride, int padding) {
        int kernel = weights.size(0);
        int height = (size(2) - 1) * stride + kernel - 2 * padding;
        int width = (size(3) - 1) * stride + kernel - 2 * padding;
        int outs = weights.size(2);
        var out = zeros(size(0), outs, height, width);
        for (int b = 0; b < size(0); b++) {
            for (int o = 0; o < outs; o++) {
                for (int y = 0; y < height; y++) {
                    for (int x = 0; x < width; x++) {
                        out.add(bias.at(o), b, o, y, x);
                    }
                }
                for (int c = 0; c < size(1); c++) {
                    for (int y = 0; y < size(2); y++) {
                        for (int x = 0; x < size(3); x++) {
                            spread(out, weights, b, c, o, y, x, stride, padding);
                        }
                    }
                }
            }
        }
        return out;
    }

    private void spread(Tensor out, Tensor weights, int b, int c, int o, int y, int x, int stride, int padding) {
        for (int i = 0; i < weights.size(0); i++) {
            for (int j = 0; j < weights.size(1); j++) {
                int row = y * stride - padding + i;
                int column = x * stride - padding + j;
                if (row >= 0 && row < out.size(2) && column >= 0 && column < out.size(3)) {
                    out.add(at(b, c, y, x) * weights.at(i, j, o, c), b, o, row, column);
                }
            }
        }
    }

    /** Mean over batch, height and width of [B,C,H,W] → [1,C,1,1]. */
    public Tensor channelMeans() {
        var out = zeros(1, size(1), 1, 1);
        int each = size(0) * size(2) * size(3);
        for (int b = 0; b < size(0); b++) {
            for (int c = 0; c < size(1); c++) {
                for (int y = 0; y < size(2); y++) {
                    for (int x = 0; x < size(3); x++) {
                        out.add(at(b, c, y, x) / each, 0, c, 0, 0);
                    }
                }
            }
        }
        return out;
    }

    public double sum() {
        return java.util.Arrays.stream(values).sum();
    }
}
