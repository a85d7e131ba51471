package smalti.runtime;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import smalti.runtime.Device.Cuda;
import smalti.runtime.Device.Sizes;
import smalti.spec.Check;

/** What {@link Device.TensorRt} is made of. */
record TensorRtValues(Cuda cuda, boolean fp16, long workspaceLimit, Path cache, Map<String, Sizes> sizes) {
    private static final long LEAST_WORKSPACE = 1 << 20;

    TensorRtValues {
        Check.that(
                        workspaceLimit >= LEAST_WORKSPACE,
                        "workspaceLimit must be at least %s bytes, got %s",
                        LEAST_WORKSPACE,
                        workspaceLimit)
                .done();
        sizes = Map.copyOf(sizes);
    }

    /** The user's folder for what can be made again: {@code $XDG_CACHE_HOME} or {@code ~/.cache}. */
    static Path defaultCache() {
        var cache = System.getenv("XDG_CACHE_HOME");
        var root = cache == null || cache.isBlank()
                ? Path.of(System.getProperty("user.home", "."), ".cache")
                : Path.of(cache);
        return root.resolve("smalti").resolve("tensorrt");
    }

    TensorRtValues withCuda(Cuda cuda) {
        return new TensorRtValues(cuda, fp16, workspaceLimit, cache, sizes);
    }

    TensorRtValues withFp16(boolean fp16) {
        return new TensorRtValues(cuda, fp16, workspaceLimit, cache, sizes);
    }

    TensorRtValues withWorkspaceLimit(long workspaceLimit) {
        return new TensorRtValues(cuda, fp16, workspaceLimit, cache, sizes);
    }

    TensorRtValues withCache(Path cache) {
        return new TensorRtValues(cuda, fp16, workspaceLimit, cache, sizes);
    }

    TensorRtValues withSizes(String dimension, Sizes sizesOfIt) {
        var sizes = new TreeMap<>(this.sizes);
        sizes.put(dimension, sizesOfIt);
        return new TensorRtValues(cuda, fp16, workspaceLimit, cache, sizes);
    }
}
