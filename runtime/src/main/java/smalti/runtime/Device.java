package smalti.runtime;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import smalti.spec.SpecException;

/** What graphs are run on. */
public sealed interface Device {
    /** The processor, all of its threads; see {@link Cpu}. */
    static Cpu cpu() {
        return new Cpu(Runtime.getRuntime().availableProcessors(), Spread.ADAPTIVE, null, false, Map.of());
    }

    /** How runs share the processor's threads. */
    enum Spread {
        /**
         * A run has all threads where nothing else is run or waits; under load each run has one, as many at once as
         * there are threads. The graph is loaded a second time when load first comes.
         */
        ADAPTIVE,
        /** Each run has all threads, one at a time. */
        WIDE,
        /** Each run has one thread, as many at once as there are threads. */
        NARROW
    }

    /**
     * The processor.
     *
     * @param threads that are used at most; by default the processors that this JVM may use, in a container its quota
     * @param spread of runs over them
     * @param spin how long a thread that ran out of work turns round before it sleeps: answers sooner where calls come
     *     close together, and keeps the processor busy for nothing where they do not; null for ONNX Runtime's own time
     * @param flushDenormals whether numbers below 1.2e-38 count as zero: faster where a model makes many of them
     * @param sessionConfig entries of ONNX Runtime's session configuration, of those in {@link SessionConfig#KEYS}
     */
    record Cpu(
            int threads,
            Spread spread,
            @Nullable Duration spin,
            boolean flushDenormals,
            Map<String, String> sessionConfig)
            implements Device {
        public Cpu {
            var problems = new ArrayList<String>();
            if (threads < 1 || threads > 1024) {
                problems.add("threads must be from 1 to 1024, got " + threads);
            }
            if (spin != null && (spin.isNegative() || spin.compareTo(Duration.ofSeconds(1)) > 0)) {
                problems.add("spin must be from 0 to 1 second, got " + spin);
            }
            problems.addAll(SessionConfig.problems(sessionConfig));
            if (!problems.isEmpty()) {
                throw new SpecException(problems);
            }
            sessionConfig = Map.copyOf(sessionConfig);
        }

        public Cpu withThreads(int threads) {
            return new Cpu(threads, spread, spin, flushDenormals, sessionConfig);
        }

        public Cpu withSpread(Spread spread) {
            return new Cpu(threads, spread, spin, flushDenormals, sessionConfig);
        }

        public Cpu withSpin(Duration spin) {
            return new Cpu(threads, spread, spin, flushDenormals, sessionConfig);
        }

        public Cpu withFlushDenormals(boolean flushDenormals) {
            return new Cpu(threads, spread, spin, flushDenormals, sessionConfig);
        }

        /** Adds an entry. */
        public Cpu withSessionConfig(String key, String value) {
            var entries = new TreeMap<>(sessionConfig);
            entries.put(key, value);
            return new Cpu(threads, spread, spin, flushDenormals, entries);
        }
    }
}
