package smalti.exporter.samediff;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import smalti.exporter.graph.ValueType;

/** Operations that SameDiff computes otherwise than it documents; measured against float64 arithmetic by the tests. */
public final class KnownFaults {
    private static final Map<String, String> ALWAYS = Map.of(
            "dropout", "it drops at inference too",
            "dropout_inverted", "it drops at inference too",
            "mean_pairwssqerr_loss", "it is not divided by the number of pairs",
            "precise_gelu", "the cube's factor is not 0.044715");

    private static final Map<String, String> OF_HALVES =
            Map.of("isfinite", "finds no NaN in 16 bits", "isnan", "finds no NaN in 16 bits");

    private KnownFaults() {}

    /** How SameDiff is wrong, by node, in the graph's order; empty where it is right as far as is known. */
    public static Map<SourceOp, String> of(SourceGraph graph) {
        var faults = new LinkedHashMap<SourceOp, String>();
        graph.ops().forEach(op -> fault(op, graph).ifPresent(how -> faults.put(op, how)));
        return faults;
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
        return Optional.ofNullable(ALWAYS.get(op.op()));
    }
}
