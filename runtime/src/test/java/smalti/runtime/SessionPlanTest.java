package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import smalti.runtime.SessionPlan.ExecutionProvider;
import smalti.runtime.SessionPlan.ProviderKind;
import smalti.spec.SpecException;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;

/** What ONNX Runtime is handed for each device: data, so that it is held here where the device is not. */
class SessionPlanTest {
    private static final Signature TOKENIZE = new Signature(
            List.of(TensorSpec.of("pixels", ElementType.UINT8, "N 4*h 4*w 3")),
            List.of(TensorSpec.of("codes", ElementType.INT64, "N h w")));
    private static final Signature CONDITIONAL = new Signature(
            List.of(
                    TensorSpec.of("noise", ElementType.FLOAT32, "N 16"),
                    TensorSpec.of("class", ElementType.INT64, "N"),
                    TensorSpec.of("scale", ElementType.FLOAT32, "1 16")),
            List.of(TensorSpec.of("pixels", ElementType.UINT8, "N 16 16 3")));
    private static final Path CACHE = Path.of("cache").toAbsolutePath();

    @Test
    void theProcessorHasNoProvider() {
        assertThat(SessionPlan.of(Device.cpu(), 3)).isEqualTo(new SessionPlan(3, Map.of(), Map.of(), List.of()));
        var cpu = Device.cpu().withFlushDenormals(true).withSessionConfig("session.disable_prepacking", "1");
        assertThat(SessionPlan.of(cpu.withSpin(Duration.ZERO), 1).config())
                .isEqualTo(Map.of(
                        "session.disable_prepacking", "1",
                        "session.set_denormal_as_zero", "1",
                        "session.intra_op.allow_spinning", "0"));
        assertThat(SessionPlan.of(Device.cpu().withSpin(Duration.ofMillis(2)), 1)
                        .config())
                .isEqualTo(Map.of("session.intra_op.spin_duration_us", "2000"));
        assertThat(SessionPlan.of(Device.cpu().withShrink(true), 1).runConfig())
                .isEqualTo(Map.of("memory.enable_memory_arena_shrinkage", "cpu:0"));
    }

    @Test
    void cudaIsToldItsDefaults() {
        assertThat(SessionPlan.of(Device.cuda(2)))
                .isEqualTo(new SessionPlan(
                        1,
                        Map.of(),
                        Map.of(),
                        List.of(new ExecutionProvider(
                                ProviderKind.CUDA,
                                2,
                                Map.of(
                                        "cudnn_conv_algo_search", "HEURISTIC",
                                        "arena_extend_strategy", "kSameAsRequested",
                                        "use_tf32", "0",
                                        "prefer_nhwc", "0",
                                        "fuse_conv_bias", "0")))));
    }

    @Test
    void cudaIsToldEveryOption() {
        var cuda = Device.cuda(0)
                .withMemoryLimit(2L << 30)
                .withSearch(Device.ConvolutionSearch.EXHAUSTIVE)
                .withGrowth(Device.ArenaGrowth.POWER_OF_TWO)
                .withTf32(true)
                .withNhwc(true)
                .withFuseBias(true)
                .withSessionConfig("ep.cuda.use_env_allocator", "1");
        assertThat(SessionPlan.of(cuda))
                .isEqualTo(new SessionPlan(
                        1,
                        Map.of("ep.cuda.use_env_allocator", "1"),
                        Map.of(),
                        List.of(new ExecutionProvider(
                                ProviderKind.CUDA,
                                0,
                                Map.of(
                                        "cudnn_conv_algo_search", "EXHAUSTIVE",
                                        "arena_extend_strategy", "kNextPowerOfTwo",
                                        "use_tf32", "1",
                                        "prefer_nhwc", "1",
                                        "fuse_conv_bias", "1",
                                        "gpu_mem_limit", "2147483648")))));
    }

    @Test
    void tensorRtComesBeforeCudaWithProfilesOfEveryFreeInput() {
        var device = Device.tensorrt(1).withSizes("h", 2, 8, 16);
        var plan = plan(device, TOKENIZE, 32, Map.of("h", 99L, "w", 8L));
        assertThat(plan.threads()).isEqualTo(1);
        assertThat(plan.providers()).hasSize(2);
        assertThat(plan.providers().get(1))
                .isEqualTo(SessionPlan.of(Device.cuda(1)).providers().get(0));
        var tensorRt = plan.providers().get(0);
        assertThat(tensorRt.kind()).isEqualTo(ProviderKind.TENSORRT);
        assertThat(tensorRt.index()).isEqualTo(1);
        var engines = Path.of(tensorRt.options().getOrDefault("trt_engine_cache_path", ""));
        assertThat(engines.getParent()).isEqualTo(CACHE);
        assertThat(tensorRt.options())
                .isEqualTo(Map.of(
                        "trt_fp16_enable", "1",
                        "trt_engine_cache_enable", "1",
                        "trt_engine_cache_path", engines.toString(),
                        "trt_timing_cache_enable", "1",
                        "trt_timing_cache_path", CACHE.toString(),
                        // height as the user gave it, width as the model was trained
                        "trt_profile_min_shapes", "pixels:1x8x32x3",
                        "trt_profile_opt_shapes", "pixels:32x32x32x3",
                        "trt_profile_max_shapes", "pixels:32x64x32x3"));
    }

