package smalti.exporter.samediff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.BaseOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.ReduceOp;
import org.nd4j.linalg.api.ops.ScalarOp;
import org.nd4j.linalg.api.ops.impl.summarystats.Variance;
import org.nd4j.linalg.factory.Nd4j;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.spec.SpecException;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;

/** Reads a SameDiff graph into a {@link SourceGraph}: what the signature's outputs need, and nothing else. */
final class SourceReader {
    /** The second far from the first: strided kernels make one element of all small pictures alike. */
    private static final long[] LEAST_SIZES = {2, 23, 48, 5, 11};

    private final SameDiff graph;
    private final String name;
    private final Signature signature;
    private final boolean lenient;
    private final BiFunction<Map<String, INDArray>, Collection<String>, Map<String, INDArray>> runner;
    private final Map<String, SameDiffOp> makers = new HashMap<>();
    private final Set<String> variables = new LinkedHashSet<>();
    private final Set<SameDiffOp> ops = new LinkedHashSet<>();
    private final Map<String, Long> sizes = new HashMap<>();
    private final List<String> problems = new ArrayList<>();

    /** @param lenient takes free dimensions of outputs that no input has */
    SourceReader(
            SameDiff graph,
            String name,
            Signature signature,
            boolean lenient,
            BiFunction<Map<String, INDArray>, Collection<String>, Map<String, INDArray>> runner) {
        this.graph = graph;
        this.name = name;
        this.signature = signature;
        this.lenient = lenient;
        this.runner = runner;
    }

    SourceGraph read() {
        for (var op : graph.getOps().values()) {
            op.getOutputsOfOp().forEach(output -> makers.put(output, op));
        }
        for (var input : signature.inputs()) {
            if (!graph.hasVariable(input.name()) || !variable(input.name()).isPlaceHolder()) {
                problem("input \"%s\" must be a placeholder of the graph, but is not", input.name());
            }
        }
        for (var output : signature.outputs()) {
            if (makers.containsKey(output.name())) {
                visit(output.name());
            } else {
                problem("output \"%s\" must be the output of an operation, but is not", output.name());
            }
        }
        var constants = leaves();
        stopIfBroken();
        var values = sample(constants);
        stopIfBroken();
        return new SourceGraph(
                name,
                signature,
                constants,
                values,
                sizes,
                ops.stream().map(SourceReader::plain).toList());
    }

    /** Depth first: an operation comes after those that feed it, in an order that the graph alone decides. */
    private void visit(String variable) {
        if (!variables.add(variable)) {
            return;
        }
        var op = makers.get(variable);
        if (op != null && !ops.contains(op)) {
            inputs(op).forEach(this::visit);
            ops.add(op);
            variables.addAll(op.getOutputsOfOp()); // a lowering makes them all
        }
    }

    private Map<String, Tensor> leaves() {
        var inputs = signature.inputs().stream().map(TensorSpec::name).toList();
        var constants = new LinkedHashMap<String, Tensor>();
        for (var leaf : variables) {
            var variable = variable(leaf);
            switch (variable.getVariableType()) {
                case CONSTANT, VARIABLE -> {
                    if (variable.getVariableType() == VariableType.VARIABLE && !lenient) {
                        problem(
                                "variable \"%s\" is trainable; an inference graph has placeholders and constants"
                                        + " alone",
                                leaf);
                        continue;
                    }
                    try {
                        constants.put(leaf, PlainArrays.tensor(variable.getArr(), leaf));
                    } catch (SpecException e) {
                        e.problems().forEach(problem -> problem("%s", problem));
                    }
                }
                case PLACEHOLDER -> {
                    if (!inputs.contains(leaf)) {
                        problem("placeholder \"%s\" must be an input in the signature, but is not", leaf);
                    }
                }
                case ARRAY, SEQUENCE -> {}
            }
        }
        return constants;
    }

