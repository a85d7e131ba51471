package smalti.exporter.precision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.exporter.OnnxChecker;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.pass.Passes;
import smalti.exporter.proof.ModelSession.Item;

final class QdqWriterTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path temporary;

    private Model quantized(Model model, ActivationType type, List<Map<String, Item>> samples) throws IOException {
        var prepared = Passes.all().apply(model).model();
        var layers = Set.copyOf(names(prepared));
        var ranges = Calibration.MIN_MAX.ranges(prepared, QuantizationPlan.watched(prepared), samples);
        var result =
                QdqWriter.quantize(prepared, type, Learnt.of(ranges), layers).model();
        var file = temporary.resolve("quantized.onnx");
        OnnxWriter.write(result, file);
        OnnxChecker.check(file);
        return result;
    }

    private static List<String> names(Model model) {
        return QdqWriter.layers(model).stream().map(LinearLayer::name).toList();
    }

    private static Model oneLayer(int channels) {
        return new Nets()
                .input("x", ValueType.FLOAT32, -1, 4, 5, 6)
                .output("y", ValueType.FLOAT32, -1, channels, 5, 6)
                .weights("w", 0.4, channels, 4, 3, 3)
                .weights("b", 0.3, channels)
                .conv("y", 3, "x", "w", "b")
                .model();
    }

    /**
     * The layer in whole numbers, written out: quantize, multiply and add, scale, round, cut off. Two steps of the output
     * are granted: ONNX Runtime scales in float32, and the rounding of halves may fall to either side.
     */
    @ParameterizedTest
    @EnumSource(ActivationType.class)
    void aLayerIsTheSumOfWholeNumbers(ActivationType type) throws IOException {
        int channels = 5;
        var model = oneLayer(channels);
        var samples = Nets.floats(4, 3, 1, 2, 4, 5, 6);
        var result = quantized(model, type, samples);
        assertThat(Nets.ops(result))
                .containsExactly(
                        "QuantizeLinear",
                        "DequantizeLinear",
                        "DequantizeLinear",
                        "DequantizeLinear",
                        "Conv",
                        "QuantizeLinear",
                        "DequantizeLinear");
        double[] in = steps(result, result.graph().nodes().get(0));
        double[] out = steps(result, result.graph().nodes().get(5));
        var w = floats(model, "w");
        var b = floats(model, "b");
        var x = Nets.tensor(samples.get(1), "x");
        var got = Nets.run(result, samples.get(1), "y");
        int low = type == ActivationType.UINT8 ? 0 : -128;
        for (int n = 0; n < 2; n++) {
            for (int c = 0; c < channels; c++) {
                double largest = 0;
                for (int i = 0; i < 36; i++) {
                    largest = Math.max(largest, Math.abs(w[c * 36 + i]));
                }
                double scale = (float) (largest / 63);
                for (int at = 0; at < 30; at++) {
                    long sum = Math.round(b[c] / (in[0] * scale));
                    for (int i = 0; i < 36; i++) {
                        int row = at / 6 + i % 9 / 3 - 1;
                        int column = at % 6 + i % 3 - 1;
                        if (row >= 0 && row < 5 && column >= 0 && column < 6) {
                            double value = x.number(((n * 4 + i / 9) * 5 + row) * 6 + column);
                            long step =
                                    Math.max(low, Math.min(low + 255, (long) Math.rint(value / in[0]) + (long) in[1]));
                            sum += (step - (long) in[1]) * Math.round(w[c * 36 + i] / scale);
                        }
                    }
                    double step = Math.max(low, Math.min(low + 255, Math.rint(sum * in[0] * scale / out[0]) + out[1]));
                    assertThat(got.number((n * channels + c) * 30 + at))
                            .isCloseTo((step - out[1]) * out[0], within(1.001 * out[0]));
                }
            }
        }
    }

    /** Scale and zero point of a QuantizeLinear. */
    private static double[] steps(Model model, Node node) {
        return new double[] {
            constant(model, node.input(1)).number(0),
            constant(model, node.input(2)).number(0)
        };
    }

    private static Tensor constant(Model model, String name) {
        if (model.graph().initializers().get(name) instanceof Tensor tensor) {
            return tensor;
        }
        throw new AssertionError("no constant " + name);
    }

    private static float[] floats(Model model, String name) {
        return constant(model, name).floats();
    }

    /** Inputs that are positive on the whole: rounded weights shift each channel, and the bias takes the shift away. */
    @Test
    void theBiasMakesUpForRoundedWeights() {
        var model = new Nets()
                .input("x", ValueType.FLOAT32, -1, 12)
                .output("y", ValueType.FLOAT32, -1, 40)
                .weights("w", 0.4, 12, 40)
                .weights("b", 0.3, 40)
                .node("Gemm", "y", "x", "w", "b")
                .model();
        var samples = Nets.floats(6, 2, 1, 64, 12).stream()
                .map(batch -> {
                    var numbers = Nets.tensor(batch, "x").floats();
                    for (int i = 0; i < numbers.length; i++) {
                        numbers[i] = 10 + numbers[i];
                    }
                    return Map.<String, Item>of("x", new Item.Array(Tensor.of(numbers, 64, 12)));
                })
                .toList();
        var observations = Observations.of(
                model,
                QuantizationPlan.watched(model),
                QuantizationPlan.layerInputs(model),
                Set.of(Calibration.MIN_MAX),
                samples,
                "m");
        var ranges = observations.ranges(Calibration.MIN_MAX);
        var means = observations.means();
        double[] shift = new double[2];
        for (int corrected = 0; corrected < 2; corrected++) {
            var learnt = new Learnt(ranges, corrected == 0 ? Map.of() : means, Map.of());
            var result = QdqWriter.quantize(model, ActivationType.UINT8, learnt, Set.of("y"))
                    .model();
            var sums = new double[40];
            for (var batch : samples) {
                var wanted = Nets.run(model, batch, "y");
                var got = Nets.run(result, batch, "y");
                for (int i = 0; i < wanted.count(); i++) {
                    sums[i % 40] += (got.number(i) - wanted.number(i)) / (6 * 64);
                }
            }
            for (double sum : sums) {
                shift[corrected] = Math.max(shift[corrected], Math.abs(sum));
            }
        }
        assertThat(shift[1]).isLessThan(shift[0] / 5);
    }

    /** What codes rest on comes out in floats, not rounded to bytes again. */
    @Test
    void latentsBeforeADecisionAreProductsInFloat() throws IOException {
        var model = new Nets()
                .input("x", ValueType.FLOAT32, -1, 4, 5, 6)
                .output("codes", ValueType.INT64, -1, 5, 6)
                .weights("w1", 0.4, 8, 4, 3, 3)
                .weights("w2", 0.4, 6, 8, 1, 1)
                .weights("b2", 0.4, 6)
                .weights("e", 1, 6, 9)
                .conv("c", 3, "x", "w1")
                .node("Relu", "r", "c")
                .conv("latents", 1, "r", "w2", "b2")
                .node("Transpose", "last", Map.of("perm", Attribute.ints(0, 2, 3, 1)), "latents")
                .node("MatMul", "distances", "last", "e")
                .node("ArgMin", "codes", Map.of("axis", Attribute.of(-1), "keepdims", Attribute.of(0)), "distances")
                .model();
        var samples = Nets.floats(4, 3, 1, 2, 4, 5, 6);
        var result = quantized(model, ActivationType.UINT8, samples);
        assertThat(Nets.ops(result).stream().filter(op -> op.equals("QuantizeLinear")))
                .hasSize(2);
        assertThat(Nets.ops(result).stream().filter(op -> op.equals("MatMul"))).hasSize(2);
        var wanted = Nets.run(model, samples.get(0), "codes");
        var got = Nets.run(result, samples.get(0), "codes");
        int equal = 0;
        for (int i = 0; i < wanted.count(); i++) {
            equal += wanted.number(i) == got.number(i) ? 1 : 0;
        }
        assertThat(equal).isGreaterThanOrEqualTo(wanted.count() * 9 / 10);
    }

    @Test
    void weightsKeepABitFreeForSumsOf16Bits() throws IOException {
        var samples = Nets.floats(2, 3, 1, 2, 4, 5, 6);
        for (var type : ActivationType.values()) {
            var result = quantized(oneLayer(5), type, samples);
            var weights = constant(result, "y_weight_quantized");
            int most = 0;
            for (int i = 0; i < weights.count(); i++) {
                most = Math.max(most, Math.abs((int) weights.number(i)));
            }
            assertThat(most).isEqualTo(63);
        }
    }

    @Test
    void pixelsGoInAndComeOutAsTheyAre() throws IOException {
        var model = Nets.autoencoder();
        var samples = Nets.pixels(4, 1);
        var result = quantized(model, ActivationType.UINT8, samples);
        assertThat(Nets.ops(result)).doesNotContain("Cast", "Mul", "Round", "ConvTranspose", "Relu", "Sub");
        assertThat(Nets.ops(result).get(0)).isEqualTo("Transpose");
        var wanted = samples.stream()
                .map(batch -> Map.<String, Item>of("rebuilt", new Item.Array(Nets.run(model, batch, "rebuilt"))))
                .toList();
        var got = samples.stream()
                .map(batch -> Map.<String, Item>of("rebuilt", new Item.Array(Nets.run(result, batch, "rebuilt"))))
                .toList();
        assertThat(Quality.of(wanted, got).psnr()).isGreaterThan(38);
    }

    /** Where 0 is no whole step the bias takes the rest; a constant picture shows whether it does. */
    @ParameterizedTest
    @ValueSource(ints = {0, 100, 127, 128, 255})
    void theOffsetOfPixelsIsInTheBias(int pixel) throws IOException {
        var model = new Nets()
                .input("pixels", ValueType.UINT8, -1, 8, 8, 3)
                .output("y", ValueType.FLOAT32, -1, 4, 8, 8)
                .scalar("step", 2.0 / 255)
                .scalar("minus-one", -1)
                .weights("w", 0.5, 4, 3, 1, 1)
                .node("Cast", "floats", Map.of("to", Attribute.of(1)), "pixels")
                .node("Transpose", "first", Map.of("perm", Attribute.ints(0, 3, 1, 2)), "floats")
                .node("Mul", "scaled", "first", "step")
                .node("Add", "image", "scaled", "minus-one")
                .conv("y", 1, "image", "w")
                .model();
        var result = quantized(model, ActivationType.UINT8, Nets.pixels(4, 1));
        var values = new double[8 * 8 * 3];
        java.util.Arrays.fill(values, pixel);
        var batch = Map.<String, Item>of(
                "pixels", new Item.Array(Tensor.of(values, 1, 8, 8, 3).cast(ValueType.UINT8)));
        var wanted = Nets.run(model, batch, "y");
        var got = Nets.run(result, batch, "y");
        var last = result.graph().nodes().stream()
                .filter(node -> node.op().equals("QuantizeLinear"))
                .reduce((one, other) -> other)
                .orElseThrow();
        double scale = steps(result, last)[0];
        double zero = steps(result, last)[1];
        for (int i = 0; i < wanted.count(); i++) {
            // what the samples did not show is cut off
            double inside = Math.max(-zero * scale, Math.min((255 - zero) * scale, wanted.number(i)));
            assertThat(got.number(i)).isCloseTo(inside, within(0.5 * scale + 3 * 0.5 / 63 * 1.5));
        }
    }

    @ParameterizedTest
    @CsvSource({"Gemm,true", "Gemm,false", "MatMul,false"})
    void productsAreLayersToo(String op, boolean transposed) throws IOException {
        var net = new Nets()
                .input("x", ValueType.FLOAT32, -1, 12)
                .output("y", ValueType.FLOAT32, -1, 7)
                .weights("w", 0.4, transposed ? 7 : 12, transposed ? 12 : 7)
                .weights("b", 0.3, 7);
        Map<String, Attribute> attributes = transposed ? Map.of("transB", Attribute.of(1)) : Map.of();
        var model = op.equals("Gemm")
                ? net.node(op, "y", attributes, "x", "w", "b").model()
                : net.node(op, "y", attributes, "x", "w").model();
        var samples = Nets.floats(6, 2, 1, 8, 12);
        var result = quantized(model, ActivationType.UINT8, samples);
        assertThat(Nets.ops(result)).contains("QuantizeLinear", op);
        var wanted = List.of(Map.<String, Item>of("y", new Item.Array(Nets.run(model, samples.get(0), "y"))));
        var got = List.of(Map.<String, Item>of("y", new Item.Array(Nets.run(result, samples.get(0), "y"))));
        assertThat(Quality.of(wanted, got).psnr()).isGreaterThan(33);
    }

    @Test
    void whatADecisionRestsOnStaysInFloat() {
        var model = new Nets()
                .input("x", ValueType.FLOAT32, -1, 12)
                .output("codes", ValueType.INT64, -1)
                .weights("e", 1, 12, 9)
                .weights("norm", 1, 9)
                .weights("w", 1, 12, 12)
                .node("MatMul", "latents", "x", "w")
                .node("MatMul", "products", "latents", "e")
                .node("Add", "distances", "products", "norm")
                .node("ArgMin", "codes", Map.of("axis", Attribute.of(-1), "keepdims", Attribute.of(0)), "distances")
                .model();
        assertThat(names(model)).containsExactly("latents");
    }

    /** [M,1] adds a number to each row, though there may be as many rows as columns. */
    @Test
    void aNumberForEachRowIsNoBias() {
        for (var shape : List.of(new long[] {7, 1}, new long[] {1, 7}, new long[] {7})) {
            var model = new Nets()
                    .input("x", ValueType.FLOAT32, 7, 12)
                    .output("y", ValueType.FLOAT32, 7, 7)
                    .weights("w", 0.4, 12, 7)
                    .weights("c", 0.3, shape)
                    .node("Gemm", "y", "x", "w", "c")
                    .model();
            assertThat(names(model)).isEqualTo(shape[0] == 7 && shape.length == 2 ? List.of() : List.of("y"));
        }
    }

    /** What lies outside the picture is 0 there, and would be the least step in bytes. */
    @Test
    void resizingBeyondThePictureStaysInFloat() throws IOException {
        var model = new Nets()
                .input("x", ValueType.FLOAT32, 1, 2, 4, 4)
                .output("y", ValueType.FLOAT32, 1, 3, 6, 6)
                .weights("w1", 0.4, 2, 2, 1, 1)
                .weights("w2", 0.4, 3, 2, 1, 1)
                .constant("roi", Tensor.of(new float[] {0, 0, -0.5f, -0.5f, 1, 1, 1.5f, 1.5f}, 8))
                .constant("sizes", Tensor.sizes(List.of(1L, 2L, 6L, 6L)))
                .conv("c", 1, "x", "w1")
                .node(
                        "Resize",
                        "r",
                        Map.of(
                                "mode", Attribute.of("nearest"),
                                "coordinate_transformation_mode", Attribute.of("tf_crop_and_resize")),
                        "c",
                        "roi",
                        "",
                        "sizes")
                .conv("y", 1, "r", "w2")
                .model();
        var samples = Nets.floats(6, 2, 1, 1, 2, 4, 4);
        var result = quantized(model, ActivationType.UINT8, samples);
        var wanted = List.of(Map.<String, Item>of("y", new Item.Array(Nets.run(model, samples.get(0), "y"))));
        var got = List.of(Map.<String, Item>of("y", new Item.Array(Nets.run(result, samples.get(0), "y"))));
        assertThat(Quality.of(wanted, got).psnr()).isGreaterThan(30);
    }

    @Test
    void tablesAreLookedUpInBytes() throws IOException {
        var model = new Nets()
                .input("codes", ValueType.INT64, -1, 4, 4)
                .output("y", ValueType.FLOAT32, -1, 3, 4, 4)
                .weights("table", 1, 16, 6)
                .weights("w", 0.4, 3, 6, 3, 3)
                .node("Gather", "rows", "table", "codes")
                .node("Transpose", "first", Map.of("perm", Attribute.ints(0, 3, 1, 2)), "rows")
                .conv("y", 3, "first", "w")
                .model();
        var codes = new long[2 * 16];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = i * 7L % 16;
        }
        List<Map<String, Item>> samples = List.of(Map.of("codes", new Item.Array(Tensor.of(codes, 2, 4, 4))));
        var result = quantized(model, ActivationType.UINT8, samples);
        assertThat(Nets.ops(result).subList(0, 3)).containsExactly("Gather", "Transpose", "DequantizeLinear");
        assertThat(constant(result, result.graph().nodes().get(0).input(0)).type())
                .isEqualTo(ValueType.UINT8);
        assertThat(result.graph().initializers()).doesNotContainKey("table");
    }

    @Test
    void olderOpsetsHaveOneScaleALayer() throws IOException {
        var model = oneLayer(5);
        var old = new Model(
                model.graph(),
                new java.util.TreeMap<>(Map.of("", 11)),
                7,
                "",
                "",
                new java.util.TreeMap<>(),
                java.nio.ByteBuffer.allocate(0));
        var samples = Nets.floats(4, 3, 1, 2, 4, 5, 6);
        var result = quantized(old, ActivationType.UINT8, samples);
        assertThat(constant(result, "y_weight_scale").rank()).isZero();
        var wanted = List.of(Map.<String, Item>of("y", new Item.Array(Nets.run(model, samples.get(0), "y"))));
        var got = List.of(Map.<String, Item>of("y", new Item.Array(Nets.run(result, samples.get(0), "y"))));
        assertThat(Quality.of(wanted, got).psnr()).isGreaterThan(33);
    }
}
