package smalti.exporter.lowering;

import static smalti.exporter.lowering.NonlinearityCases.FLOATS;
import static smalti.exporter.lowering.NonlinearityCases.use;
import static smalti.exporter.lowering.OpCases.constant;
import static smalti.exporter.lowering.OpCases.get;
import static smalti.spec.bundle.ElementType.FLOAT16;
import static smalti.spec.bundle.ElementType.FLOAT32;
import static smalti.spec.bundle.ElementType.FLOAT64;
import static smalti.spec.bundle.ElementType.INT32;
import static smalti.spec.bundle.ElementType.INT64;

import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.enums.DataFormat;
import org.nd4j.enums.ImageResizeMethod;
import org.nd4j.enums.PadMode;
import org.nd4j.linalg.factory.Nd4j;
import smalti.spec.bundle.ElementType;

/** What happens to the sizes, borders and colours of pictures. */
final class ImageCases {
    private static final ElementType[] REALS = {FLOAT32, FLOAT64, FLOAT16};
    private static final ElementType[] SINGLES = {FLOAT32, FLOAT16};

    private ImageCases() {}

    static Stream<OpCase> all() {
        return Stream.of(pads(), enlarged(), blocks(), resized(), colours()).flatMap(cases -> cases);
    }

    private static Stream<OpCase> of(
            ElementType[] types,
            String op,
            String label,
            String shape,
            BiFunction<SameDiff, SDVariable, SDVariable> build,
            Function<Doubles, Doubles> reference) {
        return use(
                op,
                label + " " + shape,
                shape,
                (graph, in) -> build.apply(graph, in.apply("x")),
                in -> reference.apply(get(in, "x")))
                .within(2e-6)
                .of(types)
                .stream();
    }

    /** The place that an index beyond the ends means; -1 for none. */
    private static int folded(int index, int size, PadMode mode) {
        if (index >= 0 && index < size) {
            return index;
        }
        return switch (mode) {
            case CONSTANT -> -1;
            case REFLECT -> index < 0 ? -index : 2 * size - 2 - index;
            case SYMMETRIC -> index < 0 ? -index - 1 : 2 * size - 1 - index;
        };
    }

    private static Stream<OpCase> pads() {
        return Stream.of(PadMode.values())
                .flatMap(mode -> of(
                        new ElementType[] {FLOAT32, FLOAT64, FLOAT16, INT32, INT64},
                        "pad",
                        mode.toString(),
                        "N h 4",
                        (graph, x) -> graph.nn.pad(
                                "y",
                                x,
                                constant(graph, Nd4j.createFromArray(new int[][] {{0, 0}, {1, 2}, {3, 1}})),
                                mode,
                                2),
                        x -> Doubles.filled(new int[] {x.shape[0], x.shape[1] + 3, 8}, at -> {
                            int row = folded(at[1] - 1, x.shape[1], mode);
                            int column = folded(at[2] - 3, 4, mode);
                            return row < 0 || column < 0 ? 2 : x.at(at[0], row, column);
                        })));
    }

    private static Stream<OpCase> enlarged() {
        return Stream.of(
                        of(
                                FLOATS,
                                "upsampling2d",
                                "NCHW",
                                "N 3 h w",
                                (graph, x) -> graph.cnn.upsampling2d("y", x, 2, 3, true),
                                x -> Doubles.filled(
                                        new int[] {x.shape[0], 3, 2 * x.shape[2], 3 * x.shape[3]},
                                        at -> x.at(at[0], at[1], at[2] / 2, at[3] / 3))),
                        of(
                                FLOATS,
                                "upsampling2d",
                                "NHWC",
                                "N h w 3",
                                (graph, x) -> graph.cnn.upsampling2d("y", x, 2, 3, false),
                                x -> Doubles.filled(
                                        new int[] {x.shape[0], 2 * x.shape[1], 3 * x.shape[2], 3},
                                        at -> x.at(at[0], at[1] / 2, at[2] / 3, at[3]))),
                        of(
                                SINGLES,
                                "upsampling3d",
                                "NCDHW",
                                "N 2 h w 2",
                                (graph, x) -> graph.cnn.upsampling3d("y", x, true, 1, 2, 3),
                                x -> Doubles.filled(
                                        new int[] {x.shape[0], 2, x.shape[2], 2 * x.shape[3], 6},
                                        at -> x.at(at[0], at[1], at[2], at[3] / 2, at[4] / 3))))
                .flatMap(cases -> cases);
    }

