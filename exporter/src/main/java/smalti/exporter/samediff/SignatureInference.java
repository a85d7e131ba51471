package smalti.exporter.samediff;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import smalti.spec.SpecException;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;

/**
 * Finds what goes into a SameDiff graph and what comes out by running it: a size of an output that follows a free size
 * of an input in every run bears its name; one that changes otherwise, or follows numbers, gets a name of its own.
 */
final class SignatureInference {
    private final SameDiff graph;
    private final Engine engine;
    private final String name;
    private final List<String> inputs;
    private final List<String> outputs;

    SignatureInference(SameDiff graph, Engine engine, String name, List<String> inputs, List<String> outputs) {
        this.graph = graph;
        this.engine = engine;
        this.name = name;
        this.inputs = inputs.isEmpty() ? placeholders() : inputs;
        this.outputs = outputs.isEmpty() ? ends() : outputs;
    }

    private List<String> placeholders() {
        return graph.variables().stream()
                .filter(variable -> variable.getVariableType() == VariableType.PLACEHOLDER)
                .map(variable -> variable.name())
                .toList();
    }

    /** What is made and not used. */
    private List<String> ends() {
        var used = new HashSet<String>();
        graph.getOps().values().forEach(op -> {
            if (op.getInputsToOp() != null) {
                used.addAll(op.getInputsToOp());
            }
        });
        return graph.getOps().values().stream()
                .flatMap(op -> op.getOutputsOfOp().stream())
                .filter(output -> !used.contains(output))
                .toList();
    }

    Signature infer() {
        check();
        var shapes = new LinkedHashMap<String, List<Dimension>>();
        for (var input : inputs) {
            shapes.put(input, shape(input));
        }
        return infer(shapes);
    }

    /** @param shapes of the inputs */
    Signature infer(Map<String, List<Dimension>> shapes) {
        check();
        var symbols = shapes.values().stream()
                .flatMap(List::stream)
                .flatMap(dimension -> dimension.name().stream())
                .distinct()
                .toList();
        var dependent = new DataDependentSizes(graph, outputs);
        var wanted = new LinkedHashSet<>(outputs);
        wanted.addAll(dependent.made());
        var runs = runs(shapes, symbols, wanted);
        var first = runs.get(0);
        var varied = dependent.varied(engine::run, ones(shapes, first.sizes()), first.outputs(), outputs);
        var made = new ArrayList<TensorSpec>();
        for (var output : outputs) {
            made.add(output(output, runs, varied.getOrDefault(output, array(first, output)), symbols));
        }
        return new Signature(
                inputs.stream()
                        .map(input -> new TensorSpec(
                                input,
                                PlainArrays.elementType(graph.getVariable(input).dataType(), input),
                                shapes.getOrDefault(input, List.of())))
                        .toList(),
                made);
    }

    /** The placeholder's own; the first free axis is the batch, the same everywhere. */
    private List<Dimension> shape(String input) {
        long[] shape = graph.getVariable(input).placeholderShape();
        if (shape == null) {
            throw new SpecException(name + ": placeholder \"" + input + "\" must have a shape; give a signature");
        }
        var axes = new ArrayList<Dimension>();
        for (int axis = 0; axis < shape.length; axis++) {
            axes.add(
                    shape[axis] > 0
                            ? Dimension.of(shape[axis])
                            : Dimension.free(axis == 0 ? "N" : symbol(input, axis)));
        }
        return axes;
    }

    private void check() {
        var problems = new ArrayList<String>();
        for (var input : inputs) {
            if (!graph.hasVariable(input) || !graph.getVariable(input).isPlaceHolder()) {
                problems.add(name + ": input \"" + input + "\" must be one of the placeholders " + placeholders());
            }
        }
        for (var output : outputs) {
            if (!graph.hasVariable(output)) {
                problems.add(name + ": output \"" + output + "\" must be a variable of the graph, such as " + ends());
            }
        }
        if (!problems.isEmpty()) {
            throw new SpecException(problems);
        }
    }

    private static String symbol(String input, int axis) {
        return input.replaceAll("[^A-Za-z0-9_]", "_").replaceAll("^(?![A-Za-z])", "x") + "_" + axis;
    }

    private record Run(Map<String, Long> sizes, Map<String, INDArray> outputs) {}

    /** Two runs of different sizes, or one where nothing is free. */
    private List<Run> runs(Map<String, List<Dimension>> shapes, List<String> symbols, Collection<String> wanted) {
        var runs = new ArrayList<Run>();
        var refused = new ArrayList<RuntimeException>();
        for (var sizes : SourceReader.trials(symbols)) {
            try {
                runs.add(new Run(sizes, engine.run(ones(shapes, sizes), wanted)));
            } catch (DeadlyOpException e) {
                throw e;
            } catch (RuntimeException e) {
                refused.add(e);
            }
            if (runs.size() == 2 || (symbols.isEmpty() && !runs.isEmpty())) {
                break;
            }
        }
        if (!runs.isEmpty()) {
            return runs;
        }
        throw new SpecException(name + ": SameDiff cannot run it on arrays of ones: " + refused.get(0), refused.get(0));
    }

    /** Not zeros: nd4j ends the process where whole numbers are divided by 0. */
    private Map<String, INDArray> ones(Map<String, List<Dimension>> shapes, Map<String, Long> sizes) {
        var arrays = new HashMap<String, INDArray>();
        shapes.forEach((input, axes) -> arrays.put(
                input,
                Nd4j.ones(
                        graph.getVariable(input).dataType(),
                        axes.stream()
                                .mapToLong(axis -> axis.factor()
                                        * axis.name()
                                                .map(symbol -> sizes.getOrDefault(symbol, 1L))
                                                .orElse(1L))
                                .toArray())));
        return arrays;
    }

    /** @param varied of the first run's inputs, with other sizes where they follow numbers */
    private TensorSpec output(String output, List<Run> runs, INDArray varied, List<String> symbols) {
        var first = array(runs.get(0), output);
        var last = array(runs.get(runs.size() - 1), output);
        var axes = new ArrayList<Dimension>();
        for (int axis = 0; axis < first.rank(); axis++) {
            int at = axis;
            long size = first.size(axis);
            if (varied.size(axis) != size) {
                axes.add(Dimension.free(symbol(output, axis)));
            } else if (symbols.isEmpty() || (size == last.size(axis) && size > 0 && runs.size() > 1)) {
                axes.add(Dimension.of(size));
            } else {
                axes.add(Dimension.free(symbols.stream()
                        .filter(symbol -> runs.stream()
                                .allMatch(run -> run.sizes().getOrDefault(symbol, -1L)
                                        == array(run, output).size(at)))
                        .findFirst()
                        .orElse(symbol(output, axis))));
            }
        }
        return new TensorSpec(output, PlainArrays.elementType(first.dataType(), output), axes);
    }

    private static INDArray array(Run run, String output) {
        var array = run.outputs().get(output);
        if (array == null) {
            throw new IllegalStateException("no output " + output);
        }
        return array;
    }
}
