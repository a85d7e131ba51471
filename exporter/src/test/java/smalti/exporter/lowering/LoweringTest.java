package smalti.exporter.lowering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.DoubleUnaryOperator;
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
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.GraphCheck;
import smalti.exporter.graph.Operators;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.samediff.KnownFaults;
import smalti.exporter.samediff.SameDiffRunner;
import smalti.exporter.samediff.SourceOp;
import smalti.spec.CounterRandom;
import smalti.spec.SpecException;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.ElementType;
import smalti.spec.file.NpyArray;

/** Every lowering: SameDiff file → ONNX → ONNX Runtime, and SameDiff itself, against float64 arithmetic. */
final class LoweringTest {
    /** float32 sums of up to some hundred terms of size 1, relative to the largest of the result. */
    private static final double TOLERANCE = 3e-6;

    /** With all of opset 22; by default the cases run there that have an operator which opset 22 changed. */
    private static final boolean FULL = Boolean.getBoolean("smalti.full");

    /** Operations that SameDiff does not read from its own files, or not as they were. */
    static final Set<String> LOST = Set.of(
            "and_scalar",
            "bincount",
            "car",
            "lstmLayer",
            "mish",
            "resize_area",
            "resize_bilinear",
            "setvalorless_scalar");

    @TempDir
    private Path folder;

    @Test
    void everyLoweringHasACase() {
        var tested = OpCases.all().map(OpCase::op).collect(Collectors.toSet());
        tested.addAll(RandomLoweringTest.operations());
        assertThat(tested).isEqualTo(Lowerings.operations());
    }

    @TestFactory
    Stream<DynamicTest> meansTheSame() {
        return OpCases.all()
                .map(useCase -> DynamicTest.dynamicTest(useCase.op() + " " + useCase.label(), () -> check(useCase)));
    }

    private void check(OpCase useCase) throws Exception {
        var sameDiff = SameDiff.create();
        var placeholders = new HashMap<String, SDVariable>();
        var shapes = new LinkedHashMap<String, List<Dimension>>();
        for (var input : useCase.inputs()) {
            shapes.put(input.name(), input.shape());
            placeholders.put(
                    input.name(),
                    sameDiff.placeHolder(
                            input.name(),
                            type(input.type()),
                            input.shape().stream()
                                    .mapToLong(axis -> axis.isFixed() ? axis.factor() : -1)
                                    .toArray()));
        }
        useCase.build().in(sameDiff, name -> Objects.requireNonNull(placeholders.get(name)));
        // through a file, but for what SameDiff's files lose: bfloat16 numbers, that "compare and replace" is not
        // "compare
        // and set" nor "and" an addition, and what its own reader throws at
        var saved = folder.resolve("case.fb");
        boolean lost = LOST.contains(useCase.op())
                || useCase.inputs().stream().anyMatch(input -> input.type() == ElementType.BFLOAT16);

        if (!lost) {
            sameDiff.save(saved.toFile(), false);
        }
        var outputs = List.copyOf(useCase.reference()
                .apply(doubles(inputs(useCase, useCase.sizes().get(0), 0)))
                .keySet());
        var runner = SameDiffRunner.of(lost ? sameDiff : SameDiffRunner.load(saved, "case"), "case", shapes, outputs);
        var source = runner.source();
        assertThat(source.ops().stream().map(SourceOp::op)).contains(useCase.op());
        assertThat(KnownFaults.of(source).isEmpty())
                .as("known faults hold what is said to be wrong: %s", useCase.wrong())
                .isEqualTo(useCase.wrong() == null);
        boolean sameDiffDiffers = false;
        for (int opset : new int[] {13, 17, 21, 22}) {
            if (opset < useCase.since()) {
                assertThatThrownBy(() -> Lowerings.lower(source, Value::of, opset))
                        .isInstanceOf(SpecException.class)
                        .hasMessageContaining("since opset " + useCase.since());
                continue;
            }
            var graph = Lowerings.lower(source, Value::of, opset).graph();
            assertThat(GraphCheck.problems(graph, opset)).isEmpty();
            if (opset == 22 && !FULL && !changedIn(22, graph)) {
                continue;
            }
            var onnx = folder.resolve("case-" + opset + ".onnx");
            new OnnxWriter(opset, "test").write(graph, new TreeMap<>(), onnx);
            OnnxChecker.check(onnx);
            try (var exported = ModelSession.openOnAllCores(onnx)) {
                for (int round = 0; round < (opset == 17 ? 2 : 1); round++) {
                    for (int run = 0; run < useCase.sizes().size(); run++) {
                        var inputs = inputs(useCase, useCase.sizes().get(run), run);
                        var expected = useCase.reference().apply(doubles(inputs));
                        assertThat(differences("ONNX Runtime", useCase, exported.runArrays(inputs), expected))
                                .isEmpty();
                        if (opset == 17) {
                            var own = differences("SameDiff", useCase, runner.run(inputs), expected);
                            sameDiffDiffers |= !own.isEmpty();
                            assertThat(useCase.wrong() == null ? own : List.of())
                                    .isEmpty();
                        }
                    }
                }
            }
        }
        assertThat(sameDiffDiffers)
                .as("SameDiff is said to be wrong: %s", useCase.wrong())
                .isEqualTo(useCase.wrong() != null && useCase.since() <= 17);
    }

