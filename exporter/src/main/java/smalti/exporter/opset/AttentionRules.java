package smalti.exporter.opset;

import java.util.ArrayList;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.ValueType;

/** Attention, and what is done to its caches and positions, by their definitions. */
final class AttentionRules {
    private static final Attribute SWAP = Attribute.ints(0, 2, 1, 3);

    private AttentionRules() {}

    static Map<String, OpsetRule> rows() {
        return Map.of(
                "Attention", AttentionRules::attention,
                "RotaryEmbedding", AttentionRules::rotary,
                "TensorScatter", AttentionRules::scatter);
    }

    /** softmax(cap(√s·Q · √s·Kᵀ) + bias) · V, where a query that may look at nothing gives 0. */
    private static void attention(NodeConversion site) {
        var node = site.node();
        boolean flat = site.rank(0) == 3; // [B, T, heads·D]
        var type = site.type(0);
        var queries = byHeads(site, 0, "q_num_heads", flat); // [B, Hq, Tq, D]
        var keys = byHeads(site, 1, "kv_num_heads", flat); // [B, Hk, T, D]
        var values = byHeads(site, 2, "kv_num_heads", flat);
        var axis2 = Map.of("axis", Attribute.of(2L));
        var before = site.has(4) ? site.sizeOf(site.input(4), 2) : null;
        if (site.has(4)) {
            keys = site.op("Concat", axis2, site.input(4), keys);
            values = site.op("Concat", axis2, site.input(5), values);
        }
        if (site.makes(1)) {
            site.give(1, keys);
        }
        if (site.makes(2)) {
            site.give(2, values);
        }
        var length = site.sizeOf(queries, 2);
        var total = site.sizeOf(keys, 2);
        var repeats = repeats(site, queries, keys, flat);
        if (repeats != null) {
            var axis1 = Map.of("axis", Attribute.of(1L));
            keys = site.op("Gather", axis1, keys, repeats);
            values = site.op("Gather", axis1, values, repeats);
        }
        var root = rootOfScale(site, queries, type);
        var turned = site.op("Transpose", Map.of("perm", Attribute.ints(0, 1, 3, 2)), keys);
        var weights = site.op("MatMul", site.op("Mul", queries, root), site.op("Mul", turned, root));
        long mode = node.whole("qk_matmul_output_mode", 0);
        var shown = weights;
        float cap = node.real("softcap", 0);
        if (cap > 0) {
            var limit = site.scalar(type, cap);
            weights = site.op("Mul", site.op("Tanh", site.op("Div", weights, limit)), limit);
        }
        shown = mode == 1 ? weights : shown;
        var bias = bias(site, type, length, total, before);
        if (bias != null) {
            weights = site.op("Add", weights, bias);
        }
        shown = mode == 2 ? weights : shown;
        weights = softmax(site, weights, bias, type);
        shown = mode == 3 ? weights : shown;
        var attended = site.op("MatMul", weights, values); // [B, Hq, Tq, Dv]
        if (flat) {
            site.end("Reshape", site.op("Transpose", Map.of("perm", SWAP), attended), site.list(0, 0, -1));
        } else {
            site.end("Identity", attended);
        }
        if (site.makes(3)) {
            site.give(3, shown);
        }
    }

    private static String byHeads(NodeConversion site, int input, String heads, boolean flat) {
        if (!flat) {
            return site.input(input);
        }
        var split = site.op(
                "Reshape", site.input(input), site.list(0, 0, site.node().whole(heads, 1), -1));
        return site.op("Transpose", Map.of("perm", SWAP), split);
    }

    /** For each head of the queries the one of the keys that it looks at; null where each has its own. */
    private static @Nullable String repeats(NodeConversion site, String queries, String keys, boolean flat) {
        long asking = flat ? site.node().whole("q_num_heads", 1) : site.size(0, 1);
        long asked = flat ? site.node().whole("kv_num_heads", 1) : site.size(1, 1);
        if (asking >= 0 && asked >= 1) {
            if (asking % asked != 0) {
                throw new NoForm("its heads of queries, %s, must be a multiple of those of keys, %s", asking, asked);
            }
            var indices = new long[(int) asking];
            for (int i = 0; i < indices.length; i++) {
                indices[i] = i / (asking / asked);
            }
            return asking == asked ? null : site.list(indices);
        }
        var one = site.shape(0).map(axes -> axes.get(1));
        var other = site.shape(1).map(axes -> axes.get(1));
        if (one.isPresent() && other.isPresent() && one.get().surelyEquals(other.get())) {
            return null;
        }
        var heads = site.sizeOf(queries, 1);
        return site.op("Div", site.upTo(heads), site.op("Div", heads, site.sizeOf(keys, 1)));
    }

