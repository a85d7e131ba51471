package smalti.exporter;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Consumer;
import smalti.exporter.graph.GraphCheck;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.samediff.Isolation;
import smalti.spec.Check;
import smalti.spec.bundle.Precision;

/**
 * How a graph or a bundle is exported.
 *
 * @param opset of ONNX; 17 is read by everything that was tested
 * @param seed of the pictures, codes and noise that the proof makes up
 * @param externalDataAbove bytes of constants of one ONNX file, beyond which the large ones lie in a file of their own
 *     beside it; bundles refuse more than {@link OnnxWriter#EXTERNAL_DATA_ABOVE}
 * @param isolation of SameDiff's runs of graphs of any origin
 * @param precisions of a bundle's graphs besides FP32, which is always there
 * @param keepsSlow whether a bundle keeps INT8 graphs that are not faster on the machine that exports; without, two
 *     exports may differ in which of them they keep
 * @param progress is told what is being done, one short line at a time
 */
public record ExportOptions(
        int opset,
        long seed,
        long externalDataAbove,
        Isolation isolation,
        Set<Precision> precisions,
        boolean keepsSlow,
        Consumer<String> progress) {
    public static final int DEFAULT_OPSET = 17;

    public ExportOptions {
        precisions = precisions.isEmpty() ? Set.of() : Collections.unmodifiableSet(EnumSet.copyOf(precisions));
        Check.that(externalDataAbove >= 0, "externalDataAbove must not be negative, got %s", externalDataAbove)
                .and(
                        opset >= GraphCheck.FIRST_OPSET && opset <= GraphCheck.LAST_OPSET,
                        "opset must be from %s to %s, got %s",
                        GraphCheck.FIRST_OPSET,
                        GraphCheck.LAST_OPSET,
                        opset)
                .done();
    }

    /** Opset {@value #DEFAULT_OPSET}, seed 1; a bundle with FP16 and with INT8 where that is faster; silent. */
    public static ExportOptions defaults() {
        return new ExportOptions(
                DEFAULT_OPSET,
                1,
                OnnxWriter.EXTERNAL_DATA_ABOVE,
                Isolation.whereNeeded(),
                EnumSet.allOf(Precision.class),
                false,
                line -> {});
    }

    public ExportOptions withOpset(int changed) {
        return new ExportOptions(changed, seed, externalDataAbove, isolation, precisions, keepsSlow, progress);
    }

    public ExportOptions withExternalDataAbove(long changed) {
        return new ExportOptions(opset, seed, changed, isolation, precisions, keepsSlow, progress);
    }

    public ExportOptions withIsolation(Isolation changed) {
        return new ExportOptions(opset, seed, externalDataAbove, changed, precisions, keepsSlow, progress);
    }

    public ExportOptions withPrecisions(Set<Precision> changed) {
        return new ExportOptions(opset, seed, externalDataAbove, isolation, changed, keepsSlow, progress);
    }

    public ExportOptions withKeepsSlow(boolean changed) {
        return new ExportOptions(opset, seed, externalDataAbove, isolation, precisions, changed, progress);
    }

    public ExportOptions withProgress(Consumer<String> changed) {
        return new ExportOptions(opset, seed, externalDataAbove, isolation, precisions, keepsSlow, changed);
    }
}
