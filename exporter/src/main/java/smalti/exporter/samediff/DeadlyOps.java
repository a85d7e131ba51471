package smalti.exporter.samediff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import smalti.spec.SpecException;

/**
 * Operations that end the process when SameDiff runs them; a graph must be run to be exported. Those that always do are
 * refused; those that may are run in a JVM of its own.
 */
final class DeadlyOps {
    private static final Map<String, String> ALWAYS = Map.of(
            "batch_to_space", "use reshape, permute and slice",
            "batch_to_space_nd", "use reshape, permute and slice",
            "batched_gemm", "use matmul",
            "realdiv", "use divide",
            "repeat", "use tile or concat",
            "space_to_batch", "use pad, reshape and permute",
            "space_to_batch_nd", "use pad, reshape and permute");

    private DeadlyOps() {}

    /** @throws SpecException listing every such node */
    static void refuse(SameDiff graph, String name) {
        var problems = new ArrayList<String>();
        for (var op : graph.getOps().values()) {
            remedy(op)
                    .ifPresent(
                            remedy -> problems.add(name + ": op \"" + op.getOp().opName() + "\" at node " + op.getName()
                                    + " corrupts nd4j's memory when it is run; " + remedy));
        }
        if (!problems.isEmpty()) {
            throw new SpecException(problems);
        }
    }

    /** Whether an operation is known to have ended processes, if just on some inputs. */
    static boolean endangers(SameDiff graph) {
        return graph.getOps().values().stream().anyMatch(op -> endangers(op, graph));
    }

    private static boolean endangers(SameDiffOp op, SameDiff graph) {
        var kind = op.getOp().opName();
        if (kind.startsWith("batch_to_space")) {
            return true;
        }
        // 0 as a divisor of whole numbers
        var inputs = op.getInputsToOp();
        return isDivision(kind)
                && inputs != null
                && inputs.stream()
                        .anyMatch(input -> graph.getVariable(input).dataType().isIntType());
    }

    static boolean isDivision(String op) {
        return op.contains("div") || op.contains("mod");
    }

    private static Optional<String> remedy(SameDiffOp op) {
        var kind = op.getOp().opName();
        if (kind.equals("strided_slice") && op.getOp() instanceof DynamicCustomOp custom) {
            long[] ints = custom.iArgs();
            int count = (ints.length - 5) / 3;
            // the arguments end with the steps
            boolean backwards = ints.length >= 8
                    && Arrays.stream(ints, ints.length - count, ints.length).anyMatch(step -> step < 0);
            return backwards ? Optional.of("steps must be positive; use reverse") : Optional.empty();
        }
        return Optional.ofNullable(ALWAYS.get(kind));
    }
}