    @Test
    void inputsThatAreFixedHaveNoProfile() {
        var options = plan(Device.tensorrt(0).withFp16(false).withWorkspaceLimit(1 << 28), CONDITIONAL, 16, Map.of())
                .providers()
                .get(0)
                .options();
        assertThat(options)
                .containsEntry("trt_profile_min_shapes", "noise:1x16,class:1")
                .containsEntry("trt_profile_opt_shapes", "noise:16x16,class:16")
                .containsEntry("trt_profile_max_shapes", "noise:16x16,class:16")
                .containsEntry("trt_fp16_enable", "0")
                .containsEntry("trt_max_workspace_size", "268435456");
        var fixed = new Signature(
                List.of(TensorSpec.of("x", ElementType.FLOAT32, "2 3")),
                List.of(TensorSpec.of("y", ElementType.FLOAT32, "2 3")));
        assertThat(plan(Device.tensorrt(0), fixed, 16, Map.of())
                        .providers()
                        .get(0)
                        .options())
                .doesNotContainKeys("trt_profile_min_shapes", "trt_profile_opt_shapes", "trt_profile_max_shapes");
    }

    @Test
    void sizesThatNothingGivesAreAskedFor() {
        assertThatThrownBy(() -> ShapeRange.of(TOKENIZE, 16, Map.of(), Map.of()))
                .isInstanceOf(SpecException.class)
                .hasMessageContainingAll("sizes of h, w in [pixels [N,4*h,4*w,3] uint8]", "withSizes");
    }

    @Test
    void enginesOfOtherSettingsAreKeptApart() {
        var folders = new HashSet<String>();
        for (var device : List.of(
                Device.tensorrt(0),
                Device.tensorrt(0).withFp16(false),
                Device.tensorrt(0).withSizes("h", 1, 8, 8),
                Device.tensorrt(0).withWorkspaceLimit(1 << 30))) {
            for (int most : new int[] {8, 16}) {
                var options = plan(device, TOKENIZE, most, Map.of("h", 8L, "w", 8L))
                        .providers()
                        .get(0)
                        .options();
                folders.add(options.getOrDefault("trt_engine_cache_path", ""));
            }
        }
        assertThat(folders).hasSize(8);
        // where the cache lies is no setting
        assertThat(plan(Device.tensorrt(0), TOKENIZE, 8, Map.of("h", 8L, "w", 8L)))
                .isEqualTo(plan(
                        Device.tensorrt(0).withCache(Path.of("elsewhere")), TOKENIZE, 8, Map.of("h", 8L, "w", 8L)));
    }

    /**
     * ONNX Runtime looks at the keys only once the provider's library was loaded, which takes CUDA. Its library holds
     * those it knows as text.
     */
    @Test
    void theProvidersKnowEveryKeyAndValue() throws IOException {
        var cuda = Device.cuda(0).withMemoryLimit(1 << 30);
        var words =
                new TreeSet<>(SessionPlan.of(cuda).providers().get(0).options().keySet());
        for (var search : Device.ConvolutionSearch.values()) {
            words.add(search.name());
        }
        words.addAll(List.of("kSameAsRequested", "kNextPowerOfTwo"));
        var tensorRt = plan(Device.tensorrt(0).withWorkspaceLimit(1 << 30), TOKENIZE, 8, Map.of("h", 8L, "w", 8L))
                .providers()
                .get(0);
        assertThat(missing("tensorrt", tensorRt.options().keySet())).isEmpty();
        assertThat(missing("tensorrt", Set.of("trt_no_such_option"))).isNotEmpty();
        assertThat(missing("cuda", words)).isEmpty();
    }

    private static Set<String> missing(String provider, Set<String> words) throws IOException {
        var library = "/ai/onnxruntime/native/linux-x64/libonnxruntime_providers_" + provider + ".so";
        var missing = new TreeSet<>(words);
        try (var stream = SessionPlanTest.class.getResourceAsStream(library)) {
            Assumptions.assumeTrue(
                    stream != null,
                    "ONNX Runtime's jar on the class path is not the GPU jar for Linux; -Pgpu brings it");
            remove(missing, new BufferedInputStream(stream));
        }
        return missing;
    }

    /** Takes out the words that a file holds with a zero byte after them. */
    private static void remove(Set<String> words, InputStream file) throws IOException {
        int overlap = 64;
        var window = new byte[1 << 22];
        int held = 0;
        while (!words.isEmpty()) {
            int read = file.readNBytes(window, held, window.length - held);
            if (read == 0) {
                return;
            }
            var text = new String(window, 0, held + read, StandardCharsets.ISO_8859_1);
            words.removeIf(word -> text.contains(word + "\0"));
            int kept = Math.min(overlap, held + read);
            System.arraycopy(window, held + read - kept, window, 0, kept);
            held = kept;
        }
    }

    private static SessionPlan plan(Device.TensorRt device, Signature signature, int most, Map<String, Long> usual) {
        return SessionPlan.of(device, signature, ShapeRange.of(signature, most, device.sizes(), usual), CACHE);
    }
}
