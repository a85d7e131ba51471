package smalti.exporter.lowering;

import static smalti.exporter.lowering.NonlinearityCases.cast;
import static smalti.exporter.lowering.NonlinearityCases.made;
import static smalti.exporter.lowering.NonlinearityCases.use;
import static smalti.exporter.lowering.OpCases.array;
import static smalti.exporter.lowering.OpCases.constant;
import static smalti.exporter.lowering.OpCases.doubles;
import static smalti.exporter.lowering.OpCases.get;
import static smalti.spec.bundle.ElementType.FLOAT16;
import static smalti.spec.bundle.ElementType.FLOAT32;
import static smalti.spec.bundle.ElementType.FLOAT64;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.enums.WeightsFormat;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.convolution.DeConv2DTF;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv1DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv3DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.DeConv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.DeConv3DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Pooling2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Pooling3DConfig;
import org.nd4j.linalg.api.ops.impl.transforms.custom.Dilation2D;

/** What windows over pictures mean: pooling, and convolutions of any number of axes, in any layout and padding. */
final class PoolingCases {
    private PoolingCases() {}

    static Stream<OpCase> all() {
        return Stream.of(
                        pools(),
                        patches(),
                        columns(),
                        dilations(),
                        turnedBack(),
                        pictures(),
                        volumes(),
                        lines(),
                        perChannel(),
                        wideners(),
                        calculatedWeights())
                .flatMap(cases -> cases);
    }

    /** To N C …, whatever the layout. */
    private static Doubles first(Doubles x, boolean last) {
        int rank = x.shape.length;
        return last
                ? x.permuted(IntStream.range(0, rank)
                        .map(axis -> axis == 0 ? 0 : axis == 1 ? rank - 1 : axis - 1)
                        .toArray())
                : x;
    }

    private static Doubles back(Doubles x, boolean last) {
        int rank = x.shape.length;
        return last
                ? x.permuted(IntStream.range(0, rank)
                        .map(axis -> axis == 0 ? 0 : axis == rank - 1 ? 1 : axis + 1)
                        .toArray())
                : x;
    }

    /** What comes of a window at one place: its elements and where each lies in it; NaN outside. */
    @FunctionalInterface
    private interface Pool {
        double of(double[] elements);
    }

    /** @param x channels first */
    private static Doubles pooled(Doubles x, int[] kernel, int[] strides, int[] pads, boolean same, Pool pool) {
        int axes = kernel.length;
        var shape = x.shape.clone();
        var front = pads.clone();
        for (int axis = 0; axis < axes; axis++) {
            int size = x.shape[axis + 2];
            if (same) {
                shape[axis + 2] = (size + strides[axis] - 1) / strides[axis];
                front[axis] = Math.max(0, (shape[axis + 2] - 1) * strides[axis] + kernel[axis] - size) / 2;
            } else {
                shape[axis + 2] = (size + 2 * pads[axis] - kernel[axis]) / strides[axis] + 1;
            }
        }
        int places = Arrays.stream(kernel).reduce(1, (a, b) -> a * b);
        return Doubles.filled(shape, at -> {
            var elements = new double[places];
            for (int i = 0; i < places; i++) {
                var inside = NormalizationCases.place(kernel, i);
                var from = at.clone();
                boolean there = true;
                for (int axis = 0; axis < axes; axis++) {
                    from[axis + 2] = at[axis + 2] * strides[axis] - front[axis] + inside[axis];
                    there &= from[axis + 2] >= 0 && from[axis + 2] < x.shape[axis + 2];
                }
                elements[i] = there ? x.at(from) : Double.NaN;
            }
            return pool.of(elements);
        });
    }

    private static double most(double[] elements) {
        return Arrays.stream(elements).filter(x -> !Double.isNaN(x)).max().orElseThrow();
    }

    private static double mean(double[] elements) {
        return Arrays.stream(elements).filter(x -> !Double.isNaN(x)).average().orElseThrow();
    }

