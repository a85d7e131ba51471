package smalti.exporter.proof;

import java.time.Duration;
import smalti.spec.Check;

/**
 * What ONNX Runtime may take to open a file or to run it once. What takes more is stopped, with the process that it runs in.
 *
 * @param time of one opening or one run
 * @param memory bytes of the whole process; watched on Linux alone
 */
public record RunLimits(Duration time, long memory) {
    /** Ten minutes and 8 GiB. */
    public static final RunLimits DEFAULT = new RunLimits(Duration.ofMinutes(10), 8L << 30);

    public RunLimits {
        Check.that(time.compareTo(Duration.ZERO) > 0, "time must be more than 0, got %s", time)
                .and(memory > 0, "memory must be more than 0 bytes, got %s", memory)
                .done();
    }

    public RunLimits withTime(Duration time) {
        return new RunLimits(time, memory);
    }

    public RunLimits withMemory(long memory) {
        return new RunLimits(time, memory);
    }
}
