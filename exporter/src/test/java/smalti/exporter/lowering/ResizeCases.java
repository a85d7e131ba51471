package smalti.exporter.lowering;

import static smalti.exporter.lowering.NonlinearityCases.made;
import static smalti.exporter.lowering.NonlinearityCases.use;
import static smalti.exporter.lowering.OpCases.constant;
import static smalti.exporter.lowering.OpCases.get;
import static smalti.spec.bundle.ElementType.FLOAT32;
import static smalti.spec.bundle.ElementType.FLOAT64;
import static smalti.spec.bundle.ElementType.INT32;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.nd4j.enums.ImageResizeMethod;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.impl.image.CropAndResize;
import org.nd4j.linalg.api.ops.impl.image.ImageResize;
import org.nd4j.linalg.factory.Nd4j;
import smalti.spec.bundle.TensorSpec;

/** Pictures of other sizes: every element of the result is a weighted sum over all elements of the picture. */
final class ResizeCases {
    private static final String SHAPE = "N 5 7 2";
    private static final int[][] SIZES = {{8, 3}, {3, 11}, {10, 14}};

    private ResizeCases() {}

    static Stream<OpCase> all() {
        return Stream.of(bilinear(), nearest(), area(), methods(), crops()).flatMap(cases -> cases);
    }

    /** What element k of a line counts in element i of the result. */
    @FunctionalInterface
    private interface Weight {
        double of(int i, int k, int from, int to);
    }

    private static Doubles sum(Doubles x, int height, int width, Weight weight) {
        return Doubles.filled(new int[] {x.shape[0], height, width, x.shape[3]}, at -> {
            double sum = 0;
            for (int i = 0; i < x.shape[1]; i++) {
                for (int j = 0; j < x.shape[2]; j++) {
                    sum += weight.of(at[1], i, x.shape[1], height)
                            * weight.of(at[2], j, x.shape[2], width)
                            * x.at(at[0], i, j, at[3]);
                }
            }
            return sum;
        });
    }

    private static double place(int i, int from, int to, boolean corners, boolean centres) {
        return corners ? i * (from - 1.0) / (to - 1) : centres ? (i + 0.5) * from / to - 0.5 : (double) i * from / to;
    }

    private static String label(boolean corners, boolean centres, int... size) {
        return (corners ? "corners " : centres ? "centres " : "") + size[0] + "x" + size[1];
    }

    private static Stream<OpCase> flagged(java.util.function.BiFunction<boolean[], int[], Stream<OpCase>> cases) {
        return Stream.of(new boolean[] {false, false}, new boolean[] {true, false}, new boolean[] {false, true})
                .flatMap(flags -> Stream.of(SIZES).flatMap(size -> cases.apply(flags, size)));
    }

    private static Stream<OpCase> bilinear() {
        return flagged((flags, size) -> use(
                "resize_bilinear",
                label(flags[0], flags[1], size),
                SHAPE,
                (graph, in) -> AnyOp.of("resize_bilinear", graph, List.of(DataType.FLOAT), in.apply("x"))
                        .ints(size[0], size[1])
                        .flags(flags)
                        .outputVariable()
                        .rename("y"),
                in -> sum(get(in, "x"), size[0], size[1], (i, k, from, to) -> {
                    double place = Math.max(0, Math.min(from - 1, place(i, from, to, flags[0], flags[1])));
                    return Math.max(0, 1 - Math.abs(place - k));
                }))
                .of(FLOAT32)
                .stream());
    }

    private static Stream<OpCase> nearest() {
        return flagged((flags, size) -> use(
                "resize_nearest_neighbor",
                label(flags[0], flags[1], size),
                SHAPE,
                (graph, in) -> AnyOp.like("resize_nearest_neighbor", graph, in.apply("x"))
                        .ints(size[0], size[1])
                        .flags(flags)
                        .outputVariable()
                        .rename("y"),
                in -> sum(get(in, "x"), size[0], size[1], (i, k, from, to) -> {
                    double place = place(i, from, to, flags[0], false) + (flags[1] ? 0.5 * from / to : 0);
                    return Math.min(from - 1, Math.floor(flags[0] ? place + 0.5 : place)) == k ? 1 : 0;
                }))
                .of(FLOAT32, FLOAT64, INT32)
                .stream());
    }

