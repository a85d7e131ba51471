package smalti.exporter.pass;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;

/**
 * Makes two transposes in a row one, and takes away those that undo one another around elementwise nodes:
 *
 * <pre>
 *   x ─ Transpose(p) ─┐
 *                     Add ─ Relu ─ Transpose(p⁻¹) ─▶        x ─┐
 *   y ─ Transpose(p) ─┘                              becomes  Add ─ Relu ─▶
 *                                                           y ─┘
 * </pre>
 */
final class CancelTransposes extends GraphPass {
    private static final int DEEPEST = 32;

    CancelTransposes() {
        super("transposes");
    }

    @Override
    void rewrite(GraphEdit draft) {
        draft.each(node -> {
            var order = order(node);
            if (order == null) {
                return;
            }
            var before = draft.maker(node.input(0));
            var inner = before == null ? null : order(before);
            if (before != null && inner != null && inner.size() == order.size()) {
                merge(node, before, inner, order, draft);
            } else if (before != null) {
                cancel(node, order, draft);
            }
        });
    }

    /** Of a Transpose that says it. */
    private static @Nullable List<Integer> order(Node node) {
        var written = node.is("Transpose") ? node.wholes("perm").orElse(null) : null;
        if (written == null) {
            return null;
        }
        var order = written.stream().map(Long::intValue).toList();
        for (int i = 0; i < order.size(); i++) {
            if (!order.contains(i)) {
                return null;
            }
        }
        return order;
    }

    private static boolean isIdentity(List<Integer> order) {
        for (int i = 0; i < order.size(); i++) {
            if (order.get(i) != i) {
                return false;
            }
        }
        return true;
    }

    /** The order of both, one after the other. */
    private static List<Integer> composed(List<Integer> first, List<Integer> second) {
        return second.stream().map(first::get).toList();
    }

    private static void merge(Node node, Node before, List<Integer> first, List<Integer> second, GraphEdit draft) {
        var both = composed(first, second);
        if (isIdentity(both) && draft.bypass(node, before.input(0))) {
            return;
        }
        var perm = Attribute.ints(both.stream().map(Integer::longValue).toList());
        draft.replace(node, node.withInputs(before.inputs()).withAttributes(new TreeMap<>(Map.of("perm", perm))));
    }

    private static void cancel(Node node, List<Integer> order, GraphEdit draft) {
        var sink = new Sink(order, draft);
        if (!sink.reaches(node.input(0), 0) || !sink.gains) {
            return;
        }
        var turned = new HashMap<String, String>();
        var made = new ArrayList<Node>();
        var result = sink.turned(node.input(0), turned, made);
        var last = made.remove(made.size() - 1);
        if (!last.output().equals(result)) {
            throw new IllegalStateException("the last node must make " + result);
        }
        made.add(last.withOutputs(node.outputs()));
        draft.replace(node, made.toArray(Node[]::new));
        sink.gone.forEach(draft::remove);
    }

    /** Finds out whether a value can be made in another order of axes for nothing. */
    private static final class Sink {
        private final List<Integer> order;
        private final GraphEdit draft;
        private final List<Node> gone = new ArrayList<>();
        private boolean gains;

        Sink(List<Integer> order, GraphEdit draft) {
            this.order = order;
            this.draft = draft;
        }

        /** Whether each way up ends at a constant or at a transpose that undoes this one. */
        boolean reaches(String value, int depth) {
            var constant = draft.constant(value);
            if (constant != null) {
                return constant.rank() <= order.size();
            }
            var maker = draft.maker(value);
            if (maker == null || !maker.domain().isEmpty() || depth > DEEPEST) {
                return false;
            }
            var inner = order(maker);
            if (inner != null) {
                boolean undoes = inner.size() == order.size() && isIdentity(composed(inner, order));
                gains |= undoes;
                return undoes;
            }
            if (!draft.isUsedOnce(value) || draft.shapes().rank(value).orElse(-1) != order.size()) {
                return false;
            }
            gone.add(maker);
            return operands(maker).stream().allMatch(operand -> reaches(operand, depth + 1))
                    && !operands(maker).isEmpty();
        }

        /** The inputs whose axes are those of the output; empty of other nodes. */
        private List<String> operands(Node node) {
            if (OperatorKinds.UNARY.contains(node.op())) {
                return List.of(node.input(0));
            }
            boolean binary = OperatorKinds.BINARY.contains(node.op())
                    && draft.opset() >= 7
                    && node.inputs().size() == 2;
            boolean joins = node.is("Concat") && node.attributes().containsKey("axis");
            return binary || joins ? node.inputs() : List.of();
        }

        /** The value in the new order; the nodes that make it so are added. */
        String turned(String value, Map<String, String> done, List<Node> made) {
            var before = done.get(value);
            if (before != null) {
                return before;
            }
            var constant = draft.constant(value);
            var maker = draft.maker(value);
            String result;
            if (constant != null) {
                result = constant.count() == 1 ? value : draft.add(value + "_turned", turned(constant));
            } else if (maker == null) {
                throw new IllegalStateException("no node makes " + value);
            } else if (order(maker) != null) {
                result = maker.input(0);
            } else {
                result = draft.fresh(value + "_turned");
                var inputs = new ArrayList<String>();
                var operands = operands(maker);
                for (int i = 0; i < maker.inputs().size(); i++) {
                    inputs.add(
                            i < operands.size()
                                    ? turned(maker.inputs().get(i), done, made)
                                    : maker.inputs().get(i));
                }
                var attributes = new TreeMap<>(maker.attributes());
                if (maker.is("Concat")) {
                    long axis = maker.whole("axis", 0);
                    int counted = (int) (axis < 0 ? axis + order.size() : axis);
                    attributes.put("axis", Attribute.of((long) order.indexOf(counted)));
                }
                made.add(new Node(maker.name(), "", maker.op(), inputs, List.of(result), attributes));
            }
            done.put(value, result);
            return result;
        }

        private Tensor turned(Tensor constant) {
            var dims = new ArrayList<>(constant.dims());
            while (dims.size() < order.size()) {
                dims.add(0, 1L);
            }
            return constant.reshaped(dims)
                    .permuted(order.stream().mapToInt(Integer::intValue).toArray());
        }
    }
}
