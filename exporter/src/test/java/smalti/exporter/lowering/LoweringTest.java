package smalti.exporter.lowering;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import smalti.exporter.OnnxChecker;
import smalti.exporter.graph.GraphCheck;
import smalti.exporter.graph.Value;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.proof.OrtRunner;
import smalti.exporter.samediff.SameDiffRunner;
import smalti.exporter.samediff.SourceOp;
import smalti.spec.CounterRandom;
import smalti.spec.Dimension;
import smalti.spec.ElementType;
import smalti.spec.NpyArray;

/** Every lowering: SameDiff file → ONNX → ONNX Runtime, and SameDiff itself, against float64 arithmetic. */
final class LoweringTest {
    /** float32 sums of up to some hundred terms of size 1, relative to the largest of the result. */
    private static final double TOLERANCE = 3e-6;

    @TempDir
    private Path folder;

    @Test
    void everyLoweringHasACase() {
        assertThat(OpCases.all().map(OpCase::op).collect(Collectors.toSet())).isEqualTo(Lowerings.operations());
    }

    @TestFactory
    Stream<DynamicTest> meansTheSame() {
        return OpCases.all()
                .map(useCase -> DynamicTest.dynamicTest(useCase.op() + " " + useCase.label(), () -> check(useCase)));
    }

    private void check(OpCase useCase) throws Exception {
        var sameDiff = SameDiff.create();
        var placeholders = new HashMap<String, SDVariable>();
        for (var input : useCase.ends().inputs()) {
            placeholders.put(
                    input.name(),
                    sameDiff.placeHolder(
                            input.name(),
                            input.type() == ElementType.FLOAT32 ? DataType.FLOAT : DataType.INT64,
                            input.shape().stream()
                                    .mapToLong(axis -> axis.isFixed() ? axis.factor() : -1)
                                    .toArray()));
        }
        var made = useCase.build().in(sameDiff, name -> Objects.requireNonNull(placeholders.get(name)));
        assertThat(made.name()).isEqualTo("y");
        var saved = folder.resolve("case.fb");
        sameDiff.save(saved.toFile(), false);

        var runner = SameDiffRunner.open(saved, "case", useCase.ends());
        var source = runner.source();
        assertThat(source.ops().stream().map(SourceOp::op)).contains(useCase.op());
        var graph = Lowerings.lower(source, Value::of);
        assertThat(GraphCheck.problems(graph, 17)).isEmpty();
        for (int opset : new int[] {13, 17, 21}) {
            var onnx = folder.resolve("case-" + opset + ".onnx");
            new OnnxWriter(opset, "test").write(graph, new TreeMap<>(), onnx);
            OnnxChecker.check(onnx);
            try (var exported = OrtRunner.open(onnx)) {
                for (int round = 0; round < 2; round++) {
                    for (int run = 0; run < useCase.sizes().size(); run++) {
                        var inputs = inputs(useCase, useCase.sizes().get(run), run);
                        var doubles = new HashMap<String, Doubles>();
                        inputs.forEach((name, array) -> doubles.put(name, Doubles.of(array)));
                        var expected = useCase.reference().apply(doubles);
                        assertClose("ONNX Runtime", exported.run(inputs), expected);
                        assertClose("SameDiff", runner.run(inputs), expected);
                    }
                }
            }
        }
    }

    private static Map<String, NpyArray> inputs(OpCase useCase, Map<String, Integer> sizes, int seed) {
        var random = new CounterRandom(seed, 7);
        var inputs = new LinkedHashMap<String, NpyArray>();
        for (var input : useCase.ends().inputs()) {
            long[] shape =
                    input.shape().stream().mapToLong(axis -> size(axis, sizes)).toArray();
            int length = (int) java.util.Arrays.stream(shape).reduce(1, (a, b) -> a * b);
            var normals = new float[length];
            random.normals(inputs.size(), normals, 0, length);
            var whole = new long[length];
            for (int i = 0; i < length; i++) {
                whole[i] = (long) (random.uniform(100 + inputs.size(), i) * OpCases.CODES);
            }
            inputs.put(
                    input.name(),
                    input.type() == ElementType.FLOAT32 ? NpyArray.of(normals, shape) : NpyArray.of(whole, shape));
        }
        return inputs;
    }

    private static long size(Dimension axis, Map<String, Integer> sizes) {
        return axis.factor()
                * axis.name().map(name -> sizes.getOrDefault(name, 1)).orElse(1);
    }

    private static void assertClose(String engine, Map<String, NpyArray> outputs, Doubles expected) {
        var actual = Doubles.of(outputs.values().iterator().next());
        assertThat(actual.shape).as(engine).isEqualTo(expected.shape);
        double most = 1e-3;
        for (double value : expected.data) {
            most = Math.max(most, Math.abs(value));
        }
        for (int i = 0; i < expected.data.length; i++) {
            double difference = Math.abs(actual.data[i] - expected.data[i]);
            assertThat(difference).as("%s, element %s", engine, i).isLessThanOrEqualTo(TOLERANCE * most);
        }
    }
}