    private static double cubic(double distance, double a) {
        double x = Math.abs(distance);
        if (x < 1) {
            return (a + 2) * Math.pow(x, 3) - (a + 3) * x * x + 1;
        }
        return x < 2 ? a * Math.pow(x, 3) - 5 * a * x * x + 8 * a * x - 4 * a : 0;
    }

    private static double covered(int i, int k, double scale, int from) {
        double share = 0;
        // the last element stands for all beyond
        for (int m = k; m < (k == from - 1 ? 3 * from : k + 1); m++) {
            share += Math.max(0, Math.min((i + 1) * scale, m + 1) - Math.max(i * scale, m));
        }
        return share / scale;
    }

    private static Stream<OpCase> area() {
        return Stream.of(false, true)
                .flatMap(corners -> Stream.of(SIZES)
                        .flatMap(size -> use(
                                "resize_area",
                                label(corners, false, size),
                                SHAPE,
                                (graph, in) -> AnyOp.of("resize_area", graph, List.of(DataType.FLOAT), in.apply("x"))
                                        .ints(size[0], size[1])
                                        .flags(corners)
                                        .outputVariable()
                                        .rename("y"),
                                in -> sum(
                                        get(in, "x"),
                                        size[0],
                                        size[1],
                                        (i, k, from, to) -> covered(
                                                i, k, corners ? (from - 1.0) / (to - 1) : (double) from / to, from)))
                                .of(FLOAT32)
                                .stream()));
    }

    private static double lanczos(double x, double lobes) {
        if (Math.abs(x) >= lobes) {
            return 0;
        }
        return x == 0
                ? 1
                : Math.sin(Math.PI * x) / (Math.PI * x) * Math.sin(Math.PI * x / lobes) / (Math.PI * x / lobes);
    }

    /** Mitchell and Netravali 1988, with B and C of a third. */
    private static double mitchell(double distance) {
        double x = Math.abs(distance);
        double b = 1.0 / 3;
        double c = 1.0 / 3;
        if (x < 1) {
            return ((12 - 9 * b - 6 * c) * Math.pow(x, 3) + (-18 + 12 * b + 6 * c) * x * x + 6 - 2 * b) / 6;
        }
        return x < 2
                ? ((-b - 6 * c) * Math.pow(x, 3) + (6 * b + 30 * c) * x * x + (-12 * b - 48 * c) * x + 8 * b + 24 * c)
                        / 6
                : 0;
    }

    private static Stream<OpCase> methods() {
        var cases = new ArrayList<OpCase>();
        for (boolean widened : new boolean[] {false, true}) {
            for (var size : SIZES) {
                cases.add(method(ImageResizeMethod.ResizeGaussian, 1.5, x -> Math.exp(-2 * x * x), widened, size));
                cases.add(method(ImageResizeMethod.ResizeLanczos3, 3, x -> lanczos(x, 3), widened, size));
                cases.add(method(ImageResizeMethod.ResizeLanczos5, 5, x -> lanczos(x, 5), widened, size));
                cases.add(method(ImageResizeMethod.ResizeMitchellcubic, 2, ResizeCases::mitchell, widened, size));
            }
        }
        for (var size : SIZES) {
            var bicubic = method(ImageResizeMethod.ResizeBicubic, 2, x -> cubic(x, -0.5), false, size);
            cases.add(
                    size == SIZES[2] // places that a table of 1,024 holds
                            ? bicubic
                            : bicubic.sameDiffIsWrong("bicubic: places are rounded to a 1,024th of a pixel"));
            cases.add(use(
                    "image_resize",
                    "area " + size[0] + "x" + size[1],
                    SHAPE,
                    (graph, in) -> made(new ImageResize(
                            graph,
                            in.apply("x"),
                            constant(graph, Nd4j.createFromArray(size)),
                            false,
                            false,
                            ImageResizeMethod.ResizeArea)),
                    in -> sum(
                            get(in, "x"),
                            size[0],
                            size[1],
                            (i, k, from, to) -> covered(i, k, (double) from / to, from))));
        }
        return cases.stream();
    }

