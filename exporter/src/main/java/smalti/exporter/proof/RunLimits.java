package smalti.exporter.proof;

import java.io.IOException;
import java.time.Duration;
import smalti.spec.Check;

/**
 * What ONNX Runtime may take to open a file or to run it once. What takes more is stopped, with the process that it runs
 * in.
 *
 * @param time of one opening or one run
 * @param memory bytes of the whole process; watched on Linux alone
 */
public record RunLimits(Duration time, long memory) {
    /** Ten minutes and 8 GiB. */
    public static final RunLimits DEFAULT = new RunLimits(Duration.ofMinutes(10), 8L << 30);

    private static final ThreadLocal<RunLimits> IN_FORCE = ThreadLocal.withInitial(() -> DEFAULT);

    public RunLimits {
        Check.that(time.toMillis() > 0, "time must be at least a millisecond, got %s", time)
                .and(memory > 0, "memory must be more than 0 bytes, got %s", memory)
                .done();
    }

    /** Something that runs ONNX Runtime. */
    @FunctionalInterface
    public interface Action<T> {
        T run() throws IOException;
    }

    /** Does something with these limits for every session that this thread opens meanwhile. */
    public <T> T during(Action<T> action) throws IOException {
        var before = IN_FORCE.get();
        IN_FORCE.set(this);
        try {
            return action.run();
        } finally {
            IN_FORCE.set(before);
        }
    }

    static RunLimits inForce() {
        return IN_FORCE.get();
    }

    public RunLimits withTime(Duration time) {
        return new RunLimits(time, memory);
    }

    public RunLimits withMemory(long memory) {
        return new RunLimits(time, memory);
    }
}
