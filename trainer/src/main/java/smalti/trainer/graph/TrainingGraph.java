package smalti.trainer.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A graph with a scalar loss, and the parameters that are to follow its gradient. Not thread-safe. */
public final class TrainingGraph {
    private final SameDiff graph;
    /** The gradients' names by those of the parameters. */
    private final Map<String, String> gradients = new LinkedHashMap<>();

    private final Map<String, INDArray> inputs = new LinkedHashMap<>();
    private final Map<List<String>, StepPlan> plans = new HashMap<>();

    public TrainingGraph(GraphBuilder builder, SDVariable loss, List<String> parameters) {
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

    /** Sets an input of the passes to come. */
    public void set(String input, float[] values) {
        HostArrays.write(
                inputs.computeIfAbsent(input, name -> {
                    var variable = graph.getVariable(name);
                    return Nd4j.createUninitialized(variable.dataType(), variable.getShape(), 'c');
                }),
                values);
    }

    /** Runs forward and backward. */
    public Pass run(List<String> outputs) {
        var all = new ArrayList<>(outputs);
        all.addAll(gradients.values());
        return forward(all);
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
