package smalti.exporter.samediff;

import java.util.ArrayList;
import java.util.Map;
import java.util.Optional;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import smalti.spec.SpecException;

/**
 * Operations that end the process when SameDiff runs them; a graph must be run to be exported. Those that may are run in
 * a JVM of its own; those that always do are computed by {@link StandIns}, or refused where their arguments are lost.
 */
final class DeadlyOps {
    private static final Map<String, String> ALWAYS = Map.of(
            "repeat", "its axis is in no file, as nd4j's own class does not keep it; use tile or concat",
            "stabilize", "its numbers are in no file, as nd4j's own class does not keep them; use clipByValue");

    private DeadlyOps() {}

    /** @throws SpecException listing every such node */
    static void refuse(SameDiff graph, String name) {
        var problems = new ArrayList<String>();
        for (var op : graph.getOps().values()) {
            remedy(op)
                    .ifPresent(
                            remedy -> problems.add(name + ": op \"" + op.getOp().opName() + "\" at node " + op.getName()
                                    + " ends the process when it is run; " + remedy));
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
        if (kind.equals("truncatediv")) {
            return true; // it makes whole numbers of floats
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

    /** Of those without arguments: an imported graph has them. */
    private static Optional<String> remedy(SameDiffOp op) {
        boolean bare = !(op.getOp() instanceof DynamicCustomOp custom) || custom.iArgs().length == 0;
        return bare ? Optional.ofNullable(ALWAYS.get(op.getOp().opName())) : Optional.empty();
    }
}
