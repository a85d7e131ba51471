package smalti.exporter.proof;

/** The process that ONNX Runtime ran in has ended, or was stopped. The message says how, as in "it ended its process (SIGSEGV)". */
final class EngineEnd extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean isCrash;

    /** @param isCrash whether it ended by itself, and was not stopped */
    EngineEnd(String how, boolean isCrash) {
        super(how);
        this.isCrash = isCrash;
    }

    boolean isCrash() {
        return isCrash;
    }
}
