package smalti.exporter.opset;

import static smalti.exporter.opset.Numbers.floats;
import static smalti.exporter.opset.Numbers.list;
import static smalti.exporter.opset.Numbers.some;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/** Operators that say the same in another way. */
final class FormCases {
    private static final Tensor TABLE = floats(new double[] {1, 2, 3, 4, 5, 6}, 2, 3);

    private FormCases() {}

    static List<OpsetCase> all() {
        return Stream.of(reductions(), arrangements(), pictures(), waves(), quantizations(), leftOut())
                .flatMap(List::stream)
                .toList();
    }

    private static List<OpsetCase> reductions() {
        var cases = new ArrayList<OpsetCase>();
        reduction(cases, "ReduceL1", row -> Arrays.stream(row).map(Math::abs).sum());
        reduction(cases, "ReduceL2", row -> Math.sqrt(squares(row)));
        reduction(cases, "ReduceLogSum", row -> Math.log(Arrays.stream(row).sum()));
        reduction(
                cases,
                "ReduceLogSumExp",
                row -> Math.log(Arrays.stream(row).map(Math::exp).sum()));
        reduction(cases, "ReduceMax", row -> Arrays.stream(row).max().orElseThrow());
        reduction(cases, "ReduceMean", row -> Arrays.stream(row).average().orElseThrow());
        reduction(cases, "ReduceMin", row -> Arrays.stream(row).min().orElseThrow());
        reduction(cases, "ReduceProd", row -> Arrays.stream(row).reduce(1, (a, b) -> a * b));
        reduction(cases, "ReduceSumSquare", FormCases::squares);
        return cases;
    }

    private static double squares(double[] row) {
        return Arrays.stream(row).map(x -> x * x).sum();
    }

    /** Over the last axis, and over all. */
    private static void reduction(List<OpsetCase> cases, String op, ToDoubleFunction<double[]> function) {
        var rows = new double[] {
            function.applyAsDouble(new double[] {1, 2, 3}), function.applyAsDouble(new double[] {4, 5, 6})
        };
        double all = function.applyAsDouble(Numbers.of(TABLE));
        cases.add(OpsetCase.of(op + " down", 18, op)
                .to(13, 17)
                .with("keepdims", 0)
                .in(TABLE)
                .constant(list(-1))
                .out(rows));
        cases.add(OpsetCase.of(op + " of all, down", 18, op)
                .to(13, 17)
                .with("noop_with_empty_axes", 0)
                .in(TABLE)
                .out(all));
        cases.add(OpsetCase.of(op + " up", 13, op)
                .to(18, 26)
                .with("keepdims", 0)
                .with("axes", new long[] {1})
                .in(TABLE)
                .out(rows));
        cases.add(OpsetCase.of(op + " of all, up", 17, op).to(18, 26).in(TABLE).out(all));
    }

    private static List<OpsetCase> arrangements() {
        return List.of(
                OpsetCase.of("Split into parts that are not equal, down", 18, "Split")
                        .to(13, 17)
                        .with("axis", -1)
                        .with("num_outputs", 2)
                        .in(TABLE)
                        .out(1, 2, 4, 5)
                        .out(3, 6),
                OpsetCase.of("Split up", 13, "Split")
                        .to(18, 26)
                        .in(TABLE)
                        .out(1, 2, 3)
                        .out(4, 5, 6),
                OpsetCase.of("Split into given parts, up", 13, "Split")
                        .to(18, 26)
                        .with("axis", 1)
                        .in(TABLE)
                        .constant(list(1, 2))
                        .out(1, 4)
                        .out(2, 3, 5, 6),
                OpsetCase.of("Pad of an axis, down", 18, "Pad")
                        .to(13, 17)
                        .in(TABLE)
                        .in(list(1, 2))
                        .constant(Tensor.of(new float[] {9}))
                        .constant(list(-1))
                        .out(9, 1, 2, 3, 9, 9, 9, 4, 5, 6, 9, 9),
                OpsetCase.of("Pad of axes out of order, down", 21, "Pad")
                        .to(17, 18)
                        .with("mode", "edge")
                        .in(TABLE)
                        .in(list(1, 0, 0, 1))
                        .none()
                        .constant(list(1, 0))
                        .out(1, 1, 2, 3, 4, 4, 5, 6, 4, 4, 5, 6),
                OpsetCase.of("Pad up", 13, "Pad")
                        .to(18, 19, 26)
                        .with("mode", "reflect")
                        .in(TABLE)
                        .constant(list(0, 1, 0, 0))
                        .out(2, 1, 2, 3, 5, 4, 5, 6),
                OpsetCase.of("Shape of a part, down", 15, "Shape")
                        .to(13, 14)
                        .with("start", -2)
                        .with("end", 3)
                        .free(some(1, 2, 3, 4, 5))
                        .out(ValueType.INT64, 4),
                OpsetCase.of("Shape up", 13, "Shape").to(15, 26).in(TABLE).out(ValueType.INT64, 2, 3),
                scatter("ScatterElements, each for itself, down", 16, "none", 13, 15),
                scatter("ScatterElements of sums, down", 18, "add", 16, 17),
                scatter("ScatterElements of sums, up", 16, "add", 18, 26),
                OpsetCase.of("ScatterND, each for itself, down", 18, "ScatterND")
                        .to(13, 16)
                        .with("reduction", "none")
                        .in(TABLE)
                        .constant(Tensor.of(new long[] {1}, 1, 1))
                        .in(floats(new double[] {7, 8, 9}, 1, 3))
                        .out(1, 2, 3, 7, 8, 9),
                OpsetCase.of("ScatterND of products, up", 16, "ScatterND")
                        .to(18, 26)
                        .with("reduction", "mul")
                        .in(TABLE)
                        .constant(Tensor.of(new long[] {1, 2, 1, 2}, 2, 2))
                        .in(floats(new double[] {2, 3}, 2))
                        .out(1, 2, 3, 4, 5, 36));
    }

