package smalti.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The entries of ONNX Runtime's session configuration that may be given. ONNX Runtime takes any key without a word, a
 * misspelt one too.
 *
 * <p>Source: {@code onnxruntime_session_options_config_keys.h} of ONNX Runtime 1.29.
 */
public final class SessionConfig {
    public static final Set<String> KEYS = Set.of(
            "session.disable_prepacking",
            "session.disable_quant_qdq",
            "session.disable_double_qdq_remover",
            "session.enable_quant_qdq_cleanup",
            "session.disable_aot_function_inlining",
            "session.dynamic_block_base",
            "session.force_spinning_stop",
            "session.inter_op.allow_spinning",
            "session.intra_op_thread_affinities",
            "session.qdqisint8allowed",
            "session.qdq_matmulnbits_accuracy_level",
            "session.use_device_allocator_for_initializers",
            "session.use_env_allocators",
            "session.x64quantprecision",
            "session.strict_shape_type_inference",
            "optimization.disable_specified_optimizers",
            "optimization.enable_gelu_approximation",
            "optimization.enable_cast_chain_elimination",
            "optimization.minimal_build_optimizations",
            "mlas.enable_gemm_fastmath_arm64_bfloat16",
            "mlas.use_lut_gemm",
            "mlas.disable_kleidiai",
            "ep.cuda.use_env_allocator");

    private SessionConfig() {}

    static List<String> problems(Map<String, String> entries) {
        var problems = new ArrayList<String>();
        for (var key : new TreeSet<>(entries.keySet())) {
            if (!KEYS.contains(key)) {
                problems.add("sessionConfig must have keys of " + new TreeSet<>(KEYS) + ", got " + key);
            }
        }
        return problems;
    }
}
