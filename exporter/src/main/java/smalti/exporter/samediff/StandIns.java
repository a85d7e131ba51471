package smalti.exporter.samediff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;
import smalti.spec.SpecException;

/**
 * Runs a graph around the operations whose kernels write where they must not, or round on the way: what they document is
 * computed here, and given to SameDiff.
 */
final class StandIns implements Engine {
    private static final Map<String, String> FAULTS = Map.of(
            "batch_to_space", "writes beyond its result where something is cut off",
            "batched_gemm", "takes its sizes in another order, and writes beyond its results",
            "bincount", "writes before its result where a number is below 0",
            "floordiv", "rounds a quotient before it is floored, and goes towards 0 in whole numbers",
            "histogram_fixed_width", "shares out by whole widths of bins, and ends the process where one is 0",
            "mod", "rounds a quotient before it is floored, so that a whole divisor may be left",
            "strided_slice",
                    "reads elsewhere where a step is negative, or at masks of an ellipsis, a new axis or a shrunk one");

    private final SameDiff graph;
    private final String name;
    private final Engine engine;
    private final Map<String, SameDiffOp> makers = new HashMap<>();

    private StandIns(SameDiff graph, String name, Engine engine) {
        this.graph = graph;
        this.name = name;
        this.engine = engine;
        graph.getOps().values().forEach(op -> op.getOutputsOfOp().forEach(output -> makers.put(output, op)));
    }

    /**
     * The engine itself where it needs none.
     *
     * @param name of the graph, for errors
     */
    static Engine around(SameDiff graph, String name, Engine engine) {
        var around = new StandIns(graph, name, engine);
        return graph.getOps().values().stream().anyMatch(around::isNeeded) ? around : engine;
    }

    private boolean isNeeded(SameDiffOp op) {
        var inputs = op.getInputsToOp();
        boolean isOfWhole = inputs != null
                && !inputs.isEmpty()
                && graph.getVariable(inputs.get(0)).dataType().isIntType();
        return op.getOp() instanceof DynamicCustomOp custom
                && fault(custom.opName(), Arrays.stream(custom.iArgs()).boxed().toList(), isOfWhole)
                        .isPresent();
    }

    /**
     * Why an operation with those whole-number arguments is never run by SameDiff; empty where it is.
     *
     * @param isOfWhole whether its first input is of whole numbers
     */
    static Optional<String> fault(String op, List<Long> ints, boolean isOfWhole) {
        if (op.equals(isOfWhole ? "mod" : "histogram_fixed_width")) {
            return Optional.empty();
        }
        return op.equals("strided_slice") && StridedCut.isPlain(ints)
                ? Optional.empty()
                : Optional.ofNullable(FAULTS.get(op));
    }

    @Override
    public Map<String, INDArray> run(Map<String, INDArray> inputs, Collection<String> wanted) {
        var given = new HashMap<>(inputs);
        for (var op : needed(inputs.keySet(), wanted)) {
            var arguments = Objects.requireNonNull(op.getInputsToOp());
            var unknown = arguments.stream()
                    .filter(argument -> makers.containsKey(argument) && !given.containsKey(argument))
                    .distinct()
                    .toList();
            var known = new HashMap<>(given);
            if (!unknown.isEmpty()) {
                known.putAll(engine.run(given, unknown));
            }
            var arrays = arguments.stream()
                    .map(argument -> Objects.requireNonNull(
                            known.containsKey(argument)
                                    ? known.get(argument)
                                    : graph.getVariable(argument).getArr()))
                    .toList();
            var made = made(op, arrays);
            for (int i = 0; i < made.size(); i++) {
                given.put(op.getOutputsOfOp().get(i), made.get(i));
            }
        }
        var rest =
                wanted.stream().filter(variable -> !given.containsKey(variable)).toList();
        var outputs = new LinkedHashMap<String, INDArray>();
        if (!rest.isEmpty()) {
            outputs.putAll(engine.run(given, rest));
        }
        wanted.stream().filter(given::containsKey).forEach(variable -> outputs.put(variable, given.get(variable)));
        return outputs;
    }

