package smalti.exporter.opset;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/** Operators that say the same in another way: by an input instead of an attribute, or by another word. */
final class FormRules {
    private FormRules() {}

    static Map<String, OpsetRule> rows() {
        var rows = new HashMap<String, OpsetRule>();
        for (var kind : List.of("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "SumSquare")) {
            rows.put("Reduce" + kind, FormRules::reduce);
        }
        rows.put("Split", FormRules::split);
        rows.put("Resize", FormRules::resize);
        rows.put("Pad", FormRules::pad);
        rows.put("DFT", FormRules::fourier);
        rows.put("GridSample", FormRules::gridSample);
        rows.put("RoiAlign", FormRules::roiAlign);
        rows.put("Shape", FormRules::shape);
        rows.put("ScatterElements", FormRules::scatter);
        rows.put("ScatterND", FormRules::scatter);
        rows.put("QuantizeLinear", FormRules::quantize);
        rows.put("DequantizeLinear", FormRules::dequantize);
        return rows;
    }

    private static Map<String, Attribute> attributes(NodeConversion site) {
        return new TreeMap<>(site.node().attributes());
    }

    /** The axes are an input since opset 18. */
    private static void reduce(NodeConversion site) {
        var attributes = attributes(site);
        if (site.target() < 18 && site.source() >= 18) {
            boolean nothing =
                    attributes.remove("noop_with_empty_axes") instanceof Attribute.Int flag && flag.value() != 0;
            if (site.has(1)) {
                var axes = site.longs(1, "axes");
                nothing &= axes.isEmpty();
                if (!axes.isEmpty()) {
                    attributes.put("axes", Attribute.ints(axes));
                }
            }
            if (nothing) {
                throw new NoForm("without axes and with noop_with_empty_axes it has no such form");
            }
            site.same(attributes, List.of(site.input(0)));
        } else if (site.target() >= 18
                && site.source() < 18
                && attributes.remove("axes") instanceof Attribute.Ints axes) {
            site.same(attributes, List.of(site.input(0), site.constant(Tensor.sizes(axes.values()))));
        } else {
            site.same(attributes, site.node().inputs());
        }
    }

    /** Since opset 18 equal parts are asked for by their number, and the last may be smaller. */
    private static void split(NodeConversion site) {
        var attributes = attributes(site);
        var inputs = new ArrayList<>(site.node().inputs());
        int parts = site.node().outputs().size();
        if (site.target() >= 18) {
            if (!site.has(1) && !attributes.containsKey("num_outputs")) {
                attributes.put("num_outputs", Attribute.of((long) parts));
            }
        } else if (attributes.remove("num_outputs") instanceof Attribute.Int count) {
            long axis = site.node().whole("axis", 0);
            long size = site.size(0, (int) (axis < 0 ? axis + site.rank(0) : axis));
            if (size < 0) {
                throw new NoForm("the size of the axis that is split must be known");
            }
            if (size % count.value() != 0) {
                var sizes = new ArrayList<>(Collections.nCopies(parts, (size + count.value() - 1) / count.value()));
                sizes.set(parts - 1, size - sizes.get(0) * (parts - 1));
                inputs = new ArrayList<>(List.of(site.input(0), site.constant(Tensor.sizes(sizes))));
            }
        }
        site.same(attributes, inputs);
    }

    /** Opset 18 came with axes, opset 19 with another way to count coordinates. */
    private static void resize(NodeConversion site) {
        var attributes = attributes(site);
        var inputs = new ArrayList<>(site.node().inputs());
        if (site.target() < 19
                && site.node().text("coordinate_transformation_mode", "").equals("half_pixel_symmetric")) {
            throw new NoForm("coordinate_transformation_mode half_pixel_symmetric came with opset 19");
        }
        if (site.target() < 18) {
            var axes = attributes.remove("axes");
            neutral(attributes, "antialias", Attribute.of(0L));
            neutral(attributes, "keep_aspect_ratio_policy", Attribute.of("stretch"));
            if (axes instanceof Attribute.Ints some) {
                spread(site, some.values(), inputs);
            }
        }
        site.same(attributes, inputs);
    }

    /** Sizes and scales of some axes become those of all. */
    private static void spread(NodeConversion site, List<Long> axes, List<String> inputs) {
        int rank = site.rank(0);
        if (site.has(1)) {
            throw new NoForm("a region of some axes came with opset 18");
        }
        if (site.has(2)) {
            var given = site.floats(2, "scales");
            var all = new float[rank];
            Arrays.fill(all, 1);
            for (int i = 0; i < axes.size(); i++) {
                all[place(axes.get(i), rank)] = given.get(i);
            }
            inputs.set(2, site.constant(Tensor.of(all, rank)));
        } else {
            var parts = new String[rank];
            for (int i = 0; i < rank; i++) {
                parts[i] = site.sizeOf(site.input(0), i);
            }
            for (int i = 0; i < axes.size(); i++) {
                parts[place(axes.get(i), rank)] = site.op("Gather", site.input(3), site.list(i));
            }
            inputs.set(3, site.op("Concat", Map.of("axis", Attribute.of(0L)), parts));
        }
    }

    private static int place(long axis, int rank) {
        return (int) (axis < 0 ? axis + rank : axis);
    }

    /** Opset 18 came with axes, opset 19 with a way to pad. */
    private static void pad(NodeConversion site) {
        var inputs = new ArrayList<>(site.node().inputs());
        if (site.target() < 19 && site.node().text("mode", "constant").equals("wrap")) {
            throw new NoForm("mode wrap came with opset 19");
        }
        if (site.target() < 18 && site.has(3)) {
            int rank = site.rank(0);
            var axes = site.longs(3, "axes");
            var parts = new String[2 * rank];
            Arrays.fill(parts, site.list(0));
            for (int i = 0; i < axes.size(); i++) {
                int axis = place(axes.get(i), rank);
                parts[axis] = site.op("Gather", site.input(1), site.list(i));
                parts[rank + axis] = site.op("Gather", site.input(1), site.list(axes.size() + i));
            }
            inputs.set(1, site.op("Concat", Map.of("axis", Attribute.of(0L)), parts));
            inputs.remove(3);
        }
        site.same(site.node().attributes(), inputs);
    }

    /** The axis is an input since opset 20, and the last of those that count another. */
    private static void fourier(NodeConversion site) {
        var attributes = attributes(site);
        if (site.source() < 20 && site.target() >= 20) {
            long axis = attributes.remove("axis") instanceof Attribute.Int given ? given.value() : 1;
            site.same(attributes, List.of(site.input(0), site.input(1), site.scalar(ValueType.INT64, (double) axis)));
        } else if (site.source() >= 20 && site.target() < 20) {
            long axis = site.has(2) ? site.longs(2, "axis").get(0) : -2;
            int rank = site.rank(0);
            attributes.put("axis", Attribute.of(axis < 0 ? axis + rank : axis));
            site.same(attributes, site.has(1) ? List.of(site.input(0), site.input(1)) : List.of(site.input(0)));
        } else {
            site.same(attributes, site.node().inputs());
        }
    }

    /** Opset 20 names two ways to interpolate anew, and takes volumes. */
    private static void gridSample(NodeConversion site) {
        var attributes = attributes(site);
        if (site.source() < 20 != site.target() < 20) {
            boolean down = site.target() < 20;
            if (down && site.rank(0) != 4) {
                throw new NoForm("volumes came with opset 20");
            }
            var mode = site.node().text("mode", down ? "linear" : "bilinear");
            attributes.put(
                    "mode",
                    Attribute.of(
                            switch (mode) {
                                case "linear" -> "bilinear";
                                case "cubic" -> "bicubic";
                                case "bilinear" -> "linear";
                                case "bicubic" -> "cubic";
                                default -> mode;
                            }));
        }
        site.same(attributes, site.node().inputs());
    }

    /** Before opset 16 corners of regions lie on whole pixels. */
    private static void roiAlign(NodeConversion site) {
        var attributes = attributes(site);
        var name = "coordinate_transformation_mode";
        if (site.target() < 16) {
            if (!site.node().text(name, "half_pixel").equals("output_half_pixel")) {
                throw new NoForm("%s half_pixel came with opset 16", name);
            }
            attributes.remove(name);
        } else if (site.source() < 16) {
            attributes.put(name, Attribute.of("output_half_pixel"));
        }
        site.same(attributes, site.node().inputs());
    }

    /** A part of the sizes is a slice of them before opset 15. */
    private static void shape(NodeConversion site) {
        var node = site.node();
        if (site.target() >= 15 || node.attributes().isEmpty()) {
            site.same(node.attributes(), node.inputs());
            return;
        }
        site.end(
                "Slice",
                site.op("Shape", site.input(0)),
                site.list(node.whole("start", 0)),
                site.list(node.whole("end", Long.MAX_VALUE)));
    }

    /** Sums and products came with opset 16, the least and the most with opset 18. */
    private static void scatter(NodeConversion site) {
        var reduction = site.node().text("reduction", "none");
        if (site.target() < 18 && (reduction.equals("max") || reduction.equals("min"))) {
            throw new NoForm("reduction %s came with opset 18", reduction);
        }
        site.same(site.node().attributes(), site.node().inputs());
    }

    /**
     * Opset 21 came with blocks, and with a type that no zero point says; opset 23 with numbers and a step of different types, and with
     * the precision of the quotient.
     */
    private static void quantize(NodeConversion site) {
        var attributes = attributes(site);
        var inputs = new ArrayList<>(site.node().inputs());
        if (site.target() < 23) {
            long code = attributes.remove("precision") instanceof Attribute.Int given ? given.value() : 0;
            var precision = code == 0
                    ? site.knownType(1)
                    : Optional.of(ValueType.ofOnnxCode((int) code)
                            .orElseThrow(() -> new NoForm("its precision must be that of floats, got %s", code)));
            precision.ifPresent(type -> {
                inTypeOf(site, inputs, 0, type);
                inTypeOf(site, inputs, 1, type);
            });
        }
        if (site.target() < 21) {
            neutral(attributes, "block_size", Attribute.of(0L));
            long code = attributes.remove("output_dtype") instanceof Attribute.Int given ? given.value() : 0;
            if (code != 0 && code != ValueType.UINT8.onnxCode() && !site.has(2)) {
                var type = ValueType.ofOnnxCode((int) code)
                        .filter(ValueType::isWhole)
                        .orElseThrow(() -> new NoForm("its type came with opset 21"));
                var zero = site.scalar(type, 0);
                if (site.shape(1).filter(List::isEmpty).isEmpty()) {
                    zero = site.op("Expand", zero, site.op("Shape", site.input(1)));
                }
                inputs.subList(2, inputs.size()).clear();
                inputs.add(zero);
            }
        }
        if (site.target() < 19) {
            neutral(attributes, "saturate", Attribute.of(1L));
        }
        site.same(attributes, inputs);
    }

    /** Opset 23 came with a type of the product that is not that of the step. */
    private static void dequantize(NodeConversion site) {
        var attributes = attributes(site);
        var inputs = new ArrayList<>(site.node().inputs());
        if (site.target() < 23
                && attributes.remove("output_dtype") instanceof Attribute.Int code
                && code.value() != 0) {
            inTypeOf(
                    site,
                    inputs,
                    1,
                    ValueType.ofOnnxCode((int) code.value())
                            .orElseThrow(() -> new NoForm("its type must be one of floats, got %s", code.value())));
        }
        if (site.target() < 21) {
            neutral(attributes, "block_size", Attribute.of(0L));
        }
        site.same(attributes, inputs);
    }

    /** Casts an input where it is of another type. */
    private static void inTypeOf(NodeConversion site, List<String> inputs, int index, ValueType type) {
        if (site.type(index) == type) {
            return;
        }
        if (site.target() < 19 && type != ValueType.FLOAT32) {
            throw new NoForm("numbers other than 32-bit floats came with opset 19, got %s", type.text());
        }
        inputs.set(index, site.cast(inputs.get(index), type));
    }

    /** Takes out what changes nothing. */
    static void neutral(Map<String, Attribute> attributes, String name, Attribute value) {
        var given = attributes.remove(name);
        if (given != null && !given.equals(value)) {
            throw new NoForm("its attribute %s has no place there", name);
        }
    }
}