    private static boolean changedIn(int opset, Graph graph) {
        return graph.nodes().stream()
                .flatMap(node -> Operators.find(node.op(), opset).stream())
                .anyMatch(operator -> operator.since() == opset);
    }

    private static Map<String, Doubles> doubles(Map<String, NpyArray> arrays) {
        var doubles = new HashMap<String, Doubles>();
        arrays.forEach((name, array) -> doubles.put(name, Doubles.of(array)));
        return doubles;
    }

    static DataType type(ElementType type) {
        return switch (type) {
            case FLOAT32 -> DataType.FLOAT;
            case FLOAT64 -> DataType.DOUBLE;
            case FLOAT16 -> DataType.FLOAT16;
            case BFLOAT16 -> DataType.BFLOAT16;
            case INT8 -> DataType.INT8;
            case INT16 -> DataType.INT16;
            case INT32 -> DataType.INT32;
            case INT64 -> DataType.INT64;
            case UINT8 -> DataType.UINT8;
            case UINT16 -> DataType.UINT16;
            case UINT32 -> DataType.UINT32;
            case UINT64 -> DataType.UINT64;
            case BOOL -> DataType.BOOL;
        };
    }

    private static Map<String, NpyArray> inputs(OpCase useCase, Map<String, Integer> sizes, int seed) {
        var random = new CounterRandom(seed, 7);
        var inputs = new LinkedHashMap<String, NpyArray>();
        for (var input : useCase.inputs()) {
            long[] shape =
                    input.shape().stream().mapToLong(axis -> size(axis, sizes)).toArray();
            var type = ValueType.of(input.type());
            var domain = useCase.domains().getOrDefault(input.name(), DoubleUnaryOperator.identity());
            int length = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
            var normals = new float[length];
            random.normals(inputs.size(), normals, 0, length);
            var values = new double[length];
            for (int i = 0; i < length; i++) {
                double raw = type.isFloat()
                        ? normals[i]
                        : type == ValueType.BOOL
                                ? (normals[i] > 0 ? 1 : 0)
                                : (long) (random.uniform(100 + inputs.size(), i) * OpCases.CODES);
                values[i] = domain.applyAsDouble(raw);
            }
            var tensor = Tensor.of(values, shape).cast(type);
            inputs.put(input.name(), new NpyArray(input.type(), tensor.dims(), tensor.data()));
        }
        return inputs;
    }

    private static long size(Dimension axis, Map<String, Integer> sizes) {
        return axis.factor()
                * axis.name().map(name -> sizes.getOrDefault(name, 1)).orElse(1);
    }

    /** What is not as the reference says: the first such element of each output. */
    private static List<String> differences(
            String engine, OpCase useCase, Map<String, NpyArray> outputs, Map<String, Doubles> expected) {
        var found = new ArrayList<String>();
        expected.forEach((name, reference) -> {
            var array = Objects.requireNonNull(outputs.get(name), name);
            var actual = Doubles.of(array);
            if (!Arrays.equals(actual.shape, reference.shape)) {
                found.add(engine + " " + name + " has shape " + Arrays.toString(actual.shape) + ", not "
                        + Arrays.toString(reference.shape));
                return;
            }
            double most = 1e-3;
            for (double value : reference.data) {
                most = Double.isFinite(value) ? Math.max(most, Math.abs(value)) : most;
            }
            double tolerance = tolerance(array.type(), useCase.tolerance()) * most;
            for (int i = 0; i < reference.data.length; i++) {
                double wanted = reference.data[i];
                double got = actual.data[i];
                if (Double.compare(wanted, got) != 0 && !(Math.abs(wanted - got) <= tolerance)) {
                    found.add(engine + " " + name + "[" + i + "] is " + got + ", not " + wanted);
                    return;
                }
            }
        });
        return found;
    }

    /** float32: sums of up to some hundred terms of size 1; 16-bit floats: a few roundings; whole numbers: none. */
    private static double tolerance(ElementType type, double given) {
        return switch (type) {
            case FLOAT32 -> Math.max(given, TOLERANCE);
            case FLOAT64 -> Math.max(given, 1e-12);
            case FLOAT16 -> Math.max(given, 4e-3);
            case BFLOAT16 -> Math.max(given, 3e-2);
            default -> given;
        };
    }
}
