package smalti.trainer.graph;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ops.impl.controlflow.compat.StopGradient;
import org.nd4j.linalg.api.ops.impl.scalar.RectifiedLinear;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Adds the gradients of a scalar to a graph, in reverse mode and by each op's own rule: SameDiff's for its ops, {@link
 * KernelOp#gradients} for ours, which SameDiff cannot copy into a graph of gradients. Only what the wanted gradients
 * need is added.
 *
 * <p>Source: Baydin et al. 2018, arXiv:1502.05767, section 3.2.
 */
final class Backpropagation {
    private final SameDiff graph;
    private final Map<String, SDVariable> gradients = new HashMap<>();

    private Backpropagation(SameDiff graph) {
        this.graph = graph;
    }

    /**
     * @param loss a scalar
     * @param of variables and placeholders
     * @return the gradients by the names of what they are of, each of its shape
     * @throws IllegalArgumentException if the loss does not depend on one of them, or an op has no gradient
     */
    static Map<String, SDVariable> gradients(SameDiff graph, SDVariable loss, Collection<String> of) {
        var pass = new Backpropagation(graph);
        var ops = List.copyOf(graph.getOps().values()); // in the order in which they were built, which is topological
        var moving = moving(graph, ops, Set.copyOf(of));
        pass.gradients.put(loss.name(), graph.constant(Nd4j.scalar(1f)));
        for (int i = ops.size() - 1; i >= 0; i--) {
            pass.through(ops.get(i), moving);
        }
        var wanted = new LinkedHashMap<String, SDVariable>();
        for (var name : of) {
            var gradient = pass.gradients.get(name);
            if (gradient == null) {
                throw new IllegalArgumentException(
                        loss.name() + " must depend on " + name + ", whose gradient is wanted, and does not");
            }
            wanted.put(name, gradient);
        }
        return wanted;
    }

    /** All that changes where one of {@code of} does. */
    private static Set<String> moving(SameDiff graph, List<SameDiffOp> ops, Set<String> of) {
        var moving = new HashSet<>(of);
        for (var op : ops) {
            if (op.getOp() instanceof StopGradient
                    || op.getInputsToOp() == null
                    || Collections.disjoint(moving, op.getInputsToOp())) {
                continue;
            }
            for (var output : op.getOutputsOfOp()) {
                if (graph.getVariable(output).dataType().isFPType()) {
                    moving.add(output);
                }
            }
        }
        return moving;
    }

    private void through(SameDiffOp op, Set<String> moving) {
        var outputs = op.getOutputsOfOp();
        if (Collections.disjoint(gradients.keySet(), outputs) || Collections.disjoint(moving, outputs)) {
            return;
        }
        var function = op.getOp();
        var upstream = new ArrayList<@Nullable SDVariable>();
        outputs.forEach(output -> upstream.add(gradients.get(output)));
        var found = function instanceof KernelOp ours ? ours.gradients(upstream) : rule(function, upstream);
        for (int i = 0; i < found.size(); i++) {
            var input = function.argNames()[i];
            var gradient = found.get(i);
            if (gradient != null && moving.contains(input)) {
                gradients.merge(input, gradient, SDVariable::add);
            }
        }
    }

    /** SameDiff's own rule, which takes zeros where nothing depends on an output. */
    private List<@Nullable SDVariable> rule(DifferentialFunction function, List<@Nullable SDVariable> upstream) {
        if (function instanceof RectifiedLinear relu && relu.scalar().getDouble(0) == 0) {
            // SameDiff's own takes four times as long
            return LeakyRelu.gradients(graph, function.outputVariable(), upstream.get(0), 0);
        }
        var outputs = function.outputVariables();
        var given = new ArrayList<SDVariable>();
        for (int i = 0; i < outputs.length; i++) {
            var gradient = upstream.get(i);
            given.add(gradient == null ? graph.zerosLike(outputs[i]) : gradient);
        }
        var found = function.doDiff(given);
        return new ArrayList<>(found.subList(0, Math.min(found.size(), function.argNames().length)));
    }
}
