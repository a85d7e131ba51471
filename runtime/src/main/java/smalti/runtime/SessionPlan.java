package smalti.runtime;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import ai.onnxruntime.providers.OrtTensorRTProviderOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import smalti.spec.bundle.Signature;
import smalti.spec.file.Checksums;
import smalti.spec.onnx.EngineGuard;

/**
 * How ONNX Runtime is to make a session: data, so that it can be looked at where the device is not.
 *
 * @param threads of a run on the processor
 * @param config entries of the session's configuration
 * @param runConfig entries of the configuration of each run
 * @param providers that are asked for each operation, in this order, before the processor
 */
record SessionPlan(
        int threads, Map<String, String> config, Map<String, String> runConfig, List<ExecutionProvider> providers) {

    enum ProviderKind {
        TENSORRT,
        CUDA
    }

    /**
     * @param index of the GPU
     * @param options in ONNX Runtime's own words
     */
    record ExecutionProvider(ProviderKind kind, int index, Map<String, String> options) {}

    static SessionPlan of(Device.Cpu cpu, int threads) {
        var config = new TreeMap<>(cpu.sessionConfig());
        var spin = cpu.spin();
        if (spin != null && spin.isZero()) {
            config.put("session.intra_op.allow_spinning", "0");
        } else if (spin != null) {
            config.put("session.intra_op.spin_duration_us", Long.toString(spin.toNanos() / 1000));
        }
        if (cpu.flushDenormals()) {
            config.put("session.set_denormal_as_zero", "1");
        }
        var runConfig =
                cpu.shrink() ? Map.of("memory.enable_memory_arena_shrinkage", "cpu:0") : Map.<String, String>of();
        return new SessionPlan(threads, config, runConfig, List.of());
    }

    static SessionPlan of(Device.Cuda cuda) {
        return new SessionPlan(1, cuda.sessionConfig(), Map.of(), List.of(provider(cuda)));
    }

    /**
     * @param shapes that engines are made for
     * @param cache folder of this very graph and kind of GPU, engines of each precision and
     *     range of shapes get one of their own in it
     */
    static SessionPlan of(Device.TensorRt tensorRt, Signature signature, ShapeRange shapes, Path cache) {
        var options = new TreeMap<String, String>();
        options.put("trt_fp16_enable", flag(tensorRt.fp16()));
        if (tensorRt.workspaceLimit() != Device.TensorRt.ALL_MEMORY) {
            options.put("trt_max_workspace_size", Long.toString(tensorRt.workspaceLimit()));
        }
        if (!shapes.isFixed(signature)) {
            options.put("trt_profile_min_shapes", shapes.profile(signature, Device.Sizes::least));
            options.put("trt_profile_opt_shapes", shapes.profile(signature, Device.Sizes::usual));
            options.put("trt_profile_max_shapes", shapes.profile(signature, Device.Sizes::most));
        }
        var engines = cache.resolve(Checksums.sha256(options.toString().getBytes(StandardCharsets.UTF_8))
                .substring(0, 16));
        options.put("trt_engine_cache_enable", "1");
        options.put("trt_engine_cache_path", engines.toString());
        options.put("trt_timing_cache_enable", "1");
        options.put("trt_timing_cache_path", cache.toString());
        return new SessionPlan(
                1,
                tensorRt.cuda().sessionConfig(),
                Map.of(),
                List.of(
                        new ExecutionProvider(ProviderKind.TENSORRT, tensorRt.index(), options),
                        provider(tensorRt.cuda())));
    }

    private static ExecutionProvider provider(Device.Cuda cuda) {
        var options = new TreeMap<String, String>();
        options.put("cudnn_conv_algo_search", cuda.search().name());
        options.put(
                "arena_extend_strategy",
                switch (cuda.growth()) {
                    case AS_REQUESTED -> "kSameAsRequested";
                    case POWER_OF_TWO -> "kNextPowerOfTwo";
                });
        options.put("use_tf32", flag(cuda.tf32()));
        options.put("prefer_nhwc", flag(cuda.nhwc()));
        options.put("fuse_conv_bias", flag(cuda.fuseBias()));
        if (cuda.memoryLimit() != Device.Cuda.ALL_MEMORY) {
            options.put("gpu_mem_limit", Long.toString(cuda.memoryLimit()));
        }
        return new ExecutionProvider(ProviderKind.CUDA, cuda.index(), options);
    }

    private static String flag(boolean on) {
        return on ? "1" : "0";
    }

    /** For errors: where the session was to be, empty on the processor. */
    String where() {
        return providers.isEmpty()
                ? ""
                : " on " + providers.get(0).kind().name().toLowerCase(Locale.ROOT) + ":"
                        + providers.get(0).index();
    }

    /**
     * @param guard what the file asks for besides
     * @throws OrtException if a provider's library is not there or cannot be loaded
     */
    OrtSession.SessionOptions options(EngineGuard guard) throws OrtException {
        var options = new OrtSession.SessionOptions();
        try {
            options.setOptimizationLevel(
                    guard.isAsWritten()
                            ? OrtSession.SessionOptions.OptLevel.NO_OPT
                            : OrtSession.SessionOptions.OptLevel.ALL_OPT);
            options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
            options.setInterOpNumThreads(1);
            options.setIntraOpNumThreads(threads);
            options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_WARNING);
            for (var entry : guard.configWith(config).entrySet()) {
                options.addConfigEntry(entry.getKey(), entry.getValue());
            }
            for (var provider : providers) {
                add(provider, options);
            }
            return options;
        } catch (OrtException e) {
            options.close();
            throw e;
        }
    }

    // Both by their options: the forms that take an index alone are left out of the processor's library.
    private static void add(ExecutionProvider provider, OrtSession.SessionOptions options) throws OrtException {
        switch (provider.kind()) {
            case CUDA -> {
                try (var cuda = new OrtCUDAProviderOptions(provider.index())) {
                    for (var entry : provider.options().entrySet()) {
                        cuda.add(entry.getKey(), entry.getValue());
                    }
                    options.addCUDA(cuda);
                }
            }
            case TENSORRT -> {
                try (var tensorRt = new OrtTensorRTProviderOptions(provider.index())) {
                    for (var entry : provider.options().entrySet()) {
                        tensorRt.add(entry.getKey(), entry.getValue());
                    }
                    options.addTensorrt(tensorRt);
                }
            }
        }
    }

    /** ONNX Runtime's. */
    static String version() {
        return OnnxRuntime.environment().getVersion();
    }
}
