package smalti.exporter.proof;

/** ONNX Runtime ended its process on a file, or was stopped since it took too long or too much: no other inputs are worth a try. */
public final class EngineEndedException extends ProofException {
    private static final long serialVersionUID = 1L;

    EngineEndedException(String problem, EngineEnd cause) {
        super(problem, cause);
    }
}