    private static Stream<OpCase> pool2(
            String op,
            String shape,
            int kernel,
            int stride,
            int pad,
            boolean same,
            boolean last,
            double extra,
            Pool pool) {
        var config = Pooling2DConfig.builder()
                .kH(kernel)
                .kW(kernel)
                .sH(stride)
                .sW(stride)
                .pH(pad)
                .pW(pad)
                .extra(extra)
                .isNHWC(last)
                .paddingMode(same ? PaddingMode.SAME : PaddingMode.VALID)
                .build();
        return use(
                op,
                shape + " kernel " + kernel + " stride " + stride + " pad " + pad + " same " + same + " extra " + extra,
                shape,
                (graph, in) -> op.startsWith("max")
                        ? graph.cnn.maxPooling2d("y", in.apply("x"), config)
                        : graph.cnn.avgPooling2d("y", in.apply("x"), config),
                in -> back(
                        pooled(
                                first(get(in, "x"), last),
                                new int[] {kernel, kernel},
                                new int[] {stride, stride},
                                new int[] {pad, pad},
                                same,
                                pool),
                        last))
                .of(FLOAT32, FLOAT16)
                .stream();
    }

    private static Stream<OpCase> pools() {
        var cube = Pooling3DConfig.builder()
                .kD(2)
                .kH(2)
                .kW(2)
                .sD(2)
                .sH(2)
                .sW(2)
                .dD(1)
                .dH(1)
                .dW(1)
                .isNCDHW(true)
                .build();
        int[] two = {2, 2, 2};
        int[] none = {0, 0, 0};
        return Stream.of(
                        pool2("maxpool2d", "N 3 2*h 2*w", 2, 2, 0, false, false, 0, PoolingCases::most),
                        pool2("maxpool2d", "N 3 2*h 2*w", 3, 2, 1, false, false, 0, PoolingCases::most),
                        pool2("maxpool2d", "N h w 3", 3, 2, 0, true, true, 0, PoolingCases::most),
                        pool2("maxpool2d", "N 3 7 6", 3, 2, 0, true, false, 0, PoolingCases::most),
                        pool2("maxpool2d", "N 3 h w", 2, 1, 0, true, false, 0, PoolingCases::most),
                        pool2("avgpool2d", "N 3 2*h 2*w", 2, 2, 0, false, false, 0, PoolingCases::mean),
                        pool2("avgpool2d", "N 3 2*h 2*w", 3, 2, 1, false, false, 0, PoolingCases::mean),
                        pool2("avgpool2d", "N h w 3", 3, 2, 0, true, true, 0, PoolingCases::mean),
                        pool2("avgpool2d", "N 3 7 6", 3, 2, 0, true, false, 0, PoolingCases::mean),
                        use(
                                "maxpool3dnew",
                                "",
                                "N 2 2*h 2*w 4",
                                (graph, in) -> graph.cnn.maxPooling3d("y", in.apply("x"), cube),
                                in -> pooled(get(in, "x"), two, two, none, false, PoolingCases::most))
                                .of(FLOAT32, FLOAT16)
                                .stream(),
                        use(
                                "avgpool3dnew",
                                "",
                                "N 2 2*h 2*w 4",
                                (graph, in) -> graph.cnn.avgPooling3d("y", in.apply("x"), cube),
                                in -> pooled(get(in, "x"), two, two, none, false, PoolingCases::mean))
                                .of(FLOAT32, FLOAT16)
                                .stream())
                .flatMap(cases -> cases);
    }

    private static Stream<OpCase> patches() {
        var config = Conv2DConfig.builder().kH(2).kW(3).build();
        return Stream.of(
                        use(
                                "im2col",
                                "",
                                "N 3 5 6",
                                (graph, in) -> graph.cnn.im2Col("y", in.apply("x"), config),
                                in -> Doubles.filled(
                                        new int[] {get(in, "x").shape[0], 3, 2, 3, 4, 4},
                                        at -> get(in, "x").at(at[0], at[1], at[4] + at[2], at[5] + at[3]))),
                        use(
                                "extract_image_patches",
                                "inside",
                                "N 5 6 3",
                                (graph, in) -> graph.image.extractImagePatches(
                                        "y",
                                        in.apply("x"),
                                        new int[] {2, 2},
                                        new int[] {1, 1},
                                        new int[] {1, 1},
                                        false),
                                in -> Doubles.filled(
                                        new int[] {get(in, "x").shape[0], 4, 5, 12},
                                        at -> get(in, "x")
                                                .at(at[0], at[1] + at[3] / 6, at[2] + at[3] / 3 % 2, at[3] % 3))))
                .flatMap(useCase -> useCase.of(FLOAT32).stream());
    }