    private static String rootOfScale(NodeConversion site, String queries, ValueType type) {
        if (site.node().attributes().get("scale") instanceof Attribute.Real scale) {
            return site.scalar(type, Math.sqrt(scale.value()));
        }
        long width = site.rank(0) == 4
                ? site.size(0, 3)
                : site.size(0, 2) / site.node().whole("q_num_heads", 1);
        if (width > 0) {
            return site.scalar(type, Math.pow((double) width, -0.25));
        }
        var size = site.cast(site.sizeOf(queries, 3), ValueType.FLOAT32);
        var root = site.op("Pow", size, site.scalar(ValueType.FLOAT32, -0.25));
        return type == ValueType.FLOAT32 ? root : site.cast(root, type);
    }

    /** 0 where a query may look and −∞ where it may not, or what is added; null where all look at all. */
    private static @Nullable String bias(
            NodeConversion site, ValueType type, String length, String total, @Nullable String before) {
        var zero = site.scalar(type, 0);
        var never = site.scalar(type, Double.NEGATIVE_INFINITY);
        String bias = null;
        if (site.has(3)) {
            var mask = site.input(3);
            boolean logical = site.type(3) == ValueType.BOOL;
            if (site.has(6) || isNarrower(site)) {
                mask = widened(site, mask, total, logical, never);
            }
            bias = logical ? site.op("Where", mask, zero, never) : mask;
        }
        long left = site.node().whole("left_window_size", -1);
        long right = site.node().whole("right_window_size", -1);
        // the place of each query among the keys: [Tq, 1] or [B, 1, Tq, 1]
        String queries = null;
        if (isCausal(site) || left >= 0 || right >= 0) {
            queries = site.unsqueeze(site.upTo(length), 1);
            if (before != null) {
                queries = site.op("Add", queries, before);
            } else if (site.has(6)) {
                var offset = site.op("Sub", site.input(6), length); // [B]
                queries = site.op("Add", queries, site.unsqueeze(offset, 1, 2, 3));
            }
        }
        if (queries != null) {
            long ahead = isCausal(site) ? 0 : right;
            if (ahead >= 0) {
                var last = ahead == 0 ? queries : site.op("Add", queries, site.list(ahead));
                var seen = site.op("LessOrEqual", site.upTo(total), last);
                bias = added(site, bias, site.op("Where", seen, zero, never));
            }
            if (left >= 0) {
                var first = site.op("Sub", queries, site.list(left));
                var seen = site.op("GreaterOrEqual", site.upTo(total), first);
                bias = added(site, bias, site.op("Where", seen, zero, never));
            }
        }
        if (site.has(6)) {
            var filled = site.op("Less", site.upTo(total), site.unsqueeze(site.input(6), 1, 2, 3));
            bias = added(site, bias, site.op("Where", filled, zero, never));
        }
        return bias;
    }

    private static boolean isCausal(NodeConversion site) {
        return site.node().whole("is_causal", 0) != 0;
    }

    private static String added(NodeConversion site, @Nullable String bias, String other) {
        return bias == null ? other : site.op("Add", bias, other);
    }

    /** Whether the mask is surely shorter than the keys and what came before them, and not one for all. */
    private static boolean isNarrower(NodeConversion site) {
        long keys = site.size(1, site.rank(1) - 2);
        long before = site.has(4) ? site.size(4, 2) : 0;
        long mask = site.size(3, site.rank(3) - 1);
        return keys >= 0 && before >= 0 && mask > 1 && mask < keys + before;
    }

    /** A mask may be shorter than the cache: nobody looks at the rest. */
    private static String widened(NodeConversion site, String mask, String total, boolean logical, String never) {
        int rank = site.rank(3);
        var numbers = logical ? site.cast(mask, ValueType.INT32) : mask;
        var missing = site.op("Sub", total, site.sizeOf(mask, rank - 1L));
        var pads = site.op("Concat", Map.of("axis", Attribute.of(0L)), site.list(new long[2 * rank - 1]), missing);
        var padded = site.op("Pad", numbers, pads, logical ? site.scalar(ValueType.INT32, 0) : never);
        return logical ? site.cast(padded, ValueType.BOOL) : padded;
    }

