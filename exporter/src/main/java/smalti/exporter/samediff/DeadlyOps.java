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
            var place = name + ": op \"" + op.getOp().opName() + "\" at node " + op.getName();
            remedy(op).ifPresent(remedy -> problems.add(place + " ends the process when it is run; " + remedy));
            cut(op).ifPresent(rule -> problems.add(place + " " + rule));
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

    /** What a strided slice must be to be computed in SameDiff's place where it goes back, which it must not run. */
    private static Optional<String> cut(SameDiffOp op) {
        if (!(op.getOp() instanceof DynamicCustomOp custom && custom.opName().equals("strided_slice"))) {
            return Optional.empty();
        }
        var ints = Arrays.stream(custom.iArgs()).boxed().toList();
        int inputs = op.getInputsToOp() == null ? 0 : op.getInputsToOp().size();
        if (inputs != 1 || !StridedCut.isComplete(ints)) {
            return Optional.of("must have its begins, ends and steps as numbers, got them as " + (inputs - 1)
                    + " more variables; steps that go back would end the process, so give them to stridedSlice as"
                    + " long...");
        }
        if (StridedCut.ellipses(ints) > 1) {
            return Optional.of("must have one ellipsis at most, got the mask " + ints.get(1));
        }
        return StridedCut.steps(ints).contains(0L)
                ? Optional.of("must have steps other than 0, got " + StridedCut.steps(ints))
                : Optional.empty();
    }

    /** Of those without arguments: an imported graph has them. */
    private static Optional<String> remedy(SameDiffOp op) {
        boolean bare = !(op.getOp() instanceof DynamicCustomOp custom) || custom.iArgs().length == 0;
        return bare ? Optional.ofNullable(ALWAYS.get(op.getOp().opName())) : Optional.empty();
    }
}
