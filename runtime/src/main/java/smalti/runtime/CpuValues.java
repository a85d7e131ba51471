package smalti.runtime;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import smalti.runtime.Device.Spread;
import smalti.spec.SpecException;

/** What {@link Device.Cpu} is made of. */
record CpuValues(
        int threads,
        Spread spread,
        @Nullable Duration spin,
        boolean flushDenormals,
        boolean shrink,
        Map<String, String> sessionConfig) {
    CpuValues {
        sessionConfig = NoNulls.in(sessionConfig, "sessionConfig");
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
    }

    CpuValues withThreads(int threads) {
        return new CpuValues(threads, spread, spin, flushDenormals, shrink, sessionConfig);
    }

    CpuValues withSpread(Spread spread) {
        return new CpuValues(threads, spread, spin, flushDenormals, shrink, sessionConfig);
    }

    CpuValues withSpin(Duration spin) {
        return new CpuValues(threads, spread, spin, flushDenormals, shrink, sessionConfig);
    }

    CpuValues withFlushDenormals(boolean flushDenormals) {
        return new CpuValues(threads, spread, spin, flushDenormals, shrink, sessionConfig);
    }

    CpuValues withShrink(boolean shrink) {
        return new CpuValues(threads, spread, spin, flushDenormals, shrink, sessionConfig);
    }

    CpuValues withSessionConfig(String key, String value) {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(value, "value");
        var sessionConfig = new TreeMap<>(this.sessionConfig);
        sessionConfig.put(key, value);
        return new CpuValues(threads, spread, spin, flushDenormals, shrink, sessionConfig);
    }
}
