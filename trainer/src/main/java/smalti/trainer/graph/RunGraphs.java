package smalti.trainer.graph;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import smalti.spec.bundle.ExportManifest;
import smalti.spec.bundle.Role;

/** The inference graphs of a finished run folder, run by SameDiff itself: what an export is compared with. */
public final class RunGraphs {
    private final Map<Role, InferenceGraph> graphs;

    private RunGraphs(Map<Role, InferenceGraph> graphs) {
        this.graphs = graphs;
    }

    public static RunGraphs open(Path run, ExportManifest manifest) {
        var graphs = new EnumMap<Role, InferenceGraph>(Role.class);
        for (var role : Role.values()) {
            var graph = manifest.graphs().get(role.fileStem());
            if (graph != null) {
                var file = run.resolve(graph.file()).toFile();
                graphs.put(role, new InferenceGraph(SameDiff.load(file, false), graph.signature()));
            }
        }
        return new RunGraphs(graphs);
    }

    /**
     * @param codes [count, height, width]
     * @return images [count, C, H, W] in the pixel range
     */
    public float[] decode(long[] codes, int count, int height, int width) {
        var indices = HostArrays.longs(codes, count, height, width);
        var quantized = run(Role.LOOKUP, Map.of("codes", indices), "quantized");
        return HostArrays.floats(run(Role.DECODER, Map.of("quantized", quantized), "image"));
    }

    /**
     * @param noise [count, Z]
     * @param classes [count] where conditional, else empty
     * @return images [count, C, H, W] in the pixel range
     */
    public float[] generate(float[] noise, int[] classes) {
        var graph = graph(Role.GENERATOR);
        var length = graph.signature().input("noise").shape().get(1).factor();
        var inputs = new LinkedHashMap<String, INDArray>();
        inputs.put("noise", HostArrays.floats(noise, noise.length / length, length));
        if (classes.length > 0) {
            inputs.put(
                    "class",
                    HostArrays.longs(
                            java.util.Arrays.stream(classes).asLongStream().toArray(), classes.length));
        }
        return HostArrays.floats(run(Role.GENERATOR, inputs, "image"));
    }

    private INDArray run(Role role, Map<String, INDArray> inputs, String output) {
        return Objects.requireNonNull(graph(role).run(inputs).get(output));
    }

    private InferenceGraph graph(Role role) {
        var graph = graphs.get(role);
        if (graph == null) {
            throw new IllegalStateException("the run has no " + role + ", only " + graphs.keySet());
        }
        return graph;
    }
}
