package smalti.exporter.samediff;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import smalti.spec.NpyArray;
import smalti.spec.Signature;
import smalti.spec.SpecException;

/** A SameDiff file, opened to be read and run. */
public final class SameDiffRunner {
    private final SameDiff graph;
    private final String name;
    private final Signature signature;

    private SameDiffRunner(SameDiff graph, String name, Signature signature) {
        this.graph = graph;
        this.name = name;
        this.signature = signature;
    }

    /**
     * Opens a file that {@code SameDiff.save} wrote.
     *
     * @param name of the graph, for errors
     * @throws SpecException if it is no such file
     */
    public static SameDiffRunner open(Path file, String name, Signature signature) {
        try {
            return new SameDiffRunner(SameDiff.load(file.toFile(), false), name, signature);
        } catch (Exception e) { // the reader throws checked exceptions that it does not declare
            throw new SpecException(name + ": " + file + " must be a SameDiff file, but cannot be read (" + e + ")", e);
        }
    }

    /**
     * The graph in plain records.
     *
     * @throws SpecException if the graph is not what the signature says, or is no inference graph
     */
    public SourceGraph source() {
        return new SourceReader(graph, name, signature, this::run).read();
    }

    /**
     * Runs the graph.
     *
     * @return the signature's outputs by name
     */
    public Map<String, NpyArray> run(Map<String, NpyArray> inputs) {
        var arrays = new HashMap<String, INDArray>();
        inputs.forEach((input, array) -> arrays.put(input, PlainArrays.array(array)));
        var outputs = new LinkedHashMap<String, NpyArray>();
        var names = signature.outputs().stream().map(output -> output.name()).toList();
        run(arrays, names).forEach((output, array) -> outputs.put(output, PlainArrays.plain(array, output)));
        return outputs;
    }

    private Map<String, INDArray> run(Map<String, INDArray> inputs, Collection<String> outputs) {
        try {
            return graph.output(inputs, List.copyOf(outputs));
        } catch (RuntimeException e) {
            var shapes = new LinkedHashMap<String, String>();
            inputs.forEach((input, array) -> shapes.put(input, Arrays.toString(array.shape())));
            throw new SpecException(name + ": SameDiff cannot run it on " + shapes + ": " + e, e);
        }
    }
}
