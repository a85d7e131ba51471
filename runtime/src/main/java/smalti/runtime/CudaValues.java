package smalti.runtime;

import java.util.ArrayList;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import smalti.runtime.Device.ArenaGrowth;
import smalti.runtime.Device.ConvolutionSearch;
import smalti.spec.SpecException;

/** What {@link Device.Cuda} is made of. */
record CudaValues(
        int index,
        long memoryLimit,
        ConvolutionSearch search,
        ArenaGrowth growth,
        boolean tf32,
        boolean nhwc,
        boolean fuseBias,
        Map<String, String> sessionConfig) {
    private static final long LEAST_MEMORY = 1 << 20;

    CudaValues {
        sessionConfig = NoNulls.in(sessionConfig, "sessionConfig");
        var problems = new ArrayList<String>();
        if (index < 0 || index > 255) {
            problems.add("index must be from 0 to 255, got " + index);
        }
        if (memoryLimit < LEAST_MEMORY) {
            problems.add("memoryLimit must be at least " + LEAST_MEMORY + " bytes, got " + memoryLimit);
        }
        problems.addAll(SessionConfig.problems(sessionConfig));
        if (!problems.isEmpty()) {
            throw new SpecException(problems);
        }
    }

    CudaValues withMemoryLimit(long memoryLimit) {
        return new CudaValues(index, memoryLimit, search, growth, tf32, nhwc, fuseBias, sessionConfig);
    }

    CudaValues withSearch(ConvolutionSearch search) {
        return new CudaValues(index, memoryLimit, search, growth, tf32, nhwc, fuseBias, sessionConfig);
    }

    CudaValues withGrowth(ArenaGrowth growth) {
        return new CudaValues(index, memoryLimit, search, growth, tf32, nhwc, fuseBias, sessionConfig);
    }

    CudaValues withTf32(boolean tf32) {
        return new CudaValues(index, memoryLimit, search, growth, tf32, nhwc, fuseBias, sessionConfig);
    }

    CudaValues withNhwc(boolean nhwc) {
        return new CudaValues(index, memoryLimit, search, growth, tf32, nhwc, fuseBias, sessionConfig);
    }

    CudaValues withFuseBias(boolean fuseBias) {
        return new CudaValues(index, memoryLimit, search, growth, tf32, nhwc, fuseBias, sessionConfig);
    }

    CudaValues withSessionConfig(String key, String value) {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(value, "value");
        var sessionConfig = new TreeMap<>(this.sessionConfig);
        sessionConfig.put(key, value);
        return new CudaValues(index, memoryLimit, search, growth, tf32, nhwc, fuseBias, sessionConfig);
    }
}
