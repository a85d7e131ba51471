package smalti.exporter.samediff;

import smalti.spec.SpecException;

/** The JVM that ran a graph ended before its work was done. */
public final class DeadlyOpException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String node;
    private final String how;

    DeadlyOpException(String graph, String op, String node, String how) {
        super(graph + ": op \"" + op + "\" at node " + node + " " + how);
        this.node = node;
        this.how = how;
    }

    /** The name of the operation's node. */
    public String node() {
        return node;
    }

    /** What happened, such as that it ended the JVM. */
    public String how() {
        return how;
    }

    /** The same as an error for who gave the graph. */
    SpecException refusal() {
        return new SpecException(getMessage() + "; replace it", this);
    }
}