    private static OpsetCase scatter(String name, int source, String reduction, int... targets) {
        boolean adds = reduction.equals("add");
        return OpsetCase.of(name, source, "ScatterElements")
                .to(targets)
                .with("axis", 1)
                .with("reduction", reduction)
                .in(TABLE)
                .constant(Tensor.of(new long[] {0, 2}, 2, 1))
                .in(floats(new double[] {10, 20}, 2, 1))
                .out(adds ? 11 : 10, 2, 3, 4, 5, adds ? 26 : 20);
    }

    private static List<OpsetCase> pictures() {
        var picture = floats(new double[] {0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 32, 33}, 1, 1, 4, 4);
        // the number in the middle between two pixels, in a row that is met: (−3, 19, 19, −3)/32 of four pixels by
        // cubic
        var sampled = floats(new double[] {5, 1, 2, 7, 8, 3, -4, 6, 9, 9, 0, 2}, 1, 1, 3, 4);
        double cubic = (-3 * 8 + 19 * 3 + 19 * -4 - 3 * 6) / 32.0;
        double linear = (3 - 4) / 2.0;
        var middle = Tensor.of(new float[] {0, 0}, 1, 1, 1, 2);
        var region = Tensor.of(new float[] {0.5f, 1, 2.5f, 3}, 1, 4);
        var cases = new ArrayList<OpsetCase>();
        for (boolean down : new boolean[] {true, false}) {
            int source = down ? 20 : 16;
            int[] targets = down ? new int[] {16, 19} : new int[] {20, 26};
            for (boolean isCubic : new boolean[] {true, false}) {
                String word = isCubic ? (down ? "cubic" : "bicubic") : down ? "linear" : "bilinear";
                cases.add(OpsetCase.of("GridSample " + word, source, "GridSample")
                        .to(targets)
                        .with("mode", word)
                        .with("align_corners", 1)
                        .in(sampled)
                        .in(middle)
                        .out(isCubic ? cubic : linear));
            }
            cases.add(OpsetCase.of("GridSample as it is left out", source, "GridSample")
                    .to(targets)
                    .with("align_corners", 1)
                    .in(sampled)
                    .in(middle)
                    .out(linear));
            // the middle of the region is at (1.5, 2), and pixels are 10·y + x
            var align = OpsetCase.of("RoiAlign " + (down ? "down" : "up"), down ? 16 : 13, "RoiAlign")
                    .to(down ? new int[] {13, 15} : new int[] {16, 21})
                    .in(picture)
                    .in(region)
                    .constant(list(0))
                    .out(21.5);
            cases.add(down ? align.with("coordinate_transformation_mode", "output_half_pixel") : align);
        }
        cases.add(OpsetCase.of("RoiAlign by half pixels, down", 22, "RoiAlign")
                .to(16)
                .unrun() // ONNX Runtime has no RoiAlign of opset 22
                .in(picture)
                .in(region)
                .constant(list(0))
                .out(16));
        var row = floats(new double[] {2, 4, 8}, 1, 3, 1);
        // places −1/4, 1/4, 3/4, … between pixels
        var doubled = new double[] {2, 2.5, 3.5, 5, 7, 8};
        cases.add(OpsetCase.of("Resize of an axis by a scale, down", 18, "Resize")
                .to(13, 17)
                .with("mode", "linear")
                .with("axes", new long[] {-2})
                .with("antialias", 0)
                .with("keep_aspect_ratio_policy", "stretch")
                .in(row)
                .none()
                .constant(Tensor.of(new float[] {2}, 1))
                .out(doubled));
        cases.add(OpsetCase.of("Resize of axes to sizes, down", 19, "Resize")
                .to(13, 17, 18)
                .with("mode", "linear")
                .with("axes", new long[] {1, 0})
                .free(row)
                .none()
                .none()
                .in(list(6, 1))
                .out(doubled));
        cases.add(OpsetCase.of("Resize up", 13, "Resize")
                .to(18, 19, 26)
                .with("mode", "linear")
                .in(row)
                .none()
                .none()
                .constant(list(1, 6, 1))
                .out(doubled));
        return cases;
    }