    /** Every element of every window to its place, by its definition. */
    private static OpCase column(String label, int strideH, int strideW, int pad, int height, int width, int dilation) {
        return use(
                "col2im",
                label,
                "N 2 2 3 3 4",
                (graph, in) -> AnyOp.like("col2im", graph, in.apply("x"))
                        .ints(strideH, strideW, pad, pad, height, width, dilation, dilation, 0)
                        .outputVariable()
                        .rename("y"),
                in -> {
                    var x = get(in, "x");
                    var sum = new Doubles(x.shape[0], 2, height, width);
                    for (int i = 0; i < x.data.length; i++) {
                        int column = i % 4 * strideW + i / 12 % 3 * dilation - pad;
                        int row = i / 4 % 3 * strideH + i / 36 % 2 * dilation - pad;
                        if (row >= 0 && row < height && column >= 0 && column < width) {
                            sum.data[(i / 72 * height + row) * width + column] += x.data[i];
                        }
                    }
                    return sum;
                });
    }

    private static Stream<OpCase> columns() {
        return Stream.of(
                column("plain", 1, 1, 0, 4, 6, 1),
                column("strides and pads", 2, 2, 1, 4, 7, 1),
                column("not to the end", 2, 3, 0, 7, 13, 1),
                column("dilated", 1, 2, 0, 5, 11, 2));
    }

    private static OpCase dilation(String label, String shape, boolean same, int stride, int rate) {
        var kernel = array(2, 3, 2);
        return use(
                "dilation2d",
                label,
                shape,
                (graph, in) -> made(new Dilation2D(
                        graph,
                        in.apply("x"),
                        constant(graph, kernel.castTo(in.apply("x").dataType())),
                        new int[] {1, stride, stride, 1},
                        new int[] {1, rate, rate, 1},
                        same)),
                in -> {
                    var x = get(in, "x");
                    var sizes = x.shape.clone();
                    var front = new int[3];
                    for (int axis = 1; axis <= 2; axis++) {
                        int span = axis * rate + 1; // of kernels of 2 and 3
                        sizes[axis] =
                                same ? (x.shape[axis] + stride - 1) / stride : (x.shape[axis] - span) / stride + 1;
                        front[axis] = same ? Math.max(0, (sizes[axis] - 1) * stride + span - x.shape[axis]) / 2 : 0;
                    }
                    return Doubles.filled(sizes, at -> {
                        double most = Double.NEGATIVE_INFINITY;
                        for (int i = 0; i < 2; i++) {
                            for (int j = 0; j < 3; j++) {
                                int row = at[1] * stride + i * rate - front[1];
                                int column = at[2] * stride + j * rate - front[2];
                                if (row >= 0 && row < x.shape[1] && column >= 0 && column < x.shape[2]) {
                                    most = Math.max(
                                            most, x.at(at[0], row, column, at[3]) + kernel.getDouble(i, j, at[3]));
                                }
                            }
                        }
                        return most;
                    });
                });
    }

    private static Stream<OpCase> dilations() {
        return Stream.of(
                        dilation("inside", "N 5 7 2", false, 1, 1),
                        dilation("inside, dilated, strides of 2", "N 6 8 2", false, 2, 2),
                        dilation("same", "N 2*h 2*w 2", true, 1, 1),
                        dilation("same, strides of 2", "N 2*h 2*w 2", true, 2, 1))
                .flatMap(useCase -> useCase.of(FLOAT32, FLOAT64).stream());
    }

    /** What a convolution takes to one element comes back from it. */
    private static OpCase turnedBack(boolean same, boolean last) {
        var weights = array(3, 2, 5, 2); // [kH, kW, out, in]
        int height = same ? 4 : 6;
        int width = same ? 3 : 4;
        var shape = last ? new int[] {2, height, width, 5} : new int[] {2, 5, height, width};
        var config = DeConv2DConfig.builder()
                .kH(3)
                .kW(2)
                .isSameMode(same)
                .dataFormat(last ? "NHWC" : "NCHW")
                .build();
        return use(
                "deconv2d_tf",
                (same ? "same" : "whole") + (last ? ", channels last" : ""),
                last ? "2 4 3 2" : "2 2 4 3",
                (graph, in) -> made(new DeConv2DTF(
                        graph,
                        new SDVariable[] {Cases.ints(graph, shape), constant(graph, weights), in.apply("x")},
                        config)),
                in -> {
                    var x = first(get(in, "x"), last);
                    var sum = new Doubles(2, 5, height, width);
                    for (int n = 0; n < 2; n++) {
                        for (int c = 0; c < 5; c++) {
                            for (int row = 0; row < 4; row++) {
                                for (int column = 0; column < 3; column++) {
                                    for (int k = 0; k < 12; k++) {
                                        int y = row + k / 4 - (same ? 1 : 0);
                                        int z = column + k / 2 % 2;
                                        if (y >= 0 && y < height && z < width) {
                                            sum.data[((n * 5 + c) * height + y) * width + z] += x.at(
                                                            n, k % 2, row, column)
                                                    * weights.getDouble(k / 4, k / 2 % 2, c, k % 2);
                                        }
                                    }
                                }
                            }
                        }
                    }
                    return last ? sum.permuted(0, 2, 3, 1) : sum;
                });
    }

