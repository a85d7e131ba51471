package smalti.exporter.pass;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/**
 * The nodes of a graph that depend on constants alone, and those of their results that take their place.
 *
 * <p>A result may be larger than the constants that it is made of by {@link #MOST_GROWTH}: a file must not explode. What
 * lies between two of them counts for nothing, and neither does the parameter of a layer, whose BatchNormalization can
 * be folded only then.
 */
final class ConstantNodes {
    private static final long MOST_GROWTH = 1 << 16;

    /** Of the parameter of a layer. */
    private static final long MOST_GROWTH_OF_PARAMETER = 1 << 24;

    /** By which all results together may be larger than all constants before. */
    private static final long MOST_GROWTH_OF_ALL = 1 << 26;

    /** Of one value. */
    private static final long MOST_BYTES = 1 << 28;

    private static final Set<String> LAYERS = Set.of("Conv", "ConvTranspose", "BatchNormalization");

    /** A dequantized weight would be four times as large, and keep ONNX Runtime from its INT8 kernels. */
    private static final Set<String> LEFT = Set.of("Constant", "DequantizeLinear", "QuantizeLinear");

    private static final Set<ValueType> UNFIT = Set.of(ValueType.STRING, ValueType.COMPLEX64, ValueType.COMPLEX128);

    private final GraphEdit draft;
    private final List<Node> nodes = new ArrayList<>();
    /** What each node makes that stays in the graph. */
    private final IdentityHashMap<Node, List<String>> kept = new IdentityHashMap<>();
    /** By value: the bytes of the constants that it is made of. */
    private final Map<String, Long> sources = new HashMap<>();

    private ConstantNodes(GraphEdit draft) {
        this.draft = draft;
    }

    static ConstantNodes of(GraphEdit draft) {
        var constants = new ConstantNodes(draft);
        constants.find();
        constants.choose();
        return constants;
    }

    /** Those that can be computed and whose outcome is kept or lies between, in order. */
    List<Node> nodes() {
        return Collections.unmodifiableList(nodes);
    }

    /** The values that a node makes and that stay in the graph; empty of one that lies between. */
    List<String> kept(Node node) {
        return kept.getOrDefault(node, List.of());
    }

    private void find() {
        for (var node : draft.nodes()) {
            long given = isComputable(node) ? given(node) : -1;
            if (given >= 0) {
                nodes.add(node);
                used(node).forEach(output -> sources.put(output, given));
            }
        }
    }

    private boolean isComputable(Node node) {
        return OperatorKinds.isRepeatable(node)
                && !LEFT.contains(node.op())
                && !node.inputs().isEmpty()
                && used(node).stream().allMatch(output -> bytes(node, output).isPresent());
    }

    /** The bytes of the constants that a node depends on; −1 if it depends on anything else. */
    private long given(Node node) {
        long given = 0;
        for (var input : new HashSet<>(node.inputs())) {
            var source = sources.get(input);
            var constant = source == null ? draft.anyConstant(input) : null;
            if (constant instanceof Tensor tensor) {
                given += tensor.data().remaining();
            } else if (source != null) {
                given += source;
            } else if (!input.isEmpty()) {
                return -1;
            }
        }
        return given <= ConstantRun.MOST_GIVEN ? given : -1;
    }

    static List<String> used(Node node) {
        return node.outputs().stream().filter(output -> !output.isEmpty()).toList();
    }

    /** From the last node on: what nobody needs lies between, what would be too large stays a node and needs its inputs. */
    private void choose() {
        long left = draft.initializers().values().stream()
                .mapToLong(constant ->
                        constant instanceof Tensor tensor ? tensor.data().remaining() : 0)
                .sum();
        left += MOST_GROWTH_OF_ALL;
        Set<Node> computed = Collections.newSetFromMap(new IdentityHashMap<>());
        computed.addAll(nodes);
        for (int i = nodes.size() - 1; i >= 0; i--) {
            var node = nodes.get(i);
            var needed = used(node).stream()
                    .filter(output -> draft.isOutput(output) || !computed.containsAll(draft.users(output)))
                    .toList();
            long made = needed.stream()
                    .mapToLong(output -> bytes(node, output).orElseThrow())
                    .sum();
            if (made <= Math.min(left, most(node, needed))) {
                left -= made;
                kept.put(node, needed);
            } else {
                computed.remove(node);
            }
        }
        nodes.removeIf(node -> !computed.contains(node));
    }

    private long most(Node node, List<String> needed) {
        boolean parameter = needed.stream()
                .flatMap(output -> draft.users(output).stream())
                .anyMatch(user ->
                        user.domain().isEmpty() && LAYERS.contains(user.op()) && !needed.contains(user.input(0)));
        return sources.getOrDefault(node.output(), 0L) + (parameter ? MOST_GROWTH_OF_PARAMETER : MOST_GROWTH);
    }

    /** As many bytes as a value can have; empty where that is unknown, or it cannot be a constant. */
    private OptionalLong bytes(Node node, String value) {
        var type = draft.shapes().element(value);
        if (type.isEmpty() || UNFIT.contains(type.get())) {
            return OptionalLong.empty();
        }
        var shape = draft.shapes().fixedShape(value);
        double count = shape.isPresent()
                ? shape.get().stream().mapToDouble(size -> size).reduce(1, (a, b) -> a * b)
                : mostElements(node);
        double bytes = count * type.get().bytes();
        return bytes <= MOST_BYTES ? OptionalLong.of((long) bytes) : OptionalLong.empty();
    }

    /** Of an outcome whose size depends on the elements of a constant; infinite where nothing is known. */
    private double mostElements(Node node) {
        if (node.op().equals("Range")) {
            var start = draft.constant(node.input(0));
            var limit = draft.constant(node.input(1));
            var step = draft.constant(node.input(2));
            if (start == null || limit == null || step == null) {
                return Double.POSITIVE_INFINITY;
            }
            boolean numbers = start.count() == 1 && limit.count() == 1 && step.count() == 1;
            if (!numbers || step.number(0) == 0) {
                return Double.POSITIVE_INFINITY;
            }
            return Math.max(0, Math.ceil((limit.number(0) - start.number(0)) / step.number(0)));
        }
        var shape = draft.shapes().fixedShape(node.input(0));
        if (shape.isEmpty()) {
            return Double.POSITIVE_INFINITY;
        }
        double count = shape.get().stream().mapToDouble(size -> size).reduce(1, (a, b) -> a * b);
        return switch (node.op()) {
            case "NonZero" -> count * Math.max(1, shape.get().size());
            case "Compress", "Unique" -> Math.max(1, count);
            default -> Double.POSITIVE_INFINITY;
        };
    }
}
