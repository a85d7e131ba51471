package smalti.exporter.proof;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import smalti.exporter.graph.Tensor;
import smalti.exporter.proof.ModelSession.Item;
import smalti.spec.file.NpyArray;

/** An ONNX file, opened in ONNX Runtime on the CPU. */
public final class OrtRunner implements AutoCloseable {
    private final ModelSession session;

    private OrtRunner(ModelSession session) {
        this.session = session;
    }

    /** The version of ONNX Runtime that proves. */
    public static String version() {
        return ModelSession.version();
    }

    /** @throws ProofException if ONNX Runtime refuses the file */
    public static OrtRunner open(Path file) {
        return new OrtRunner(ModelSession.openOnAllCores(file, ModelSession.Form.FUSED));
    }

    /**
     * Runs the graph.
     *
     * @return all outputs by name
     */
    public Map<String, NpyArray> run(Map<String, NpyArray> inputs) {
        var items = new LinkedHashMap<String, Item>();
        var shapes = new LinkedHashMap<String, Object>();
        inputs.forEach((name, array) -> {
            items.put(name, new Item.Array(Tensor.of(array)));
            shapes.put(name, array.shape());
        });
        var outputs = new LinkedHashMap<String, NpyArray>();
        session.run(items, " on " + shapes).forEach((name, item) -> {
            if (!(item instanceof Item.Array array)) {
                throw new IllegalStateException("the output " + name + " is no array but " + item);
            }
            outputs.put(name, array.tensor().npy());
        });
        return outputs;
    }

    @Override
    public void close() {
        session.close();
    }
}
