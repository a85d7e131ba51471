package smalti.exporter.opset;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;

/** Brings the forms of opsets 6 to 12 to those of opset 13: sizes became inputs, and broadcasting NumPy's. */
final class FirstForms {
    private FirstForms() {}

    static Map<String, OpsetRule> rows() {
        var rows = new HashMap<String, OpsetRule>();
        for (var op : List.of("Squeeze", "Unsqueeze", "ReduceSum")) {
            rows.put(op, site -> listed(site, "axes"));
        }
        rows.put("Split", site -> listed(site, "split"));
        for (var op : List.of("Softmax", "LogSoftmax", "Hardmax")) {
            rows.put(op, FirstForms::softmax);
        }
        for (var op : List.of("Add", "Sub", "Mul", "Div", "Pow", "And", "Or", "Xor", "Equal", "Greater", "Less")) {
            rows.put(op, FirstForms::broadcast);
        }
        rows.put("Gemm", site -> without(site, "broadcast"));
        rows.put("Dropout", FirstForms::dropout);
        rows.put("BatchNormalization", FirstForms::normalization);
        rows.put("Clip", FirstForms::clip);
        rows.put("Pad", FirstForms::pad);
        rows.put("Slice", FirstForms::slice);
        rows.put("TopK", FirstForms::topK);
        rows.put("Scan", FirstForms::scan);
        rows.put("Resize", site -> resize(site, site.input(1)));
        return rows;
    }

    /** Those that other operators took the place of. */
    static Map<String, OpsetRule> renamed() {
        return Map.of(
                "Upsample",
                FirstForms::upsample,
                "Scatter",
                site -> site.end("ScatterElements", attributes(site), site.input(0), site.input(1), site.input(2)));
    }

    private static Map<String, Attribute> attributes(NodeConversion site) {
        return new TreeMap<>(site.node().attributes());
    }

    private static void without(NodeConversion site, String... names) {
        var attributes = attributes(site);
        List.of(names).forEach(attributes::remove);
        site.same(attributes, site.node().inputs());
    }

    /** A list of whole numbers became an input. */
    private static void listed(NodeConversion site, String name) {
        var attributes = attributes(site);
        if (attributes.remove(name) instanceof Attribute.Ints list) {
            site.same(attributes, List.of(site.input(0), site.constant(Tensor.sizes(list.values()))));
        } else {
            site.same(attributes, site.node().inputs());
        }
    }

    /** Before opset 13 it is over all axes from one on, as if they were one; the first of them is 1 where nothing is said. */
    private static void softmax(NodeConversion site) {
        var attributes = attributes(site);
        long axis = site.node().whole("axis", 1);
        var shape = site.shape(0);
        if (axis == -1 || (shape.isPresent() && axis == shape.get().size() - 1)) {
            attributes.put("axis", Attribute.of(axis));
            site.same(attributes, site.node().inputs());
            return;
        }
        var flat = site.op("Flatten", Map.of("axis", Attribute.of(axis)), site.input(0));
        var made = site.op(site.node().op(), Map.of("axis", Attribute.of(-1L)), flat);
        site.end("Reshape", made, site.op("Shape", site.input(0)));
    }

    /** Before opset 7 the axes of the second input may begin at one of the first's. */
    private static void broadcast(NodeConversion site) {
        var attributes = attributes(site);
        boolean spread = attributes.remove("broadcast") instanceof Attribute.Int flag && flag.value() != 0;
        var inputs = new ArrayList<>(site.node().inputs());
        if (attributes.remove("axis") instanceof Attribute.Int axis && spread) {
            long first = axis.value() < 0 ? axis.value() + site.rank(0) : axis.value();
            long behind = site.rank(0) - first - site.rank(1);
            if (behind > 0) {
                var axes = new long[(int) behind];
                for (int i = 0; i < axes.length; i++) {
                    axes[i] = (long) site.rank(1) + i;
                }
                inputs.set(1, site.unsqueeze(inputs.get(1), axes));
            }
        }
        site.same(attributes, inputs);
    }

