package smalti.runtime;

/**
 * How urgent a request is. Where several priorities wait, their shares of the items run are as 100 to 10 to 1: the
 * urgent ones hardly notice the others, and none starves.
 */
public enum Priority {
    HIGH(100),
    NORMAL(10),
    LOW(1);

    private final int weight;

    Priority(int weight) {
        this.weight = weight;
    }

    int weight() {
        return weight;
    }
}