    private static List<OpsetCase> waves() {
        var wave = some(3, 2, 6, 1);
        return List.of(
                OpsetCase.of("DFT along what is left out, down", 20, "DFT")
                        .to(17, 19)
                        .in(wave)
                        .out(fourier(wave, 6)),
                OpsetCase.of("DFT of a length, down", 20, "DFT")
                        .to(17, 19)
                        .in(wave)
                        .constant(Tensor.of(new long[] {4}))
                        .constant(Tensor.of(new long[] {-2}))
                        .out(fourier(wave, 4)),
                OpsetCase.of("DFT up", 17, "DFT").to(20, 26).in(wave).out(fourier(wave, 6)),
                OpsetCase.of("DFT of a length, up", 17, "DFT")
                        .to(20, 26)
                        .with("axis", 1)
                        .in(wave)
                        .constant(Tensor.of(new long[] {4}))
                        .out(fourier(wave, 4)));
    }

    /** Of each row of six: the sum of x·e^(−2πi·k·n/N), as real and imaginary parts. */
    private static double[] fourier(Tensor wave, int length) {
        var numbers = new double[2 * length * 2];
        for (int row = 0; row < 2; row++) {
            for (int k = 0; k < length; k++) {
                for (int n = 0; n < length; n++) {
                    double angle = -2 * Math.PI * k * n / length;
                    numbers[(row * length + k) * 2] += wave.number(row * 6 + n) * Math.cos(angle);
                    numbers[(row * length + k) * 2 + 1] += wave.number(row * 6 + n) * Math.sin(angle);
                }
            }
        }
        return numbers;
    }

    private static List<OpsetCase> quantizations() {
        var x = Tensor.of(new float[] {-200, -0.75f, 0.25f, 0.75f, 1, 90}, 6);
        var step = Tensor.of(new float[] {0.5f});
        // halves go to the even number
        var bytes = new double[] {-128, -2, 0, 2, 2, 127};
        var zero = Tensor.scalar(ValueType.INT8, 1);
        return List.of(
                OpsetCase.of("QuantizeLinear to a type that is said, down", 21, "QuantizeLinear")
                        .to(13, 19)
                        .with("output_dtype", ValueType.INT8.onnxCode())
                        .with("saturate", 1)
                        .with("block_size", 0)
                        .in(x)
                        .constant(step)
                        .out(ValueType.INT8, bytes),
                OpsetCase.of("QuantizeLinear by channel to a type that is said, down", 21, "QuantizeLinear")
                        .to(13, 19)
                        .with("output_dtype", ValueType.INT8.onnxCode())
                        .with("axis", 1)
                        .in(TABLE)
                        .constant(Tensor.of(new float[] {1, 0.5f, 2}, 3))
                        .out(ValueType.INT8, 1, 4, 2, 4, 10, 3),
                OpsetCase.of("QuantizeLinear of halves by a step of float32, down", 23, "QuantizeLinear")
                        .to(13, 19, 22)
                        .unrun() // ONNX Runtime asks for one type of both
                        .in(x.cast(ValueType.FLOAT16))
                        .constant(step)
                        .constant(zero)
                        .out(ValueType.INT8, -128, -1, 1, 3, 3, 127),
                OpsetCase.of("QuantizeLinear in float32, down", 23, "QuantizeLinear")
                        .to(13, 19, 22)
                        .with("precision", 1)
                        .in(x)
                        .constant(step)
                        .constant(Tensor.scalar(ValueType.INT8, 0))
                        .out(ValueType.INT8, bytes),
                OpsetCase.of("QuantizeLinear up", 13, "QuantizeLinear")
                        .to(19, 21, 23, 26)
                        .in(x)
                        .constant(step)
                        .out(ValueType.UINT8, 0, 0, 0, 2, 2, 180),
                OpsetCase.of("DequantizeLinear to halves, down", 23, "DequantizeLinear")
                        .to(19, 22)
                        .with("output_dtype", ValueType.FLOAT16.onnxCode())
                        .with("block_size", 0)
                        .unrun() // ONNX Runtime makes the step's type alone
                        .in(list(-128, 3).cast(ValueType.INT8))
                        .constant(step)
                        .constant(zero)
                        .out(ValueType.FLOAT16, -64.5, 1),
                OpsetCase.of("DequantizeLinear down", 25, "DequantizeLinear")
                        .to(13, 19, 21)
                        .in(list(-128, 3).cast(ValueType.INT8))
                        .constant(step)
                        .constant(zero)
                        .out(-64.5, 1),
                OpsetCase.of("DequantizeLinear up", 13, "DequantizeLinear")
                        .to(19, 21, 23, 26)
                        .in(list(-128, 3).cast(ValueType.INT8))
                        .constant(step)
                        .constant(zero)
                        .out(-64.5, 1));
    }

