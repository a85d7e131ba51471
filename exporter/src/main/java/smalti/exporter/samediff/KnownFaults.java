package smalti.exporter.samediff;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import smalti.exporter.graph.ValueType;

/** Operations that SameDiff computes otherwise than it documents; measured against float64 arithmetic by the tests. */
public final class KnownFaults {
    private static final Map<String, String> ALWAYS = Map.of(
            "argamin", "it does not find the least size",
            "where_np", "it does not choose by the condition",
            "deconv2d_tf", "it adds up other elements",
            "dropout", "it drops at inference too",
            "dropout_inverted", "it drops at inference too",
            "non_max_suppression", "it fills up with zeros what it does not choose",
            "mean_pairwssqerr_loss", "it is not divided by the number of pairs",
            "precise_gelu", "the cube's factor is not 0.044715");

    private static final Map<String, String> OF_HALVES =
            Map.of("isfinite", "finds no NaN in 16 bits", "isnan", "finds no NaN in 16 bits");

    private static final Set<String> RANDOM = Set.of(
            "distribution_bernoulli",
            "distribution_binomial",
            "distribution_gaussian",
            "distribution_lognormal",
            "distribution_truncated",
            "distribution_uniform",
            "random_bernoulli",
            "random_crop",
            "random_exponential",
            "random_gamma",
            "random_multinomial",
            "random_normal",
            "random_poisson",
            "random_shuffle",
            "randomnormal",
            "randomuniform");

    private KnownFaults() {}

    /** How SameDiff is wrong, by node, in the graph's order; empty where it is right as far as is known. */
    public static Map<SourceOp, String> of(SourceGraph graph) {
        var faults = new LinkedHashMap<SourceOp, String>();
        graph.ops().forEach(op -> fault(op, graph).ifPresent(how -> faults.put(op, how)));
        return faults;
    }

    /** What draws random numbers, in the graph's order: no two runs of it are alike, so no fault of SameDiff's either. */
    public static Set<SourceOp> random(SourceGraph graph) {
        return graph.ops().stream()
                .filter(op -> RANDOM.contains(op.op()))
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** Why SameDiff is not run for some operations, by node; what they document is computed in its place. */
    public static Map<SourceOp, String> notRun(SourceGraph graph) {
        var reasons = new LinkedHashMap<SourceOp, String>();
        graph.ops()
                .forEach(op -> StandIns.fault(op.op(), op.ints(), isOfWhole(op, graph))
                        .ifPresent(why -> reasons.put(op, why)));
        return reasons;
    }

    private static boolean isOfWhole(SourceOp op, SourceGraph graph) {
        if (op.inputs().isEmpty()) {
            return false;
        }
        var value = graph.values().get(op.inputs().get(0));
        return value != null && value.type().isWhole();
    }

    /** Whether whole numbers are divided, where neither SameDiff nor ONNX Runtime takes 0 as a divisor. */
    public static boolean dividesWholeNumbers(SourceGraph graph) {
        return graph.ops().stream()
                .filter(op -> DeadlyOps.isDivision(op.op()))
                .flatMap(op -> op.inputs().stream())
                .map(graph.values()::get)
                .anyMatch(value -> value != null && value.type().isWhole());
    }

    private static Optional<String> fault(SourceOp op, SourceGraph graph) {
        var halves = OF_HALVES.get(op.op());
        if (halves != null) {
            var input = graph.values().get(op.inputs().get(0));
            return input != null && input.type() == ValueType.FLOAT16 ? Optional.of(halves) : Optional.empty();
        }
        if (op.op().equals("sufficient_statistics") && op.inputs().size() == 3) {
            return Optional.of("it sums without the shift");
        }
        if (op.op().equals("remainder_scalar") && isOfWhole(op, graph)) {
            return Optional.of("whole numbers go through float32");
        }
        if (op.op().equals("roll") && op.inputs().size() == 3) {
            var axes = graph.constants().get(op.inputs().get(2));
            return axes == null || axes.count() > 1 ? Optional.of("several axes are mixed up") : Optional.empty();
        }
        if (op.op().equals("image_resize") && isBicubic(op) && !isOfTablePlaces(op, graph)) {
            return Optional.of("bicubic: places are rounded to a 1,024th of a pixel");
        }
        return Optional.ofNullable(ALWAYS.get(op.op()));
    }

    private static boolean isBicubic(SourceOp op) {
        return !op.ints().isEmpty()
                && op.ints().get(0) == 2
                && (op.flags().size() < 2 || !op.flags().get(1));
    }

    /** Whether every place that is asked for lies at a 1,024th of a pixel: ((i + ½)·in/out − ½) of each axis does. */
    private static boolean isOfTablePlaces(SourceOp op, SourceGraph graph) {
        var input = graph.values().get(op.inputs().get(0));
        var output = graph.values().get(op.outputs().get(0));
        if (input == null || output == null) {
            return false;
        }
        for (int axis = 1; axis <= 2; axis++) {
            boolean fixed = input.fixed().get(axis) && output.fixed().get(axis);
            if (!fixed
                    || 512
                                    * input.sampleShape().get(axis)
                                    % output.sampleShape().get(axis)
                            != 0) {
                return false;
            }
        }
        return true;
    }
}
