package smalti.exporter;

import java.io.IOException;
import java.nio.file.Path;
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
     * @param difference the largest between the outputs of both files, as a share of the range
     * @param dropped what the file says of nodes and values that are gone, one line a kind
     */
    public record Report(
            int nodesBefore, int nodes, Map<String, Integer> removed, double difference, List<String> dropped) {
        public Report {
            dropped = List.copyOf(dropped);
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
        ModelSession.prepare();
        var place = String.valueOf(file.getFileName());
        var model = OnnxReader.read(file);
        // in its own place it is replaced as a whole, by what was proven to compute the same
        if (!out.toAbsolutePath().normalize().equals(file.toAbsolutePath().normalize())) {
            SourceFiles.spare(out, file);
        }
        var expected = expected(file, model, seed, place);
        var result = Passes.simplifying().apply(model);
        var difference = new double[1];
        OnnxWriter.write(
                result.model(),
                out,
                externalDataAbove,
                written -> difference[0] = proven(file, written, expected, place, "optimized"));
        return new Report(
                result.nodesBefore(),
                result.nodes(),
                result.removed(),
                difference[0],
                Annotations.dropped(model, result.model()));
    }

    /** What a file gives on inputs of a seed. */
    static SeededRun expected(Path file, Model model, long seed, String place) {
        // as written: a fault of a fusion in both files would hide itself
        try (var session = ModelSession.openAsWritten(file, place)) {
            var expected = SeededRun.of(session, model.graph(), seed, place);
            if (!expected.distance(expected.again(session)).problems().isEmpty()) {
                throw new SpecException(place
                        + ": must give the same outputs for the same inputs to be proven, and draws random numbers");
            }
            return expected;
        }
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
        try (var session = ModelSession.open(OnnxWriter.bytes(model), place)) {
            inputs = SeededRun.of(session, model.graph(), seed, place).inputs().subList(0, 1);
        }
        var speeds = new LinkedHashMap<String, Speed>();
        var measured = Speed.compare(List.copyOf(models.values()), inputs).iterator();
        models.keySet().forEach(name -> speeds.put(name, measured.next()));
        return speeds;
    }

    /**
     * How far another file is from it, with ONNX Runtime's optimisations and without.
     *
     * @param file the first
     * @param how it was made of the first, in errors
     */
    static double proven(Path file, Path written, SeededRun expected, String place, String how) {
        Distance asWritten;
        try (var session = ModelSession.openAsWritten(written, place + ", " + how)) {
            asWritten = expected.distance(expected.again(session));
            if (!asWritten.problems().isEmpty()) {
                throw new SpecException(asWritten.problems()).at(place + ": not written: " + how);
            }
        }
        try (var session = ModelSession.open(written, place + ", " + how)) {
            var fused = expected.again(session);
            var distance = expected.distance(fused);
            if (distance.problems().isEmpty()) {
                return Math.max(asWritten.worst(), distance.worst());
            }
            // kernels of whole numbers round otherwise; then they must do so for both files
            try (var original = ModelSession.open(file, place)) {
                var both = expected.again(original).distance(fused);
                if (!both.problems().isEmpty()) {
                    throw new SpecException(distance.problems())
                            .at(place + ": not written: " + how + ", it computes the same node by node, but ONNX"
                                    + " Runtime's own fusions make other numbers of it");
                }
                return Math.max(asWritten.worst(), both.worst());
            }
        }
    }
}
