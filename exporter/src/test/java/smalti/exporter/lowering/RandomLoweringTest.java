package smalti.exporter.lowering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import smalti.exporter.OnnxChecker;
import smalti.exporter.graph.GraphCheck;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.proof.OrtRunner;
import smalti.exporter.samediff.SameDiffRunner;
import smalti.spec.Dimension;
import smalti.spec.ElementType;
import smalti.spec.NpyArray;
import smalti.spec.SpecException;

/** Random operations: how 100,000 numbers from ONNX Runtime are distributed. */
final class RandomLoweringTest {
    private static final long COUNT = 100_000;

    /** Kolmogorov's bound: more than this is the gap of one sample in 10⁷. */
    private static final double GAP = 2.9 / Math.sqrt(COUNT);

    @TempDir
    private Path folder;

    /** @param below the probability of a number at or below */
    private record Draw(String op, Function<SameDiff, SDVariable> build, DoubleUnaryOperator below) {}

    private static final List<Draw> DRAWS = List.of(
            new Draw(
                    "distribution_gaussian",
                    graph -> graph.random.normal(1, 2, DataType.FLOAT, COUNT),
                    x -> normal((x - 1) / 2)),
            new Draw(
                    "distribution_lognormal",
                    graph -> graph.random.logNormal(0.5, 0.7, DataType.FLOAT, COUNT),
                    x -> x <= 0 ? 0 : normal((Math.log(x) - 0.5) / 0.7)),
            new Draw(
                    "distribution_truncated",
                    graph -> graph.random.normalTruncated(1, 2, DataType.FLOAT, COUNT),
                    x -> Math.max(0, Math.min(1, (normal((x - 1) / 2) - normal(-2)) / (normal(2) - normal(-2))))),
            new Draw(
                    "distribution_uniform",
                    graph -> graph.random.uniform(-1, 3, DataType.FLOAT, COUNT),
                    x -> Math.max(0, Math.min(1, (x + 1) / 4))),
            new Draw(
                    "distribution_bernoulli",
                    graph -> graph.random.bernoulli(0.3, DataType.FLOAT, COUNT),
                    x -> x < 0 ? 0 : x < 1 ? 0.7 : 1),
            new Draw(
                    "random_exponential",
                    graph -> graph.random.exponential(2, DataType.FLOAT, COUNT),
                    x -> x <= 0 ? 0 : -Math.expm1(-2 * x)),
            new Draw(
                    "distribution_binomial",
                    graph -> graph.random.binomial(2, 0.3, DataType.FLOAT, COUNT),
                    x -> x < 0 ? 0 : x < 1 ? 0.49 : x < 2 ? 0.91 : 1));

    static Set<String> operations() {
        return DRAWS.stream().map(Draw::op).collect(Collectors.toSet());
    }

    /** By the trapezium rule. */
    private static double normal(double x) {
        double end = Math.max(-8, Math.min(8, x));
        int steps = 400;
        double step = (end + 8) / steps;
        double sum = 0;
        for (int i = 0; i <= steps; i++) {
            double at = -8 + i * step;
            sum += (i == 0 || i == steps ? 0.5 : 1) * Math.exp(-at * at / 2);
        }
        return sum * step / Math.sqrt(2 * Math.PI);
    }

    @TestFactory
    Stream<DynamicTest> isDistributedAsSaid() {
        return DRAWS.stream().map(draw -> DynamicTest.dynamicTest(draw.op(), () -> check(draw)));
    }

    private void check(Draw draw) throws Exception {
        var sameDiff = SameDiff.create();
        // a graph has inputs: this one is 0
        var zero = sameDiff.placeHolder("x", DataType.FLOAT, 1);
        draw.build().apply(sameDiff).castTo(DataType.FLOAT).add("y", zero);
        var saved = folder.resolve("draw.fb");
        sameDiff.save(saved.toFile(), false);
        var source = SameDiffRunner.of(
                        SameDiffRunner.load(saved, "draw"), "draw", Map.of("x", List.of(Dimension.of(1))), List.of("y"))
                .source();
        var array = Tensor.of(new float[1], 1);
        var none = new NpyArray(ElementType.FLOAT32, array.dims(), array.data());
        assertThatThrownBy(() -> Lowerings.lower(source, Value::of, 22))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("beyond opset 21, and 22 is written; lower the opset");
        for (int opset : new int[] {13, 17, 21}) {
            var graph = Lowerings.lower(source, Value::of, opset).graph();
            assertThat(GraphCheck.problems(graph, opset)).isEmpty();
            var onnx = folder.resolve("draw-" + opset + ".onnx");
            new OnnxWriter(opset, "test").write(graph, new TreeMap<>(), onnx);
            OnnxChecker.check(onnx);
            try (var exported = OrtRunner.open(onnx)) {
                var drawn = Doubles.of(
                        Objects.requireNonNull(exported.run(Map.of("x", none)).get("y")));
                assertThat(drawn.data).hasSize((int) COUNT);
                java.util.Arrays.sort(drawn.data);
                for (int i = 0; i < COUNT; i += 997) {
                    double value = drawn.data[i];
                    int last = i;
                    while (last + 1 < COUNT && drawn.data[last + 1] == value) {
                        last++;
                    }
                    assertThat((last + 1.0) / COUNT)
                            .as("share of numbers up to %s", value)
                            .isBetween(
                                    draw.below().applyAsDouble(value) - GAP,
                                    draw.below().applyAsDouble(value) + GAP);
                }
            }
        }
    }
}
