package smalti.exporter.pass;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/**
 * Products with a constant in the form that INT8 kernels take: x·W + b, W a matrix.
 *
 * <ul>
 *   <li>Gemm's alpha goes into W, its beta into b, its transA before it; a C that is no bias of the columns is added behind.
 *   <li>W·x is (xᵀ·Wᵀ)ᵀ, for each of several matrices W too.
 *   <li>W of [1,…,1,K,N] is one of [K,N].
 * </ul>
 */
final class PlainProducts extends GraphPass {
    PlainProducts() {
        super("products");
    }

    @Override
    void rewrite(GraphEdit draft) {
        draft.each(node -> {
            if (node.is("Gemm")) {
                gemm(node, draft);
            } else if (node.is("MatMul")) {
                product(node, draft);
            }
        });
    }

    private static @Nullable Tensor floats(String value, GraphEdit draft) {
        var constant = draft.constant(value);
        return constant != null && constant.type() == ValueType.FLOAT32 && constant.count() > 0 ? constant : null;
    }

    private static void gemm(Node node, GraphEdit draft) {
        var weights = floats(node.input(1), draft);
        boolean isTurned = node.whole("transA", 0) != 0;
        double alpha = node.real("alpha", 1);
        double beta = node.real("beta", 1);
        if (weights == null || weights.rank() != 2) {
            return;
        }
        var c = node.input(2);
        int columns = Math.toIntExact(weights.dims().get(node.whole("transB", 0) != 0 ? 0 : 1));
        var given = c.isEmpty() ? null : floats(c, draft);
        var bias = given == null ? null : Layer.perChannel(given, 2, 1, columns).orElse(null);
        boolean isBias = c.isEmpty() || (bias != null && isRow(given, columns));
        if (!isTurned && alpha == 1 && beta == 1 && isBias) {
            return;
        }
        var nodes = new ArrayList<Node>();
        var x = node.input(0);
        if (isTurned) {
            var turned = draft.fresh(x + "_turned");
            nodes.add(Node.of("Transpose", List.of(x), turned, Map.of("perm", Attribute.ints(1, 0))));
            x = turned;
        }
        var inputs = new ArrayList<>(List.of(x, scaled(node.input(1), weights, alpha, draft)));
        if (bias != null) {
            for (int i = 0; i < columns; i++) {
                bias[i] *= beta;
            }
            inputs.add(
                    draft.add(node.output() + "_bias", Layer.tensor(ValueType.FLOAT32, List.of((long) columns), bias)));
        }
        var attributes = new TreeMap<>(node.attributes());
        attributes.keySet().removeAll(List.of("alpha", "beta", "transA"));
        boolean isAdded = bias == null && !c.isEmpty();
        var product = isAdded ? draft.fresh(node.output() + "_product") : node.output();
        nodes.add(new Node(node.name(), "", "Gemm", inputs, List.of(product), attributes));
        if (isAdded) {
            var added = c;
            if (beta != 1) {
                added = draft.fresh(c + "_scaled");
                var factor = draft.add(node.output() + "_beta", Tensor.scalar(ValueType.FLOAT32, beta));
                nodes.add(Node.of("Mul", List.of(c, factor), added, Map.of()));
            }
            nodes.add(Node.of("Add", List.of(product, added), node.output(), Map.of()));
        }
        draft.replace(node, nodes.toArray(Node[]::new));
    }

    private static boolean isRow(@Nullable Tensor bias, int columns) {
        return bias != null && bias.rank() > 0 && bias.dims().get(bias.rank() - 1) == columns;
    }

    private static String scaled(String name, Tensor weights, double alpha, GraphEdit draft) {
        if (alpha == 1) {
            return name;
        }
        var numbers = Layer.numbers(weights);
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] *= alpha;
        }
        return draft.add(name + "_scaled", Layer.tensor(ValueType.FLOAT32, weights.dims(), numbers));
    }

    private static void product(Node node, GraphEdit draft) {
        var right = floats(node.input(1), draft);
        int rank = draft.shapes().rank(node.input(right == null ? 1 : 0)).orElse(0);
        if (right != null) {
            int leading = right.rank() - 2;
            boolean isMatrix = leading > 0
                    && rank >= right.rank()
                    && right.dims().subList(0, leading).stream().allMatch(size -> size == 1);
            if (isMatrix) {
                var matrix = draft.add(
                        node.input(1) + "_matrix", right.reshaped(right.dims().subList(leading, right.rank())));
                draft.replace(node, node.withInputs(List.of(node.input(0), matrix)));
            }
            return;
        }
        var left = floats(node.input(0), draft);
        if (left == null || left.rank() < 2 || rank < 2) {
            return;
        }
        int leading = left.rank() - 2;
        boolean isMatrix =
                rank >= left.rank() && left.dims().subList(0, leading).stream().allMatch(size -> size == 1);
        if (isMatrix) {
            left = left.reshaped(left.dims().subList(leading, left.rank()));
        }
        var x = draft.fresh(node.input(1) + "_turned");
        var product = draft.fresh(node.output() + "_turned");
        var order = turned(left.rank()).stream().mapToInt(Math::toIntExact).toArray();
        var weights = draft.add(node.input(0) + "_turned", left.permuted(order));
        draft.replace(
                node,
                turn(node.input(1), x, rank),
                new Node(node.name(), "", "MatMul", List.of(x, weights), List.of(product), new TreeMap<>()),
                turn(product, node.output(), Math.max(rank, left.rank())));
    }

    /** The matrices in the last two axes turned. */
    private static Node turn(String value, String turned, int rank) {
        return Node.of("Transpose", List.of(value), turned, Map.of("perm", Attribute.ints(turned(rank))));
    }

    private static List<Long> turned(int rank) {
        var order = new ArrayList<Long>();
        for (long axis = 0; axis < rank; axis++) {
            order.add(axis < rank - 2 ? axis : axis == rank - 2 ? axis + 1 : axis - 1);
        }
        return order;
    }
}
