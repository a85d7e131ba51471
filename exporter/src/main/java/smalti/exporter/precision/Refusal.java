package smalti.exporter.precision;

import smalti.exporter.graph.Node;

/**
 * A layer that cannot be INT8, whatever the gate.
 *
 * @param name of its node; its first output where the node has none
 * @param reason a sentence without its subject
 */
public record Refusal(String name, String op, String reason) {
    static Refusal of(Node node, String reason) {
        return new Refusal(node.name().isEmpty() ? node.output() : node.name(), node.op(), reason);
    }
}
