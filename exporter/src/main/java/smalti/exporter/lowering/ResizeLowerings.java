package smalti.exporter.lowering;

import static java.util.Map.entry;

import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.samediff.SourceOp;

/**
 * Pictures [N, H, W, C] of other sizes, by TensorFlow's rules, which nd4j follows.
 *
 * <p>A resize along one axis is a product with a matrix, which is known when both sizes are: exact for every kernel and
 * every rule of borders, where ONNX's Resize knows some of them.
 */
final class ResizeLowerings {
    private ResizeLowerings() {}

    static Map<String, Lowering> rows() {
        return Map.ofEntries(
                entry("resize_bilinear", (op, to) -> resized(op, to, ResizeLowerings::bilinear)),
                entry("resize_nearest_neighbor", ResizeLowerings::nearest),
                entry("resize_area", (op, to) -> resized(op, to, ResizeLowerings::area)),
                entry("crop_and_resize", ResizeLowerings::crop));
    }

    /** The weights [to, from] that make the sizes. */
    @FunctionalInterface
    private interface Weights {
        double[] of(SourceOp op, int from, int to);
    }

    private static boolean flag(SourceOp op, int index) {
        return op.flags().size() > index && op.flags().get(index);
    }

    /** Height and width: the second input, or arguments. */
    private static long[] sizes(Formula f, int from) {
        return f.to().has(f.op(), 1)
                ? f.to().constant(f.op(), 1, "the size").cast(ValueType.INT64).longs()
                : new long[] {f.integer(from), f.integer(from + 1)};
    }

    private static void resized(SourceOp op, Emitter to, Weights weights) {
        var f = new Formula(op, to);
        f.give(product(f, sizes(f, 0), weights));
    }

    /** As two products with constant matrices: rows, then columns. */
    private static Piece product(Formula f, long[] sizes, Weights weights) {
        Emitter.require(f.rank(0) == 4, "pictures must have 4 axes, got %s", f.rank(0));
        int height = (int) f.size(0, 1);
        int width = (int) f.size(0, 2);
        long channels = f.size(0, 3);
        var given = f.to().in(f.op(), 0);
        var x = given.type().isFloat() ? f.wide(given) : f.to().cast(f.op(), given, ValueType.FLOAT32);
        var ofRows = f.constant(x, weights.of(f.op(), height, (int) sizes[0]), sizes[0], height);
        var ofColumns = f.constant(x, weights.of(f.op(), width, (int) sizes[1]), sizes[1], width);
        var rows = f.matmul(ofRows, f.reshape(x, 0, height, width * channels));
        return f.matmul(ofColumns, f.reshape(rows, 0, sizes[0], width, channels));
    }

    /** Where an element of the result stands among those given; flags: corners meet, elements have centres. */
    private static double place(SourceOp op, int index, int from, int to) {
        return flag(op, 0) && to > 1
                ? (double) index * (from - 1) / (to - 1)
                : flag(op, 1) ? (index + 0.5) * from / to - 0.5 : (double) index * from / to;
    }

    private static double[] bilinear(SourceOp op, int from, int to) {
        var weights = new double[to * from];
        for (int i = 0; i < to; i++) {
            double place = Math.max(0, place(op, i, from, to));
            int before = Math.min((int) place, from - 1);
            int after = Math.min(before + 1, from - 1);
            weights[i * from + before] += 1 - (place - (int) place);
            weights[i * from + after] += place - (int) place;
        }
        return weights;
    }

    private static void nearest(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var sizes = sizes(f, 0);
        Emitter.require(f.rank(0) == 4, "pictures must have 4 axes, got %s", f.rank(0));
        var x = to.in(op, 0);
        for (int axis = 1; axis <= 2; axis++) {
            int from = (int) f.size(0, axis);
            var places = new long[(int) sizes[axis - 1]];
            for (int i = 0; i < places.length; i++) {
                double place = flag(op, 0) && places.length > 1
                        ? Math.round((double) i * (from - 1) / (places.length - 1))
                        : Math.floor((i + (flag(op, 1) ? 0.5 : 0)) * from / places.length);
                places[i] = Math.min((long) place, from - 1);
            }
            x = f.gather(x, axis, places);
        }
        f.give(x);
    }