    /** Each after those that it needs. */
    private List<SameDiffOp> needed(Set<String> given, Collection<String> wanted) {
        var ordered = new ArrayList<SameDiffOp>();
        var seen = new LinkedHashSet<>(given);
        wanted.forEach(variable -> visit(variable, seen, ordered));
        return ordered;
    }

    private void visit(String variable, Set<String> seen, List<SameDiffOp> ordered) {
        var op = makers.get(variable);
        if (!seen.add(variable) || op == null || ordered.contains(op)) {
            return;
        }
        if (op.getInputsToOp() != null) {
            op.getInputsToOp().forEach(input -> visit(input, seen, ordered));
        }
        if (isNeeded(op)) {
            ordered.add(op);
        }
    }

    private List<INDArray> made(SameDiffOp node, List<INDArray> inputs) {
        var op = (DynamicCustomOp) node.getOp();
        return switch (op.opName()) {
            case "batch_to_space" -> List.of(spread(inputs.get(0), inputs.get(1), op.iArgs()[0]));
            case "batched_gemm" -> products(inputs, op.iArgs());
            case "bincount" ->
                List.of(binned(inputs, op.iArgs())
                        .castTo(graph.getVariable(node.getOutputsOfOp().get(0)).dataType()));
            case "floordiv" -> List.of(Quotients.floored(inputs.get(0), inputs.get(1), place(node)));
            case "mod" -> List.of(Quotients.rests(inputs.get(0), inputs.get(1)));
            case "histogram_fixed_width" ->
                List.of(counted(inputs, op.iArgs())
                        .castTo(graph.getVariable(node.getOutputsOfOp().get(0)).dataType()));
            case "strided_slice" -> List.of(cut(node, inputs.get(0), op.iArgs()));
            default -> throw new IllegalStateException(op.opName());
        };
    }

    private String place(SameDiffOp node) {
        return name + ": op \"" + node.getOp().opName() + "\" at node " + node.getName();
    }

    /** Where an element of a result comes from. */
    @FunctionalInterface
    private interface Origin {
        long[] of(long[] place);
    }

    private static INDArray gathered(INDArray from, long[] shape, Origin origin) {
        var result = Nd4j.create(from.dataType(), shape);
        var place = new long[shape.length];
        for (long i = 0; i < result.length(); i++) {
            long rest = i;
            for (int axis = shape.length - 1; axis >= 0; axis--) {
                place[axis] = rest % shape[axis];
                rest /= shape[axis];
            }
            result.putScalar(place, from.getDouble(origin.of(place)));
        }
        return result;
    }

    /** [block²·N, h, w, C] to [N, block·h − cut, block·w − cut, C]. */
    private static INDArray spread(INDArray x, INDArray crops, long block) {
        long batch = x.size(0) / (block * block);
        long top = crops.getLong(0, 0);
        long left = crops.getLong(1, 0);
        long[] shape = {
            batch,
            x.size(1) * block - top - crops.getLong(0, 1),
            x.size(2) * block - left - crops.getLong(1, 1),
            x.size(3)
        };
        return gathered(x, shape, place -> {
            long row = place[1] + top;
            long column = place[2] + left;
            return new long[] {
                (row % block * block + column % block) * batch + place[0], row / block, column / block, place[3]
            };
        });
    }

    /** Inputs: the products' factors, the factors of what was there, which is nothing, left and right matrices. */
    private static List<INDArray> products(List<INDArray> inputs, long[] ints) {
        int count = (inputs.size() - 2) / 2;
        var made = new ArrayList<INDArray>();
        for (int i = 0; i < count; i++) {
            var left = inputs.get(2 + i);
            var right = inputs.get(2 + count + i);
            made.add((ints[0] != 0 ? left.transpose() : left)
                    .mmul(ints[1] != 0 ? right.transpose() : right)
                    .mul(inputs.get(0).getDouble(i)));
        }
        return made;
    }

