package smalti.exporter.lowering;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Why some operations have no lowering. */
final class Omissions {
    private static final Map<String, String> REASONS = new HashMap<>();

    static {
        add(
                "control flow: a graph of such frames has no fixed order of steps",
                "while While enter exit loop_cond next_iteration switch merge");
        add("ONNX has no decompositions of matrices", "svd qr lu cholesky");
        add("ONNX has no such loss", "ctc_loss");
        add("ONNX has no inverse", "matrix_inverse");
        add("ONNX solves no equations", "solve triangular_solve lstsq");
        add("ONNX has no gamma function and none of its kin", "lgamma digamma polygamma zeta igamma igammac betainc");
        add(
                "a step of training: not part of inference",
                "ada_delta_updater ada_grad_updater ada_max_updater adam_updater ams_grad_updater "
                        + "nadam_updater nesterovs_updater rms_prop_updater sgd_updater "
                        + "applygradientdescent ExternalErrorsFn gradientbackwards broadcastgradientargs");
        add(
                "the slope of a function: part of a gradient, not of inference",
                "_mishderivative _powderivative _precise_geluderivative leakyreluderivative " + "tanderivative");
        add(
                "compresses gradients for training on several machines: not part of inference",
                "encode_bitmap decode_bitmap encode_threshold decode_threshold");
        add(
                "a step of an algorithm that is trained, not of a network: clustering or word vectors",
                "barnes_edge_forces barnes_gains barnes_symmetrized cell_contains knn_mindistance " + "cbow skipgram");
        add(
                "a list of arrays that grows at run time; use stack and unstack",
                "create_list gather_list read_list scatter_list size_list split_list stack_list "
                        + "tensorarraywritev3");
        add(
                "nd4j puts it in no graph, as its class does not say what type the result is of; the operations of math broadcast alike",
                "broadcast_amax broadcast_amin broadcast_equalto broadcast_greaterthan "
                        + "broadcast_greaterthanorequal broadcast_lessthan broadcast_lessthanorequal "
                        + "broadcast_max broadcast_min broadcast_notequal broadcastadd broadcastcopy "
                        + "broadcastdiv broadcastmul broadcastrdiv broadcastrsub broadcastsub");
        add(
                "nd4j cannot run it in a graph: it takes the second array for a number; use max, min, abs and pow",
                "max_pairwise min_pairwise amax_pairwise amin_pairwise pow_pairwise");
        add(
                "nd4j cannot run it in a graph: it takes the second array for a number, or loses its own; use abs, subtract, divide, multiply and lessThanOrEqual",
                "axpy BinaryMinimalRelativeError BinaryRelativeError RelativeError eps equals_with_eps");
        add("nd4j makes the signs of one array, and has no file for two; use identity", "copy");
        add("its own kernel gives zeros, or refuses the type that nd4j gives it; use identity", "noop");
        add("nd4j's own kernel does not know it, and no file holds it; use boolean_not", "not");
        add("ends the process when it is run: refused; use clipByValue", "stabilize");
        add("nd4j does not know its outputs, so it is in no graph; use reshape and a maximum over an axis", "maxout");
        add("its own kernel is not found; use deconv3d", "deconv3d_tf");
        add("its own kernel is not found: nd4j takes maxpool2d, avgpool2d and pnormpool2d", "somepoolingpool2d");
        add(
                "SameDiff gives its results the input's shape, and numbers in place of the places; use maxpool2d",
                "max_pool_with_argmax");
        add("its own kernel cuts the shape off; use reshape", "set_shape");
        add("its own kernel makes nothing, and ONNX stops no run; leave it out", "Assert");
        add(
                "ONNX suppresses by boxes, not by a table of their overlaps; use non_max_suppression",
                "non_max_suppression_overlaps");
        add("it hashes the bits of nd4j's own memory, and has no constructor for a graph", "hashcode");
        add("nd4j cannot run it in a graph: it takes the second array for a number; use mod", "fmod");
        add("SameDiff cannot run it in a graph; set the value from outside", "assign");
        add("its own kernel refuses the arguments that nd4j gives it; use scatter_nd_update", "scatter_update");
        add("its own kernel refuses the arguments that nd4j gives it; use image_resize", "resize_bicubic");
        add("nd4j knows no shape of its results; divide the sums", "normalize_moments");
        add("nd4j knows no shape of its results; use mod, which has the divisor's sign", "remainder");
        add("nd4j knows no shape of its results, and reads others from its files; use identity", "old_assign set");
        add("a text is among its inputs, and graphs carry numbers alone", "check_numerics compat_string_split");
        add(
                "reads or writes files or prints: no part of a graph that computes",
                "restorev2 savev2 print_affinity print_variable");
        add(
                "its class has no constructor for a graph, only for arrays",
                "alpha_dropout choice distribution_binomial_ex grid_free histogram meta_postulate "
                        + "meta_predicate meta_predicate_inverted meta_reduce mirror_pad ParallelConcat "
                        + "probablistic_merge");
        add("ONNX reads no bits of one type as another", "bitcast");
    }

    private Omissions() {}

    private static void add(String reason, String operations) {
        for (var operation : operations.split(" ", -1)) {
            REASONS.put(operation, reason);
        }
    }

    /** What stops an operation, where that is known. */
    static Optional<String> reason(String operation) {
        boolean gradient = operation.endsWith("_bp")
                || operation.endsWith("_grad")
                || operation.contains("backprop")
                || operation.contains("_bp_");
        return gradient
                ? Optional.of("a gradient: not part of inference")
                : Optional.ofNullable(REASONS.get(operation));
    }
}
