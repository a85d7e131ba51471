package smalti.exporter.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.exporter.OwnJvm;
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

final class OnnxOptimizerTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path folder;

    @Test
    void anotherJvmWritesTheSameBytes() throws Exception {
        var model = folder.resolve("before.onnx");
        OnnxWriter.write(Model.of(network(), 17, 8), model);
        var here = Files.createDirectories(folder.resolve("here")).resolve("m.onnx");
        var there = Files.createDirectories(folder.resolve("there")).resolve("m.onnx");
        var report = OnnxOptimizer.optimize(model, here, 1, 0);
        assertThat(report.removed()).containsKeys("batch-norms", "transposes", "common-nodes");
        OwnJvm.run(folder, OptimizeOnce.class, model, there);
        assertThat(there).hasSameBinaryContentAs(here);
        assertThat(there.resolveSibling("m.onnx.data")).hasSameBinaryContentAs(here.resolveSibling("m.onnx.data"));
    }

    /** Something for most passes: scaled convolutions, pairs of transposes, nodes that stand there twice. */
    private static Graph network() {
        var random = new Random(5);
        var constants = new LinkedHashMap<String, Constant>();
        constants.put("w", numbers(random, 8, 8, 3, 3));
        for (var name : List.of("scale", "shift", "mean", "variance")) {
            constants.put(name, numbers(random, 8));
        }
        constants.put("factor", numbers(random, 8, 1, 1));
        var conv = Map.of(
                "kernel_shape", Attribute.ints(3, 3),
                "pads", Attribute.ints(1, 1, 1, 1));
        var last = Map.of("perm", Attribute.ints(0, 2, 3, 1));
        var first = Map.of("perm", Attribute.ints(0, 3, 1, 2));
        var image = new Value(
                "x",
                ValueType.FLOAT32,
                List.of(Axis.named("N"), Axis.of(8), Axis.of(6), Axis.of(6)),
                Value.Layout.PLAIN);
        return new Graph(
                "network",
                List.of(image),
                List.of(new Value("y", ValueType.FLOAT32, image.shape(), Value.Layout.PLAIN)),
                constants,
                List.of(
                        Node.of("Conv", List.of("x", "w"), "a", conv),
                        Node.of(
                                "BatchNormalization",
                                List.of("a", "scale", "shift", "mean", "variance"),
                                "b",
                                Map.of()),
                        Node.of("Transpose", List.of("b"), "c", last),
                        Node.of("Relu", List.of("c"), "d", Map.of()),
                        Node.of("Transpose", List.of("d"), "e", first),
                        Node.of("Sigmoid", List.of("e"), "f", Map.of()),
                        Node.of("Sigmoid", List.of("e"), "g", Map.of()),
                        Node.of("Mul", List.of("f", "g"), "h", Map.of()),
                        Node.of("Conv", List.of("h", "w"), "i", conv),
                        Node.of("Mul", List.of("i", "factor"), "y", Map.of())));
    }

    private static Tensor numbers(Random random, long... dims) {
        int count = 1;
        for (long size : dims) {
            count *= (int) size;
        }
        var values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = 0.5f + random.nextFloat();
        }
        return Tensor.of(values, dims);
    }
}
