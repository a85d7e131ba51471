package smalti.exporter.file;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Model;
import smalti.exporter.onnx.Annotations;
import smalti.exporter.onnx.OnnxReader;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.onnx.SourceFiles;
import smalti.exporter.pass.Passes;
import smalti.exporter.precision.Speed;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;
import smalti.spec.SpecException;

/** Makes any ONNX file smaller and faster, and proves that it computes the same. */
public final class OnnxOptimizer {
    private OnnxOptimizer() {}

    /**
     * @param nodesBefore bodies included
     * @param removed nodes that each pass took away in all; negative of one that adds nodes for others to be faster
     * @param proof what came of comparing both files
     * @param dropped what the file says of nodes and values that are gone, one line a kind
     */
    public record Report(
            int nodesBefore, int nodes, Map<String, Integer> removed, Equivalence proof, List<String> dropped) {
        public Report {
            dropped = List.copyOf(dropped);
        }

        /** The largest between the outputs of both files, as a share of the range. */
        public double difference() {
            return proof.difference();
        }
    }

    /**
     * Writes the model after all passes that make it smaller, once ONNX Runtime gave the same outputs for both on inputs made up from a
     * seed; floats may differ by 1e-4 of their range. A file may be optimized in its own place.
     *
     * @throws SpecException if the file is unsound, cannot be run, or a pass changed what it computes; nothing is
     *     written then
     */
    public static Report optimize(Path file, Path out, long seed) throws IOException {
        return optimize(file, out, seed, OnnxWriter.EXTERNAL_DATA_ABOVE);
    }

    /** @param externalDataAbove bytes of constants, beyond which the large ones are written to {@code out.data} */
    public static Report optimize(Path file, Path out, long seed, long externalDataAbove) throws IOException {
        return optimize(file, out, externalDataAbove, ProofOptions.defaults().withSeed(seed));
    }

    /** The same, proven as the options say. */
    public static Report optimize(Path file, Path out, long externalDataAbove, ProofOptions options)
            throws IOException {
        return options.limits().during(() -> {
            ModelSession.prepare();
            var place = String.valueOf(file.getFileName());
            var model = OnnxReader.read(file);
            // in its own place it is replaced as a whole, by what was proven to compute the same
            if (!out.toAbsolutePath().normalize().equals(file.toAbsolutePath().normalize())) {
                SourceFiles.spareModel(out, file);
            }
            var proof = EqualityProof.of(file, model, options, place);
            var result = Passes.simplifying().apply(proof.source());
            var kept = proof.written(result.model());
            var proven = new ArrayList<Equivalence>();
            OnnxWriter.write(
                    kept,
                    out,
                    externalDataAbove,
                    written -> proven.add(proof.compare(result.model(), written, "optimized")));
            return new Report(
                    result.nodesBefore(),
                    result.nodes(),
                    result.removed(),
                    proven.get(0),
                    Annotations.dropped(model, kept));
        });
    }

    /**
     * ONNX Runtime's time for a file as it is ({@code none}), after each pass alone that changes it, and after all that
     * make it smaller ({@code all}), on one core, in turns.
     *
     * @throws SpecException if the file is unsound or cannot be run
     */
    @SuppressWarnings("ReferenceEquality") // a pass that changes nothing gives the very same model
    public static Map<String, Speed> speeds(Path file, long seed) throws IOException {
        var place = String.valueOf(file.getFileName());
        var model = OnnxReader.read(file);
        var models = new LinkedHashMap<String, Model>();
        models.put("none", model);
        for (var pass : Passes.all().list()) {
            var changed = pass.apply(model);
            if (changed != model) {
                models.put(pass.name(), changed);
            }
        }
        models.put("all", Passes.simplifying().apply(model).model());
        List<Map<String, Item>> inputs;
        try (var session = ModelSession.open(model, place)) {
            inputs = SeededRun.of(session, model, ProofOptions.defaults().withSeed(seed), place)
                    .inputs()
                    .subList(0, 1);
        }
        var speeds = new LinkedHashMap<String, Speed>();
        var measured = Speed.compare(List.copyOf(models.values()), inputs).iterator();
        models.keySet().forEach(name -> speeds.put(name, measured.next()));
        return speeds;
    }
}
