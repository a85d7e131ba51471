package smalti.exporter.proof;

import java.util.HashSet;
import java.util.Set;
import smalti.exporter.samediff.SourceGraph;
import smalti.exporter.samediff.SourceOp;

/** Which whole numbers a graph takes as numbers, and which perhaps as indices, shapes or labels. */
final class WholeInputs {
    /** Of which every input is a number. */
    private static final Set<String> ARITHMETIC = Set.of(
            "abs",
            "add",
            "add_scalar",
            "cast",
            "equals",
            "equals_scalar",
            "greater",
            "greater_equal",
            "greaterthan_scalar",
            "greaterthanorequal_scalar",
            "identity",
            "less",
            "less_equal",
            "lessthan_scalar",
            "lessthanorequal_scalar",
            "max_scalar",
            "maximum",
            "minimum",
            "mul_scalar",
            "multiply",
            "neg",
            "not_equals",
            "notequals_scalar",
            "reversesubtract",
            "rsub_scalar",
            "scalar_min",
            "sign",
            "square",
            "squaredsubtract",
            "stack",
            "sub_scalar",
            "subtract");

    /** Of which the first input is. */
    private static final Set<String> OF_THE_FIRST = Set.of(
            "bincount",
            "expand_dims",
            "permute",
            "reduce_max",
            "reduce_mean",
            "reduce_min",
            "reduce_sum",
            "reshape",
            "squeeze",
            "strided_slice",
            "tile",
            "transpose");

    private WholeInputs() {}

    /** Whether an input of whole numbers may be anything else than numbers to some operation. */
    static boolean mayIndex(SourceGraph graph, String input) {
        var behind = new HashSet<>(Set.of(input));
        for (var op : graph.ops()) {
            if (op.inputs().stream().noneMatch(behind::contains)) {
                continue;
            }
            for (int i = 0; i < op.inputs().size(); i++) {
                var value = graph.values().get(op.inputs().get(i));
                boolean isWhole = value == null || value.type().isWhole();
                if (behind.contains(op.inputs().get(i)) && isWhole && !takesNumber(op, i)) {
                    return true;
                }
            }
            behind.addAll(op.outputs());
        }
        return false;
    }

    private static boolean takesNumber(SourceOp op, int input) {
        return ARITHMETIC.contains(op.op()) || (input == 0 && OF_THE_FIRST.contains(op.op()));
    }
}
