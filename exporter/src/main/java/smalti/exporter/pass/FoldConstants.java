package smalti.exporter.pass;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Type;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;
import smalti.exporter.proof.ProofException;

/**
 * Computes what depends on constants alone, in ONNX Runtime, and what shape inference knows; makes Constant nodes
 * initializers.
 */
final class FoldConstants extends GraphPass {
    /** A result may be larger than what it is made of by this much: a file must not explode. */
    private static final long MOST_GROWTH = 1 << 16;

    private static final long MOST_BYTES = 1 << 28;

    /** What ONNX Runtime is given at once is copied a few times, and must fit one message. */
    private static final long MOST_GIVEN = 1 << 29;

    private static final Set<ValueType> FOLDED = Set.of(
            ValueType.FLOAT32,
            ValueType.FLOAT64,
            ValueType.FLOAT16,
            ValueType.INT8,
            ValueType.INT16,
            ValueType.INT32,
            ValueType.INT64,
            ValueType.UINT8,
            ValueType.BOOL);

    /** A dequantized weight would be four times as large, and keep ONNX Runtime from its INT8 kernels. */
    private static final Set<String> LEFT = Set.of("Constant", "DequantizeLinear", "QuantizeLinear");

    FoldConstants() {
        super("constants");
    }

    @Override
    void rewrite(Draft draft) {
        draft.each(node -> {
            if (node.is("Constant")) {
                moveToInitializers(node, draft);
            } else {
                takeFromShapes(node, draft);
            }
        });
        compute(draft);
    }

    private static void moveToInitializers(Node node, Draft draft) {
        var constant = Draft.ofNode(node);
        if (constant != null && !draft.isOutput(node.output()) && draft.model().allowsPlainInitializers()) {
            draft.remove(node);
            draft.place(node.output(), constant);
        }
    }

    private static void takeFromShapes(Node node, Draft draft) {
        if (!Ops.isRepeatable(node) || node.outputs().size() != 1 || draft.isOutput(node.output())) {
            return;
        }
        var known = draft.shapes().longs(node.output());
        var rank = draft.shapes().rank(node.output());
        var type = draft.shapes().element(node.output());
        if (known.isPresent() && rank.isPresent() && type.isPresent()) {
            var tensor = Tensor.sizes(known.get()).cast(type.get());
            draft.remove(node);
            draft.place(node.output(), rank.get() == 0 ? tensor.reshaped(List.of()) : tensor);
        }
    }

    /** All at once; if ONNX Runtime refuses one, each alone. */
    private static void compute(Draft draft) {
        var ready = new LinkedHashMap<String, Node>();
        for (var node : draft.nodes()) {
            if (isFoldable(node, draft, ready)) {
                node.outputs().forEach(output -> ready.put(output, node));
            }
        }
        var nodes = new ArrayList<>(new LinkedHashSet<>(ready.values()));
        if (nodes.isEmpty()) {
            return;
        }
        Map<String, Tensor> results;
        try {
            results = given(nodes, draft) <= MOST_GIVEN ? run(nodes, draft, Map.of()) : Map.of();
        } catch (ProofException e) {
            // ONNX Runtime has no kernel for one of them: that one stays a node
            results = Map.of();
        }
        if (results.isEmpty()) {
            results = new HashMap<>();
            for (var node : nodes) {
                results.putAll(alone(node, draft, results));
            }
        }
        for (var node : nodes) {
            if (results.keySet().containsAll(used(node))) {
                place(node, results, draft);
            }
        }
    }

    private static void place(Node node, Map<String, Tensor> results, Draft draft) {
        draft.remove(node);
        for (var output : used(node)) {
            var tensor = results.get(output);
            if (tensor != null) {
                draft.place(output, tensor);
            }
        }
    }

    private static List<String> used(Node node) {
        return node.outputs().stream().filter(output -> !output.isEmpty()).toList();
    }

    private static boolean isFoldable(Node node, Draft draft, Map<String, Node> ready) {
        if (!Ops.isRepeatable(node) || LEFT.contains(node.op()) || node.inputs().isEmpty()) {
            return false;
        }
        long given = 0;
        for (var input : node.inputs()) {
            var constant = draft.anyConstant(input);
            if (constant instanceof Tensor tensor) {
                given += tensor.data().remaining();
            } else if (ready.containsKey(input)) {
                given += bytes(input, draft);
            } else if (constant != null || !input.isEmpty()) {
                return false;
            }
        }
        long made = 0;
        for (var output : used(node)) {
            long bytes = bytes(output, draft);
            if (bytes < 0 || draft.isOutput(output)) {
                return false;
            }
            made += bytes;
        }
        return given <= MOST_GIVEN && made <= MOST_BYTES && made <= given + MOST_GROWTH;
    }

    /** The bytes of the constants that nodes take. */
    private static long given(List<Node> nodes, Draft draft) {
        var names = new HashSet<String>();
        nodes.forEach(node -> names.addAll(node.inputs()));
        return names.stream()
                .map(draft::anyConstant)
                .mapToLong(constant ->
                        constant instanceof Tensor tensor ? tensor.data().remaining() : 0)
                .sum();
    }

    /** −1 where a value cannot be folded. */
    private static long bytes(String value, Draft draft) {
        var type = draft.shapes().element(value);
        var shape = draft.shapes().fixedShape(value);
        if (type.isEmpty() || shape.isEmpty() || !FOLDED.contains(type.get())) {
            return -1;
        }
        long bytes = type.get().bytes();
        for (long size : shape.get()) {
            if (size > 0 && bytes > MOST_BYTES / size) {
                return -1;
            }
            bytes *= size;
        }
        return bytes;
    }

    private static Map<String, Tensor> alone(Node node, Draft draft, Map<String, Tensor> before) {
        try {
            boolean given = node.inputs().stream()
                    .allMatch(
                            input -> input.isEmpty() || before.containsKey(input) || draft.anyConstant(input) != null);
            return given ? run(List.of(node), draft, before) : Map.of();
        } catch (ProofException e) {
            // no kernel
            return Map.of();
        }
    }

    /** @throws ProofException if ONNX Runtime cannot run them */
    private static Map<String, Tensor> run(List<Node> nodes, Draft draft, Map<String, Tensor> before) {
        var made = new HashSet<String>();
        var constants = new LinkedHashMap<String, Constant>();
        var outputs = new ArrayList<Value>();
        for (var node : nodes) {
            made.addAll(node.outputs());
            for (var output : used(node)) {
                var type = draft.shapes().element(output).orElseThrow();
                outputs.add(new Value(
                        output,
                        new Type.OfTensor(type, draft.shapes().shape(output).orElseThrow(), Value.Layout.PLAIN)));
            }
        }
        for (var node : nodes) {
            for (var input : node.inputs()) {
                var constant = before.containsKey(input) ? before.get(input) : draft.anyConstant(input);
                if (!made.contains(input) && constant != null) {
                    constants.put(input, constant);
                }
            }
        }
        var graph = new Graph("constants", List.of(), outputs, constants, nodes);
        var opsets = new TreeMap<>(Map.of("", draft.opset()));
        var model = new Model(
                graph, opsets, Math.max(4, draft.model().irVersion()), "", "", new TreeMap<>(), ByteBuffer.allocate(0));
        var results = new HashMap<String, Tensor>();
        try (var session = ModelSession.open(OnnxWriter.bytes(model), "constants")) {
            session.run(Map.of()).forEach((name, item) -> {
                if (item instanceof Item.Array array) {
                    results.put(name, array.tensor());
                }
            });
        }
        return results;
    }
}