    /** Attributes that say what would be done anyway. */
    private static List<OpsetCase> leftOut() {
        var q = some(1, 1, 2, 3, 4);
        var attended = new AttentionReference(q, some(2, 1, 2, 3, 4), some(3, 1, 2, 3, 4), 2, 2).made();
        return List.of(
                OpsetCase.of("Reshape", 14, "Reshape")
                        .to(13)
                        .with("allowzero", 0)
                        .in(TABLE)
                        .constant(list(0, 1, 3))
                        .out(1, 2, 3, 4, 5, 6),
                OpsetCase.of("Reshape of sizes that are no 0", 14, "Reshape")
                        .to(13)
                        .with("allowzero", 1)
                        .in(TABLE)
                        .constant(list(3, 2))
                        .out(1, 2, 3, 4, 5, 6),
                OpsetCase.of("LpPool", 18, "LpPool")
                        .to(13, 17)
                        .with("ceil_mode", 0)
                        .with("dilations", new long[] {1})
                        .with("kernel_shape", new long[] {2})
                        .in(floats(new double[] {3, 4, 0}, 1, 1, 3))
                        .out(5, 4),
                OpsetCase.of("RNN", 14, "RNN")
                        .to(13)
                        .with("layout", 0)
                        .with("hidden_size", 1)
                        .in(floats(new double[] {0.5, -1}, 2, 1, 1))
                        .constant(floats(new double[] {2}, 1, 1, 1))
                        .constant(floats(new double[] {3}, 1, 1, 1))
                        .out(Math.tanh(1), Math.tanh(-2 + 3 * Math.tanh(1))),
                OpsetCase.of("BatchNormalization", 14, "BatchNormalization")
                        .to(13)
                        .with("training_mode", 0)
                        .with("epsilon", 0.25f)
                        .in(floats(new double[] {1, 5}, 1, 2, 1))
                        .constant(floats(new double[] {2, 3}, 2))
                        .constant(floats(new double[] {0, 1}, 2))
                        .constant(floats(new double[] {-1, 2}, 2))
                        .constant(floats(new double[] {0.75, 2}, 2))
                        .out(4, 1 + 3 * 3 / 1.5),
                OpsetCase.of("Cast", 24, "Cast")
                        .to(13, 18, 23)
                        .with("to", ValueType.INT32.onnxCode())
                        .with("saturate", 1)
                        .with("round_mode", "up")
                        .in(floats(new double[] {1.5, -1.5}, 2))
                        .out(ValueType.INT32, 1, -1),
                OpsetCase.of("Attention without a window", 25, "Attention")
                        .to(23, 24)
                        .with("left_window_size", -1)
                        .with("right_window_size", -1)
                        .unrun() // ONNX Runtime has no Attention of opset 25
                        .in(q)
                        .in(some(2, 1, 2, 3, 4))
                        .in(some(3, 1, 2, 3, 4))
                        .out(attended.y()));
    }
}
