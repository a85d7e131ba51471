package smalti.exporter.opset;

import java.util.HashMap;
import java.util.Map;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.ValueType;

/** Functions of single elements, and products along an axis, by their definitions. */
final class ElementRules {
    private ElementRules() {}

    static Map<String, OpsetRule> rows() {
        var rows = new HashMap<String, OpsetRule>();
        rows.put("Swish", ElementRules::swish);
        rows.put("Gelu", ElementRules::gelu);
        rows.put("Mish", ElementRules::mish);
        rows.put("HardSwish", ElementRules::hardSwish);
        rows.put("CastLike", ElementRules::castLike);
        rows.put("CumProd", ElementRules::cumProd);
        return rows;
    }

    /** x·σ(αx). */
    private static void swish(Site site) {
        float alpha = site.node().real("alpha", 1);
        var x = site.input(0);
        var scaled = alpha == 1 ? x : site.op("Mul", x, site.scalar(site.type(0), alpha));
        site.end("Mul", x, site.op("Sigmoid", scaled));
    }

    /** ½x·(1 + erf(x/√2)), or with tanh(√(2/π)·(x + 0.044715·x³)) in the place of erf. */
    private static void gelu(Site site) {
        var x = site.input(0);
        var type = site.type(0);
        String inner;
        if (site.node().text("approximate", "none").equals("tanh")) {
            var cube = site.op("Mul", site.op("Mul", x, x), x);
            var sum = site.op("Add", x, site.op("Mul", cube, site.scalar(type, 0.044715)));
            inner = site.op("Tanh", site.op("Mul", sum, site.scalar(type, Math.sqrt(2 / Math.PI))));
        } else {
            inner = site.op("Erf", site.op("Mul", x, site.scalar(type, Math.sqrt(0.5))));
        }
        var half = site.op("Mul", x, site.scalar(type, 0.5));
        site.end("Mul", half, site.op("Add", inner, site.scalar(type, 1)));
    }

    private static void mish(Site site) {
        site.end("Mul", site.input(0), site.op("Tanh", site.op("Softplus", site.input(0))));
    }

    private static void hardSwish(Site site) {
        var slopes = Map.of("alpha", Attribute.of(1 / 6f), "beta", Attribute.of(0.5f));
        site.end("Mul", site.input(0), site.op("HardSigmoid", slopes, site.input(0)));
    }

    private static void castLike(Site site) {
        site.end("Cast", Map.of("to", Attribute.of((long) site.type(1).onnxCode())), site.input(0));
    }

    /**
     * The products of the first, the first two, … along an axis: each a product over the whole axis of what is not yet to come,
     * and of ones.
     */
    private static void cumProd(Site site) {
        var node = site.node();
        int rank = site.rank(0);
        var given = site.longs(1, "axis");
        int axis = (int) (given.get(0) < 0 ? given.get(0) + rank : given.get(0));
        boolean back = node.whole("reverse", 0) != 0;
        boolean exclusive = node.whole("exclusive", 0) != 0;
        var type = site.type(0);
        var x = site.input(0);
        // [.., n, n, ..]: the new axis counts the products, the one behind it the factors
        var places = site.upTo(site.sizeOf(x, axis));
        var products = site.unsqueeze(places, 1);
        var factors = site.unsqueeze(places, 0);
        var counts = exclusive
                ? site.op("Less", back ? products : factors, back ? factors : products)
                : site.op("LessOrEqual", back ? products : factors, back ? factors : products);
        var behind = new long[rank - axis - 1];
        for (int i = 0; i < behind.length; i++) {
            behind[i] = 2L + i;
        }
        var mask = behind.length == 0 ? counts : site.unsqueeze(counts, behind);
        var wide = type == ValueType.INT32 || type == ValueType.INT64 || type.isFloat() ? type : ValueType.INT64;
        var numbers = wide == type ? x : site.cast(x, wide);
        var spread = site.op("Where", mask, site.unsqueeze(numbers, axis), site.scalar(wide, 1));
        var keeps = Map.<String, Attribute>of("keepdims", Attribute.of(0L));
        String product;
        if (site.target() < 18) {
            var attributes = new HashMap<>(keeps);
            attributes.put("axes", Attribute.ints(axis + 1L));
            product = site.op("ReduceProd", attributes, spread);
        } else {
            product = site.op("ReduceProd", keeps, spread, site.list(axis + 1L));
        }
        site.end("Cast", Map.of("to", Attribute.of((long) type.onnxCode())), product);
    }
}