    /** Inputs: numbers, weights of each, the least and the greatest count of bins; the last two may be arguments. */
    private static INDArray binned(List<INDArray> inputs, long[] ints) {
        var numbers = inputs.get(0);
        int count = inputs.size();
        long least = count > 2 ? inputs.get(count - 2).getLong(0) : ints.length > 0 ? ints[0] : 0;
        long most = count > 2 ? inputs.get(count - 1).getLong(0) : ints.length > 1 ? ints[1] : Integer.MAX_VALUE;
        long length = least;
        for (long i = 0; i < numbers.length(); i++) {
            length = Math.max(length, numbers.getLong(i) + 1);
        }
        var sums = new double[Math.toIntExact(Math.min(length, most))];
        boolean weighted = count == 2 || count == 4;
        for (long i = 0; i < numbers.length(); i++) {
            long bin = numbers.getLong(i);
            if (bin >= 0 && bin < sums.length) {
                sums[(int) bin] += weighted ? inputs.get(1).getDouble(i) : 1;
            }
        }
        return Nd4j.createFromArray(sums);
    }

    /** Inputs: values, the ends of the range, how many bins, which may be an argument; 100 where it is neither. */
    private static INDArray counted(List<INDArray> inputs, long[] ints) {
        int bins = inputs.size() > 2 ? inputs.get(2).getInt(0) : ints.length > 0 ? Math.toIntExact(ints[0]) : 100;
        double low = inputs.get(1).getDouble(0);
        double width = inputs.get(1).getDouble(1) - low;
        var counts = new double[bins];
        for (long i = 0; i < inputs.get(0).length(); i++) {
            double share = (inputs.get(0).getDouble(i) - low) / width;
            counts[(int) Math.max(0, Math.min(bins - 1, Math.floor(share * bins)))]++;
        }
        return Nd4j.createFromArray(counts);
    }

    /** As NumPy cuts. */
    private INDArray cut(SameDiffOp node, INDArray x, long[] ints) {
        var parts =
                StridedCut.of(Arrays.stream(ints).boxed().toList(), x.rank()).parts();
        var begins = new long[x.rank()];
        var steps = new long[x.rank()];
        var sizes = new long[x.rank()];
        var shape = new ArrayList<Long>();
        int axis = 0;
        for (var part : parts) {
            if (part.kind() == StridedCut.Kind.NEW) {
                shape.add(1L);
                continue;
            }
            long size = x.size(axis);
            boolean isShrunk = part.kind() == StridedCut.Kind.SHRUNK;
            boolean forwards = part.step() > 0;
            long begin = part.fromFirst() && !isShrunk ? (forwards ? 0 : size - 1) : index(part.begin(), size);
            long end = part.toLast() ? (forwards ? size : -1) : index(part.end(), size);
            long least = forwards ? 0 : -1;
            long most = forwards ? size : size - 1;
            steps[axis] = part.step();
            begins[axis] = Math.max(least, Math.min(begin, most));
            long last = Math.max(least, Math.min(end, most));
            sizes[axis] =
                    isShrunk ? 1 : Math.max(0, (last - begins[axis] + steps[axis] - (forwards ? 1 : -1)) / steps[axis]);
            if (sizes[axis] == 0) {
                throw new SpecException(
                        place(node) + " must leave some of " + Arrays.toString(x.shape()) + ", got nothing of axis "
                                + axis + " from " + begin + " to " + end + " by " + steps[axis]
                                + "; change where it begins or ends");
            }
            if (!isShrunk) {
                shape.add(sizes[axis]);
            }
            axis++;
        }
        var result = gathered(x, sizes, place -> {
            var from = new long[place.length];
            Arrays.setAll(from, each -> begins[each] + place[each] * steps[each]);
            return from;
        });
        return result.reshape(shape.stream().mapToLong(size -> size).toArray());
    }

    private static long index(long index, long size) {
        return index < 0 ? index + size : index;
    }

    /** Whether the engine inside runs in a JVM of its own. */
    static @Nullable OwnProcess process(Engine engine) {
        return engine instanceof StandIns around
                ? process(around.engine)
                : engine instanceof OwnProcess process ? process : null;
    }

    @Override
    public void close() {
        engine.close();
    }
}
