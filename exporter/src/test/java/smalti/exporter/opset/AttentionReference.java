package smalti.exporter.opset;

import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/** Attention in float64, one query after another, as ONNX's text says it. */
final class AttentionReference {
    private final Tensor queries;
    private final Tensor keys;
    private final Tensor values;
    private final int queryHeads;
    private final int keyHeads;
    private @Nullable Tensor mask;
    private @Nullable Tensor pastKeys;
    private @Nullable Tensor pastValues;
    private long @Nullable [] filled;
    private boolean isCausal;
    private int left = -1;
    private int right = -1;
    private double cap;
    private double scale = Double.NaN;

    /** What is computed. */
    record Made(double[] y, double[] raw, double[] capped, double[] biased, double[] shares) {}

    /** @param queries [B, heads, T, D] or [B, T, heads·D]; keys and values alike */
    AttentionReference(Tensor queries, Tensor keys, Tensor values, int queryHeads, int keyHeads) {
        this.queries = queries;
        this.keys = keys;
        this.values = values;
        this.queryHeads = queryHeads;
        this.keyHeads = keyHeads;
    }

    /** @param tensor that is broadcast to [B, heads, T, T of keys], or has a shorter last axis */
    AttentionReference mask(Tensor tensor) {
        mask = tensor;
        return this;
    }

    AttentionReference past(Tensor k, Tensor v) {
        pastKeys = k;
        pastValues = v;
        return this;
    }

    AttentionReference filled(long... counts) {
        filled = counts;
        return this;
    }

    AttentionReference causal() {
        isCausal = true;
        return this;
    }

    AttentionReference window(int before, int behind) {
        left = before;
        right = behind;
        return this;
    }

    AttentionReference cap(double most) {
        cap = most;
        return this;
    }

    AttentionReference scale(double factor) {
        scale = factor;
        return this;
    }

    Made made() {
        boolean flat = queries.rank() == 3;
        int batch = size(queries, 0);
        int length = size(queries, flat ? 1 : 2);
        int width = flat ? size(queries, 2) / queryHeads : size(queries, 3);
        int valueWidth = flat ? size(values, 2) / keyHeads : size(values, 3);
        int before = pastKeys == null ? 0 : size(pastKeys, 2);
        int total = before + size(keys, flat ? 1 : 2);
        double factor = Double.isNaN(scale) ? 1 / Math.sqrt(width) : scale;
        int pairs = batch * queryHeads * length * total;
        var made = new Made(
                new double[batch * queryHeads * length * valueWidth],
                new double[pairs],
                new double[pairs],
                new double[pairs],
                new double[pairs]);
        for (int b = 0; b < batch; b++) {
            for (int h = 0; h < queryHeads; h++) {
                int g = h / (queryHeads / keyHeads);
                for (int t = 0; t < length; t++) {
                    int row = ((b * queryHeads + h) * length + t) * total;
                    double most = Double.NEGATIVE_INFINITY;
                    boolean blind = true;
                    for (int s = 0; s < total; s++) {
                        double dot = 0;
                        for (int d = 0; d < width; d++) {
                            dot += at(queries, queryHeads, b, h, t, d) * both(pastKeys, keys, b, g, s, d);
                        }
                        double weight = factor * dot;
                        made.raw[row + s] = weight;
                        weight = cap > 0 ? cap * Math.tanh(weight / cap) : weight;
                        made.capped[row + s] = weight;
                        double bias = bias(b, h, t, s, length, before);
                        blind &= bias == Double.NEGATIVE_INFINITY;
                        made.biased[row + s] = weight + bias;
                        most = Math.max(most, weight + bias);
                    }
                    double sum = 0;
                    for (int s = 0; s < total && !blind; s++) {
                        made.shares[row + s] = Math.exp(made.biased[row + s] - most);
                        sum += made.shares[row + s];
                    }
                    for (int s = 0; s < total && !blind; s++) {
                        made.shares[row + s] /= sum;
                        for (int d = 0; d < valueWidth; d++) {
                            int place = flat
                                    ? ((b * length + t) * queryHeads + h) * valueWidth + d
                                    : ((b * queryHeads + h) * length + t) * valueWidth + d;
                            made.y[place] += made.shares[row + s] * both(pastValues, values, b, g, s, d);
                        }
                    }
                }
            }
        }
        return made;
    }

    private double bias(int b, int h, int t, int s, int length, int before) {
        int place = t + before;
        if (filled != null) {
            if (s >= filled[b]) {
                return Double.NEGATIVE_INFINITY;
            }
            place = t + (int) filled[b] - length;
        }
        if ((isCausal && s > place) || (left >= 0 && s < place - left) || (right >= 0 && s > place + right)) {
            return Double.NEGATIVE_INFINITY;
        }
        if (mask == null) {
            return 0;
        }
        int rank = mask.rank();
        if (s >= size(mask, rank - 1)) {
            return Double.NEGATIVE_INFINITY;
        }
        var places = new int[] {b, h, t, s};
        int index = 0;
        for (int axis = 0; axis < rank; axis++) {
            int size = size(mask, axis);
            index = index * size + (size == 1 ? 0 : places[4 - rank + axis]);
        }
        double number = mask.number(index);
        if (mask.type() == ValueType.BOOL) {
            return number != 0 ? 0 : Double.NEGATIVE_INFINITY;
        }
        return number;
    }

    private double both(@Nullable Tensor past, Tensor now, int b, int head, int t, int d) {
        int before = past == null ? 0 : size(past, 2);
        return past != null && t < before
                ? at(past, keyHeads, b, head, t, d)
                : at(now, keyHeads, b, head, t - before, d);
    }

    private static double at(Tensor tensor, int heads, int b, int head, int t, int d) {
        if (tensor.rank() == 3) {
            int width = size(tensor, 2) / heads;
            return tensor.number(((b * size(tensor, 1) + t) * heads + head) * width + d);
        }
        return tensor.number(((b * heads + head) * size(tensor, 2) + t) * size(tensor, 3) + d);
    }

    static int size(Tensor tensor, int axis) {
        return tensor.dims().get(axis).intValue();
    }
}
