package smalti.exporter.pass;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Node;

/**
 * Makes the nodes of a GELU one Gelu, which opset 20 brought.
 *
 * <pre>
 *   ½·x·(1 + erf(x/√2))                       Gelu
 *   ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))  Gelu, approximate = tanh
 * </pre>
 */
final class FuseGelus extends GraphPass {
    private static final int FIRST_OPSET = 20;

    /** Exporters write the constants in 32 bits, some in a few decimals. */
    private static final double ROUNDING = 1e-6;

    FuseGelus() {
        super("gelus");
    }

    @Override
    void rewrite(GraphEdit draft) {
        if (draft.opset() >= FIRST_OPSET) {
            draft.each(node -> {
                if (node.is("Mul")) {
                    fuse(node, draft);
                }
            });
        }
    }

    private static void fuse(Node root, GraphEdit draft) {
        var product = Product.of(root, draft);
        if (product == null || product.values.size() != 2 || !isClose(product.constant, 0.5)) {
            return;
        }
        for (int i = 0; i < 2; i++) {
            var value = product.values.get(1 - i);
            var onePlus = draft.maker(product.values.get(i), "Add");
            var inner = onePlus == null || !draft.isUsedOnce(onePlus.output()) ? null : besides(onePlus, 1, draft);
            var form = inner == null ? null : form(inner, value, draft);
            if (form != null) {
                draft.replace(
                        root,
                        new Node(
                                root.name(),
                                "",
                                "Gelu",
                                List.of(value),
                                root.outputs(),
                                new TreeMap<String, Attribute>(Map.of("approximate", Attribute.of(form)))));
                return;
            }
        }
    }

    /** What is added to a constant. */
    private static @Nullable String besides(Node add, double wanted, GraphEdit draft) {
        for (int i = 0; i < 2; i++) {
            var constant = scalar(add.input(i), draft);
            if (constant != null && isClose(constant, wanted)) {
                return add.input(1 - i);
            }
        }
        return null;
    }

    private static @Nullable String form(String inner, String value, GraphEdit draft) {
        var erf = draft.maker(inner, "Erf");
        if (erf != null) {
            return isTimes(erf.input(0), value, Math.sqrt(0.5), draft) ? "none" : null;
        }
        var tanh = draft.maker(inner, "Tanh");
        var product = tanh == null ? null : Product.of(draft.maker(tanh.input(0)), draft);
        boolean scaled =
                product != null && product.values.size() == 1 && isClose(product.constant, Math.sqrt(2 / Math.PI));
        var sum = scaled && product != null ? draft.maker(product.values.get(0), "Add") : null;
        if (sum == null) {
            return null;
        }
        for (int i = 0; i < 2; i++) {
            if (sum.input(i).equals(value) && isCubic(sum.input(1 - i), value, draft)) {
                return "tanh";
            }
        }
        return null;
    }

    private static boolean isTimes(String scaled, String value, double factor, GraphEdit draft) {
        var maker = draft.maker(scaled);
        if (maker != null && maker.is("Div")) {
            var divisor = scalar(maker.input(1), draft);
            return divisor != null
                    && isClose(1 / divisor, factor)
                    && maker.input(0).equals(value);
        }
        var product = Product.of(maker, draft);
        return product != null && product.values.equals(List.of(value)) && isClose(product.constant, factor);
    }

    /** Whether it is 0.044715·x³. */
    private static boolean isCubic(String cubic, String value, GraphEdit draft) {
        var product = Product.of(draft.maker(cubic), draft);
        if (product == null || !isClose(product.constant, 0.044715)) {
            return false;
        }
        if (product.values.equals(List.of(value, value, value))) {
            return true;
        }
        var power = product.values.size() == 1 ? draft.maker(product.values.get(0), "Pow") : null;
        var exponent = power == null ? null : scalar(power.input(1), draft);
        return power != null
                && exponent != null
                && exponent == 3
                && power.input(0).equals(value);
    }

    private static @Nullable Double scalar(String value, GraphEdit draft) {
        var constant = draft.constant(value);
        return constant != null && constant.count() == 1 && constant.rank() <= 1 && Layer.isFloat(constant)
                ? Double.valueOf(constant.number(0))
                : null;
    }

    private static boolean isClose(double value, double wanted) {
        return Math.abs(value - wanted) <= ROUNDING * wanted;
    }

    /** Factors of a tree of multiplications, the constants multiplied. */
    private static final class Product {
        private final List<String> values = new ArrayList<>();
        private double constant = 1;

        static @Nullable Product of(@Nullable Node root, GraphEdit draft) {
            if (root == null || !root.is("Mul")) {
                return null;
            }
            var product = new Product();
            product.add(root, draft, 0);
            return product;
        }

        private void add(Node mul, GraphEdit draft, int depth) {
            for (var input : mul.inputs()) {
                var scalar = scalar(input, draft);
                var inner = draft.maker(input, "Mul");
                if (scalar != null) {
                    constant *= scalar;
                } else if (inner != null && draft.isUsedOnce(input) && depth < 4) {
                    add(inner, draft, depth + 1);
                } else {
                    values.add(input);
                }
            }
        }
    }
}
