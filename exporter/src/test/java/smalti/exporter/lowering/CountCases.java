package smalti.exporter.lowering;

import static smalti.exporter.lowering.Cases.ints;
import static smalti.exporter.lowering.Cases.many;
import static smalti.exporter.lowering.Cases.named;
import static smalti.exporter.lowering.Cases.numbered;
import static smalti.exporter.lowering.Cases.one;
import static smalti.exporter.lowering.OpCases.PICTURES;
import static smalti.exporter.lowering.OpCases.get;
import static smalti.exporter.lowering.OpCases.spec;
import static smalti.spec.bundle.ElementType.FLOAT32;
import static smalti.spec.bundle.ElementType.FLOAT64;
import static smalti.spec.bundle.ElementType.INT32;
import static smalti.spec.bundle.ElementType.INT64;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.DoublePredicate;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.custom.FusedBatchNorm;
import org.nd4j.linalg.api.ops.impl.image.NonMaxSuppression;
import org.nd4j.linalg.api.ops.impl.image.NonMaxSuppressionV3;
import org.nd4j.linalg.api.ops.impl.reduce.SufficientStatistics;
import org.nd4j.linalg.api.ops.impl.shape.BroadcastDynamicShape;
import org.nd4j.linalg.api.ops.impl.shape.Create;
import org.nd4j.linalg.api.ops.impl.shape.ReductionShape;
import org.nd4j.linalg.api.ops.impl.transforms.HistogramFixedWidth;
import org.nd4j.linalg.api.ops.impl.transforms.custom.LogMatrixDeterminant;
import org.nd4j.linalg.api.ops.random.impl.Linspace;
import org.nd4j.linalg.factory.Nd4j;
import smalti.spec.bundle.TensorSpec;

/** What is counted, chosen, scattered and drawn, and sizes computed. */
final class CountCases {
    private static final float[][] BOXES = {
        {0, 0, 1, 1}, {0, 0.1f, 1, 1.1f}, {0, -0.1f, 1, 0.9f}, {0, 10, 1, 11}, {0, 10.1f, 1, 11.1f}, {0, 100, 1, 101}
    };

    private CountCases() {}

    static Stream<OpCase> all() {
        return Stream.of(
                        counts(),
                        histograms(),
                        statistics(),
                        bits(),
                        boxes(),
                        drawings(),
                        chosen(),
                        scattered(),
                        norms(),
                        sizes())
                .flatMap(cases -> cases);
    }

    private static OpCase mixed(
            String op,
            String label,
            List<TensorSpec> inputs,
            OpCase.Build build,
            Function<Map<String, Doubles>, Doubles> meaning) {
        return new OpCase(op, label, inputs, PICTURES, Map.of(), build, in -> Map.of("y", meaning.apply(in)), 0, null);
    }

    private static Doubles counted(Doubles numbers, Doubles weights, int least, int most) {
        int bins = (int) Arrays.stream(numbers.data).max().orElseThrow() + 1;
        var counts = new Doubles(Math.min(Math.max(bins, least), most));
        for (int i = 0; i < numbers.data.length; i++) {
            if (numbers.data[i] < counts.data.length) {
                counts.data[(int) numbers.data[i]] += weights.data.length == 0 ? 1 : weights.data[i];
            }
        }
        return counts;
    }

