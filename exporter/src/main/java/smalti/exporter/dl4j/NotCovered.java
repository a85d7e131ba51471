package smalti.exporter.dl4j;

/** A layer cannot be turned into SameDiff's operations; the message says why and what to do instead. */
final class NotCovered extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NotCovered(String reason) {
        super(reason);
    }

    /** @throws NotCovered unless it holds */
    static void unless(boolean holds, String reason, Object... received) {
        if (!holds) {
            throw new NotCovered(String.format(java.util.Locale.ROOT, reason, received));
        }
    }
}
