package smalti.trainer.graph;

import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A graph with a scalar loss, and the parameters that are to follow its gradient. */
public final class TrainingGraph {
    private final SameDiff graph;
    private final List<String> parameters;

    public TrainingGraph(GraphBuilder builder, SDVariable loss, List<String> parameters) {
        this.graph = builder.graph();
        this.parameters = List.copyOf(parameters);
        graph.setLossVariables(loss);
        graph.createGradFunction();
    }

    /** What one pass gives; to be closed, as the arrays lie outside Java's heap. */
    public record Pass(Map<String, INDArray> outputs, Map<String, INDArray> gradients) implements AutoCloseable {
        public double scalar(String output) {
            return array(output).getDouble(0);
        }

        public float[] floats(String output) {
            return HostArrays.floats(array(output));
        }

        public long[] longs(String output) {
            return HostArrays.longs(array(output));
        }

        private INDArray array(String output) {
            var array = outputs.get(output);
            if (array == null) {
                throw new IllegalArgumentException("no output " + output + " in " + outputs.keySet());
            }
            return array;
        }

        @Override
        public void close() {
            outputs.values().forEach(HostArrays::release);
            gradients.values().forEach(HostArrays::release);
        }
    }

    /** Runs forward and backward. */
    public Pass run(Map<String, INDArray> inputs, List<String> outputs) {
        var result = graph.calculateGradientsAndOutputs(inputs, outputs, parameters);
        return new Pass(result.getOutputs(), result.getGradients());
    }

    /** Runs forward alone, as far as the outputs need it. */
    public Pass forward(Map<String, INDArray> inputs, List<String> outputs) {
        return new Pass(graph.output(inputs, outputs), Map.of());
    }

    public SameDiff graph() {
        return graph;
    }
}
