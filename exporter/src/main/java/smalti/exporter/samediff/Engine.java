package smalti.exporter.samediff;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.InferenceSession;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Runs one graph. */
interface Engine extends AutoCloseable {
    /**
     * @param inputs placeholders, or any other variables, which are then taken as given, whatever makes them
     * @return the wanted variables
     * @throws RuntimeException if SameDiff refuses
     */
    Map<String, INDArray> run(Map<String, INDArray> inputs, Collection<String> wanted);

    @Override
    void close();

    /** In this JVM. */
    record Here(SameDiff graph) implements Engine {
        @Override
        public Map<String, INDArray> run(Map<String, INDArray> inputs, Collection<String> wanted) {
            synchronized (graph) {
                var makers = new HashMap<String, @Nullable String>();
                try {
                    for (var name : inputs.keySet()) {
                        var variable = graph.getVariables().get(name);
                        if (variable != null && !variable.getVariable().isPlaceHolder()) {
                            makers.put(name, variable.getOutputOfOp());
                            variable.setOutputOfOp(null);
                            variable.getVariable().setVariableType(VariableType.PLACEHOLDER);
                        }
                    }
                    var session = new InferenceSession(graph);
                    session.setMmgr(new FreshArrays());
                    graph.getSessions().put(Thread.currentThread().getId(), session);
                    return graph.output(inputs, List.copyOf(wanted));
                } finally {
                    graph.getSessions().remove(Thread.currentThread().getId());
                    makers.forEach((name, maker) -> {
                        var variable =
                                Objects.requireNonNull(graph.getVariables().get(name));
                        variable.setOutputOfOp(maker);
                        variable.getVariable().setVariableType(VariableType.ARRAY);
                    });
                }
            }
        }

        @Override
        public void close() {}
    }
}
