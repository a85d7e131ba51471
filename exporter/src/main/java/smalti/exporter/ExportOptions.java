package smalti.exporter;

import java.util.function.Consumer;
import smalti.exporter.graph.GraphCheck;
import smalti.exporter.onnx.OnnxWriter;
import smalti.spec.Check;

/**
 * How a bundle is made.
 *
 * @param opset of ONNX; 17 is read by everything that was tested
 * @param seed of the pictures, codes and noise that the proof makes up
 * @param externalDataAbove bytes of constants of one ONNX file, beyond which the large ones lie in a file of their own
 *     beside it; bundles refuse more than {@link OnnxWriter#EXTERNAL_DATA_ABOVE}
 * @param progress is told what is being done, one short line at a time
 */
public record ExportOptions(int opset, long seed, long externalDataAbove, Consumer<String> progress) {
    public static final int DEFAULT_OPSET = 17;

    public ExportOptions {
        Check.that(externalDataAbove >= 0, "externalDataAbove must not be negative, got %s", externalDataAbove)
                .and(
                        opset >= GraphCheck.FIRST_OPSET && opset <= GraphCheck.LAST_OPSET,
                        "opset must be from %s to %s, got %s",
                        GraphCheck.FIRST_OPSET,
                        GraphCheck.LAST_OPSET,
                        opset)
                .done();
    }

    /** Opset {@value #DEFAULT_OPSET}, seed 1, silent. */
    public static ExportOptions defaults() {
        return new ExportOptions(DEFAULT_OPSET, 1, OnnxWriter.EXTERNAL_DATA_ABOVE, line -> {});
    }

    public ExportOptions withOpset(int changed) {
        return new ExportOptions(changed, seed, externalDataAbove, progress);
    }

    public ExportOptions withExternalDataAbove(long changed) {
        return new ExportOptions(opset, seed, changed, progress);
    }

    public ExportOptions withProgress(Consumer<String> changed) {
        return new ExportOptions(opset, seed, externalDataAbove, changed);
    }
}