    /** It drops nothing but where it is told to train, which could not be said before opset 12. */
    private static void dropout(NodeConversion site) {
        if (site.node().inputs().size() > 1) {
            site.same(site.node().attributes(), site.node().inputs());
            return;
        }
        if (site.source() < 7 && site.node().whole("is_test", 0) == 0) {
            throw new NoForm("is_test must be 1, got 0");
        }
        if (site.source() < 10 && site.makes(1)) {
            throw new NoForm("its mask is of another type before opset 10");
        }
        without(site, "ratio", "is_test");
    }

    private static void normalization(NodeConversion site) {
        if (site.source() < 9 && site.node().whole("spatial", 1) == 0) {
            throw new NoForm("spatial must be 1, got 0");
        }
        if (site.source() < 7 && site.node().whole("is_test", 0) == 0) {
            throw new NoForm("is_test must be 1, got 0");
        }
        without(site, "spatial", "is_test");
    }

    private static void scan(NodeConversion site) {
        if (site.source() < 9) {
            throw new NoForm("before opset 9 it runs over batches");
        }
        site.same(site.node().attributes(), site.node().inputs());
    }

    private static void clip(NodeConversion site) {
        var attributes = attributes(site);
        var inputs = new ArrayList<>(site.node().inputs());
        if (site.source() < 11) {
            for (var limit : List.of("min", "max")) {
                inputs.add(
                        attributes.remove(limit) instanceof Attribute.Real real
                                ? site.scalar(site.type(0), real.value())
                                : "");
            }
        }
        site.same(attributes, inputs);
    }

    private static void pad(NodeConversion site) {
        var attributes = attributes(site);
        var inputs = new ArrayList<>(site.node().inputs());
        if (attributes.remove("pads") instanceof Attribute.Ints pads) {
            inputs.add(site.constant(Tensor.sizes(pads.values())));
            inputs.add(
                    attributes.remove("value") instanceof Attribute.Real real
                            ? site.scalar(site.type(0), real.value())
                            : "");
        }
        site.same(attributes, inputs);
    }

    private static void slice(NodeConversion site) {
        var inputs = new ArrayList<>(site.node().inputs());
        for (var name : List.of("starts", "ends", "axes")) {
            if (site.node().attributes().get(name) instanceof Attribute.Ints list) {
                inputs.add(site.constant(Tensor.sizes(list.values())));
            }
        }
        without(site, "starts", "ends", "axes");
        var last = site.written().size() - 1;
        site.written().set(last, site.written().get(last).withInputs(inputs));
    }

    private static void topK(NodeConversion site) {
        var attributes = attributes(site);
        var inputs = new ArrayList<>(site.node().inputs());
        if (attributes.remove("k") instanceof Attribute.Int count) {
            inputs.add(site.list(count.value()));
        }
        site.same(attributes, inputs);
    }

    private static void upsample(NodeConversion site) {
        if (!(site.node().attributes().get("scales") instanceof Attribute.Reals scales)) {
            resize(site, site.input(1));
            return;
        }
        var numbers = new float[scales.values().size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = scales.values().get(i);
        }
        resize(site, site.constant(Tensor.of(numbers, numbers.length)));
    }

    /** Before opset 11 coordinates are those of the corners, times the scale, and rounded down. */
    private static void resize(NodeConversion site, String scales) {
        if (site.source() >= 11) {
            site.same(site.node().attributes(), site.node().inputs());
            return;
        }
        var attributes = attributes(site);
        attributes.remove("scales");
        attributes.put("coordinate_transformation_mode", Attribute.of("asymmetric"));
        if (site.node().text("mode", "nearest").equals("nearest")) {
            attributes.put("nearest_mode", Attribute.of("floor"));
        }
        site.end("Resize", attributes, site.input(0), "", scales);
    }
}
