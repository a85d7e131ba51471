package smalti.trainer.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.ops.SDRandom;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/** Planned steps against SameDiff's own session, and what they refuse. Ops and gradients: {@code GraphOpsTest}. */
class StepPlanTest {
    private static final long SEED = 4711;

    @Test
    void aStepIsWhatSameDiffItselfComputes() {
        var graph = SameDiff.create();
        var x = graph.placeHolder("x", DataType.FLOAT, 2, 3, 8, 8);
        var weights = graph.var("w", Nd4j.rand(DataType.FLOAT, 192, 4));
        var flat = graph.reshape(graph.identity(graph.math().tanh(x)), 2, 192);
        var product = graph.mmul(flat, weights).rename("product");
        graph.math().square(product).mean().rename("loss");
        var input = Nd4j.zeros(DataType.FLOAT, 2, 3, 8, 8);
        var plan = StepPlan.of(graph, Map.of("x", input), List.of("product", "loss"));
        for (int step = 0; step < 3; step++) {
            input.assign(Nd4j.rand(DataType.FLOAT, 2, 3, 8, 8));
            weights.getArr().muli(1.5); // an optimiser's step: the plan reads the graph's own array
            plan.run();
            var expected = graph.output(Map.of("x", input), "product", "loss");
            for (var name : List.of("product", "loss")) {
                // the same kernels on the same numbers
                assertThat(HostArrays.floats(plan.output(name)))
                        .isEqualTo(HostArrays.floats(java.util.Objects.requireNonNull(expected.get(name))));
            }
        }
    }

    @Test
    void whatIsNotWantedIsNotComputed() {
        var graph = SameDiff.create();
        var x = graph.var("x", Nd4j.ones(DataType.FLOAT, 4));
        graph.math().exp(x).rename("unwanted");
        graph.math().tanh(x).rename("wanted");
        var plan = StepPlan.of(graph, Map.of(), List.of("wanted"));
        assertThat(plan.steps()).extracting(PlannedStep::op).containsExactly("tanh");
        assertThatThrownBy(() -> plan.output("unwanted")).hasMessageContaining("no output unwanted of the plan");
    }

    @Test
    void aReshapeAStopAndASumsGradientMoveNothing() {
        var g = GraphBuilder.training(new Parameters(0), new Statistics());
        var a = g.graph().var("a", Nd4j.rand(DataType.FLOAT, 6, 4));
        var b = g.graph().var("b", Nd4j.rand(DataType.FLOAT, 4, 6));
        var sum = g.add(g.reshape(a, 4, 6), g.stopGradient(g.add(b, b)));
        var pass = new TrainingGraph(g, g.mean(g.tanh(sum)), List.of("a")).run(List.of());
        var expected = Nd4j.math().tanh(a.getArr().reshape(4, 6).add(b.getArr().mul(2)));
        var gradient = pass.gradient("a").read();
        for (int i = 0; i < 24; i++) {
            double y = expected.getDouble(i);
            assertThat((double) gradient[i]).isCloseTo((1 - y * y) / 24, within(1e-7));
        }
        var plan = StepPlan.of(g.graph(), Map.of(), List.of(sum.name()));
        assertThat(plan.steps()).extracting(PlannedStep::op).containsExactly("add", "add");
    }

