package smalti.exporter;

import java.util.function.Consumer;
import smalti.exporter.graph.GraphCheck;
import smalti.spec.Check;

/**
 * How a bundle is made.
 *
 * @param opset of ONNX; 17 is read by everything that was tested
 * @param seed of the pictures, codes and noise that the proof makes up
 * @param progress is told what is being done, one short line at a time
 */
public record ExportOptions(int opset, long seed, Consumer<String> progress) {
    public static final int DEFAULT_OPSET = 17;

    public ExportOptions {
        Check.that(
                        opset >= GraphCheck.FIRST_OPSET && opset <= GraphCheck.LAST_OPSET,
                        "opset must be from %s to %s, got %s",
                        GraphCheck.FIRST_OPSET,
                        GraphCheck.LAST_OPSET,
                        opset)
                .done();
    }

    /** Opset {@value #DEFAULT_OPSET}, seed 1, silent. */
    public static ExportOptions defaults() {
        return new ExportOptions(DEFAULT_OPSET, 1, line -> {});
    }

    public ExportOptions withOpset(int changed) {
        return new ExportOptions(changed, seed, progress);
    }

    public ExportOptions withProgress(Consumer<String> changed) {
        return new ExportOptions(opset, seed, changed);
    }
}
