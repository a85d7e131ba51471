package smalti.exporter.dl4j;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import smalti.exporter.ExportOptions;
import smalti.exporter.OnnxExporter;
import smalti.exporter.onnx.SourceFiles;
import smalti.exporter.samediff.PlainArrays;
import smalti.spec.SpecException;
import smalti.spec.file.NpyArray;

/**
 * DL4J's own networks as SameDiff graphs and ONNX files: what {@code network.output} computes.
 *
 * <p>Parameters become constants, the batch is free, and so are the sizes of pictures where no dense layer fixes them.
 * Dropout, noise and losses are left out, as in DL4J's inference; masks cannot be given. A layer that is not covered is
 * never skipped: all of them are listed in one error.
 *
 * <p>Needs {@code org.deeplearning4j:deeplearning4j-nn} on the class path, which Smalti does not bring.
 */
public final class Dl4jNetworks {
    /** The name of a MultiLayerNetwork's input; a ComputationGraph's have names of their own. */
    public static final String INPUT = "input";

    /** The name of a MultiLayerNetwork's output. */
    public static final String OUTPUT = "output";

    private static final String ENGINE = "DL4J";

    private Dl4jNetworks() {}

    /**
     * The inference graph of a network, from the placeholder {@value #INPUT} to the variable {@value #OUTPUT}.
     *
     * @param inputs what goes in; may be left out where the first layer tells, but for the sizes of pictures that a dense
     *     layer needs, and the length of series that a recurrent layer needs
     * @throws SpecException listing every layer that is not covered, with its name, kind and what to do
     */
    public static SameDiff toSameDiff(MultiLayerNetwork network, InputType... inputs) {
        return NetworkConversion.convert(network, "network", shapes(List.of(INPUT), inputs))
                .graph();
    }

    /**
     * The inference graph of a network; placeholders and variables bear the names of its inputs and outputs.
     *
     * @param inputs what goes in, in the network's order; none where the first layers tell
     * @throws SpecException as above
     */
    public static SameDiff toSameDiff(ComputationGraph network, InputType... inputs) {
        var names = network.getConfiguration().getNetworkInputs();
        return NetworkConversion.convert(network, "network", shapes(names, inputs))
                .graph();
    }

    /**
     * Exports a network and proves the file against the network's own output.
     *
     * @param inputs as above
     * @throws SpecException as above
     * @throws smalti.exporter.proof.ProofException if ONNX Runtime does not do what DL4J does; no file is kept
     */
    public static OnnxExporter.Exported export(
            MultiLayerNetwork network, Path file, ExportOptions options, InputType... inputs) throws IOException {
        return write(network, place(file), shapes(List.of(INPUT), inputs), file, options);
    }

    /**
     * Exports a network and proves the file against the network's own outputs.
     *
     * @param inputs as above
     * @throws SpecException as above
     * @throws smalti.exporter.proof.ProofException as above
     */
    public static OnnxExporter.Exported export(
            ComputationGraph network, Path file, ExportOptions options, InputType... inputs) throws IOException {
        var names = network.getConfiguration().getNetworkInputs();
        return write(network, place(file), shapes(names, inputs), file, options);
    }

    /**
     * Exports a file that DL4J's ModelSerializer wrote, of either kind.
     *
     * @param shapes of its inputs by name, -1 for what is free, the batch among them; those that the first layers tell may
     *     be left out
     * @throws SpecException as above, or if it is no such file
     * @throws smalti.exporter.proof.ProofException as above
     */
    public static OnnxExporter.Exported exportFile(
            Path source, Map<String, List<Long>> shapes, Path file, ExportOptions options) throws IOException {
        SourceFiles.spare(file, source);
        return write(NetworkFile.read(source), place(source), shapes, file, options);
    }

    /** Whether a file looks like one that DL4J's ModelSerializer wrote. */
    public static boolean isNetwork(Path file) throws IOException {
        return NetworkFile.isNetwork(file);
    }

    private static String place(Path file) {
        return String.valueOf(file.getFileName());
    }

    private static Map<String, List<Long>> shapes(List<String> names, InputType... inputs) {
        if (inputs.length != 0 && inputs.length != names.size()) {
            throw new SpecException("network: " + names.size() + " input types are needed, for " + names
                    + ", or none, got " + inputs.length);
        }
        var shapes = new LinkedHashMap<String, List<Long>>();
        for (int i = 0; i < inputs.length; i++) {
            shapes.put(names.get(i), InputShapes.of(inputs[i]));
        }
        return shapes;
    }

    private static OnnxExporter.Exported write(
            Model network, String place, Map<String, List<Long>> shapes, Path file, ExportOptions options)
            throws IOException {
        NetworkConversion.Converted converted;
        UnaryOperator<Map<String, NpyArray>> original;
        if (network instanceof MultiLayerNetwork layers) {
            converted = NetworkConversion.convert(layers, place, shapes);
            original = in -> named(List.of(OUTPUT), layers.output(arrays(List.of(INPUT), in)[0], false));
        } else if (network instanceof ComputationGraph graph) {
            converted = NetworkConversion.convert(graph, place, shapes);
            original = in -> named(
                    graph.getConfiguration().getNetworkOutputs(),
                    graph.output(false, arrays(graph.getConfiguration().getNetworkInputs(), in)));
        } else {
            throw new IllegalArgumentException("no network of DL4J's: " + network.getClass());
        }
        return OnnxExporter.export(
                converted.graph(), converted.inputs(), converted.outputs(), ENGINE, original, file, options);
    }

    private static INDArray[] arrays(List<String> names, Map<String, NpyArray> in) {
        return names.stream()
                .map(name -> {
                    var array = in.get(name);
                    if (array == null) {
                        throw new IllegalArgumentException("no input " + name);
                    }
                    return PlainArrays.array(array);
                })
                .toArray(INDArray[]::new);
    }

    private static Map<String, NpyArray> named(List<String> names, INDArray... outputs) {
        var named = new LinkedHashMap<String, NpyArray>();
        for (int i = 0; i < outputs.length; i++) {
            named.put(names.get(i), PlainArrays.plain(outputs[i], names.get(i)));
        }
        return named;
    }
}
