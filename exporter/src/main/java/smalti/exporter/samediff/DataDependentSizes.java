package smalti.exporter.samediff;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Sizes that follow the numbers that go in, not just their sizes: how many bins a count has, or how many boxes are left.
 * A run tells nothing of them, so what makes them is given to SameDiff with other sizes, and what changes behind follows.
 */
final class DataDependentSizes {
    /** The outputs whose first axis follows the numbers; none: all. */
    private static final Map<String, Set<Integer>> LENGTHS = Map.of(
            "Where", Set.of(0),
            "bincount", Set.of(0),
            "choose", Set.of(0),
            "dynamic_partition", Set.of(),
            "listdiff", Set.of(),
            "non_max_suppression", Set.of(0),
            "non_max_suppression_v3", Set.of(0),
            "range", Set.of(0),
            "unique", Set.of(0),
            "unique_with_counts", Set.of(0, 2));

    /** The input that is the shape, or a part of it. */
    private static final Map<String, Integer> SHAPES = Map.ofEntries(
            Map.entry("broadcast_to", 1),
            Map.entry("compat_sparse_to_dense", 1),
            Map.entry("create", 0),
            Map.entry("fill", 0),
            Map.entry("image_resize", 1),
            Map.entry("random_bernoulli", 0),
            Map.entry("random_exponential", 0),
            Map.entry("random_gamma", 0),
            Map.entry("random_normal", 0),
            Map.entry("random_poisson", 0),
            Map.entry("randomnormal", 0),
            Map.entry("randomuniform", 0),
            Map.entry("reshape", 1),
            Map.entry("resize_area", 1),
            Map.entry("resize_bilinear", 1),
            Map.entry("resize_nearest_neighbor", 1),
            Map.entry("scatter_nd", 2));

    /** They take sizes, and no numbers. */
    private static final Set<String> OF_SIZES =
            Set.of("ones_as", "rank", "shape_of", "shapes_of", "size", "size_at", "zeros_like", "zeroslike");

    /** Larger by so much; some graphs want what 4 or 12 divides. */
    private static final List<Long> GROWTHS = List.of(3L, 4L, 12L);

    private final Map<String, SameDiffOp> makers = new HashMap<>();
    private final Set<String> ofNumbers = new HashSet<>();
    private final Set<String> behind = new HashSet<>();
    private final Set<SameDiffOp> sources = new LinkedHashSet<>();

    /** @param wanted what is looked at, and all that it needs */
    DataDependentSizes(SameDiff graph, Collection<String> wanted) {
        graph.getOps().values().forEach(op -> op.getOutputsOfOp().forEach(output -> makers.put(output, op)));
        var seen = new HashSet<String>();
        wanted.forEach(variable -> visit(variable, graph, seen));
    }

    private void visit(String variable, SameDiff graph, Set<String> seen) {
        if (!seen.add(variable)) {
            return;
        }
        var op = makers.get(variable);
        if (op == null) {
            if (graph.getVariable(variable).getVariableType() == VariableType.PLACEHOLDER) {
                ofNumbers.add(variable);
            }
            return;
        }
        var inputs = inputs(op);
        inputs.forEach(input -> visit(input, graph, seen));
        if (isSource(op)) {
            sources.add(op);
        }
        if (sources.contains(op) || inputs.stream().anyMatch(behind::contains)) {
            behind.addAll(op.getOutputsOfOp());
            ofNumbers.addAll(op.getOutputsOfOp());
        } else if (!OF_SIZES.contains(op.getOp().opName()) && inputs.stream().anyMatch(ofNumbers::contains)) {
            ofNumbers.addAll(op.getOutputsOfOp());
        }
    }

    private boolean isSource(SameDiffOp op) {
        var kind = op.getOp().opName();
        var inputs = inputs(op);
        var shape = SHAPES.get(kind);
        if (shape != null) {
            return inputs.size() > shape && ofNumbers.contains(inputs.get(shape));
        }
        return LENGTHS.containsKey(kind) && inputs.stream().anyMatch(ofNumbers::contains) && !isFixed(kind, op);
    }

