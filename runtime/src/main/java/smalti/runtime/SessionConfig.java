package smalti.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The entries of ONNX Runtime's session configuration that may be given. ONNX Runtime takes any key without a word, a
 * misspelt one too, and few of its values are looked at.
 *
 * <p>Source: {@code onnxruntime_session_options_config_keys.h} of ONNX Runtime 1.29.
 */
public final class SessionConfig {
    /** On or off. */
    private static final Set<String> FLAGS = Set.of(
            "session.disable_prepacking",
            "session.disable_quant_qdq",
            "session.disable_double_qdq_remover",
            "session.enable_quant_qdq_cleanup",
            "session.disable_aot_function_inlining",
            "session.force_spinning_stop",
            "session.inter_op.allow_spinning",
            "session.qdqisint8allowed",
            "session.use_device_allocator_for_initializers",
            "session.use_env_allocators",
            "session.x64quantprecision",
            "session.strict_shape_type_inference",
            "optimization.enable_gelu_approximation",
            "optimization.enable_cast_chain_elimination",
            "mlas.enable_gemm_fastmath_arm64_bfloat16",
            "mlas.use_lut_gemm",
            "mlas.disable_kleidiai",
            "ep.cuda.use_env_allocator");

    /** What others may be, in words after the expression. */
    private static final Map<String, Rule> OTHERS = Map.of(
            "session.dynamic_block_base", new Rule("0*[0-9]{1,9}", "a whole number of 0 or more"),
            "session.intra_op_thread_affinities",
                    new Rule(
                            "PROCESSORS(;PROCESSORS)*".replace("PROCESSORS", "[0-9]+(-[0-9]+|(,[0-9]+)*)"),
                            "processors for each thread but one, as in 1,2;3-4"),
            "session.qdq_matmulnbits_accuracy_level", new Rule("[0-4]", "from 0 to 4"),
            "optimization.disable_specified_optimizers",
                    new Rule("\\w+(;\\w+)*", "names of optimizers, with semicolons between them"),
            "optimization.minimal_build_optimizations", new Rule("|save|apply", "save, apply or nothing"));

    public static final Set<String> KEYS =
            Stream.concat(FLAGS.stream(), OTHERS.keySet().stream()).collect(Collectors.toUnmodifiableSet());

    /**
     * @param pattern of the whole value
     * @param words that say the same
     */
    private record Rule(String pattern, String words) {}

    private SessionConfig() {}

    static List<String> problems(Map<String, String> entries) {
        var problems = new ArrayList<String>();
        for (var key : new TreeSet<>(entries.keySet())) {
            if (!KEYS.contains(key)) {
                problems.add("sessionConfig must have keys of " + new TreeSet<>(KEYS) + ", got " + key);
                continue;
            }
            var rule = OTHERS.getOrDefault(key, new Rule("[01]", "0 or 1"));
            var value = String.valueOf(entries.get(key));
            if (!value.matches(rule.pattern)) {
                problems.add("sessionConfig " + key + " must be " + rule.words + ", got " + value);
            }
        }
        return problems;
    }
}