    /** Keys' kernel. */
    private static double cubic(double distance, double a) {
        double x = Math.abs(distance);
        return x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : x < 2 ? a * (((x - 5) * x + 8) * x - 4) : 0;
    }

    /** The mean over what an element covers. */
    private static double[] area(SourceOp op, int from, int to) {
        double scale = flag(op, 0) && to > 1 ? (double) (from - 1) / (to - 1) : (double) from / to;
        var weights = new double[to * from];
        for (int i = 0; i < to; i++) {
            double low = i * scale;
            double high = (i + 1) * scale;
            for (int k = (int) Math.floor(low); k < Math.ceil(high); k++) {
                double share = Math.min(high, k + 1) - Math.max(low, k);
                weights[i * from + Math.min(from - 1, k)] += share / scale;
            }
        }
        return weights;
    }

    /**
     * nd4j's methods of {@code image_resize} beyond bilinear and nearest: 2 bicubic, 3 area, 4 Gaussian, 5 and 6 Lanczos,
     * 7 Mitchell and Netravali's cubic. The flag widens the last four where the picture shrinks.
     */
    static void methods(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        int method = (int) f.integer(0);
        var sizes = sizes(f, 1);
        f.give(
                switch (method) {
                    case 3 ->
                        product(f, sizes, (unused, from, wanted) -> {
                            var weights = new double[wanted * from];
                            double scale = (double) from / wanted;
                            for (int i = 0; i < wanted; i++) {
                                for (int k = (int) Math.floor(i * scale); k < Math.ceil((i + 1) * scale); k++) {
                                    double share = Math.min((i + 1) * scale, k + 1) - Math.max(i * scale, k);
                                    weights[i * from + Math.min(from - 1, k)] += share / scale;
                                }
                            }
                            return weights;
                        });
                    case 2 ->
                        product(
                                f,
                                sizes,
                                (unused, from, wanted) -> sampled(from, wanted, 2, x -> cubic(x, -0.5), false));
                    case 4 ->
                        product(
                                f,
                                sizes,
                                (unused, from, wanted) ->
                                        sampled(from, wanted, 1.5, x -> Math.exp(-x * x / 0.5), flag(op, 1)));
                    case 5 ->
                        product(
                                f,
                                sizes,
                                (unused, from, wanted) -> sampled(from, wanted, 3, x -> lanczos(x, 3), flag(op, 1)));
                    case 6 ->
                        product(
                                f,
                                sizes,
                                (unused, from, wanted) -> sampled(from, wanted, 5, x -> lanczos(x, 5), flag(op, 1)));
                    case 7 ->
                        product(
                                f,
                                sizes,
                                (unused, from, wanted) ->
                                        sampled(from, wanted, 2, ResizeLowerings::mitchell, flag(op, 1)));
                    default -> throw new NotCovered("methods 0 to 7 are known, got " + method);
                });
    }

    private static double lanczos(double distance, int lobes) {
        double x = Math.abs(distance);
        if (x > lobes) {
            return 0;
        }
        return x < 1e-3
                ? 1
                : lobes * Math.sin(Math.PI * x) * Math.sin(Math.PI * x / lobes) / (Math.PI * Math.PI * x * x);
    }

    private static double mitchell(double distance) {
        double x = Math.abs(distance);
        if (x >= 2) {
            return 0;
        }
        return x >= 1 ? (((-7.0 / 18) * x + 2) * x - 10.0 / 3) * x + 16.0 / 9 : ((7.0 / 6) * x - 2) * x * x + 8.0 / 9;
    }

    /** Weights of a kernel around each centre, summing to 1 over the elements that there are. */
    private static double[] sampled(int from, int to, double radius, DoubleUnaryOperator kernel, boolean widened) {
        double step = (double) from / to;
        double wide = widened ? Math.max(1, step) : 1;
        var weights = new double[to * from];
        for (int i = 0; i < to; i++) {
            double centre = (i + 0.5) * step;
            double sum = 0;
            for (int k = 0; k < from; k++) {
                double distance = (k + 0.5 - centre) / wide;
                double weight = Math.abs(distance) < radius ? kernel.applyAsDouble(distance) : 0;
                weights[i * from + k] = weight;
                sum += weight;
            }
            for (int k = 0; k < from; k++) {
                weights[i * from + k] /= sum;
            }
        }
        return weights;
    }