    private static Stream<OpCase> counts() {
        var numbers = List.of(spec("x", INT32, "N 3"));
        var weighted = List.of(spec("x", INT32, "N 3"), spec("w", FLOAT32, "N 3"));
        var none = new Doubles(0);
        int many = Integer.MAX_VALUE;
        return Stream.of(
                mixed(
                        "bincount",
                        "plain",
                        numbers,
                        (g, in) -> AnyOp.of("bincount", g, List.of(DataType.INT64), in.apply("x"))
                                .outputVariable()
                                .rename("y"),
                        in -> counted(get(in, "x"), none, 0, many)),
                mixed(
                        "bincount",
                        "bounded by arguments",
                        numbers,
                        (g, in) -> AnyOp.of("bincount", g, List.of(DataType.INT32), in.apply("x"))
                                .ints(2, 5)
                                .outputVariable()
                                .rename("y"),
                        in -> counted(get(in, "x"), none, 2, 5)),
                mixed(
                        "bincount",
                        "bounded by inputs",
                        numbers,
                        (g, in) -> AnyOp.of(
                                        "bincount",
                                        g,
                                        List.of(DataType.INT32),
                                        in.apply("x"),
                                        g.constant(Nd4j.scalar(9)),
                                        g.constant(Nd4j.scalar(12)))
                                .outputVariable()
                                .rename("y"),
                        in -> counted(get(in, "x"), none, 9, 12)),
                mixed(
                        "bincount",
                        "weighted",
                        weighted,
                        (g, in) -> AnyOp.of("bincount", g, List.of(DataType.FLOAT), in.apply("x"), in.apply("w"))
                                .outputVariable()
                                .rename("y"),
                        in -> counted(get(in, "x"), get(in, "w"), 0, many)),
                mixed(
                        "bincount",
                        "weighted and bounded",
                        weighted,
                        (g, in) -> AnyOp.of(
                                        "bincount",
                                        g,
                                        List.of(DataType.FLOAT),
                                        in.apply("x"),
                                        in.apply("w"),
                                        g.constant(Nd4j.scalar(1)),
                                        g.constant(Nd4j.scalar(4)))
                                .outputVariable()
                                .rename("y"),
                        in -> counted(get(in, "x"), get(in, "w"), 1, 4)));
    }

    private static OpCase histogram(String label, double low, double high, int bins) {
        return one(
                "histogram_fixed_width",
                label,
                "N 3 h",
                (g, x) -> new HistogramFixedWidth(
                                g,
                                x,
                                g.constant(Nd4j.createFromArray(low, high).castTo(x.dataType())),
                                g.constant(Nd4j.scalar(bins)))
                        .outputVariable(),
                x -> {
                    var counts = new Doubles(bins);
                    for (double value : x.data) {
                        double bin = Math.floor((value - low) / (high - low) * bins);
                        counts.data[(int) Math.max(0, Math.min(bins - 1, bin))]++;
                    }
                    return counts;
                });
    }

    private static Stream<OpCase> histograms() {
        return Stream.of(
                        histogram("five bins", -1.1, 1.3, 5).of(FLOAT32, FLOAT64),
                        histogram("many bins", -2.05, 1.97, 256).of(FLOAT32),
                        histogram("spread", -1, 30, 5)
                                .domain("x", x -> 6 * x - 3)
                                .of(INT32, INT64),
                        histogram("more bins than numbers", 0, 3, 5).of(INT32, INT64))
                .flatMap(List::stream);
    }

    private static List<Doubles> summed(Doubles x, int[] axes) {
        double count = Arrays.stream(axes).map(axis -> x.shape[axis]).reduce(1, (a, b) -> a * b);
        return List.of(
                Doubles.scalar(count),
                x.reduced(false, all -> Arrays.stream(all).sum(), axes),
                x.reduced(false, all -> Arrays.stream(all).map(v -> v * v).sum(), axes));
    }

    private static Stream<OpCase> statistics() {
        return Stream.of(
                        many(
                                "sufficient_statistics",
                                "two axes",
                                "N 3 h",
                                (g, x) -> new SufficientStatistics(g, x, ints(g, 0, 2), null).outputVariables(),
                                x -> summed(x, new int[] {0, 2})),
                        many(
                                        "sufficient_statistics",
                                        "shifted",
                                        "N 3",
                                        (g, x) -> new SufficientStatistics(
                                                        g,
                                                        x,
                                                        ints(g, -1),
                                                        g.constant(
                                                                Nd4j.scalar(1.5).castTo(x.dataType())))
                                                .outputVariables(),
                                        x -> summed(x.map(v -> v - 1.5), new int[] {1}))
                                .sameDiffIsWrong("it sums without the shift"))
                .flatMap(useCase -> useCase.of(FLOAT32, FLOAT64).stream());
    }

    private static Stream<OpCase> bits() {
        return one(
                "compare_and_bitpack",
                "two bytes",
                "N 16",
                (g, x) -> AnyOp.of(
                                "compare_and_bitpack",
                                g,
                                List.of(DataType.UINT8),
                                x,
                                g.constant(Nd4j.scalar(0.25).castTo(x.dataType())))
                        .outputVariable(),
                x -> Doubles.filled(new int[] {x.shape[0], 2}, at -> {
                    double bits = 0;
                    for (int i = 0; i < 8; i++) {
                        bits = 2 * bits + (x.at(at[0], 8 * at[1] + i) > 0.25 ? 1 : 0);
                    }
                    return bits;
                }))
                .of(FLOAT32, FLOAT64)
                .stream();
    }

