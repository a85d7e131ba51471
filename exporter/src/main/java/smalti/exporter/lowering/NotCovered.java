package smalti.exporter.lowering;

/** A lowering does not translate these arguments; the message says which and what to do instead. */
final class NotCovered extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NotCovered(String reason) {
        super(reason);
    }
}
