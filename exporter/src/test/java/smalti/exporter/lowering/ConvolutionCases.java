package smalti.exporter.lowering;

import static smalti.exporter.lowering.OpCases.IMAGE;
import static smalti.exporter.lowering.OpCases.PICTURES;
import static smalti.exporter.lowering.OpCases.array;
import static smalti.exporter.lowering.OpCases.constant;
import static smalti.exporter.lowering.OpCases.doubles;
import static smalti.exporter.lowering.OpCases.ends;
import static smalti.exporter.lowering.OpCases.get;
import static smalti.exporter.lowering.OpCases.spec;
import static smalti.spec.bundle.ElementType.FLOAT32;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.DeConv2DConfig;

/** What convolutions mean: their definition as sums, written out. */
final class ConvolutionCases {
    private ConvolutionCases() {}

    static Stream<OpCase> all() {
        return Stream.of(
                conv(4, 4, 2, 1, true),
                conv(4, 4, 2, 1, false),
                conv(3, 3, 1, 1, true),
                conv(1, 1, 1, 0, true),
                conv(3, 1, 1, 1, true),
                deconv(4, 4, 2, 1, true),
                deconv(4, 4, 2, 1, false),
                deconv(4, 4, 1, 0, true),
                deconv(3, 3, 1, 1, true),
                deconv(4, 2, 2, 1, true));
    }

    private static OpCase conv(int kH, int kW, int stride, int pad, boolean withBias) {
        var weights = array(kH, kW, 3, 5);
        var bias = array(5);
        var config = Conv2DConfig.builder()
                .kH(kH)
                .kW(kW)
                .sH(stride)
                .sW(stride)
                .pH(pad)
                .pW(pad)
                .dataFormat("NCHW")
                .build();
        var output = output(kH, kW, stride, pad);
        return new OpCase(
                "conv2d",
                kH + "x" + kW + " stride " + stride + " pad " + pad + " bias " + withBias,
                ends(spec("x", FLOAT32, output.contains("h") ? IMAGE : "N 3 8 8"), FLOAT32, output),
                sizesFor(output),
                (graph, in) -> withBias
                        ? graph.cnn.conv2d("y", in.apply("x"), constant(graph, weights), constant(graph, bias), config)
                        : graph.cnn.conv2d("y", in.apply("x"), constant(graph, weights), config),
                in -> convolve(get(in, "x"), doubles(weights), withBias ? doubles(bias) : new Doubles(5), stride, pad));
    }

    /** Where a convolution keeps sizes that are multiples of h and w, they are free; else this one size is tried. */
    private static String output(int kH, int kW, int stride, int pad) {
        int lossH = 2 * pad - kH;
        int lossW = 2 * pad - kW;
        if (stride == 2) {
            return "N 5 h w";
        }
        return lossH == -1 && lossW == -1 ? "N 5 2*h 2*w" : "N 5 " + (8 + lossH + 1) + " " + (8 + lossW + 1);
    }

    private static List<Map<String, Integer>> sizesFor(String output) {
        return output.contains("h")
                ? PICTURES
                : List.of(Map.of("N", 1, "h", 4, "w", 4), Map.of("N", 2, "h", 4, "w", 4));
    }

    private static Doubles convolve(Doubles x, Doubles w, Doubles b, int stride, int pad) {
        int kH = w.shape[0];
        int kW = w.shape[1];
        int height = (x.shape[2] + 2 * pad - kH) / stride + 1;
        int width = (x.shape[3] + 2 * pad - kW) / stride + 1;
        return Doubles.filled(new int[] {x.shape[0], w.shape[3], height, width}, at -> {
            double sum = b.at(at[1]);
            for (int i = 0; i < kH; i++) {
                for (int j = 0; j < kW; j++) {
                    for (int c = 0; c < w.shape[2]; c++) {
                        sum += w.at(i, j, c, at[1])
                                * x.padded(at[0], c, at[2] * stride - pad + i, at[3] * stride - pad + j);
                    }
                }
            }
            return sum;
        });
    }

    private static OpCase deconv(int kH, int kW, int stride, int pad, boolean withBias) {
        var weights = array(kH, kW, 5, 3); // [kH, kW, out, in]
        var bias = array(5);
        var config = DeConv2DConfig.builder()
                .kH(kH)
                .kW(kW)
                .sH(stride)
                .sW(stride)
                .pH(pad)
                .pW(pad)
                .dataFormat("NCHW")
                .build();
        int height = stride * 7 + kH - 2 * pad;
        int width = stride * 7 + kW - 2 * pad;
        var output = stride == 2 && kH == 4 && kW == 4
                ? "N 5 4*h 4*w"
                : kH == 3 ? "N 5 2*h 2*w" : "N 5 " + height + " " + width;
        return new OpCase(
                "deconv2d",
                kH + "x" + kW + " stride " + stride + " pad " + pad + " bias " + withBias,
                ends(spec("x", FLOAT32, output.contains("h") ? IMAGE : "N 3 8 8"), FLOAT32, output),
                sizesFor(output),
                (graph, in) -> withBias
                        ? graph.cnn.deconv2d(
                                "y", in.apply("x"), constant(graph, weights), constant(graph, bias), config)
                        : graph.cnn.deconv2d("y", in.apply("x"), constant(graph, weights), config),
                in -> spread(get(in, "x"), doubles(weights), withBias ? doubles(bias) : new Doubles(5), stride, pad));
    }

    private static Doubles spread(Doubles x, Doubles w, Doubles b, int stride, int pad) {
        int height = (x.shape[2] - 1) * stride + w.shape[0] - 2 * pad;
        int width = (x.shape[3] - 1) * stride + w.shape[1] - 2 * pad;
        var y = Doubles.filled(new int[] {x.shape[0], 5, height, width}, at -> b.at(at[1]));
        for (int n = 0; n < x.shape[0]; n++) {
            for (int r = 0; r < x.shape[2]; r++) {
                for (int s = 0; s < x.shape[3]; s++) {
                    for (int i = 0; i < w.shape[0]; i++) {
                        for (int j = 0; j < w.shape[1]; j++) {
                            int row = r * stride + i - pad;
                            int column = s * stride + j - pad;
                            if (row < 0 || row >= height || column < 0 || column >= width) {
                                continue;
                            }
                            for (int o = 0; o < 5; o++) {
                                for (int c = 0; c < 3; c++) {
                                    y.data[((n * 5 + o) * height + row) * width + column] +=
                                            x.at(n, c, r, s) * w.at(i, j, o, c);
                                }
                            }
                        }
                    }
                }
            }
        }
        return y;
    }
}