    private static double overlap(float[] a, float[] b) {
        double height = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]));
        double width = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
        double areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]);
        return height * width / (areas - height * width);
    }

    private static Doubles kept(Doubles scores, int most, double overlap, double least) {
        var kept = new ArrayList<Integer>();
        IntStream.range(0, BOXES.length)
                .boxed()
                .filter(i -> scores.at(i) > least)
                .sorted((i, j) -> Double.compare(scores.at(j), scores.at(i)))
                .forEach(i -> {
                    if (kept.size() < most && kept.stream().allMatch(j -> overlap(BOXES[i], BOXES[j]) <= overlap)) {
                        kept.add(i);
                    }
                });
        return Doubles.of(kept.stream().mapToDouble(i -> i).toArray());
    }

    private static OpCase filledUp(String label, int most, double overlap, double least) {
        return one(
                        "non_max_suppression",
                        label,
                        "6",
                        (g, x) -> new NonMaxSuppression(
                                        g, g.constant(Nd4j.createFromArray(BOXES)), x, most, overlap, least)
                                .outputVariable(),
                        x -> kept(x, most, overlap, least))
                .sameDiffIsWrong("it fills up with zeros what it does not choose");
    }

    private static Stream<OpCase> boxes() {
        return Stream.of(
                filledUp("little overlap", 6, 0.1, -10),
                one(
                        "non_max_suppression_v3",
                        "two",
                        "6",
                        (g, x) -> suppressed(g, x, 2, 0.5, -10),
                        x -> kept(x, 2, 0.5, -10)),
                one(
                        "non_max_suppression_v3",
                        "all above a score",
                        "6",
                        (g, x) -> suppressed(g, x, 10, 0.85, -0.5),
                        x -> kept(x, 10, 0.85, -0.5)),
                one(
                                "non_max_suppression",
                                "all above a score",
                                "6",
                                (g, x) -> new NonMaxSuppression(
                                                g, g.constant(Nd4j.createFromArray(BOXES)), x, 10, 0.5, -10)
                                        .outputVariable(),
                                x -> kept(x, 10, 0.5, -10))
                        .sameDiffIsWrong("it fills up with zeros what it does not choose"));
    }

    private static SDVariable suppressed(SameDiff g, SDVariable scores, int most, double overlap, double least) {
        return new NonMaxSuppressionV3(
                        g,
                        g.constant(Nd4j.createFromArray(BOXES)),
                        scores,
                        g.constant(Nd4j.scalar(most)),
                        g.constant(Nd4j.scalar((float) overlap)),
                        g.constant(Nd4j.scalar((float) least)))
                .outputVariable();
    }

    /**
     * Three boxes each: shares of the picture from normal numbers.
     *
     * @param spread of the corners around those given
     */
    private static OpCase drawing(
            String label, float[][] colors, int height, int width, double spread, float... around) {
        int channels = colors[0].length;
        return mixed(
                "draw_bounding_boxes",
                label,
                List.of(spec("x", FLOAT32, "N " + height + " " + width + " " + channels), spec("b", FLOAT32, "N 3 4")),
                (g, in) -> AnyOp.like(
                                "draw_bounding_boxes",
                                g,
                                in.apply("x"),
                                g.math.tanh(in.apply("b"))
                                        .mul(g.constant(Nd4j.scalar((float) spread)))
                                        .add(g.constant(
                                                Nd4j.createFromArray(around).reshape(1, 1, 4))),
                                g.constant(Nd4j.createFromArray(colors)))
                        .outputVariable()
                        .rename("y"),
                in -> {
                    var x = get(in, "x");
                    var drawn = x.map(v -> v);
                    for (int n = 0; n < x.shape[0]; n++) {
                        for (int box = 0; box < 3; box++) {
                            var ends = new int[4];
                            for (int i = 0; i < 4; i++) {
                                double share = Math.tanh(get(in, "b").at(n, box, i)) * spread + around[i];
                                ends[i] = (int) (share * ((i % 2 == 0 ? height : width) - 1));
                            }
                            for (int row = Math.max(0, ends[0]); row <= Math.min(height - 1, ends[2]); row++) {
                                for (int column = Math.max(0, ends[1]);
                                        column <= Math.min(width - 1, ends[3]);
                                        column++) {
                                    boolean edge =
                                            row == ends[0] || row == ends[2] || column == ends[1] || column == ends[3];
                                    for (int c = 0; edge && c < channels; c++) {
                                        drawn.data[((n * height + row) * width + column) * channels + c] =
                                                colors[box % colors.length][c];
                                    }
                                }
                            }
                        }
                    }
                    return drawn;
                });
    }

    private static Stream<OpCase> drawings() {
        var colors = new float[][] {{9, 8, 7}, {-5, -6, -7}};
        return Stream.of(
                drawing("two colours", colors, 6, 9, 0.25, 0.25f, 0.25f, 0.75f, 0.75f),
                drawing("grey, one colour", new float[][] {{3}}, 8, 5, 0.25, 0.25f, 0.25f, 0.75f, 0.75f),
                drawing("some inverted", colors, 7, 7, 0.5, 0.5f, 0.5f, 0.5f, 0.5f),
                drawing("all inverted", colors, 6, 9, 0.2, 0.75f, 0.25f, 0.25f, 0.75f),
                drawing("partly outside", colors, 6, 9, 0.5, -0.1f, 0.4f, 0.6f, 1.2f),
                drawing("wholly outside", colors, 6, 9, 0.1, 1.3f, 1.3f, 1.7f, 1.7f));
    }

    private static Stream<OpCase> chosen() {
        var conditions = Map.<Integer, DoublePredicate>of(
                0, v -> v == 2,
                1, v -> v != 2,
                2, v -> v < 2,
                3, v -> v > 2,
                4, v -> v <= 2,
                5, v -> v >= 2);
        return conditions.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .flatMap(condition -> Stream.of(true, false)
                        .map(byInput -> new OpCase(
                                "choose",
                                "condition " + condition.getKey() + (byInput ? " of an input" : ""),
                                List.of(spec("x", FLOAT32, "N 3 h")),
                                PICTURES,
                                Map.of("x", x -> Math.rint(2 * x)),
                                (g, in) -> {
                                    var types = List.of(DataType.FLOAT, DataType.INT32);
                                    var x = in.apply("x");
                                    var op = byInput
                                            ? AnyOp.of("choose", g, types, x, g.constant(Nd4j.scalar(2f)))
                                            : AnyOp.of("choose", g, types, x).reals(2);
                                    return named(op.ints(condition.getKey()).outputVariables());
                                },
                                in -> {
                                    var met = Arrays.stream(get(in, "x").data)
                                            .filter(condition.getValue())
                                            .toArray();
                                    return numbered(List.of(Doubles.of(met), Doubles.scalar(met.length)));
                                },
                                0,
                                null)));
    }

    private static Stream<OpCase> scattered() {
        return Stream.of(
                        one(
                                        "scatter_nd",
                                        "rows, apart",
                                        "2 3",
                                        (g, x) -> AnyOp.of(
                                                        "scatter_nd",
                                                        g,
                                                        List.of(x.dataType()),
                                                        g.constant(Nd4j.createFromArray(new int[][] {{3}, {1}})),
                                                        x,
                                                        ints(g, 5, 3))
                                                .outputVariable(),
                                        x -> Doubles.filled(
                                                new int[] {5, 3},
                                                at -> at[0] == 3 ? x.at(0, at[1]) : at[0] == 1 ? x.at(1, at[1]) : 0.0))
                                .of(FLOAT32, FLOAT64),
                        one(
                                        "scatter_nd",
                                        "elements that meet",
                                        "3",
                                        (g, x) -> AnyOp.of(
                                                        "scatter_nd",
                                                        g,
                                                        List.of(x.dataType()),
                                                        g.constant(Nd4j.createFromArray(
                                                                new int[][] {{1, 2}, {0, 1}, {1, 2}})),
                                                        x,
                                                        ints(g, 2, 4))
                                                .outputVariable(),
                                        x -> Doubles.filled(
                                                new int[] {2, 4},
                                                at -> at[0] == 1 && at[1] == 2
                                                        ? x.at(0) + x.at(2)
                                                        : at[0] == 0 && at[1] == 1 ? x.at(1) : 0.0))
                                .since(16)
                                .of(FLOAT32, FLOAT64),
                        one(
                                        "compat_sparse_to_dense",
                                        "on a ground",
                                        "2",
                                        (g, x) -> AnyOp.of(
                                                        "compat_sparse_to_dense",
                                                        g,
                                                        List.of(x.dataType()),
                                                        g.constant(Nd4j.createFromArray(new int[][] {{0, 1}, {2, 3}})),
                                                        ints(g, 3, 4),
                                                        x,
                                                        g.constant(
                                                                Nd4j.scalar(7).castTo(x.dataType())))
                                                .outputVariable(),
                                        x -> Doubles.filled(
                                                new int[] {3, 4},
                                                at -> at[0] == 0 && at[1] == 1
                                                        ? x.at(0)
                                                        : at[0] == 2 && at[1] == 3 ? x.at(1) : 7.0))
                                .of(FLOAT32, INT32))
                .flatMap(List::stream);
    }

    private static Stream<OpCase> norms() {
        double[] scale = {1, 0.5, -2};
        double[] offset = {0.25, 0, 3};
        double[] mean = {0.5, -0.25, 0};
        double[] variance = {1, 0.5, 2};
        return Stream.of(
                many(
                                "fused_batch_norm",
                                "of the batch, channels last",
                                "N h 4 3",
                                (g, x) -> new FusedBatchNorm(g, x, floats(g, scale), floats(g, offset), 0, 1)
                                        .outputVariables(),
                                x -> {
                                    int count = x.data.length / 3;
                                    var m = x.reduced(
                                            false, all -> Arrays.stream(all).sum() / count, 0, 1, 2);
                                    var d = x.with(m, (a, b) -> a - b);
                                    var v = d.reduced(
                                            false,
                                            all -> Arrays.stream(all)
                                                            .map(a -> a * a)
                                                            .sum()
                                                    / count,
                                            0,
                                            1,
                                            2);
                                    var y = d.with(v, (a, b) -> a / Math.sqrt(b + 0.001))
                                            .with(Doubles.of(scale), (a, b) -> a * b)
                                            .with(Doubles.of(offset), Double::sum);
                                    return List.of(y, m, v.map(a -> a * count / (count - 1)));
                                })
                        .within(1e-5),
                one(
                        "fused_batch_norm",
                        "given, channels first",
                        "N 3 h w",
                        (g, x) -> AnyOp.of(
                                        "fused_batch_norm",
                                        g,
                                        List.of(DataType.FLOAT, DataType.FLOAT, DataType.FLOAT),
                                        x,
                                        floats(g, scale),
                                        floats(g, offset),
                                        floats(g, mean),
                                        floats(g, variance))
                                .ints(1, 0)
                                .reals(0.01)
                                .outputVariables()[0],
                        x -> Doubles.filled(
                                x.shape,
                                at -> (x.at(at) - mean[at[1]]) / Math.sqrt(variance[at[1]] + 0.01) * scale[at[1]]
                                        + offset[at[1]])));
    }

    private static SDVariable floats(SameDiff graph, double... values) {
        return graph.constant(Nd4j.createFromArray(values).castTo(DataType.FLOAT));
    }

    private static OpCase reductionShape(boolean keep) {
        return mixed(
                "evaluate_reduction_shape",
                "kept " + keep,
                List.of(spec("x", INT64, "4")),
                (g, in) -> new ReductionShape(g, in.apply("x"), g.constant(Nd4j.createFromArray(1L, -1L)), keep)
                        .outputVariable()
                        .rename("y"),
                in -> {
                    var x = get(in, "x");
                    return keep ? Doubles.of(x.at(0), 1, x.at(2), 1) : Doubles.of(x.at(0), x.at(2));
                });
    }

    private static Stream<OpCase> sizes() {
        return Stream.of(
                        List.of(reductionShape(true), reductionShape(false)),
                        List.of(mixed(
                                        "broadcast_dynamic_shape",
                                        "the second longer",
                                        List.of(spec("x", INT64, "1"), spec("z", INT64, "3")),
                                        (g, in) -> new BroadcastDynamicShape(g, in.apply("x"), in.apply("z"))
                                                .outputVariable()
                                                .rename("y"),
                                        in -> Doubles.joined(0, Doubles.of(1, 1), get(in, "x"))
                                                .with(get(in, "z"), Math::max))
                                .domain("x", x -> x % 2 == 0 ? 1 : 4)
                                .domain("z", x -> x % 2 == 0 ? 4 : 1)),
                        List.of(mixed(
                                        "broadcast_dynamic_shape",
                                        "two ranks",
                                        List.of(spec("x", INT32, "4"), spec("z", INT32, "2")),
                                        (g, in) -> new BroadcastDynamicShape(g, in.apply("x"), in.apply("z"))
                                                .outputVariable()
                                                .rename("y"),
                                        in -> Doubles.joined(0, Doubles.of(1, 1), get(in, "z"))
                                                .with(get(in, "x"), Math::max))
                                .domain("x", x -> x % 2 == 0 ? 1 : 5)
                                .domain("z", x -> x % 2 == 0 ? 5 : 1)),
                        one(
                                        "create",
                                        "zeros",
                                        "2 3",
                                        (g, x) -> new Create(g, ints(g, 2, 3), x.dataType(), "c", true)
                                                .outputVariable()
                                                .add(x),
                                        x -> x)
                                .of(FLOAT32),
                        one(
                                        "create",
                                        "zeros, added with broadcasting",
                                        "4",
                                        (g, x) -> new Create(g, ints(g, 5, 1, 4), x.dataType(), "c", true)
                                                .outputVariable()
                                                .add(x),
                                        x -> Doubles.filled(new int[] {5, 1, 4}, at -> x.at(at[2])))
                                .of(FLOAT32),
                        List.of(one(
                                "linspace_random",
                                "seven, downwards",
                                "7",
                                (g, x) -> new Linspace(g, 2.5, -0.5, 7)
                                        .outputVariable()
                                        .add(x),
                                x -> x.with(Doubles.of(2.5, 2, 1.5, 1, 0.5, 0, -0.5), Double::sum))),
                        List.of(one(
                                "linspace_random",
                                "four",
                                "4",
                                (g, x) -> new Linspace(g, -1, 5, 4)
                                        .outputVariable()
                                        .add(x),
                                x -> x.with(Doubles.of(-1, 1, 3, 5), Double::sum))),
                        one(
                                        "zeros_like",
                                        "",
                                        "N 3",
                                        (g, x) -> AnyOp.like("zeros_like", g, x).outputVariable(),
                                        x -> x.map(v -> 0))
                                .of(FLOAT32, FLOAT64, INT32),
                        one(
                                        "log_matrix_determinant",
                                        "of either sign",
                                        "N 2 2",
                                        (g, x) -> new LogMatrixDeterminant(g, x, false).outputVariable(),
                                        x -> Doubles.filled(
                                                new int[] {x.shape[0]},
                                                at -> Math.log(Math.abs(x.at(at[0], 0, 0) * x.at(at[0], 1, 1)
                                                        - x.at(at[0], 0, 1) * x.at(at[0], 1, 0)))))
                                .within(1e-4)
                                .of(FLOAT32),
                        one(
                                        "log_matrix_determinant",
                                        "of three rows, in two axes",
                                        "N 2 3 3",
                                        (g, x) -> new LogMatrixDeterminant(g, x, false).outputVariable(),
                                        x -> Doubles.filled(new int[] {x.shape[0], 2}, at -> {
                                            double sum = 0;
                                            for (int i = 0; i < 3; i++) {
                                                int j = (i + 1) % 3;
                                                int k = (i + 2) % 3;
                                                sum += x.at(at[0], at[1], 0, i)
                                                        * (x.at(at[0], at[1], 1, j) * x.at(at[0], at[1], 2, k)
                                                                - x.at(at[0], at[1], 1, k) * x.at(at[0], at[1], 2, j));
                                            }
                                            return Math.log(Math.abs(sum));
                                        }))
                                .within(1e-4)
                                .of(FLOAT32))
                .flatMap(List::stream);
    }
}
