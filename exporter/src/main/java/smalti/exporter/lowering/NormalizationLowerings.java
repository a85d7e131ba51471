package smalti.exporter.lowering;

import static java.util.Map.entry;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.samediff.SourceOp;

/** Normalisations, attention and the largest elements. */
final class NormalizationLowerings {
    private NormalizationLowerings() {}

    static Map<String, Lowering> rows() {
        return Map.ofEntries(
                entry("batchnorm", NormalizationLowerings::batchNorm),
                entry("fused_batch_norm", NormalizationLowerings::fusedBatchNorm),
                entry("layer_norm", NormalizationLowerings::layerNorm),
                entry("standardize", (op, to) -> {
                    var f = new Formula(op, to);
                    f.give(standardized(f, axes(f)));
                }),
                entry("lrn", NormalizationLowerings::localResponse),
                entry("dot_product_attention", NormalizationLowerings::attention),
                entry("multi_head_dot_product_attention", NormalizationLowerings::heads),
                entry("top_k", NormalizationLowerings::topK),
                entry("in_top_k", NormalizationLowerings::inTopK));
    }

    /** nd4j's arguments: whether there is a scale, whether there is an offset, the axes; epsilon. */
    private static void batchNorm(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        boolean scaled = f.integer(0) != 0;
        boolean offset = f.integer(1) != 0;
        int rank = f.rank(0);
        var axes = op.ints().size() > 2
                ? op.ints().subList(2, op.ints().size()).stream()
                        .mapToInt(axis -> (int) Emitter.axis(axis, rank))
                        .sorted()
                        .toArray()
                : new int[] {rank - 1};
        var x = f.in(0);
        var sizes = LongStream.generate(() -> 1).limit(rank).toArray();
        for (int axis : axes) {
            sizes[axis] = f.size(0, axis);
        }
        double epsilon = op.reals().isEmpty() ? 1e-5 : f.real(0);
        boolean constants =
                IntStream.range(1, op.inputs().size()).allMatch(i -> to.constant(op, i) != null) && scaled && offset;
        if (constants && axes.length == 1 && axes[0] == 1 && x.type() == ValueType.FLOAT32) {
            // runtimes fold this operator into a convolution before it
            var given = new Piece[5];
            given[0] = x;
            int[] order = {3, 4, 1, 2};
            for (int i = 0; i < 4; i++) {
                var tensor = to.constant(op, order[i], "statistics");
                given[i + 1] = f.constant(
                        tensor.reshaped(List.of((long) tensor.count())).cast(ValueType.FLOAT32));
            }
            f.give(f.apply("BatchNormalization", Map.of("epsilon", Attribute.of((float) epsilon)), given));
            return;
        }
        var y = f.mul(f.sub(x, f.reshape(f.in(1), sizes)), f.div(1, f.sqrt(f.add(f.reshape(f.in(2), sizes), epsilon))));
        y = scaled ? f.mul(y, f.reshape(f.in(3), sizes)) : y;
        f.give(offset ? f.add(y, f.reshape(f.in(scaled ? 4 : 3), sizes)) : y);
    }

    /**
     * nd4j's arguments: 1 for channels first, 1 for the statistics of the batch; epsilon. Inputs: scale, offset, and mean
     * and variance where they are not those of the batch. Outputs: the result, the mean, the variance.
     */
    private static void fusedBatchNorm(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        boolean first = f.integer(0) != 0;
        boolean ofBatch = f.integer(1) != 0;
        Emitter.require(ofBatch || to.has(op, 4), "mean and variance must be given, got %s", op.inputs());
        double epsilon = op.reals().isEmpty() ? 1e-3 : f.real(0);
        long[] sizes = first ? new long[] {1, -1, 1, 1} : new long[] {1, 1, 1, -1};
        long[] others = first ? new long[] {0, 2, 3} : new long[] {0, 1, 2};
        var x = f.in(0);
        var mean = ofBatch ? f.mean(x, true, others) : f.reshape(f.in(3), sizes);
        var distance = f.sub(x, mean);
        var variance = ofBatch ? f.mean(f.square(distance), true, others) : f.reshape(f.in(4), sizes);
        var y = f.div(f.mul(distance, f.reshape(f.in(1), sizes)), f.sqrt(f.add(variance, epsilon)));
        to.give(op, 0, f.add(y, f.reshape(f.in(2), sizes)));
        if (ofBatch) {
            // corrected for the bias of the mean
            var rows = f.gather(f.shape(x), 0, others);
            var count = f.mul(f.mul(f.slice(rows, 0, 0, 1), f.slice(rows, 0, 1, 2)), f.slice(rows, 0, 2, 3));
            var number = to.cast(op, count, x.type());
            variance = f.mul(variance, f.div(number, f.max(f.add(number, -1), 1)));
        }
        to.give(op, 1, f.reshape(mean, -1));
        to.give(op, 2, f.reshape(variance, -1));
    }

    private static long[] axes(Formula f) {
        Emitter.require(!f.op().ints().isEmpty(), "axes must be given");
        return f.op().ints().stream()
                .mapToLong(axis -> Emitter.axis(axis, f.rank(0)))
                .sorted()
                .toArray();
    }

    /** Without an epsilon, as nd4j has it; 0 where nothing varies. */
    private static Piece standardized(Formula f, long... axes) {
        var x = f.in(0);
        var centred = f.sub(x, f.mean(x, true, axes));
        var deviation = f.sqrt(f.mean(f.square(centred), true, axes));
        var still = f.equal(deviation, 0);
        return f.div(centred, f.where(still, f.number(x, 1), deviation));
    }