    @Test
    void everyOpThatIsNotTheSameInEveryStepIsNamedWithTheReason() {
        var graph = SameDiff.create();
        var x = graph.var("x", Nd4j.ones(DataType.FLOAT, 4));
        var branches = graph.switchOp(x, graph.constant(Nd4j.scalar(true)));
        var rest = graph.math().listDiff(x, random(graph))[0];
        graph.math().add(graph.math().add(branches[0], random(graph)), rest).rename("out");
        assertThatThrownBy(() -> StepPlan.of(graph, Map.of(), List.of("out")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("op \"switch\"")
                .hasMessageContaining("is control flow")
                .hasMessageContaining("op \"listdiff\"")
                .hasMessageContaining("size depends on its data")
                .hasMessageContaining("draws numbers that no seed repeats");
    }

    private static SDVariable random(SameDiff graph) {
        return graph.random().normal(0, 1, DataType.FLOAT, 4);
    }

    /** Half of them share no superclass with the others. */
    @Test
    void randomNumbersOfEveryDistributionAreRefused() {
        List<Function<SDRandom, SDVariable>> draws = List.of(
                random -> random.normal(0, 1, DataType.FLOAT, 4),
                random -> random.uniform(0, 1, DataType.FLOAT, 4),
                random -> random.bernoulli(0.5, DataType.FLOAT, 4),
                random -> random.exponential(1, DataType.FLOAT, 4));
        for (var draw : draws) {
            var graph = SameDiff.create();
            draw.apply(graph.random()).rename("out");
            assertThatThrownBy(() -> StepPlan.of(graph, Map.of(), List.of("out")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("draws numbers that no seed repeats");
        }
    }

    @Test
    void anOpWhoseSizeHangsOnItsInputIsRefusedByTheFirstStep() {
        var graph = SameDiff.create();
        var shape = graph.placeHolder("shape", DataType.INT64, 1);
        graph.fill(shape, DataType.FLOAT, 3).rename("out");
        var plan = StepPlan.of(graph, Map.of("shape", Nd4j.createFromArray(5L)), List.of("out"));
        assertThatThrownBy(plan::run)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("op \"fill\" at node fill failed in a planned step")
                .hasMessageContaining("Output array did not match expected shape");
    }

    @Test
    void anInputThatWasNotSetIsNamed() {
        var graph = SameDiff.create();
        graph.math().tanh(graph.placeHolder("x", DataType.FLOAT, 4)).rename("out");
        assertThatThrownBy(() -> StepPlan.of(graph, Map.of(), List.of("out")))
                .hasMessageContaining("no value of x; set it before a step");
    }

    @Test
    void aLossThatDoesNotDependOnAParameterIsRefused() {
        var g = GraphBuilder.training(new Parameters(0), new Statistics());
        var x = g.graph().var("x", Nd4j.ones(DataType.FLOAT, 4));
        g.graph().var("apart", Nd4j.ones(DataType.FLOAT, 4));
        var loss = g.named("loss", g.mean(x));
        assertThatThrownBy(() -> new TrainingGraph(g, loss, List.of("x", "apart")))
                .hasMessage("loss must depend on apart, whose gradient is wanted, and does not");
    }

    @Test
    void aGradientOfAGradientIsRefusedByName() {
        var g = GraphBuilder.training(new Parameters(0), new Statistics());
        var x = g.graph().var("x", Nd4j.ones(DataType.FLOAT, 4));
        var gradient = Backpropagation.gradients(g.graph(), g.mean(g.leakyRelu(x, 0.2)), List.of("x"));
        var twice = g.mean(g.tanh(java.util.Objects.requireNonNull(gradient.get("x"))));
        assertThatThrownBy(() -> Backpropagation.gradients(g.graph(), twice, List.of("x")))
                .hasMessageContaining("op \"kernel_leaky_relu_bp\"")
                .hasMessageContaining("must not be differentiated");
    }

    /** Random lives and lengths: what lives at one time has places that do not overlap. */
    @ParameterizedTest
    @ValueSource(ints = {1, 20, 300})
    void valuesThatLiveAtOneTimeDoNotShareMemory(int count) {
        var random = new Random(SEED);
        var values = new ArrayList<PlannedValue>();
        var lives = new ArrayList<int[]>();
        long total = 0;
        for (int i = 0; i < count; i++) {
            var value = PlannedValue.computed(new long[] {1 + random.nextInt(500)}, DataType.FLOAT);
            int from = random.nextInt(100);
            int to = from + random.nextInt(20);
            value.lives(from);
            value.lives(to);
            values.add(value);
            lives.add(new int[] {from, to});
            total += value.length();
        }
        Arena.place(new HashSet<>(values));
        // each value writes its own number as its life begins, and must find it as it ends
        for (int time = 0; time < 120; time++) {
            int now = time;
            IntStream.range(0, count)
                    .filter(i -> lives.get(i)[0] == now)
                    .forEach(i -> values.get(i).array().assign(i));
            IntStream.range(0, count).filter(i -> lives.get(i)[1] == now).forEach(i -> {
                for (float found : HostArrays.floats(values.get(i).array())) {
                    assertThat(found).as("value %s, seed %s", i, SEED).isEqualTo(i);
                }
            });
        }
        if (count == 300) {
            var places = new HashSet<Long>();
            values.forEach(
                    value -> places.add(value.array().data().addressPointer().address()));
            assertThat(places).as("places for values of %s floats", total).hasSizeLessThan(count);
        }
    }
}
