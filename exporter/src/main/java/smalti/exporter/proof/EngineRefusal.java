package smalti.exporter.proof;

/** ONNX Runtime says no: to a file, or to a run. The message is its own. */
final class EngineRefusal extends Exception {
    private static final long serialVersionUID = 1L;

    EngineRefusal(String message) {
        super(message);
    }
}
