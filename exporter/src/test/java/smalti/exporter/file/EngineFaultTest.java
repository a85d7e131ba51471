package smalti.exporter.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.proof.DeadlyModels;
import smalti.exporter.proof.ModelSession;
import smalti.spec.onnx.EngineFault;
import smalti.spec.onnx.OnnxFile;

/** Each fault is still there without its guard, and with it the numbers are those of the nodes one by one. */
final class EngineFaultTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path folder;

    @Test
    void zerosAroundAMaxPoolAreZeros() throws Exception {
        // all inputs are −2: a window that reaches into the padding gives 0
        var bytes = OnnxWriter.bytes(padded(1));
        assertThat(OnnxFile.read(bytes, "padded")).matches(EngineFault.PAD_BEFORE_MAX_POOL::isIn);
        assertThat(unguarded(bytes, -2, 1, 1, 4, 4)[0]).isEqualTo(-2);
        assertThat(guarded(padded(1), -2, 1, 1, 4, 4)[0]).isZero();
    }

    @Test
    void aFileOfOurOwnNeedsNoGuard() throws Exception {
        var bytes = OnnxWriter.bytes(padded(0));
        assertThat(OnnxFile.read(bytes, "padded")).matches(file -> !EngineFault.PAD_BEFORE_MAX_POOL.isIn(file));
        assertThat(unguarded(bytes, -2, 1, 1, 4, 4)[0]).isZero();
    }

    @Test
    void dequantizedWeightsMeetFloatsThatAreNotRounded() throws Exception {
        // 0.3 · 1 + 100 · 0 + 0 · 0 by hand; in 8 bits of a row whose largest is 100, 0.3 becomes 0
        var bytes = OnnxWriter.bytes(product());
        assertThat(OnnxFile.read(bytes, "product")).matches(EngineFault.DEQUANTIZE_BEFORE_MATMUL::isIn);
        float[] row = {0.3f, 100, 0};
        assertThat(Math.abs(unguarded(bytes, row, 1, 3)[0] - 0.3)).isGreaterThan(0.01);
        assertThat(guarded(product(), row, 1, 3)[0]).isCloseTo(0.3f, within(1e-6f));
        var file = folder.resolve("product.onnx");
        OnnxWriter.write(product(), file);
        assertThat(OnnxOptimizer.optimize(file, folder.resolve("out.onnx"), 1).difference())
                .isLessThan(1e-6);
    }

    @Test
    void aSwishOfDoublesIsOpened() throws Exception {
        var graph = new Graph(
                "swish",
                List.of(new Value("x", ValueType.FLOAT64, List.of(Axis.of(3)), Value.Layout.PLAIN)),
                List.of(new Value("y", ValueType.FLOAT64, List.of(Axis.of(3)), Value.Layout.PLAIN)),
                Map.of("alpha", Tensor.scalar(ValueType.FLOAT64, 1.702)),
                List.of(
                        Node.of("Mul", List.of("x", "alpha"), "a", Map.of()),
                        Node.of("Sigmoid", List.of("a"), "s", Map.of()),
                        Node.of("Mul", List.of("x", "s"), "y", Map.of())));
        var model = Model.of(graph, 17, 8);
        assertThatThrownBy(() -> OrtEnvironment.getEnvironment().createSession(OnnxWriter.bytes(model)))
                .hasMessageContaining("QuickGelu");
        try (var session = ModelSession.open(model, "guarded")) {
            double[] x = {-1, 0.5, 2};
            var outputs = session.run(Map.of("x", new ModelSession.Item.Array(Tensor.of(x, 3))));
            var y = ((ModelSession.Item.Array) java.util.Objects.requireNonNull(outputs.get("y"))).tensor();
            for (int i = 0; i < x.length; i++) {
                assertThat(y.number(i)).isCloseTo(x[i] / (1 + Math.exp(-1.702 * x[i])), within(1e-12));
            }
        }
    }

    @Test
    void whatWouldEndTheProcessIsOptimizedOrRefused() throws Exception {
        var deadly = Files.write(folder.resolve("deadly.onnx"), DeadlyModels.dequantizeBeforeTranspose());
        assertThat(OnnxFileCheck.problems(deadly)).isEmpty();
        assertThat(OnnxOptimizer.optimize(deadly, folder.resolve("out.onnx"), 1).difference())
                .isLessThan(1e-6);
        var absent = Files.write(folder.resolve("absent.onnx"), DeadlyModels.optionalOutput());
        assertThat(OnnxFileCheck.problems(absent)).singleElement().asString().contains("no output of optional type");
        assertThatThrownBy(() -> OnnxOptimizer.optimize(absent, folder.resolve("out.onnx"), 1))
                .hasMessageContaining("no output of optional type");
    }

    private static float[] unguarded(byte[] model, double value, long... dims) throws Exception {
        return unguarded(model, filled(value, dims), dims);
    }

    private static float[] unguarded(byte[] model, float[] values, long... dims) throws Exception {
        var environment = OrtEnvironment.getEnvironment();
        try (var options = new OrtSession.SessionOptions();
                var session = environment.createSession(model, options);
                var input = OnnxTensor.createTensor(environment, FloatBuffer.wrap(values), dims);
                var outputs = session.run(Map.of("x", input))) {
            var buffer = ((OnnxTensor) outputs.get(0)).getFloatBuffer();
            var floats = new float[buffer.remaining()];
            buffer.get(floats);
            return floats;
        }
    }

    private static float[] guarded(Model model, double value, long... dims) {
        return guarded(model, filled(value, dims), dims);
    }

    private static float[] guarded(Model model, float[] values, long... dims) {
        try (var session = ModelSession.open(model, "guarded")) {
            var numbers = new double[values.length];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = values[i];
            }
            var input = Tensor.of(numbers, dims).cast(ValueType.FLOAT32);
            var output =
                    session.run(Map.of("x", new ModelSession.Item.Array(input))).get("y");
            var tensor = ((ModelSession.Item.Array) java.util.Objects.requireNonNull(output)).tensor();
            var floats = new float[tensor.data().remaining() / Float.BYTES];
            for (int i = 0; i < floats.length; i++) {
                floats[i] = (float) tensor.number(i);
            }
            return floats;
        }
    }

    private static float[] filled(double value, long... dims) {
        int count = 1;
        for (long size : dims) {
            count *= (int) size;
        }
        var values = new float[count];
        java.util.Arrays.fill(values, (float) value);
        return values;
    }

    private static Model padded(long ceil) {
        var constants = new LinkedHashMap<String, Constant>();
        constants.put("p", Tensor.of(new double[] {0, 0, 1, 1, 0, 0, 1, 1}, 8).cast(ValueType.INT64));
        var pool = Map.of(
                "kernel_shape", Attribute.ints(2, 2),
                "strides", Attribute.ints(2, 2),
                "ceil_mode", Attribute.of(ceil));
        return model(
                List.of(Axis.of(1), Axis.of(1), Axis.of(4), Axis.of(4)),
                List.of(Axis.of(1), Axis.of(1), Axis.of(3), Axis.of(3)),
                constants,
                Node.of("Pad", List.of("x", "p"), "q", Map.of()),
                Node.of("MaxPool", List.of("q"), "y", pool));
    }

    private static Model product() {
        var constants = new LinkedHashMap<String, Constant>();
        constants.put(
                "w", Tensor.of(new double[] {1, 0, 0, 0, 1, 0, 0, 0, 1}, 3, 3).cast(ValueType.INT8));
        constants.put("s", Tensor.of(new double[] {1, 1, 1}, 3).cast(ValueType.FLOAT32));
        constants.put("z", Tensor.of(new double[] {0, 0, 0}, 3).cast(ValueType.INT8));
        return model(
                List.of(Axis.named("N"), Axis.of(3)),
                List.of(Axis.named("N"), Axis.of(3)),
                constants,
                Node.of("DequantizeLinear", List.of("w", "s", "z"), "d", Map.of("axis", Attribute.of(1))),
                Node.of("MatMul", List.of("x", "d"), "y", Map.of()));
    }

    private static Model model(List<Axis> in, List<Axis> out, Map<String, Constant> constants, Node... nodes) {
        var graph = new Graph(
                "fault",
                List.of(new Value("x", ValueType.FLOAT32, in, Value.Layout.PLAIN)),
                List.of(new Value("y", ValueType.FLOAT32, out, Value.Layout.PLAIN)),
                constants,
                List.of(nodes));
        return Model.of(graph, 17, 8);
    }
}
