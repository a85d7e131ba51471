package smalti.exporter.opset;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Value;
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
    private static void swish(NodeConversion site) {
        float alpha = site.node().real("alpha", 1);
        var x = site.input(0);
        var scaled = alpha == 1 ? x : site.op("Mul", x, site.scalar(site.type(0), alpha));
        site.end("Mul", x, site.op("Sigmoid", scaled));
    }

    /** ½x·(1 + erf(x/√2)), or with tanh(√(2/π)·(x + 0.044715·x³)) in the place of erf. */
    private static void gelu(NodeConversion site) {
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

    private static void mish(NodeConversion site) {
        site.end("Mul", site.input(0), site.op("Tanh", site.op("Softplus", site.input(0))));
    }

    private static void hardSwish(NodeConversion site) {
        var slopes = Map.of("alpha", Attribute.of(1 / 6f), "beta", Attribute.of(0.5f));
        site.end("Mul", site.input(0), site.op("HardSigmoid", slopes, site.input(0)));
    }

    private static void castLike(NodeConversion site) {
        site.end("Cast", Map.of("to", Attribute.of((long) site.type(1).onnxCode())), site.input(0));
    }

    /** The products of the first, the first two, … along an axis. */
    private static void cumProd(NodeConversion site) {
        var node = site.node();
        int rank = site.rank(0);
        var given = site.longs(1, "axis");
        int axis = (int) (given.get(0) < 0 ? given.get(0) + rank : given.get(0));
        boolean back = node.whole("reverse", 0) != 0;
        boolean exclusive = node.whole("exclusive", 0) != 0;
        var type = site.type(0);
        var wide = type == ValueType.INT32 || type.isFloat() ? type : ValueType.INT64;
        var numbers = wide == type ? site.input(0) : site.cast(site.input(0), wide);
        long size = site.size(0, axis);
        var products = size < 0
                ? oneByOne(site, numbers, wide, axis, back, exclusive)
                : doubled(site, numbers, wide, axis, size, back, exclusive);
        site.end("Cast", Map.of("to", Attribute.of((long) type.onnxCode())), products);
    }

    /** What is the product of k numbers, times the same k places on, is that of 2k. */
    private static String doubled(
            NodeConversion site, String numbers, ValueType type, int axis, long size, boolean back, boolean exclusive) {
        var products = exclusive && size > 0 ? shifted(site, numbers, type, axis, 1, back) : numbers;
        for (long step = 1; step < size; step *= 2) {
            products = site.op("Mul", products, shifted(site, products, type, axis, step, back));
        }
        return products;
    }

    /** Moved along an axis, with ones in the places that come free. */
    private static String shifted(NodeConversion site, String value, ValueType type, int axis, long by, boolean back) {
        int rank = site.rank(0);
        var pads = new long[2 * rank];
        pads[axis] = back ? -by : by;
        pads[rank + axis] = back ? by : -by;
        return site.op("Pad", value, site.list(pads), site.scalar(type, 1));
    }

    /** Along an axis of any size a Scan carries the product. */
    private static String oneByOne(
            NodeConversion site, String numbers, ValueType type, int axis, boolean back, boolean exclusive) {
        var others = new long[site.rank(0) - 1];
        for (int i = 0; i < others.length; i++) {
            others[i] = i < axis ? i : i + 1L;
        }
        var shape = site.op("Gather", site.op("Shape", numbers), site.list(others));
        var ones = site.op("Expand", site.scalar(type, 1), shape);
        var before = inner(site, "before", type);
        var factor = inner(site, "factor", type);
        var product = inner(site, "product", type);
        var shown = inner(site, "shown", type);
        var body = new Graph(
                "product",
                List.of(before, factor),
                List.of(product, shown),
                Map.of(),
                List.of(
                        Node.of("Mul", List.of(before.name(), factor.name()), product.name(), Map.of()),
                        Node.of("Identity", List.of((exclusive ? before : product).name()), shown.name(), Map.of())));
        var along = Attribute.ints(axis);
        var direction = Attribute.ints(back ? 1 : 0);
        var attributes = Map.of(
                "body", new Attribute.Body(body),
                "num_scan_inputs", Attribute.of(1L),
                "scan_input_axes", along,
                "scan_output_axes", along,
                "scan_input_directions", direction,
                "scan_output_directions", direction);
        return site.scan(attributes, type, ones, numbers);
    }

    private static Value inner(NodeConversion site, String name, ValueType type) {
        return new Value(site.fresh(name), type, null, Value.Layout.PLAIN);
    }
}