    /** Runs the graph once on small inputs: SameDiff knows no shape before. */
    private Map<String, SourceValue> sample(Map<String, Tensor> constants) {
        var wanted = variables.stream().filter(makers::containsKey).toList();
        var symbols = signature.inputs().stream()
                .flatMap(input -> input.shape().stream())
                .flatMap(dimension -> dimension.name().stream())
                .distinct()
                .toList();
        var arrays = new HashMap<String, INDArray>();
        var others = new HashMap<String, INDArray>();
        var refused = new ArrayList<SpecException>();
        for (var tried : trials(symbols)) {
            try {
                var run = run(tried, wanted);
                if (arrays.isEmpty()) {
                    arrays.putAll(run);
                    sizes.putAll(tried);
                } else {
                    others.putAll(run);
                }
                if (symbols.isEmpty() || !others.isEmpty()) {
                    break;
                }
            } catch (SpecException e) {
                refused.add(e);
            }
        }
        if (arrays.isEmpty()) {
            throw refused.get(0);
        }
        var varied = new DataDependentSizes(graph, wanted).varied(runner, ones(sizes), arrays, wanted);
        var values = new HashMap<String, SourceValue>();
        for (var variable : variables) {
            var constant = constants.get(variable);
            var array = arrays.get(variable);
            if (constant != null) {
                values.put(variable, SourceValue.fixed(constant.type(), constant.dims()));
            } else if (array != null) {
                var other = symbols.isEmpty() ? array : others.get(variable);
                try {
                    values.put(
                            variable,
                            new SourceValue(
                                    PlainArrays.type(array.dataType(), variable),
                                    Arrays.stream(array.shape()).boxed().toList(),
                                    fixed(array, other, varied.getOrDefault(variable, array))));
                } catch (SpecException e) {
                    e.problems().forEach(problem -> problem("%s", problem));
                }
            }
        }
        ops.forEach(op -> checkRead(op, arrays));
        for (var output : signature.outputs()) {
            checkOutput(output, values.get(output.name()), sizes);
        }
        return values;
    }

    /**
     * Sizes to try for the free dimensions: all different, as that tells most, then all the same, as some graphs want;
     * small ones first, then large ones, as some want more, such as a kernel that must fit.
     */
    static List<Map<String, Long>> trials(List<String> symbols) {
        var trials = new ArrayList<Map<String, Long>>();
        for (int apart : new int[] {1, 0}) {
            for (long least : LEAST_SIZES) {
                var sizes = new LinkedHashMap<String, Long>();
                for (int i = 0; i < symbols.size(); i++) {
                    sizes.put(symbols.get(i), least + (long) apart * i);
                }
                trials.add(sizes);
            }
        }
        return symbols.isEmpty() ? List.of(Map.of()) : trials;
    }

    private Map<String, INDArray> run(Map<String, Long> sizes, List<String> wanted) {
        var inputs = ones(sizes);
        var arrays = new HashMap<>(runner.apply(inputs, wanted));
        arrays.putAll(inputs);
        return arrays;
    }

    private Map<String, INDArray> ones(Map<String, Long> sizes) {
        var inputs = new HashMap<String, INDArray>();
        for (var input : signature.inputs()) {
            // not zeros: nd4j ends the process where whole numbers are divided by 0
            inputs.put(input.name(), Nd4j.ones(PlainArrays.type(ValueType.of(input.type())), shape(input, sizes)));
        }
        return inputs;
    }

    /** @param others of other runs */
    private static List<Boolean> fixed(INDArray array, @Nullable INDArray... others) {
        var fixed = new ArrayList<Boolean>();
        for (int axis = 0; axis < array.rank(); axis++) {
            int at = axis;
            fixed.add(Arrays.stream(others)
                    .allMatch(other ->
                            other != null && other.rank() == array.rank() && other.size(at) == array.size(at)));
        }
        return fixed;
    }

    /** SameDiff's files hold numbers for operations with a scalar, and one number for several of them. */
    private void checkRead(SameDiffOp op, Map<String, INDArray> arrays) {
        if (!(op.getOp() instanceof ScalarOp)) {
            return;
        }
        for (var output : op.getOutputsOfOp()) {
            var made = arrays.get(output);
            var saved = variable(output).dataType();
            if (made != null && (made.dataType() == DataType.BOOL) != (saved == DataType.BOOL)) {
                problem(
                        "output \"%s\" of op \"%s\" at node %s must be %s, as it was saved, but what SameDiff read makes"
                                + " %s: its files hold another operation than was saved; export the graph from memory"
                                + " by OnnxExporter",
                        output, op.getOp().opName(), op.getName(), saved, made.dataType());
            }
        }
    }

