package smalti.exporter.lowering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.custom.RandomCrop;
import org.nd4j.linalg.api.ops.random.compat.RandomStandardNormal;
import org.nd4j.linalg.api.ops.random.custom.DistributionUniform;
import org.nd4j.linalg.api.ops.random.custom.RandomBernoulli;
import org.nd4j.linalg.api.ops.random.custom.RandomGamma;
import org.nd4j.linalg.api.ops.random.custom.RandomNormal;
import org.nd4j.linalg.api.ops.random.custom.RandomPoisson;
import org.nd4j.linalg.api.ops.random.custom.RandomShuffle;
import org.nd4j.linalg.factory.Nd4j;
import smalti.exporter.ExportOptions;
import smalti.exporter.OnnxChecker;
import smalti.exporter.OnnxExporter;
import smalti.exporter.graph.GraphCheck;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.proof.GraphProver.Parity;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.samediff.KnownFaults;
import smalti.exporter.samediff.SameDiffRunner;
import smalti.spec.SpecException;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.ElementType;
import smalti.spec.file.NpyArray;

/** Random operations: how 100,000 numbers from ONNX Runtime are distributed. */
final class RandomLoweringTest {
    private static final long COUNT = 100_000;

    /** Kolmogorov's bound: more than this is the gap of one sample in 10⁷. */
    private static final double GAP = 2.9 / Math.sqrt(COUNT);