    private static Stream<OpCase> turnedBack() {
        return Stream.of(turnedBack(true, false), turnedBack(false, false), turnedBack(true, true))
                .map(useCase -> useCase.sameDiffIsWrong("it adds up other elements"));
    }

    /**
     * A convolution by its definition.
     *
     * @param x channels first
     * @param w [kernel…, in, out]
     */
    private static Doubles convolved(
            Doubles x, Doubles w, @Nullable Doubles b, int[] strides, int[] front, int[] sizes) {
        int axes = strides.length;
        var kernel = Arrays.copyOf(w.shape, axes);
        int places = Arrays.stream(kernel).reduce(1, (p, q) -> p * q);
        var shape = new int[axes + 2];
        shape[0] = x.shape[0];
        shape[1] = w.shape[axes + 1];
        System.arraycopy(sizes, 0, shape, 2, axes);
        return Doubles.filled(shape, at -> {
            double sum = b == null ? 0 : b.data[at[1]];
            for (int i = 0; i < places; i++) {
                var inside = NormalizationCases.place(kernel, i);
                var from = at.clone();
                var of = Arrays.copyOf(inside, axes + 2);
                of[axes + 1] = at[1];
                for (int axis = 0; axis < axes; axis++) {
                    from[axis + 2] = at[axis + 2] * strides[axis] - front[axis] + inside[axis];
                }
                for (int c = 0; c < x.shape[1]; c++) {
                    from[1] = c;
                    of[axes] = c;
                    sum += w.at(of) * x.padded(from);
                }
            }
            return sum;
        });
    }

    /** With the padding that keeps the size over the stride. */
    private static Doubles same(Doubles x, Doubles w, @Nullable Doubles b, int stride) {
        int axes = w.shape.length - 2;
        var front = new int[axes];
        var sizes = new int[axes];
        for (int axis = 0; axis < axes; axis++) {
            int size = x.shape[axis + 2];
            sizes[axis] = (size + stride - 1) / stride;
            front[axis] = Math.max(0, (sizes[axis] - 1) * stride + w.shape[axis] - size) / 2;
        }
        return convolved(x, w, b, IntStream.generate(() -> stride).limit(axes).toArray(), front, sizes);
    }

    private static Stream<OpCase> convolution(
            String op,
            String label,
            String shape,
            BiFunction<SameDiff, SDVariable, SDVariable> build,
            java.util.function.UnaryOperator<Doubles> reference) {
        return use(
                op,
                label + " " + shape,
                shape,
                (graph, in) -> build.apply(graph, in.apply("x")),
                in -> reference.apply(get(in, "x")))
                .within(5e-6)
                .of(FLOAT32, FLOAT16)
                .stream();
    }

    private static Stream<OpCase> pictures() {
        var cases = Stream.<Stream<OpCase>>builder();
        var weights = array(3, 2, 3, 4);
        var bias = array(4);
        var shapes = new TreeMap<>(Map.of("N 3 h w", false, "N h w 3", true, "N 3 7 6", false));
        shapes.forEach((shape, last) -> {
            for (int stride = 1; stride <= 2; stride++) {
                for (var format : WeightsFormat.values()) {
                    int s = stride;
                    INDArray given = format == WeightsFormat.YXIO
                            ? weights
                            : format == WeightsFormat.OIYX
                                    ? weights.permute(3, 2, 0, 1).dup('c')
                                    : weights.permute(3, 0, 1, 2).dup('c');
                    var config = Conv2DConfig.builder()
                            .kH(3)
                            .kW(2)
                            .sH(s)
                            .sW(s)
                            .paddingMode(PaddingMode.SAME)
                            .weightsFormat(format)
                            .dataFormat(last ? "NHWC" : "NCHW")
                            .build();
                    cases.add(convolution(
                            "conv2d",
                            "same, stride " + s + " " + format,
                            shape,
                            (graph, x) -> graph.cnn.conv2d("y", x, cast(graph, given, x), cast(graph, bias, x), config),
                            x -> back(same(first(x, last), doubles(weights), doubles(bias), s), last)));
                }
            }
        });
        return cases.build().flatMap(useCases -> useCases);
    }