    private static Stream<OpCase> blocks() {
        return Stream.of(
                        of(
                                REALS,
                                "space_to_depth",
                                "NCHW",
                                "N 3 2*h 2*w",
                                (graph, x) -> graph.cnn.spaceToDepth("y", x, 2, DataFormat.NCHW),
                                x -> Doubles.filled(
                                        new int[] {x.shape[0], 12, x.shape[2] / 2, x.shape[3] / 2},
                                        at -> x.at(
                                                at[0], at[1] % 3, 2 * at[2] + at[1] / 6, 2 * at[3] + at[1] / 3 % 2))),
                        of(
                                REALS,
                                "space_to_depth",
                                "NHWC",
                                "N 2*h 2*w 3",
                                (graph, x) -> graph.cnn.spaceToDepth("y", x, 2, DataFormat.NHWC),
                                x -> Doubles.filled(
                                        new int[] {x.shape[0], x.shape[1] / 2, x.shape[2] / 2, 12},
                                        at -> x.at(
                                                at[0], 2 * at[1] + at[3] / 6, 2 * at[2] + at[3] / 3 % 2, at[3] % 3))),
                        of(
                                REALS,
                                "depth_to_space",
                                "NCHW",
                                "N 12 h w",
                                (graph, x) -> graph.cnn.depthToSpace("y", x, 2, DataFormat.NCHW),
                                x -> Doubles.filled(
                                        new int[] {x.shape[0], 3, 2 * x.shape[2], 2 * x.shape[3]},
                                        at -> x.at(
                                                at[0], at[2] % 2 * 6 + at[3] % 2 * 3 + at[1], at[2] / 2, at[3] / 2))),
                        of(
                                REALS,
                                "depth_to_space",
                                "NHWC",
                                "N h w 12",
                                (graph, x) -> graph.cnn.depthToSpace("y", x, 2, DataFormat.NHWC),
                                x -> Doubles.filled(
                                        new int[] {x.shape[0], 2 * x.shape[1], 2 * x.shape[2], 3},
                                        at -> x.at(
                                                at[0], at[1] / 2, at[2] / 2, at[1] % 2 * 6 + at[2] % 2 * 3 + at[3]))))
                .flatMap(cases -> cases);
    }

    /** Two neighbours on each axis, weighted by their distance. */
    private static Doubles bilinear(Doubles x, int height, int width) {
        return Doubles.filled(new int[] {x.shape[0], height, width, x.shape[3]}, at -> {
            double row = from(at[1], x.shape[1], height);
            double column = from(at[2], x.shape[2], width);
            double sum = 0;
            for (int i = 0; i < x.shape[1]; i++) {
                for (int j = 0; j < x.shape[2]; j++) {
                    sum += Math.max(0, 1 - Math.abs(row - i))
                            * Math.max(0, 1 - Math.abs(column - j))
                            * x.at(at[0], i, j, at[3]);
                }
            }
            return sum;
        });
    }

    private static double from(int to, int size, int sizeTo) {
        return Math.max(0, Math.min(size - 1, (to + 0.5) * size / sizeTo - 0.5));
    }

    private static Stream<OpCase> resized() {
        var size = Nd4j.createFromArray(7, 5);
        return Stream.of(
                        of(
                                new ElementType[] {FLOAT32},
                                "image_resize",
                                "bilinear",
                                "N 3 4 2",
                                (graph, x) -> graph.image.imageResize(
                                        "y", x, constant(graph, size), ImageResizeMethod.ResizeBilinear),
                                x -> bilinear(x, 7, 5)),
                        of(
                                new ElementType[] {FLOAT32},
                                "image_resize",
                                "nearest",
                                "N 3 4 2",
                                (graph, x) -> graph.image.imageResize(
                                        "y", x, constant(graph, size), ImageResizeMethod.ResizeNearest),
                                x -> Doubles.filled(
                                        new int[] {x.shape[0], 7, 5, 2},
                                        at -> x.at(
                                                at[0],
                                                (int) Math.floor((at[1] + 0.5) * 3 / 7),
                                                (int) Math.floor((at[2] + 0.5) * 4 / 5),
                                                at[3]))))
                .flatMap(cases -> cases);
    }

    /** Hue, saturation and value of one colour, by java.awt's definition. */
    private static double[] hsv(double r, double g, double b) {
        double most = Math.max(r, Math.max(g, b));
        double range = most - Math.min(r, Math.min(g, b));
        double hue =
                range == 0 ? 0 : most == r ? (g - b) / range : most == g ? 2 + (b - r) / range : 4 + (r - g) / range;
        return new double[] {(hue + 6) % 6 / 6, most == 0 ? 0 : range / most, most};
    }

    private static double[] rgb(double hue, double saturation, double value) {
        int sector = (int) Math.floor(hue * 6);
        double rest = hue * 6 - sector;
        double p = value * (1 - saturation);
        double q = value * (1 - saturation * rest);
        double t = value * (1 - saturation * (1 - rest));
        return switch (sector % 6) {
            case 0 -> new double[] {value, t, p};
            case 1 -> new double[] {q, value, p};
            case 2 -> new double[] {p, value, t};
            case 3 -> new double[] {p, q, value};
            case 4 -> new double[] {t, p, value};
            default -> new double[] {value, p, q};
        };
    }