    /** Of a picture. */
    private static final int CROPS = 4000;

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
                    x -> x < 0 ? 0 : x < 1 ? 0.49 : x < 2 ? 0.91 : 1),
            new Draw(
                    "randomnormal",
                    graph -> new RandomNormal(graph, count(graph), 1, 2).outputVariable(),
                    x -> normal((x - 1) / 2)),
            new Draw(
                    "random_normal",
                    graph -> new RandomStandardNormal(graph, new SDVariable[] {count(graph)}).outputVariable(),
                    RandomLoweringTest::normal),
            new Draw(
                    "randomuniform",
                    graph -> new DistributionUniform(graph, count(graph), -1, 3, DataType.DOUBLE).outputVariable(),
                    x -> Math.max(0, Math.min(1, (x + 1) / 4))),
            new Draw(
                    "random_bernoulli",
                    graph -> new RandomBernoulli(graph, count(graph), 0.3).outputVariable(),
                    x -> x < 0 ? 0 : x < 1 ? 0.7 : 1),
            // a sum of two exponential numbers
            new Draw(
                    "random_gamma",
                    graph ->
                            new RandomGamma(graph, count(graph), list(graph, 2), list(graph, 4), 0, 0).outputVariable(),
                    x -> x <= 0 ? 0 : 1 - Math.exp(-4 * x) * (1 + 4 * x)),
            // half the square of a normal number
            new Draw(
                    "random_gamma",
                    graph -> new RandomGamma(graph, count(graph), list(graph, 0.5f), null, 0, 0).outputVariable(),
                    x -> x <= 0 ? 0 : 2 * normal(Math.sqrt(2 * x)) - 1),
            new Draw(
                    "random_poisson",
                    graph -> new RandomPoisson(graph, count(graph), list(graph, 3), 0, 0).outputVariable(),
                    x -> poisson(3, x)),
            new Draw(
                    "random_multinomial",
                    graph -> AnyOp.of(
                                    "random_multinomial",
                                    graph,
                                    List.of(DataType.INT64),
                                    weights(graph).reshape(1, 3),
                                    graph.constant(Nd4j.scalar((int) COUNT)))
                            .ints(0)
                            .outputVariable(),
                    RandomLoweringTest::chosen),
            new Draw(
                    "random_multinomial",
                    graph -> AnyOp.of(
                                    "random_multinomial",
                                    graph,
                                    List.of(DataType.INT64),
                                    weights(graph).reshape(3, 1),
                                    graph.constant(Nd4j.scalar((int) COUNT)))
                            .outputVariable(),
                    RandomLoweringTest::chosen),
            // how far each went: the difference of two even numbers
            new Draw(
                    "random_shuffle",
                    graph -> {
                        var order = graph.constant(Nd4j.linspace(DataType.DOUBLE, 0, COUNT, 1));
                        return new RandomShuffle(graph, order, 0, 0)
                                .outputVariable()
                                .sub(order)
                                .div(COUNT);
                    },
                    x -> x < 0 ? (1 + x) * (1 + x) / 2 : 1 - (1 - x) * (1 - x) / 2));

    private static final String CROP = "random_crop";

    private static SDVariable count(SameDiff graph) {
        return Cases.ints(graph, (int) COUNT);
    }

    private static SDVariable list(SameDiff graph, float value) {
        return graph.constant(Nd4j.createFromArray(value));
    }

    /** Logarithms, with a number added that changes nothing. */
    private static SDVariable weights(SameDiff graph) {
        return graph.constant(
                Nd4j.createFromArray((float) Math.log(0.2) + 1, (float) Math.log(0.3) + 1, (float) Math.log(0.5) + 1));
    }

    private static double chosen(double x) {
        return x < 0 ? 0 : x < 1 ? 0.2 : x < 2 ? 0.5 : 1;
    }

    private static double poisson(double rate, double x) {
        double sum = 0;
        double term = Math.exp(-rate);
        for (int k = 0; k <= x; k++) {
            sum += term;
            term *= rate / (k + 1);
        }
        return sum;
    }

    static Set<String> operations() {
        return Stream.concat(DRAWS.stream().map(Draw::op), Stream.of(CROP)).collect(Collectors.toSet());
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

    @Test
    void theProofKnowsWhatIsRandom() {
        var built = new LinkedHashSet<String>();
        for (var draw : DRAWS) {
            var graph = SameDiff.create();
            graph.placeHolder("x", DataType.FLOAT, 1);
            var name = draw.build().apply(graph).castTo(DataType.FLOAT).name();
            KnownFaults.random(SameDiffRunner.of(graph, "draw", List.of(), List.of(name))
                            .source())
                    .forEach(op -> built.add(op.op()));
        }
        built.add(CROP);
        assertThat(built).isEqualTo(operations());
    }

    /** From memory and from a file: the numbers are not compared, what is made of them and of the input is. */
    @TestFactory
    Stream<DynamicTest> isExported() {
        return DRAWS.stream()
                .map(draw -> DynamicTest.dynamicTest(draw.op(), () -> {
                    var graph = SameDiff.create();
                    var x = graph.placeHolder("x", DataType.FLOAT, -1, 1);
                    var drawn = draw.build().apply(graph).castTo(DataType.FLOAT);
                    graph.math.tanh(drawn.reshape(1, -1).add(x)).rename("y");
                    graph.math.sin("z", x);
                    var onnx = folder.resolve("draw.onnx");
                    var exported =
                            OnnxExporter.export(graph, List.of(), List.of("y", "z"), onnx, ExportOptions.defaults());
                    assertThat(exported.notes())
                            .anySatisfy(note -> assertThat(note)
                                    .startsWith("op \"" + draw.op() + "\" at node ")
                                    .contains(": random: it is held to its distribution by tests"));
                    assertThat(exported.parity()).extracting(Parity::output).containsExactly("y", "z");
                    var saved = folder.resolve("draw.fb");
                    graph.save(saved.toFile(), false);
                    var again =
                            OnnxExporter.export(saved, List.of(), List.of("y", "z"), onnx, ExportOptions.defaults());
                    assertThat(again.notes()).isEqualTo(exported.notes());
                    assertThat(again.nodes()).isEqualTo(exported.nodes());
                    assertThat(again.parity()).hasSize(2);
                }));
    }

    /** An output that is drawn is not compared; what is drawn from is. */
    @Test
    void aCropIsExported() throws IOException {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.FLOAT, 5, 7);
        new RandomCrop(graph, graph.math.sin("in", x), Cases.ints(graph, 2, 3))
                .outputVariable()
                .rename("y");
        var exported = OnnxExporter.export(
                graph, List.of(), List.of("y"), folder.resolve("crop.onnx"), ExportOptions.defaults());
        assertThat(exported.notes()).singleElement().asString().contains("\"random_crop\"", "random: it is held");
        assertThat(exported.parity()).isEmpty();
        var part = graph.getVariable("y").mul(2).rename("twice");
        assertThat(OnnxExporter.export(
                                graph,
                                List.of(),
                                List.of(part.name()),
                                folder.resolve("crop.onnx"),
                                ExportOptions.defaults())
                        .parity())
                .singleElement()
                .satisfies(parity -> assertThat(parity.largest()).isPositive());
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
            try (var exported = ModelSession.openOnAllCores(onnx)) {
                var drawn = Doubles.of(Objects.requireNonNull(
                        exported.runArrays(Map.of("x", none)).get("y")));
                assertThat(drawn.data).hasSize((int) COUNT);
                Arrays.sort(drawn.data);
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

    /** Each of the twenty places is as likely as the others, and what is cut out is whole. */
    @Test
    void aCropIsAnywhereInThePicture() throws Exception {
        var sameDiff = SameDiff.create();
        var x = sameDiff.placeHolder("x", DataType.FLOAT, 5, 7);
        new RandomCrop(sameDiff, x, Cases.ints(sameDiff, 2, 3)).outputVariable().rename("y");
        var saved = folder.resolve("crop.fb");
        sameDiff.save(saved.toFile(), false);
        var source = SameDiffRunner.of(
                        SameDiffRunner.load(saved, "crop"),
                        "crop",
                        Map.of("x", List.of(Dimension.of(5), Dimension.of(7))),
                        List.of("y"))
                .source();
        assertThat(source.ops())
                .singleElement()
                .satisfies(op -> assertThat(op.op()).isEqualTo(CROP));
        var values = new float[35];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        var array = Tensor.of(values, 5, 7);
        var picture = new NpyArray(ElementType.FLOAT32, array.dims(), array.data());
        for (int opset : new int[] {13, 17, 21}) {
            var onnx = folder.resolve("crop-" + opset + ".onnx");
            new OnnxWriter(opset, "test")
                    .write(Lowerings.lower(source, Value::of, opset).graph(), new TreeMap<>(), onnx);
            OnnxChecker.check(onnx);
            var found = new int[4][5];
            try (var exported = ModelSession.openOnAllCores(onnx)) {
                for (int run = 0; run < CROPS; run++) {
                    var part = Doubles.of(Objects.requireNonNull(
                            exported.runArrays(Map.of("x", picture)).get("y")));
                    assertThat(part.shape).containsExactly(2, 3);
                    int corner = (int) part.at(0, 0);
                    for (int i = 0; i < 6; i++) {
                        assertThat(part.at(i / 3, i % 3)).isEqualTo((double)
                                Math.addExact(corner, 7 * Math.floorDiv(i, 3) + i % 3));
                    }
                    found[corner / 7][corner % 7]++;
                }
            }
            // 200 each, by six of its deviations
            for (var row : found) {
                for (int count : row) {
                    assertThat(count).isBetween(CROPS / 20 - 83, CROPS / 20 + 83);
                }
            }
        }
    }
}
