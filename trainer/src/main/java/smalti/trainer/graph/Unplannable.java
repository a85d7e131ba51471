package smalti.trainer.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ops.RandomOp;
import org.nd4j.linalg.api.ops.custom.Invoke;
import org.nd4j.linalg.api.ops.impl.controlflow.compat.Enter;
import org.nd4j.linalg.api.ops.impl.controlflow.compat.Exit;
import org.nd4j.linalg.api.ops.impl.controlflow.compat.LoopCond;
import org.nd4j.linalg.api.ops.impl.controlflow.compat.Merge;
import org.nd4j.linalg.api.ops.impl.controlflow.compat.NextIteration;
import org.nd4j.linalg.api.ops.impl.controlflow.compat.Switch;
import org.nd4j.linalg.api.ops.impl.layers.ExternalErrorsFunction;
import org.nd4j.linalg.api.ops.impl.shape.CreateView;
import org.nd4j.linalg.api.ops.impl.shape.tensorops.BaseTensorOp;
import org.nd4j.linalg.api.ops.impl.transforms.Assert;
import org.nd4j.linalg.api.ops.impl.transforms.custom.Assign;

/** Says which ops of a graph a {@link StepPlan} cannot hold, and why. */
final class Unplannable {
    private static final Set<Class<? extends DifferentialFunction>> CONTROL_FLOW = Set.of(
            Enter.class, Exit.class, LoopCond.class, Merge.class, NextIteration.class, Switch.class, Invoke.class);
    private static final Set<Class<? extends DifferentialFunction>> EFFECTS =
            Set.of(Assign.class, CreateView.class, ExternalErrorsFunction.class, Assert.class);
    private static final Set<String> SIZES_OF_DATA = Set.of(
            "Where",
            "where_np",
            "bincount",
            "boolean_mask",
            "choose",
            "dynamic_partition",
            "listdiff",
            "non_max_suppression",
            "non_max_suppression_overlaps",
            "non_max_suppression_v3",
            "unique",
            "unique_with_counts");

    private Unplannable() {}

    /** @throws IllegalArgumentException if there are any; all are named */
    static void refuse(List<SameDiffOp> ops) {
        var problems = new ArrayList<String>();
        for (var op : ops) {
            var function = op.getOp();
            var reason = reason(function);
            if (!reason.isEmpty()) {
                problems.add("op \"" + function.opName() + "\" at node " + op.getName() + " " + reason);
            }
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("a training step must be the same sequence of ops on the same shapes:\n"
                    + String.join("\n", problems));
        }
    }

    /** Half of the random ops share a superclass; all lie in one family of packages. */
    private static boolean isRandom(DifferentialFunction function) {
        return function instanceof RandomOp
                || function.getClass().getPackageName().startsWith(RandomOp.class.getPackageName() + ".random");
    }

    private static String reason(DifferentialFunction function) {
        if (CONTROL_FLOW.contains(function.getClass())) {
            return "is control flow; compose the layer without it";
        } else if (function instanceof BaseTensorOp) {
            return "works on a list of arrays; use concat or stack";
        } else if (EFFECTS.contains(function.getClass())) {
            return "does more than compute its output; do it from Java between steps";
        } else if (isRandom(function)) {
            return "draws numbers that no seed repeats; draw them in Java and give them as an input";
        } else if (SIZES_OF_DATA.contains(function.opName())) {
            return "has an output whose size depends on its data; multiply by a mask instead";
        }
        return "";
    }
}