    private static Stream<OpCase> colour(
            String op, BiFunction<SameDiff, SDVariable, SDVariable> build, Function<double[], double[]> reference) {
        return of(
                        SINGLES,
                        op,
                        "",
                        "N h 4 3",
                        build,
                        x -> Doubles.filled(
                                x.shape,
                                at -> reference
                                        .apply(new double[] {
                                            x.at(at[0], at[1], at[2], 0),
                                            x.at(at[0], at[1], at[2], 1),
                                            x.at(at[0], at[1], at[2], 2)
                                        })[at[3]]))
                .map(useCase -> useCase.domain("x", x -> 1 / (1 + Math.exp(-x))).within(1e-5));
    }

    private static double[] product(double[] colour, double[][] matrix) {
        var product = new double[3];
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++) {
                product[i] += matrix[i][j] * colour[j];
            }
        }
        return product;
    }

    /** Gauss and Cramer would do; of three by three the adjugate is short. */
    private static double[][] inverse(double[][] m) {
        var inverse = new double[3][3];
        double determinant = 0;
        for (int j = 0; j < 3; j++) {
            determinant += m[0][j] * (m[1][(j + 1) % 3] * m[2][(j + 2) % 3] - m[1][(j + 2) % 3] * m[2][(j + 1) % 3]);
        }
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++) {
                inverse[j][i] = (m[(i + 1) % 3][(j + 1) % 3] * m[(i + 2) % 3][(j + 2) % 3]
                                - m[(i + 1) % 3][(j + 2) % 3] * m[(i + 2) % 3][(j + 1) % 3])
                        / determinant;
            }
        }
        return inverse;
    }

    private static Stream<OpCase> colours() {
        double[][] yiq = {{0.299, 0.587, 0.114}, {0.5959, -0.2746, -0.3213}, {0.2115, -0.5227, 0.3112}};
        double[][] yuv = {{0.299, 0.587, 0.114}, {-0.14714, -0.28887, 0.43601}, {0.61498, -0.51497, -0.10001}};
        return Stream.of(
                        colour("rgb_to_hsv", (graph, x) -> graph.image.rgbToHsv("y", x), c -> hsv(c[0], c[1], c[2])),
                        colour("hsv_to_rgb", (graph, x) -> graph.image.hsvToRgb("y", x), c -> rgb(c[0], c[1], c[2])),
                        colour("adjust_hue", (graph, x) -> graph.image.adjustHue("y", x, 0.2), c -> {
                            var hsv = hsv(c[0], c[1], c[2]);
                            return rgb((hsv[0] + 0.2) % 1, hsv[1], hsv[2]);
                        }),
                        colour("adjust_saturation", (graph, x) -> graph.image.adjustSaturation("y", x, 1.5), c -> {
                                    var hsv = hsv(c[0], c[1], c[2]);
                                    return rgb(hsv[0], Math.min(1, 1.5 * hsv[1]), hsv[2]);
                                })
                                .limit(1), // in FLOAT16 nd4j rounds at every step
                        // the standards give four digits
                        colour("rgb_to_yiq", (graph, x) -> graph.image.rgbToYiq("y", x), c -> product(c, yiq))
                                .map(useCase -> useCase.within(2e-4)),
                        colour("rgb_to_yuv", (graph, x) -> graph.image.rgbToYuv("y", x), c -> product(c, yuv))
                                .map(useCase -> useCase.within(2e-4)),
                        colour("yiq_to_rgb", (graph, x) -> graph.image.yiqToRgb("y", x), c -> product(c, inverse(yiq)))
                                .map(useCase -> useCase.within(4e-4)),
                        colour("yuv_to_rgb", (graph, x) -> graph.image.yuvToRgb("y", x), c -> product(c, inverse(yuv)))
                                .map(useCase -> useCase.within(4e-4)),
                        of(
                                SINGLES,
                                "adjust_contrast_v2",
                                "",
                                "N h w 3",
                                (graph, x) -> graph.image.adjustContrast("y", x, 1.5),
                                x -> Doubles.filled(x.shape, at -> {
                                    double mean = 0;
                                    for (int i = 0; i < x.shape[1]; i++) {
                                        for (int j = 0; j < x.shape[2]; j++) {
                                            mean += x.at(at[0], i, j, at[3]) / x.shape[1] / x.shape[2];
                                        }
                                    }
                                    return 1.5 * (x.at(at) - mean) + mean;
                                })))
                .flatMap(cases -> cases);
    }
}