    private static Stream<OpCase> volumes() {
        var weights = array(2, 3, 2, 3, 4);
        var bias = array(4);
        int[] ones = {1, 1, 1};
        var inside =
                Conv3DConfig.builder().kD(2).kH(3).kW(2).dataFormat("NCDHW").build();
        var same = Conv3DConfig.builder()
                .kD(2)
                .kH(3)
                .kW(2)
                .paddingMode(PaddingMode.SAME)
                .dataFormat("NDHWC")
                .build();
        return Stream.of(
                        convolution(
                                "conv3dnew",
                                "inside",
                                "N 3 4 4 4",
                                (graph, x) ->
                                        graph.cnn.conv3d("y", x, cast(graph, weights, x), cast(graph, bias, x), inside),
                                x -> convolved(
                                        x, doubles(weights), doubles(bias), ones, new int[3], new int[] {3, 2, 3})),
                        convolution(
                                "conv3dnew",
                                "same",
                                "N h w 4 3",
                                (graph, x) -> graph.cnn.conv3d("y", x, cast(graph, weights, x), same),
                                x -> back(same(first(x, true), doubles(weights), null, 1), true)))
                .flatMap(cases -> cases);
    }

    private static Stream<OpCase> lines() {
        var weights = array(2, 3, 4);
        var bias = array(4);
        var builders = Map.of("NCW", PaddingMode.SAME, "NWC", PaddingMode.VALID);
        var cases = Stream.<Stream<OpCase>>builder();
        new TreeMap<>(builders).forEach((format, mode) -> {
            boolean last = format.equals("NWC");
            var config = Conv1DConfig.builder()
                    .k(2)
                    .s(1)
                    .p(0)
                    .d(1)
                    .dataFormat(format)
                    .paddingMode(mode)
                    .build();
            cases.add(convolution(
                    "conv1d",
                    mode.toString(),
                    last ? "N 7 3" : "N 3 h",
                    (graph, x) -> graph.cnn.conv1d("y", x, cast(graph, weights, x), cast(graph, bias, x), config),
                    x -> back(
                            mode == PaddingMode.SAME
                                    ? same(first(x, last), doubles(weights), doubles(bias), 1)
                                    : convolved(
                                            first(x, last),
                                            doubles(weights),
                                            doubles(bias),
                                            new int[] {1},
                                            new int[] {0},
                                            new int[] {6}),
                            last)));
        });
        var causal = Conv1DConfig.builder()
                .k(2)
                .s(1)
                .p(0)
                .d(1)
                .dataFormat("NCW")
                .paddingMode(PaddingMode.CAUSAL)
                .build();
        cases.add(convolution(
                "conv1d",
                "causal",
                "N 3 h",
                (graph, x) -> graph.cnn.conv1d("y", x, cast(graph, weights, x), causal),
                x -> convolved(x, doubles(weights), null, new int[] {1}, new int[] {1}, new int[] {x.shape[2]})));
        return cases.build().flatMap(useCases -> useCases);
    }

    /** Every channel by its own kernels: output channel c · multiplier + m. */
    private static Doubles expanded(Doubles w) {
        return Doubles.filled(
                new int[] {w.shape[0], w.shape[1], w.shape[2], w.shape[2] * w.shape[3]},
                at -> at[3] / w.shape[3] == at[2] ? w.at(at[0], at[1], at[2], at[3] % w.shape[3]) : 0);
    }

