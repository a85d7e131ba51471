package smalti.exporter.opset;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/** Normalizations by their definitions. */
final class NormalizationRules {
    private NormalizationRules() {}

    static Map<String, OpsetRule> rows() {
        return Map.of(
                "RMSNormalization", NormalizationRules::rootMeanSquare,
                "LayerNormalization", NormalizationRules::layer,
                "GroupNormalization", NormalizationRules::group);
    }

    /** From an axis to the last. */
    private static List<Long> axes(NodeConversion site) {
        long axis = site.node().whole("axis", -1);
        // counted from the back the rank need not be known
        long first = axis < 0 ? axis : axis - site.rank(0);
        var axes = new ArrayList<Long>();
        for (long i = first; i < 0; i++) {
            axes.add(i);
        }
        return axes;
    }

    /** The type that is computed in. */
    private static ValueType wide(NodeConversion site) {
        var type = site.type(0);
        return type == ValueType.FLOAT64 || site.node().whole("stash_type", 1) != 1 ? type : ValueType.FLOAT32;
    }

    /** scale·x/√(mean(x²) + ε). */
    private static void rootMeanSquare(NodeConversion site) {
        var type = site.type(0);
        var wide = wide(site);
        var x = wide == type ? site.input(0) : site.cast(site.input(0), wide);
        var mean = site.mean(site.op("Mul", x, x), axes(site));
        var root = site.op(
                "Sqrt", site.op("Add", mean, site.scalar(wide, site.node().real("epsilon", 1e-5f))));
        var normal = site.op("Div", x, root);
        var narrow = wide == type ? normal : site.cast(normal, type);
        if (site.knownType(1).filter(scale -> scale != type).isPresent()) {
            narrow = site.cast(narrow, site.type(1));
        }
        site.end("Mul", narrow, site.input(1));
    }

    /** scale·(x − mean)/√(variance + ε) + bias. */
    private static void layer(NodeConversion site) {
        var type = site.type(0);
        var wide = wide(site);
        var axes = axes(site);
        var x = wide == type ? site.input(0) : site.cast(site.input(0), wide);
        var mean = site.mean(x, axes);
        var off = site.op("Sub", x, mean);
        var variance = site.mean(site.op("Mul", off, off), axes);
        var epsilon = site.scalar(wide, site.node().real("epsilon", 1e-5f));
        var inverse = site.op("Reciprocal", site.op("Sqrt", site.op("Add", variance, epsilon)));
        var normal = site.op("Mul", off, inverse);
        var narrow = wide == type ? normal : site.cast(normal, type);
        if (site.has(2)) {
            site.end("Add", site.op("Mul", narrow, site.input(1)), site.input(2));
        } else {
            site.end("Mul", narrow, site.input(1));
        }
        if (site.makes(1)) {
            site.give(1, mean);
        }
        if (site.makes(2)) {
            site.give(2, inverse);
        }
    }

    /** Each group as one row, which an InstanceNormalization brings to mean 0 and variance 1. */
    private static void group(NodeConversion site) {
        var type = site.type(0);
        long groups = site.node().whole("num_groups", 1);
        int rank = site.rank(0);
        var x = site.input(0);
        var ones = new float[(int) groups];
        Arrays.fill(ones, 1);
        var rows = site.op("Reshape", x, site.list(0, groups, -1)); // [N, G, the rest]
        var normal = site.op(
                "InstanceNormalization",
                Map.of("epsilon", Attribute.of(site.node().real("epsilon", 1e-5f))),
                rows,
                site.constant(Tensor.of(ones, groups).cast(type)),
                site.constant(Tensor.of(new float[(int) groups], groups).cast(type)));
        boolean byChannel = site.source() >= 21;
        if (!byChannel) {
            // before opset 21 there is one scale a group
            normal = site.op("Mul", normal, site.unsqueeze(site.input(1), 1));
            normal = site.op("Add", normal, site.unsqueeze(site.input(2), 1));
            site.end("Reshape", normal, site.op("Shape", x));
            return;
        }
        var back = site.op("Reshape", normal, site.op("Shape", x));
        var trailing = new long[rank - 2];
        for (int i = 0; i < trailing.length; i++) {
            trailing[i] = i + 1L;
        }
        var scale = trailing.length == 0 ? site.input(1) : site.unsqueeze(site.input(1), trailing);
        var bias = trailing.length == 0 ? site.input(2) : site.unsqueeze(site.input(2), trailing);
        site.end("Add", site.op("Mul", back, scale), bias);
    }
}