    private static String softmax(NodeConversion site, String weights, @Nullable String bias, ValueType type) {
        long code = site.node().whole("softmax_precision", type.onnxCode());
        var wide = ValueType.ofOnnxCode((int) code).orElse(type);
        var last = Map.of("axis", Attribute.of(-1L));
        var shares = site.op("Softmax", last, wide == type ? weights : site.cast(weights, wide));
        shares = wide == type ? shares : site.cast(shares, type);
        if (bias == null) {
            return shares;
        }
        var most = site.target() < 18
                ? site.op("ReduceMax", Map.of("axes", Attribute.ints(-1)), bias)
                : site.op("ReduceMax", bias, site.list(-1));
        var blind = site.op("Equal", most, site.scalar(type, Double.NEGATIVE_INFINITY));
        return site.op("Where", blind, site.scalar(type, 0), shares);
    }

    /** Each pair of numbers is turned by an angle of its place. */
    private static void rotary(NodeConversion site) {
        var node = site.node();
        boolean flat = site.rank(0) == 3; // [B, T, heads·D], else [B, heads, T, D]
        long heads = node.whole("num_heads", 0);
        long width = flat ? site.size(0, 2) / Math.max(1, heads) : site.size(0, 3);
        long turned = node.whole("rotary_embedding_dim", 0);
        if (turned == 0) {
            turned = width;
        }
        if (turned < 2 || (flat && heads == 0)) {
            throw new NoForm("the size of its heads must be known");
        }
        var x = flat
                ? site.op("Reshape", site.input(0), site.list(0, 0, heads, -1))
                : site.op("Transpose", Map.of("perm", SWAP), site.input(0)); // [B, T, heads, D]
        var part = turned == width ? x : slice(site, x, 0, turned, 1);
        boolean interleaved = node.whole("interleaved", 0) != 0;
        var one = interleaved ? slice(site, part, 0, turned, 2) : slice(site, part, 0, turned / 2, 1);
        var two = interleaved ? slice(site, part, 1, turned, 2) : slice(site, part, turned / 2, turned, 1);
        var cosine = angles(site, 1);
        var sine = angles(site, 2);
        var real = site.op("Sub", site.op("Mul", cosine, one), site.op("Mul", sine, two));
        var imaginary = site.op("Add", site.op("Mul", sine, one), site.op("Mul", cosine, two));
        var last = Map.of("axis", Attribute.of(-1L));
        String together;
        if (interleaved) {
            var pairs = site.op("Concat", last, site.unsqueeze(real, 4), site.unsqueeze(imaginary, 4));
            together = site.op("Reshape", pairs, site.list(0, 0, 0, turned));
        } else {
            together = site.op("Concat", last, real, imaginary);
        }
        if (turned != width) {
            together = site.op("Concat", last, together, slice(site, x, turned, Long.MAX_VALUE, 1));
        }
        if (flat) {
            site.end("Reshape", together, site.list(0, 0, -1));
        } else {
            site.end("Transpose", Map.of("perm", SWAP), together);
        }
    }

    /** @return [B, T, 1, half of what is turned] */
    private static String angles(NodeConversion site, int cache) {
        var angles = site.has(3) ? site.op("Gather", site.input(cache), site.input(3)) : site.input(cache);
        return site.unsqueeze(angles, 2);
    }

    private static String slice(NodeConversion site, String value, long from, long to, long step) {
        return site.op("Slice", value, site.list(from), site.list(to), site.list(-1), site.list(step));
    }

    /** The update goes to places of its own in each sample. */
    private static void scatter(NodeConversion site) {
        int rank = site.rank(0);
        long axis = site.node().whole("axis", -2);
        axis = axis < 0 ? axis + rank : axis;
        var update = site.input(1);
        var places = site.upTo(site.sizeOf(update, axis)); // [T]
        if (site.has(2)) {
            places = site.op("Add", site.unsqueeze(site.input(2), 1), places); // [B, T]
        } else {
            places = site.unsqueeze(places, 0);
        }
        if (site.node().text("mode", "linear").equals("circular")) {
            places = site.op("Mod", places, site.sizeOf(site.input(0), axis));
        }
        var others = new ArrayList<Long>();
        for (long i = 1; i < rank; i++) {
            if (i != axis) {
                others.add(i);
            }
        }
        if (!others.isEmpty()) {
            places = site.unsqueeze(
                    places, others.stream().mapToLong(Long::longValue).toArray());
        }
        places = site.op("Expand", places, site.op("Shape", update));
        site.end("ScatterElements", Map.of("axis", Attribute.of(axis)), site.input(0), places, update);
    }
}
