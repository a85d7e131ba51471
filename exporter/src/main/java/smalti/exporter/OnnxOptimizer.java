package smalti.exporter;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import smalti.exporter.graph.Model;
import smalti.exporter.onnx.OnnxReader;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.pass.Passes;
import smalti.exporter.proof.ModelSession;
import smalti.spec.AtomicFiles;
import smalti.spec.SpecException;

/** Makes any ONNX file smaller and faster, and proves that it computes the same. */
public final class OnnxOptimizer {
    private OnnxOptimizer() {}

    /**
     * @param nodesBefore bodies included
     * @param removed nodes that each pass took away in all; negative of one that adds nodes for others to be faster
     * @param difference the largest between the outputs of both files, as a share of the range
     */
    public record Report(int nodesBefore, int nodes, Map<String, Integer> removed, double difference) {}

    /**
     * Writes the model after all passes that make it smaller, once ONNX Runtime gave the same outputs for both on inputs made up from a
     * seed; floats may differ by 1e-4 of their range.
     *
     * @throws SpecException if the file is unsound, cannot be run, or a pass changed what it computes; nothing is
     *     written then
     */
    public static Report optimize(Path file, Path out, long seed) throws IOException {
        var place = String.valueOf(file.getFileName());
        var model = OnnxReader.read(file);
        var result = Passes.simplifying().apply(model);
        var difference = proven(model, result.model(), seed, place);
        AtomicFiles.writeFile(out, temporary -> OnnxWriter.write(result.model(), temporary));
        return new Report(result.nodesBefore(), result.nodes(), result.removed(), difference);
    }

    private static double proven(Model before, Model after, long seed, String place) {
        SeededRun expected;
        try (var session = ModelSession.open(OnnxWriter.bytes(before), place)) {
            expected = SeededRun.of(session, before.graph(), seed, place);
            if (!expected.distance(expected.again(session)).problems().isEmpty()) {
                throw new SpecException(place
                        + ": must give the same outputs for the same inputs to be proven, and draws random numbers");
            }
        }
        try (var session = ModelSession.open(OnnxWriter.bytes(after), place + ", optimized")) {
            var distance = expected.distance(expected.again(session));
            if (!distance.problems().isEmpty()) {
                throw new SpecException(distance.problems()).at(place + ": not written: optimized");
            }
            return distance.worst();
        }
    }
}
