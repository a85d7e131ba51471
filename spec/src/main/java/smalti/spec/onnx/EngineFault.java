package smalti.spec.onnx;

/**
 * What ONNX Runtime 1.29.0 does wrong, how a file is told that meets it, and what is done about it. Each was found by
 * experiment; a test of each fails once an ONNX Runtime has mended it, and then it goes.
 */
public enum EngineFault {
    /**
     * {@code Pad_Fusion} takes a Pad of zeros into the MaxPool behind it, whose padding is −∞. Other values than 0,
     * other pools, convolutions, and pools with an {@code auto_pad} are right.
     */
    PAD_BEFORE_MAX_POOL,

    /**
     * The optimizer of transpositions ends the process at a Transpose without {@code perm} that it meets while it moves
     * a DequantizeLinear of several scales. It goes by no name that could be switched off.
     */
    DEQUANTIZE_BEFORE_TRANSPOSE,

    /** A MatMul or Gemm of floats by dequantized weights rounds the floats to 8 bits unless it is told not to. */
    DEQUANTIZE_BEFORE_MATMUL,

    /**
     * {@code QuickGeluFusion} makes x · sigmoid(αx), such as a Swish, one operator that has no kernel for float64: the file
     * cannot be opened.
     */
    SWISH_OF_DOUBLES,

    /** The Java binding ends the process where an output of optional type is absent. */
    OPTIONAL_OUTPUT;

    /** What is done about a fault. */
    public sealed interface Remedy {
        /** One of ONNX Runtime's optimizers is switched off for the session. */
        record Without(String optimizer) implements Remedy {}

        /** An entry of the session's configuration. */
        record Config(String key, String value) implements Remedy {}

        /** The session runs the nodes one by one, with no optimization. */
        record AsWritten() implements Remedy {}

        /** No session is made. */
        record Refusal(String rule) implements Remedy {}
    }

    /** What is done about it. */
    public Remedy remedy() {
        return switch (this) {
            case PAD_BEFORE_MAX_POOL -> new Remedy.Without("Pad_Fusion");
            case SWISH_OF_DOUBLES -> new Remedy.Without("QuickGeluFusion");
            case DEQUANTIZE_BEFORE_TRANSPOSE -> new Remedy.AsWritten();
            case DEQUANTIZE_BEFORE_MATMUL -> new Remedy.Config("session.qdq_matmulnbits_accuracy_level", "1");
            case OPTIONAL_OUTPUT ->
                new Remedy.Refusal("must have no output of optional type: ONNX Runtime's Java binding ends the process"
                        + " where it is absent; make it a tensor or a sequence by OptionalGetElement");
        };
    }

    /** Whether a file may meet it; where that cannot be told, it may. */
    public boolean isIn(OnnxFile file) {
        return switch (this) {
            case PAD_BEFORE_MAX_POOL -> FaultPatterns.padBeforeMaxPool(file);
            case DEQUANTIZE_BEFORE_TRANSPOSE -> FaultPatterns.dequantizeBeforeTranspose(file);
            case DEQUANTIZE_BEFORE_MATMUL -> FaultPatterns.dequantizeBeforeMatMul(file);
            case SWISH_OF_DOUBLES -> FaultPatterns.swishOfDoubles(file);
            case OPTIONAL_OUTPUT -> FaultPatterns.optionalOutput(file);
        };
    }
}