    private static Stream<OpCase> perChannel() {
        var depthwise = array(3, 2, 3, 2);
        var pointwise = array(1, 1, 6, 4);
        var bias = array(6);
        var narrow = array(4);
        var cases = Stream.<Stream<OpCase>>builder();
        for (boolean last : new boolean[] {false, true}) {
            var config = Conv2DConfig.builder()
                    .kH(3)
                    .kW(2)
                    .paddingMode(PaddingMode.SAME)
                    .dataFormat(last ? "NHWC" : "NCHW")
                    .build();
            var shape = last ? "N h w 3" : "N 3 h w";
            cases.add(convolution(
                    "depthwise_conv2d",
                    "",
                    shape,
                    (graph, x) ->
                            graph.cnn.depthWiseConv2d("y", x, cast(graph, depthwise, x), cast(graph, bias, x), config),
                    x -> back(same(first(x, last), expanded(doubles(depthwise)), doubles(bias), 1), last)));
            cases.add(convolution(
                    "sconv2d",
                    "",
                    shape,
                    (graph, x) -> graph.cnn.separableConv2d(
                            "y",
                            x,
                            cast(graph, depthwise, x),
                            cast(graph, pointwise, x),
                            cast(graph, narrow, x),
                            config),
                    x -> back(
                            same(
                                    same(first(x, last), expanded(doubles(depthwise)), null, 1),
                                    doubles(pointwise),
                                    doubles(narrow),
                                    1),
                            last)));
        }
        return cases.build().flatMap(useCases -> useCases);
    }

    /** Transposed: what each input adds to the outputs that its window covers. */
    private static Doubles spread(Doubles x, Doubles w, @Nullable Doubles b, int stride, int[] front, int[] sizes) {
        int axes = front.length;
        var shape = new int[axes + 2];
        shape[0] = x.shape[0];
        shape[1] = w.shape[axes];
        System.arraycopy(sizes, 0, shape, 2, axes);
        var kernel = Arrays.copyOf(w.shape, axes);
        int places = Arrays.stream(kernel).reduce(1, (p, q) -> p * q);
        return Doubles.filled(shape, at -> {
            double sum = b == null ? 0 : b.data[at[1]];
            for (int i = 0; i < places; i++) {
                var inside = NormalizationCases.place(kernel, i);
                var from = at.clone();
                var of = Arrays.copyOf(inside, axes + 2);
                of[axes] = at[1];
                boolean there = true;
                for (int axis = 0; axis < axes; axis++) {
                    int place = at[axis + 2] + front[axis] - inside[axis];
                    there &= place % stride == 0;
                    from[axis + 2] = Math.floorDiv(place, stride);
                }
                for (int c = 0; there && c < x.shape[1]; c++) {
                    from[1] = c;
                    of[axes + 1] = c;
                    sum += w.at(of) * x.padded(from);
                }
            }
            return sum;
        });
    }

    private static Stream<OpCase> wideners() {
        var weights = array(4, 4, 5, 3);
        var bias = array(5);
        var cubes = array(2, 3, 2, 4, 3);
        var cases = Stream.<Stream<OpCase>>builder();
        for (boolean last : new boolean[] {false, true}) {
            var config = DeConv2DConfig.builder()
                    .kH(4)
                    .kW(4)
                    .sH(2)
                    .sW(2)
                    .isSameMode(true)
                    .dataFormat(last ? "NHWC" : "NCHW")
                    .build();
            cases.add(convolution(
                    "deconv2d",
                    "same",
                    last ? "N h w 3" : "N 3 h w",
                    (graph, x) -> graph.cnn.deconv2d("y", x, cast(graph, weights, x), cast(graph, bias, x), config),
                    x -> {
                        var f = first(x, last);
                        return back(
                                spread(f, doubles(weights), doubles(bias), 2, new int[] {1, 1}, new int[] {
                                    2 * f.shape[2], 2 * f.shape[3]
                                }),
                                last);
                    }));
        }
        var inside =
                DeConv3DConfig.builder().kD(2).kH(3).kW(2).dataFormat("NCDHW").build();
        cases.add(convolution(
                "deconv3d",
                "inside",
                "N 3 4 4 4",
                (graph, x) -> graph.cnn.deconv3d("y", x, cast(graph, cubes, x), inside),
                x -> spread(x, doubles(cubes), null, 1, new int[3], new int[] {5, 6, 5})));
        return cases.build().flatMap(useCases -> useCases);
    }

    private static Stream<OpCase> calculatedWeights() {
        var config = Conv2DConfig.builder().kH(3).kW(2).dataFormat("NCHW").build();
        return use(
                "conv2d",
                "weights from an input",
                Map.of("x", "N 3 5 6", "w", "3 2 3 4"),
                (graph, in) -> graph.cnn.conv2d("y", in.apply("x"), in.apply("w"), config),
                in -> convolved(get(in, "x"), get(in, "w"), null, new int[] {1, 1}, new int[2], new int[] {3, 5}))
                .of(FLOAT32)
                .stream();
    }
}
