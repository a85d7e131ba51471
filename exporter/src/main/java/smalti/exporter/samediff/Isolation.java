package smalti.exporter.samediff;

import java.time.Duration;
import smalti.spec.Check;

/**
 * When SameDiff runs a graph in a JVM of its own, so that an operation that ends the process does not end this one.
 *
 * @param always or just where the graph holds an operation that is known to have ended processes
 * @param timeout for each run
 */
public record Isolation(boolean always, Duration timeout) {
    public Isolation {
        Check.that(!timeout.isNegative() && !timeout.isZero(), "timeout must be positive, got %s", timeout)
                .done();
    }

    /** Of dangerous graphs alone, at most ten minutes a run. */
    public static Isolation whereNeeded() {
        return new Isolation(false, Duration.ofMinutes(10));
    }

    /** Of every graph, at most ten minutes a run. */
    public static Isolation ofAll() {
        return new Isolation(true, Duration.ofMinutes(10));
    }
}