    private static OpCase method(
            ImageResizeMethod method, double radius, DoubleUnaryOperator kernel, boolean widened, int... size) {
        return use(
                        "image_resize",
                        method + (widened ? " widened " : " ") + size[0] + "x" + size[1],
                        SHAPE,
                        (graph, in) -> made(new ImageResize(
                                graph,
                                in.apply("x"),
                                constant(graph, Nd4j.createFromArray(size)),
                                false,
                                widened,
                                method)),
                        in -> sum(get(in, "x"), size[0], size[1], (i, k, from, to) -> {
                            double wide = widened ? Math.max(1, (double) from / to) : 1;
                            double centre = (i + 0.5) * from / to - 0.5;
                            double all = 0;
                            for (int m = 0; m < from; m++) {
                                all += within((m - centre) / wide, radius, kernel);
                            }
                            return within((k - centre) / wide, radius, kernel) / all;
                        }))
                .within(2e-5);
    }

    private static double within(double distance, double radius, DoubleUnaryOperator kernel) {
        return Math.abs(distance) < radius ? kernel.applyAsDouble(distance) : 0;
    }

    private static Stream<OpCase> crops() {
        return Stream.of(CropAndResize.Method.values())
                .flatMap(method -> Stream.of(new int[] {3, 4}, new int[] {1, 2})
                        .map(size -> new OpCase(
                                        "crop_and_resize",
                                        method + " " + size[0] + "x" + size[1],
                                        List.of(
                                                TensorSpec.of("x", FLOAT32, "N h w 2"),
                                                TensorSpec.of("boxes", FLOAT32, "b 4"),
                                                TensorSpec.of("of", INT32, "b")),
                                        List.of(
                                                Map.of("N", 2, "h", 5, "w", 7, "b", 6),
                                                Map.of("N", 1, "h", 4, "w", 3, "b", 9)),
                                        Map.of(),
                                        (graph, in) -> made(new CropAndResize(
                                                graph,
                                                in.apply("x"),
                                                in.apply("boxes"),
                                                in.apply("of"),
                                                constant(graph, Nd4j.createFromArray(size)),
                                                method,
                                                -0.5)),
                                        in -> Map.of("y", cropped(in, method == CropAndResize.Method.NEAREST, size)),
                                        5e-6,
                                        null)
                                .domain("boxes", x -> 0.5 + 0.35 * x)
                                .domain("of", x -> 0)));
    }

    private static Doubles cropped(Map<String, Doubles> in, boolean nearest, int... size) {
        var x = get(in, "x");
        var boxes = get(in, "boxes");
        return Doubles.filled(new int[] {boxes.shape[0], size[0], size[1], x.shape[3]}, at -> {
            var place = new double[2];
            for (int axis = 0; axis < 2; axis++) {
                double low = boxes.at(at[0], axis);
                double high = boxes.at(at[0], axis + 2);
                double share = size[axis] > 1 ? at[axis + 1] / (size[axis] - 1.0) : 0.5;
                place[axis] = (low + (high - low) * share) * (x.shape[axis + 1] - 1);
                if (place[axis] < 0 || place[axis] > x.shape[axis + 1] - 1) {
                    return -0.5;
                }
                place[axis] = nearest ? Math.round(place[axis]) : place[axis];
            }
            double sum = 0;
            for (int i = 0; i < x.shape[1]; i++) {
                for (int j = 0; j < x.shape[2]; j++) {
                    sum += Math.max(0, 1 - Math.abs(place[0] - i))
                            * Math.max(0, 1 - Math.abs(place[1] - j))
                            * x.at((int) get(in, "of").at(at[0]), i, j, at[3]);
                }
            }
            return sum;
        });
    }
}