    private static boolean isFixed(String kind, SameDiffOp op) {
        return switch (kind) {
            // with three inputs it chooses between two of a size
            case "Where" -> inputs(op).size() > 1;
            // of as many bins at least as at most
            case "bincount" ->
                op.getOp() instanceof DynamicCustomOp custom
                        && inputs(op).size() <= 2
                        && custom.iArgs().length == 2
                        && custom.iArgs()[0] == custom.iArgs()[1];
            default -> false;
        };
    }

    private static List<String> inputs(SameDiffOp op) {
        return op.getInputsToOp() == null ? List.of() : op.getInputsToOp();
    }

    private static boolean isFree(SameDiffOp op, int output, int axis) {
        var lengths = LENGTHS.get(op.getOp().opName());
        return lengths == null || (axis == 0 && (lengths.isEmpty() || lengths.contains(output)));
    }

    /** What a run of the graph must give for {@link #varied}. */
    Set<String> made() {
        var made = new LinkedHashSet<String>();
        sources.forEach(op -> made.addAll(op.getOutputsOfOp()));
        return made;
    }

    /**
     * Runs the graph once more, with other sizes where they follow numbers.
     *
     * @param runner takes inputs and other variables as given, and gives the wanted
     * @param inputs as of the first run
     * @param first what that run gave, with all {@link #made}
     * @return the wanted with other sizes; only what makes them where nothing behind runs with others, as then the
     *     graph itself asks for those sizes
     */
    Map<String, INDArray> varied(
            BiFunction<Map<String, INDArray>, Collection<String>, Map<String, INDArray>> runner,
            Map<String, INDArray> inputs,
            Map<String, INDArray> first,
            Collection<String> wanted) {
        if (sources.isEmpty()) {
            return Map.of();
        }
        Map<String, INDArray> last = Map.of();
        for (long growth : GROWTHS) {
            var given = new LinkedHashMap<String, INDArray>();
            for (var op : sources) {
                var outputs = op.getOutputsOfOp();
                for (int i = 0; i < outputs.size(); i++) {
                    var array = first.get(outputs.get(i));
                    if (array == null) {
                        throw new IllegalStateException("no value " + outputs.get(i));
                    }
                    given.put(outputs.get(i), larger(op, i, array, growth));
                }
            }
            var rest = wanted.stream()
                    .filter(variable -> behind.contains(variable) && !given.containsKey(variable))
                    .toList();
            last = given;
            var all = new HashMap<>(inputs);
            all.putAll(given);
            try {
                var varied = new HashMap<>(given);
                varied.putAll(rest.isEmpty() ? Map.of() : runner.apply(all, rest));
                return varied;
            } catch (DeadlyOpException e) {
                throw e;
            } catch (RuntimeException e) {
                // another size may fit
            }
        }
        return last;
    }

    /** The same elements again and again, as they are indices, more often than not; ones where there were none. */
    private static INDArray larger(SameDiffOp op, int output, INDArray array, long growth) {
        var shape = IntStream.range(0, array.rank())
                .mapToLong(axis -> array.size(axis) + (isFree(op, output, axis) ? growth : 0))
                .toArray();
        if (array.isEmpty()) {
            return Nd4j.ones(array.dataType(), shape);
        }
        var grown = array;
        for (int axis = 0; axis < shape.length; axis++) {
            if (shape[axis] != array.size(axis)) {
                var parts = new ArrayList<INDArray>();
                long size = array.size(axis);
                for (long at = 0; at < shape[axis]; at++) {
                    var slices = IntStream.range(0, grown.rank())
                            .mapToObj(i -> NDArrayIndex.all())
                            .toArray(INDArrayIndex[]::new);
                    slices[axis] = NDArrayIndex.interval(at % size, at % size + 1);
                    parts.add(grown.get(slices));
                }
                grown = Nd4j.concat(axis, parts.toArray(INDArray[]::new));
            }
        }
        return grown;
    }
}
