package smalti.exporter;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.nd4j.autodiff.samediff.SameDiff;
import smalti.exporter.graph.GraphCheck;
import smalti.exporter.graph.Value;
import smalti.exporter.lowering.Lowerings;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.proof.GraphProver;
import smalti.exporter.samediff.SameDiffRunner;
import smalti.spec.Signature;
import smalti.spec.SpecException;

/**
 * Any SameDiff graph as ONNX; inputs and outputs keep SameDiff's names, trainable variables become constants.
 *
 * <pre>
 *   SameDiff ──▶ OnnxExporter ──▶ model.onnx, checked, and proven against SameDiff before it is kept
 * </pre>
 */
public final class OnnxExporter {
    private OnnxExporter() {}

    /**
     * What was written.
     *
     * @param notes what a reader should know, such as an operator that is computed in another type
     * @param parity how far each output is from SameDiff's
     */
    public record Exported(Signature signature, int nodes, List<String> notes, List<GraphProver.Parity> parity) {}

    /**
     * Exports a graph with given ends.
     *
     * @param signature inputs are placeholders, outputs variables; free dimensions by name. A size of an output under a
     *     name that no input has may be any
     * @throws SpecException listing every node that cannot be expressed, with its op, name and shapes
     * @throws smalti.exporter.proof.ProofException if ONNX Runtime does not do what SameDiff does; no file is kept
     */
    public static Exported export(SameDiff graph, Signature signature, Path file, ExportOptions options)
            throws IOException {
        return write(SameDiffRunner.of(graph, name(file), signature), file, options);
    }

    /**
     * Exports a graph whose sizes are found by running it.
     *
     * @param inputs placeholders; empty for all
     * @param outputs variables; empty for all that nothing uses
     * @throws SpecException as above
     */
    public static Exported export(
            SameDiff graph, List<String> inputs, List<String> outputs, Path file, ExportOptions options)
            throws IOException {
        return write(SameDiffRunner.of(graph, name(file), inputs, outputs), file, options);
    }

    /**
     * Exports a file that {@code SameDiff.save} wrote.
     *
     * @throws SpecException as above, or if it is no such file
     */
    public static Exported export(
            Path source, List<String> inputs, List<String> outputs, Path file, ExportOptions options)
            throws IOException {
        var name = String.valueOf(source.getFileName());
        return write(SameDiffRunner.of(SameDiffRunner.load(source, name), name, inputs, outputs), file, options);
    }

    private static Exported write(SameDiffRunner source, Path file, ExportOptions options) throws IOException {
        options.progress().accept("reading the graph");
        var graph = source.source();
        var lowered = Lowerings.lower(graph, Value::of, options.opset());
        var problems = GraphCheck.problems(lowered.graph(), options.opset());
        if (!problems.isEmpty()) {
            throw new SpecException(problems);
        }
        var written = new ArrayList<Exported>();
        var model = new OnnxWriter(options.opset(), BundleExporter.VERSION).model(lowered.graph(), new TreeMap<>());
        OnnxWriter.write(model, file, options.externalDataAbove(), temporary -> {
            options.progress().accept("proving it in ONNX Runtime");
            var parity = GraphProver.prove(source, graph.sampleSizes(), temporary, options.seed());
            written.add(new Exported(source.signature(), lowered.graph().nodes().size(), lowered.notes(), parity));
        });
        return written.get(0);
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName());
    }
}
