package smalti.exporter.lowering;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import smalti.spec.Signature;

/**
 * One use of one operation.
 *
 * @param op nd4j's name of it, which the graph must hold
 * @param ends inputs and the output "y"
 * @param sizes of the free dimensions, one run each
 * @param build makes the graph out of its placeholders
 * @param reference what the graph means, in float64
 */
record OpCase(
        String op,
        String label,
        Signature ends,
        List<Map<String, Integer>> sizes,
        Build build,
        Function<Map<String, Doubles>, Doubles> reference) {

    /** Makes the variable "y". */
    @FunctionalInterface
    interface Build {
        SDVariable in(SameDiff graph, Function<String, SDVariable> inputs);
    }
}