    /**
     * Inputs: pictures, boxes [boxes, 4] as y1, x1, y2, x2 from 0 to 1, the picture of each, height and width of the
     * result; 0 for bilinear, 1 for nearest; what stands outside. The weights of all rows and columns are matrices, so
     * that pictures of any size are cut by products.
     */
    private static void crop(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var sizes = to.constant(op, 3, "the size").cast(ValueType.INT64).longs();
        boolean nearest = !op.ints().isEmpty() && f.integer(0) == 1;
        double outside = op.reals().isEmpty() ? 0 : f.real(0);
        var boxes = to.cast(op, to.in(op, 1), ValueType.FLOAT32);
        var corners = f.split(boxes, 1, 4); // [B, 1] each
        var x = to.cast(op, to.in(op, 0), ValueType.FLOAT32);
        var chosen = f.apply(
                "Gather", Map.of("axis", smalti.exporter.graph.Attribute.of(0L)), x, to.in(op, 2)); // [B, H, W, C]
        var shape = f.shape(chosen);
        var rows = along(f, corners.get(0), corners.get(2), f.slice(shape, 0, 1, 2), (int) sizes[0]);
        var columns = along(f, corners.get(1), corners.get(3), f.slice(shape, 0, 2, 3), (int) sizes[1]);
        var flat = f.concat(0, List.of(f.slice(shape, 0, 0, 2), f.longs(-1)));
        var ofRows = f.matmul(weights(f, rows, f.slice(shape, 0, 1, 2), nearest), f.apply("Reshape", chosen, flat));
        var back = f.concat(0, List.of(f.longs(0, sizes[0]), f.slice(shape, 0, 2, 4)));
        var cut = f.matmul(
                f.unsqueeze(weights(f, columns, f.slice(shape, 0, 2, 3), nearest), 1),
                f.apply("Reshape", ofRows, back)); // [B, h, w, C]
        var seen = f.apply(
                "And",
                f.unsqueeze(within(f, rows, f.slice(shape, 0, 1, 2)), 2, 3),
                f.unsqueeze(within(f, columns, f.slice(shape, 0, 2, 3)), 1, 3));
        f.give(f.where(seen, cut, f.number(cut, outside)));
    }

    /** [boxes, count]: where the elements of the result stand on an axis of that size. */
    private static Piece along(Formula f, Piece low, Piece high, Piece size, int count) {
        var last = f.sub(f.to().cast(f.op(), size, ValueType.FLOAT32), f.constant(Tensor.of(new float[] {1}, 1)));
        var shares = new float[count];
        for (int i = 0; i < count; i++) {
            shares[i] = count > 1 ? (float) i / (count - 1) : 0.5f;
        }
        var share = f.constant(Tensor.of(shares, 1, count));
        return f.mul(f.add(low, f.mul(f.sub(high, low), share)), last);
    }

    private static Piece within(Formula f, Piece places, Piece size) {
        var last = f.sub(f.to().cast(f.op(), size, ValueType.FLOAT32), f.constant(Tensor.of(new float[] {1}, 1)));
        return f.apply("And", f.atLeast(places, 0), f.apply("LessOrEqual", places, last));
    }

    /** [boxes, count, size] out of places [boxes, count]. */
    private static Piece weights(Formula f, Piece places, Piece size, boolean nearest) {
        var elements = f.to().make(
                        f.op(),
                        ValueType.INT64,
                        "Range",
                        Map.of(),
                        f.to().number(f.op(), ValueType.INT64, 0),
                        f.squeeze(size, 0),
                        f.to().number(f.op(), ValueType.INT64, 1));
        var numbers = f.to().cast(f.op(), elements, ValueType.FLOAT32);
        var at = nearest ? f.apply("Floor", f.add(places, 0.5)) : places;
        var distance = f.abs(f.sub(f.unsqueeze(at, 2), f.unsqueeze(numbers, 0, 1)));
        return f.max(f.sub(1, distance), 0);
    }
}
