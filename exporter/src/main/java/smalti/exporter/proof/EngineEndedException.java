package smalti.exporter.proof;

/** ONNX Runtime ended its process on a file, or was stopped since it took too long or too much: no other inputs are worth a try. */
public final class EngineEndedException extends ProofException {
    private static final long serialVersionUID = 1L;

    private final boolean isCrash;

    EngineEndedException(String problem, EngineEnd cause) {
        super(problem, cause);
        this.isCrash = cause.isCrash();
    }

    /** @param more to be said */
    EngineEndedException(EngineEndedException error, String more) {
        super(error.getMessage() + more, error);
        this.isCrash = error.isCrash;
    }

    /** Whether it ended by itself, and was not stopped. */
    boolean isCrash() {
        return isCrash;
    }
}
