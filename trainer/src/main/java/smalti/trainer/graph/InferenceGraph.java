package smalti.trainer.graph;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;

/** A graph of placeholders and constants alone, with its signature: what a run folder hands to the exporter. */
public record InferenceGraph(SameDiff graph, Signature signature) {
    /** Inputs by name → outputs by name. */
    public Map<String, INDArray> run(Map<String, INDArray> inputs) {
        return graph.output(
                inputs, signature.outputs().stream().map(TensorSpec::name).toList());
    }

    public void save(Path file) throws IOException {
        graph.save(file.toFile(), false);
    }
}
