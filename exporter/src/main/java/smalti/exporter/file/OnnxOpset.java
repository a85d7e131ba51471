package smalti.exporter.file;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import smalti.exporter.onnx.OnnxReader;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.onnx.SourceFiles;
import smalti.exporter.opset.OpsetConversion;
import smalti.exporter.pass.Passes;
import smalti.exporter.proof.ModelSession;
import smalti.spec.SpecException;

/** Brings any ONNX file to another opset, and proves that it computes the same. */
public final class OnnxOpset {
    private OnnxOpset() {}

    /**
     * @param nodesBefore bodies included
     * @param proof what came of comparing both files
     */
    public record Report(int opsetBefore, int opset, int nodesBefore, int nodes, Equivalence proof) {
        /** The largest between the outputs of both files, as a share of the range. */
        public double difference() {
            return proof.difference();
        }
    }

    /**
     * Writes the model in the forms of another opset, once ONNX Runtime gave the same outputs for both on inputs made up from a seed;
     * floats may differ by 1e-4 of their range. What came later is written out by its definition.
     *
     * @param opset from {@link OpsetConversion#FIRST} to {@link OpsetConversion#LAST}
     * @param externalDataAbove bytes of constants, beyond which the large ones are written to {@code out.data}
     * @throws SpecException if the file is unsound or cannot be run, or nodes have no form in that opset: all are named, and nothing is
     *     written
     */
    public static Report convert(Path file, Path out, int opset, long seed, long externalDataAbove) throws IOException {
        return convert(
                file, out, opset, externalDataAbove, ProofOptions.defaults().withSeed(seed));
    }

    /** The same, proven as the options say. */
    public static Report convert(Path file, Path out, int opset, long externalDataAbove, ProofOptions options)
            throws IOException {
        return options.limits().during(() -> {
            ModelSession.prepare();
            var place = String.valueOf(file.getFileName());
            var model = OnnxReader.read(file);
            SourceFiles.spareModel(out, file);
            // or it says at once why it has no such form
            OpsetConversion.convert(model, opset, place);
            var proof = EqualityProof.of(file, model, options, place);
            var converted = OpsetConversion.convert(proof.source(), opset, place);
            var proven = new ArrayList<Equivalence>();
            OnnxWriter.write(proof.written(converted), out, externalDataAbove, written -> {
                var problems = OnnxFileCheck.faults(written);
                if (!problems.isEmpty()) {
                    throw new SpecException(problems).at(place + ": not written: at opset " + opset);
                }
                proven.add(proof.compare(converted, written, "at opset " + opset));
            });
            return new Report(
                    model.opset(), opset, Passes.nodes(model.graph()), Passes.nodes(converted.graph()), proven.get(0));
        });
    }
}
