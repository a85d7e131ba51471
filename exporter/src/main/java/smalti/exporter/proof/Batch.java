package smalti.exporter.proof;

/**
 * Inputs that run together.
 *
 * @param kind names them in errors, such as {@code held-out picture}
 * @param first index of the first of its kind
 */
record Batch(String kind, int first, int size) {
    /** The sample that element {@code index} of a batch's array of that length belongs to. */
    String sample(int index, int length) {
        return kind + " " + (first + index / (length / size));
    }
}