    private void checkOutput(TensorSpec output, @Nullable SourceValue made, Map<String, Long> sizes) {
        var unknown = output.shape().stream()
                .flatMap(dimension -> dimension.name().stream())
                .filter(symbol -> !sizes.containsKey(symbol))
                .toList();
        if (!unknown.isEmpty() && !lenient) {
            problem("output %s has free dimensions that no input has: %s", output, unknown);
        } else if (made != null) {
            var expected = Arrays.stream(shape(output, sizes)).boxed().toList();
            if (!fits(output, made, expected, unknown) || made.type() != ValueType.of(output.type())) {
                problem(
                        "output %s must be %s where %s, but SameDiff gives %s of %s",
                        output, expected, new TreeMap<>(sizes), made.type(), made);
            }
        }
    }

    /** Sizes under a name that no input has may be any. */
    private static boolean fits(TensorSpec output, SourceValue made, List<Long> expected, List<String> unknown) {
        boolean fits = made.rank() == expected.size();
        for (int axis = 0; fits && axis < expected.size(); axis++) {
            fits = made.sampleShape().get(axis).equals(expected.get(axis))
                    || output.shape().get(axis).name().filter(unknown::contains).isPresent();
        }
        return fits;
    }

    private static long[] shape(TensorSpec tensor, Map<String, Long> sizes) {
        return tensor.shape().stream()
                .mapToLong(dimension -> dimension.factor()
                        * dimension
                                .name()
                                .map(symbol -> sizes.getOrDefault(symbol, 1L))
                                .orElse(1L))
                .toArray();
    }

    private static SourceOp plain(SameDiffOp node) {
        var op = node.getOp();
        var custom = op instanceof DynamicCustomOp dynamic ? dynamic : null;
        var legacy = op instanceof BaseOp base ? base : null;
        return new SourceOp(
                op.opName(),
                node.getName(),
                inputs(node),
                node.getOutputsOfOp(),
                custom == null
                        ? List.of()
                        : Arrays.stream(custom.iArgs()).boxed().toList(),
                custom == null
                        ? List.of()
                        : Arrays.stream(custom.tArgs()).boxed().toList(),
                custom != null ? booleans(custom.bArgs()) : flags(op),
                custom == null
                        ? List.of()
                        : Arrays.stream(custom.dArgs())
                                .map(type -> PlainArrays.type(type, node.getName()))
                                .toList(),
                op instanceof ScalarOp scalar && scalar.scalar() != null
                        ? (Double) PlainArrays.tensor(scalar.scalar(), node.getName())
                                .number(0)
                        : null,
                legacy == null ? List.of() : extras(legacy.extraArgs()),
                legacy == null || legacy.dimensions() == null
                        ? List.of()
                        : Arrays.stream(legacy.dimensions().toLongVector())
                                .boxed()
                                .toList(),
                op instanceof ReduceOp reduce && reduce.isKeepDims());
    }

    /** Of a legacy operation: whether a variance is corrected for the bias of the mean. */
    private static List<Boolean> flags(DifferentialFunction op) {
        return op instanceof Variance variance ? List.of(variance.isBiasCorrected()) : List.of();
    }

    private static List<Double> extras(Object @Nullable [] arguments) {
        return arguments == null
                ? List.of()
                : Arrays.stream(arguments)
                        .filter(Number.class::isInstance)
                        .map(argument -> ((Number) argument).doubleValue())
                        .toList();
    }

    private static List<Boolean> booleans(boolean[] flags) {
        var booleans = new ArrayList<Boolean>();
        for (boolean flag : flags) {
            booleans.add(flag);
        }
        return booleans;
    }

    private static List<String> inputs(SameDiffOp op) {
        var inputs = op.getInputsToOp();
        return inputs == null ? List.of() : inputs;
    }

    private SDVariable variable(String variable) {
        return graph.getVariable(variable);
    }

    private void problem(String problem, Object... received) {
        problems.add(name + ": " + String.format(Locale.ROOT, problem, received));
    }

    private void stopIfBroken() {
        if (!problems.isEmpty()) {
            throw new SpecException(problems);
        }
    }
}
