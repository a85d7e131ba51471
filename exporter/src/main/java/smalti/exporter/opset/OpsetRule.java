package smalti.exporter.opset;

/** Writes what a node computes in another opset. */
@FunctionalInterface
interface OpsetRule {
    /** @throws NoForm if it cannot be said there */
    void write(NodeConversion site);
}