    /** Gain and offset belong to the channels: axis 1 where the flag says so, else the last one. */
    private static void layerNorm(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        int rank = f.rank(0);
        boolean channelsFirst = !op.flags().isEmpty() && op.flags().get(0);
        var y = f.mul(standardized(f, axes(f)), channels(f, f.in(1), rank, channelsFirst));
        f.give(to.has(op, 2) ? f.add(y, channels(f, f.in(2), rank, channelsFirst)) : y);
    }

    private static Piece channels(Formula f, Piece vector, int rank, boolean first) {
        return first && rank > 2
                ? f.unsqueeze(vector, LongStream.range(1, rank - 1).toArray())
                : vector;
    }

    /** nd4j normalises over the last axis of four; alpha is not divided by the number of neighbours. */
    private static void localResponse(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        Emitter.require(f.rank(0) == 4, "4 axes are covered, got %s", f.rank(0));
        long size = 2 * f.integer(0) + 1;
        var attributes = Map.of(
                "size", Attribute.of(size),
                "bias", Attribute.of((float) f.real(0)),
                "alpha", Attribute.of((float) (f.real(1) * size)),
                "beta", Attribute.of((float) f.real(2)));
        f.give(f.transpose(f.apply("LRN", attributes, f.transpose(f.in(0), 0, 3, 1, 2)), 0, 2, 3, 1));
    }

    /**
     * softmax(KᵀQ / √features) over the keys, times the values; channels come before places.
     *
     * @param mask [batch, keys], 0 where a key must not be seen
     */
    private static Attended attended(
            Formula f, Piece queries, Piece keys, Piece values, @Nullable Piece mask, int rank, long features) {
        var turned = rank == 4 ? f.transpose(keys, 0, 1, 3, 2) : f.transpose(keys, 0, 2, 1);
        var scores = f.matmul(turned, queries);
        if (f.integer(0) != 0) {
            scores = f.mul(scores, 1 / Math.sqrt((double) features));
        }
        if (mask != null) {
            var hidden = f.mul(f.add(to32(f, mask, scores), -1), 1e9);
            scores = f.add(scores, rank == 4 ? f.unsqueeze(hidden, 1, 3) : f.unsqueeze(hidden, 2));
        }
        var weights = f.softmax(scores, rank - 2);
        return new Attended(f.matmul(values, weights), weights);
    }

    /** @param weights of the keys, for each query */
    private record Attended(Piece result, Piece weights) {}

    private static void giveWeights(SourceOp op, Emitter to, Attended attended) {
        if (op.outputs().size() > 1) {
            to.give(op, 1, attended.weights());
        }
    }

    private static Piece to32(Formula f, Piece mask, Piece like) {
        return f.to().cast(f.op(), mask, like.type());
    }

    private static void attention(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        int rank = f.rank(0);
        var mask = to.has(op, 3) ? f.in(3) : null;
        Emitter.require(
                mask == null || f.rank(3) == 2, "the mask must be [batch, keys], got rank %s", mask == null ? 0 : 2);
        var attended = attended(f, f.in(0), f.in(1), f.in(2), mask, rank, f.size(0, rank - 2));
        f.give(attended.result());
        giveWeights(op, to, attended);
    }

    /** Inputs: queries, keys, values, their projections [heads, projected, features], that of the result, a mask. */
    private static void heads(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var projected = new Piece[3];
        for (int i = 0; i < 3; i++) {
            projected[i] =
                    f.matmul(f.unsqueeze(f.in(3 + i), 0), f.unsqueeze(f.in(i), 1)); // [B, heads, projected, places]
        }
        var mask = to.has(op, 7) ? f.in(7) : null;
        var seen = attended(f, projected[0], projected[1], projected[2], mask, 4, f.size(3, 1));
        var joined = f.reshape(f.transpose(seen.result(), 0, 3, 1, 2), 0, 0, f.size(5, 0) * f.size(5, 1));
        f.give(f.transpose(f.matmul(joined, f.in(6)), 0, 2, 1));
        giveWeights(op, to, seen);
    }

    /** nd4j's arguments: how many, whether they are sorted. */
    private static void topK(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        Emitter.require(!to.has(op, 1), "the number must be an argument");
        var found = found(f, to.in(op, 0), f.integer(0));
        for (int i = 0; i < op.outputs().size(); i++) {
            to.give(op, i, found.get(i));
        }
    }

    private static List<Piece> found(Formula f, Piece x, long count) {
        var wide = f.wide(x);
        var values = f.to().applyAll(f.op(), 2, "TopK", Map.of("axis", Attribute.of(-1L)), wide, f.longs(count));
        return List.of(values.get(0), new Piece(values.get(1).name(), ValueType.INT64));
    }

    /** Inputs: predictions [batch, classes], targets [batch]. A tie with the last place counts as in it. */
    private static void inTopK(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var predictions = f.in(0);
        int count = (int) f.size(0, 1);
        var classes = LongStream.range(0, count).toArray();
        var target = to.cast(op, to.in(op, 1), ValueType.INT64);
        var chosen = f.apply("Equal", f.unsqueeze(target, -1), f.constant(Tensor.of(classes, count)));
        var own = f.sum(f.where(chosen, predictions, f.number(predictions, 0)), true, -1);
        var better = f.sum(f.indicator(f.apply("Greater", predictions, own), ValueType.FLOAT32), false, -1);
        f.give(f.less(better, (double) f.integer(0)));
    }
}
