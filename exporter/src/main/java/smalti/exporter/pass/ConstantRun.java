package smalti.exporter.pass;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Type;
import smalti.exporter.graph.Value;
import smalti.exporter.proof.EngineEndedException;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;
import smalti.exporter.proof.ProofException;

/** Computes nodes that depend on constants alone, in ONNX Runtime, whose kernels would compute them in the end. */
final class ConstantRun {
    /** What ONNX Runtime is given at once is copied a few times, and must fit one message. */
    static final long MOST_GIVEN = 1 << 29;

    private final GraphEdit draft;
    private final Set<Node> deadly;
    private final Map<String, Tensor> results = new HashMap<>();

    /** @param deadly nodes that are left as they are; those with which ONNX Runtime ends come to them */
    ConstantRun(GraphEdit draft, Set<Node> deadly) {
        this.draft = draft;
        this.deadly = deadly;
    }

    /** The values that are kept, as far as ONNX Runtime computes them. */
    Map<String, Tensor> results(ConstantNodes chosen) {
        var nodes =
                chosen.nodes().stream().filter(node -> !deadly.contains(node)).toList();
        var wanted = new HashSet<String>();
        nodes.forEach(node -> wanted.addAll(chosen.kept(node)));
        compute(nodes, wanted);
        return results;
    }

    /** All at once; where ONNX Runtime refuses, one half and then the other, until the node is found that it refuses. */
    private void compute(List<Node> nodes, Set<String> wanted) {
        var known = new ArrayList<Node>();
        var made = new HashSet<String>();
        for (var node : nodes) {
            boolean given = node.inputs().stream()
                    .allMatch(input -> input.isEmpty() || made.contains(input) || constant(input) != null);
            if (given) {
                known.add(node);
                made.addAll(node.outputs());
            }
        }
        made.retainAll(wanted);
        if (made.isEmpty()) {
            return;
        }
        if (known.size() == 1 || given(known) <= MOST_GIVEN) {
            try {
                results.putAll(run(known, made));
                return;
            } catch (EngineEndedException e) {
                // it would end as often as there are halves
                deadly.addAll(known);
                return;
            } catch (ProofException e) {
                // ONNX Runtime has no kernel for one of them, or its inputs do not fit: that one stays a node
            }
        }
        if (known.size() > 1) {
            int half = known.size() / 2;
            var rest = known.subList(half, known.size());
            var first = new HashSet<>(wanted);
            rest.forEach(node -> first.addAll(node.inputs()));
            compute(known.subList(0, half), first);
            compute(rest, wanted);
        }
    }

    private @Nullable Constant constant(String value) {
        var result = results.get(value);
        return result == null ? draft.anyConstant(value) : result;
    }

    private long given(List<Node> nodes) {
        var names = new HashSet<String>();
        nodes.forEach(node -> names.addAll(node.inputs()));
        return names.stream()
                .map(this::constant)
                .mapToLong(constant ->
                        constant instanceof Tensor tensor ? tensor.data().remaining() : 0)
                .sum();
    }

    /** @throws ProofException if ONNX Runtime cannot run them */
    private Map<String, Tensor> run(List<Node> nodes, Set<String> wanted) {
        var made = new HashSet<String>();
        var constants = new LinkedHashMap<String, Constant>();
        var outputs = new ArrayList<Value>();
        for (var node : nodes) {
            for (var input : node.inputs()) {
                var constant = made.contains(input) ? null : constant(input);
                if (constant != null) {
                    constants.put(input, constant);
                }
            }
            for (var output : ConstantNodes.used(node)) {
                made.add(output);
                if (wanted.contains(output)) {
                    var type = draft.shapes().element(output).orElseThrow();
                    var shape = draft.shapes().shape(output).orElse(null);
                    outputs.add(new Value(output, new Type.OfTensor(type, shape, Value.Layout.PLAIN)));
                }
            }
        }
        var graph = new Graph("constants", List.of(), outputs, constants, nodes);
        var opsets = new TreeMap<>(Map.of("", draft.opset()));
        var model = new Model(
                graph, opsets, Math.max(4, draft.model().irVersion()), "", "", new TreeMap<>(), ByteBuffer.allocate(0));
        var values = new HashMap<String, Tensor>();
        try (var session = ModelSession.openAsWritten(model, "constants")) {
            session.run(Map.of()).forEach((name, item) -> {
                if (item instanceof Item.Array array) {
                    values.put(name, array.tensor());
                }
            });
        }
        return values;
    }
}
