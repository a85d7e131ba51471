package smalti.trainer.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A graph of fixed shapes, planned once: its ops in order, the place of each output in memory, the kernels with their
 * arguments. A step is then nothing but the kernels, one after the other.
 *
 * <p>SameDiff's own session finds out shapes, allocates, counts uses and frees in every step, which takes as long as
 * the kernels.
 *
 * <p>Constants and variables are the graph's own arrays: what changes them is seen by the next step. Not thread-safe.
 */
final class StepPlan {
    private final Map<String, INDArray> outputs;
    private final List<PlannedStep> steps;

    private StepPlan(Map<String, INDArray> outputs, List<PlannedStep> steps) {
        this.outputs = outputs;
        this.steps = steps;
    }

    /**
     * @param inputs the arrays that hold the inputs of each step
     * @param outputs names of what is wanted of each step
     * @throws IllegalArgumentException if the graph holds ops whose work or size is not the same in every step; all are
     *     named
     */
    static StepPlan of(SameDiff graph, Map<String, INDArray> inputs, Collection<String> outputs) {
        var ops = needed(graph, outputs);
        Unplannable.refuse(ops);
        var values = new LinkedHashMap<String, PlannedValue>();
        inputs.forEach((name, array) -> values.put(name, PlannedValue.input(array)));
        for (var variable : graph.variables()) {
            if (variable.isConstant() || variable.getVariableType() == VariableType.VARIABLE) {
                values.put(variable.name(), PlannedValue.known(variable.getArr()));
            }
        }
        var calls = calls(graph, ops, values, Set.copyOf(outputs));
        place(calls, values, outputs);
        var steps = new ArrayList<PlannedStep>();
        for (var call : calls) {
            steps.add(call.step());
        }
        var wanted = new LinkedHashMap<String, INDArray>();
        outputs.forEach(name -> wanted.put(name, value(values, name).array()));
        return new StepPlan(wanted, steps);
    }

    /** The ops that the outputs depend on, in the order in which they were built, which is topological. */
    private static List<SameDiffOp> needed(SameDiff graph, Collection<String> outputs) {
        var needed = new HashSet<String>();
        var open = new ArrayList<>(outputs);
        while (!open.isEmpty()) {
            var op = graph.getVariableOutputOp(open.remove(open.size() - 1));
            if (op != null && needed.add(op.getOwnName()) && op.argNames() != null) {
                open.addAll(Arrays.asList(op.argNames()));
            }
        }
        return graph.getOps().values().stream()
                .filter(op -> needed.contains(op.getName()))
                .toList();
    }

    /** The ops with the shapes of their outputs; those that merely pass on what they are given are left out. */
    private static List<PlannedCall> calls(
            SameDiff graph, List<SameDiffOp> ops, Map<String, PlannedValue> values, Set<String> outputs) {
        var used = new HashSet<>(outputs);
        ops.forEach(op -> used.addAll(op.getInputsToOp()));
        var calls = new ArrayList<PlannedCall>();
        for (var op : ops) {
            var given = new ArrayList<PlannedValue>();
            op.getInputsToOp().forEach(name -> given.add(value(values, name)));
            var call = new PlannedCall(op, given, used);
            var results = call.results(name -> type(graph, name));
            for (int i = 0; i < results.size(); i++) {
                values.put(op.getOutputsOfOp().get(i), results.get(i));
            }
            if (!call.isPassedOn()) {
                calls.add(call);
            }
        }
        return calls;
    }

    private static DataType type(SameDiff graph, String name) {
        return graph.getVariable(name).dataType();
    }

    private static PlannedValue value(Map<String, PlannedValue> values, String name) {
        var value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("no value of " + name + "; set it before a step, if it is an input");
        }
        return value;
    }

    private static void place(List<PlannedCall> calls, Map<String, PlannedValue> values, Collection<String> outputs) {
        for (int i = 0; i < calls.size(); i++) {
            for (var given : calls.get(i).inputs()) {
                given.lives(i);
            }
            for (var result : calls.get(i).outputs()) {
                result.lives(i);
            }
        }
        outputs.forEach(name -> value(values, name).lives(Integer.MAX_VALUE));
        Arena.place(new LinkedHashSet<>(values.values())); // in order, so that every run has the same places
    }

    /** What the last step gave; the next one overwrites it. */
    INDArray output(String name) {
        var array = outputs.get(name);
        if (array == null) {
            throw new IllegalArgumentException("no output " + name + " of the plan, only " + outputs.keySet());
        }
        return array;
    }

    /** @throws IllegalStateException if an op fails, as one does whose outputs have other shapes than planned */
    void run() {
        for (var step : steps) {
            try {
                step.kernel().run();
            } catch (RuntimeException e) {
                throw new IllegalStateException(
                        "op \"" + step.op() + "\" at node " + step.node() + " failed in a planned step; if it says that"
                                + " shapes differ, they depend on data, which they must not: " + e.getMessage(),
                        e);
            }
        }
    }

    /** The kernels in order, to be timed one by one. */
    List<PlannedStep> steps() {
        return steps;
    }
}
