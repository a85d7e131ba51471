package smalti.trainer.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A graph with a scalar loss, and the parameters that are to follow its gradient. Not thread-safe. */
public final class TrainingGraph {
    private final SameDiff graph;
    private final GraphBuilder builder;
    /** The gradients' names by those of the parameters. */
    private final Map<String, String> gradients = new LinkedHashMap<>();

    private final Map<String, INDArray> inputs = new LinkedHashMap<>();
    private final Map<List<String>, StepPlan> plans = new HashMap<>();

    public TrainingGraph(GraphBuilder builder, SDVariable loss, List<String> parameters) {
        this.builder = builder;
        graph = builder.graph();
        Backpropagation.gradients(graph, loss, parameters)
                .forEach((parameter, gradient) -> gradients.put(parameter, gradient.name()));
    }

    /** What one pass gives. The next one with the same outputs overwrites it. */
    public final class Pass {
        private final StepPlan plan;

        private Pass(StepPlan plan) {
            this.plan = plan;
        }

        public double scalar(String output) {
            return plan.output(output).getDouble(0);
        }

        public float[] floats(String output) {
            return HostArrays.floats(plan.output(output));
        }

        public long[] longs(String output) {
            return HostArrays.longs(plan.output(output));
        }

        /** The gradient of a parameter, in its order. */
        public DenseFloats gradient(String parameter) {
            var output = gradients.get(parameter);
            if (output == null) {
                throw new IllegalArgumentException("no gradient of " + parameter + ", only of " + gradients.keySet());
            }
            return new DenseFloats(plan.output(output));
        }
    }

    /** The parameters that are to follow the gradient. */
    public List<String> trained() {
        return List.copyOf(gradients.keySet());
    }

    /** Sets an input of the passes to come. */
    public void set(String input, float[] values) {
        HostArrays.write(
                inputs.computeIfAbsent(input, name -> {
                    var variable = graph.getVariable(name);
                    return Nd4j.createUninitialized(variable.dataType(), variable.getShape(), 'c');
                }),
                values);
    }

    /** Runs forward and backward; running statistics follow. */
    public Pass run(List<String> outputs) {
        var all = new ArrayList<>(outputs);
        all.addAll(gradients.values());
        var pass = forwardWithStatistics(all);
        builder.followed()
                .forEach((layer, names) -> builder.statistics()
                        .follow(layer, pass.floats(names.mean()), pass.floats(names.variance()), names.momentum()));
        return pass;
    }

    private Pass forwardWithStatistics(List<String> outputs) {
        var all = new ArrayList<>(outputs);
        builder.followed().values().forEach(names -> all.addAll(List.of(names.mean(), names.variance())));
        return forward(all);
    }

    /**
     * What the batch normalisations that are followed see over many batches, as if they were one.
     *
     * @param batches how many
     * @param set sets the inputs of batch 0, 1, …
     * @param output that needs all of the normalisations
     */
    public Statistics preciseStatistics(int batches, IntConsumer set, String output) {
        var seen = new LinkedHashMap<String, List<Statistics.OfChannels>>();
        for (int batch = 0; batch < batches; batch++) {
            set.accept(batch);
            var pass = forwardWithStatistics(List.of(output));
            builder.followed()
                    .forEach((layer, names) -> seen.computeIfAbsent(layer, absent -> new ArrayList<>())
                            .add(new Statistics.OfChannels(pass.floats(names.mean()), pass.floats(names.variance()))));
        }
        var precise = new Statistics();
        seen.forEach((layer, ofBatches) -> precise.set(layer, Statistics.precise(ofBatches)));
        return precise;
    }

    /** Runs forward alone, as far as the outputs need it. */
    public Pass forward(List<String> outputs) {
        var plan = plans.computeIfAbsent(List.copyOf(outputs), wanted -> StepPlan.of(graph, inputs, wanted));
        plan.run();
        return new Pass(plan);
    }

    public SameDiff graph() {
        return graph;
    }
}
