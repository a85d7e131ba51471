package smalti.spec.onnx;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes records of messages. Field numbers are those of onnx.proto3.
 *
 * <p>As protobuf has it, of a single field the last one counts, and messages of one are merged where they are lists: a
 * graph that comes in two parts is one graph.
 */
final class OnnxParser {
    private OnnxParser() {}

    static OnnxFile file(Wire wire) {
        long ir = 0;
        var producer = "";
        var opsets = new LinkedHashMap<String, Long>();
        var functions = new ArrayList<OnnxFunction>();
        var graph = new GraphParts();
        while (wire.next()) {
            switch (wire.field()) {
                case 1 -> ir = wire.whole(ir);
                case 2 -> producer = wire.text(producer);
                case 7 -> {
                    if (wire.isBytes()) {
                        graph.add(wire.message("graph", -1));
                    }
                }
                case 8 -> opset(wire, opsets);
                case 25 -> {
                    if (wire.isBytes()) {
                        functions.add(function(wire.message("functions", functions.size())));
                    }
                }
                default -> {}
            }
        }
        return new OnnxFile(ir, producer, opsets, functions, graph.done());
    }

    private static void opset(Wire wire, Map<String, Long> opsets) {
        if (!wire.isBytes()) {
            return;
        }
        var message = wire.message("opset_import", opsets.size());
        var domain = "";
        long version = 0;
        while (message.next()) {
            switch (message.field()) {
                case 1 -> domain = message.text(domain);
                case 2 -> version = message.whole(version);
                default -> {}
            }
        }
        opsets.put(standard(domain), version);
    }

    private static String standard(String domain) {
        return domain.equals("ai.onnx") ? "" : domain;
    }

    private static OnnxFunction function(Wire wire) {
        var name = "";
        var domain = "";
        var overload = "";
        var inputs = new ArrayList<String>();
        var outputs = new ArrayList<String>();
        var attributes = new ArrayList<String>();
        var defaults = new LinkedHashMap<String, OnnxAttribute>();
        var opsets = new LinkedHashMap<String, Long>();
        var nodes = new ArrayList<OnnxNode>();
        while (wire.next()) {
            switch (wire.field()) {
                case 1 -> name = wire.text(name);
                case 4 -> text(wire, inputs);
                case 5 -> text(wire, outputs);
                case 6 -> text(wire, attributes);
                case 7 -> {
                    if (wire.isBytes()) {
                        nodes.add(node(wire.message("node", nodes.size())));
                    }
                }
                case 9 -> opset(wire, opsets);
                case 10 -> domain = wire.text(domain);
                case 11 -> attribute(wire, defaults);
                case 13 -> overload = wire.text(overload);
                default -> {}
            }
        }
        return new OnnxFunction(standard(domain), name, overload, inputs, outputs, attributes, defaults, opsets, nodes);
    }

    private static void text(Wire wire, List<String> texts) {
        if (wire.isBytes()) {
            texts.add(wire.text(""));
        }
    }

    private static final class GraphParts {
        private String name = "";
        private final List<OnnxNode> nodes = new ArrayList<>();
        private final List<OnnxTensor> initializers = new ArrayList<>();
        private final List<OnnxValue> inputs = new ArrayList<>();
        private final List<OnnxValue> outputs = new ArrayList<>();
        private final List<OnnxValue> values = new ArrayList<>();

        void add(Wire wire) {
            while (wire.next()) {
                switch (wire.field()) {
                    case 2 -> name = wire.text(name);
                    case 1 -> {
                        if (wire.isBytes()) {
                            nodes.add(node(wire.message("node", nodes.size())));
                        }
                    }
                    case 5 -> {
                        if (wire.isBytes()) {
                            initializers.add(tensor(wire.message("initializer", initializers.size())));
                        }
                    }
                    case 15 -> {
                        if (wire.isBytes()) {
                            initializers.add(sparse(wire.message("sparse_initializer", initializers.size())));
                        }
                    }
                    case 11 -> value(wire, "input", inputs);
                    case 12 -> value(wire, "output", outputs);
                    case 13 -> value(wire, "value_info", values);
                    default -> {}
                }
            }
        }

        OnnxGraph done() {
            return new OnnxGraph(name, nodes, initializers, inputs, outputs, values);
        }
    }

    private static OnnxNode node(Wire wire) {
        wire.keep(160);
        var name = "";
        var op = "";
        var domain = "";
        var overload = "";
        var inputs = new ArrayList<String>();
        var outputs = new ArrayList<String>();
        var attributes = new LinkedHashMap<String, OnnxAttribute>();
        while (wire.next()) {
            switch (wire.field()) {
                case 1 -> text(wire, inputs);
                case 2 -> text(wire, outputs);
                case 3 -> name = wire.text(name);
                case 4 -> op = wire.text(op);
                case 5 -> attribute(wire, attributes);
                case 7 -> domain = wire.text(domain);
                case 8 -> overload = wire.text(overload);
                default -> {}
            }
        }
        return new OnnxNode(name, op, standard(domain), overload, inputs, outputs, attributes);
    }

    private static void attribute(Wire wire, Map<String, OnnxAttribute> attributes) {
        if (wire.isBytes()) {
            var parts = new AttributeParts();
            parts.read(wire.message("attribute", attributes.size()));
            attributes.put(parts.name, parts.done());
        }
    }

    private static final class AttributeParts {
        private String name = "";
        private String reference = "";
        private int kind;
        private long whole;
        private float real;
        private @Nullable ByteBuffer text;
        private @Nullable OnnxTensor tensor;
        private @Nullable GraphParts graph;
        private OnnxType type = new OnnxType.Unknown();
        private final List<Long> wholes = new ArrayList<>();
        private final List<Float> reals = new ArrayList<>();
        private final List<OnnxAttribute.Text> texts = new ArrayList<>();
        private final List<OnnxTensor> tensors = new ArrayList<>();
        private final List<OnnxGraph> graphs = new ArrayList<>();

        /** What old files do not say: told by the fields that are there. */
        private int seen;

        void read(Wire wire) {
            wire.keep(240);
            while (wire.next()) {
                switch (wire.field()) {
                    case 1 -> name = wire.text(name);
                    case 20 -> kind = (int) wire.whole(kind);
                    case 21 -> reference = wire.text(reference);
                    case 2 -> {
                        real = wire.real(real);
                        seen(1);
                    }
                    case 3 -> {
                        whole = wire.whole(whole);
                        seen(2);
                    }
                    case 7 -> {
                        wire.reals(value -> {
                            wire.keep(24);
                            reals.add(value);
                        });
                        seen(6);
                    }
                    case 8 -> {
                        wire.wholes(value -> {
                            wire.keep(28);
                            wholes.add(value);
                        });
                        seen(7);
                    }
                    default -> {
                        if (wire.isBytes()) {
                            part(wire);
                        }
                    }
                }
            }
        }

        private void part(Wire wire) {
            switch (wire.field()) {
                case 4 -> {
                    text = wire.bytes();
                    seen(3);
                }
                case 5 -> {
                    tensor = tensor(wire.message("t", -1));
                    seen(4);
                }
                case 6 -> {
                    graph = graph == null ? new GraphParts() : graph;
                    graph.add(wire.message("g", -1));
                    seen(5);
                }
                case 9 -> {
                    wire.keep(96);
                    texts.add(new OnnxAttribute.Text(wire.bytes()));
                    seen(8);
                }
                case 10 -> {
                    tensors.add(tensor(wire.message("tensors", tensors.size())));
                    seen(9);
                }
                case 11 -> {
                    var body = new GraphParts();
                    body.add(wire.message("graphs", graphs.size()));
                    graphs.add(body.done());
                    seen(10);
                }
                case 14 -> {
                    type = type(wire.message("tp", -1));
                    seen(13);
                }
                default -> {}
            }
        }

        private void seen(int what) {
            seen = seen == 0 ? what : seen;
        }

        OnnxAttribute done() {
            if (!reference.isEmpty()) {
                return new OnnxAttribute.Reference(reference);
            }
            int what = kind == 0 ? seen : kind;
            return switch (what) {
                case 1 -> new OnnxAttribute.Real(real);
                case 2 -> new OnnxAttribute.Int(whole);
                case 3 -> new OnnxAttribute.Text(text == null ? ByteBuffer.allocate(0) : text);
                case 4 -> tensor == null ? new OnnxAttribute.Other(what) : new OnnxAttribute.Array(tensor);
                case 5 -> graph == null ? new OnnxAttribute.Other(what) : new OnnxAttribute.Body(graph.done());
                case 6 -> new OnnxAttribute.Reals(reals);
                case 7 -> new OnnxAttribute.Ints(wholes);
                case 8 -> new OnnxAttribute.Texts(texts);
                case 9 -> new OnnxAttribute.Arrays(tensors);
                case 10 -> new OnnxAttribute.Bodies(graphs);
                case 13 -> new OnnxAttribute.OfType(type);
                default -> new OnnxAttribute.Other(what);
            };
        }
    }

    private static OnnxTensor tensor(Wire wire) {
        wire.keep(160);
        var message = wire.copy();
        var name = "";
        int element = 0;
        boolean isExternal = false;
        var dims = new ArrayList<Long>();
        var entries = new LinkedHashMap<String, String>();
        ByteBuffer raw = null;
        while (wire.next()) {
            switch (wire.field()) {
                case 1 ->
                    wire.wholes(size -> {
                        wire.keep(28);
                        dims.add(size);
                    });
                case 2 -> element = (int) wire.whole(element);
                case 8 -> name = wire.text(name);
                case 9 -> raw = wire.isBytes() ? wire.bytes() : raw;
                case 13 -> entry(wire, entries);
                case 14 -> isExternal = wire.whole(isExternal ? 1 : 0) == 1;
                default -> {}
            }
        }
        return new OnnxTensor(name, element, dims, isExternal ? external(wire, name, entries) : null, raw, message);
    }

    private static void entry(Wire wire, Map<String, String> entries) {
        if (!wire.isBytes()) {
            return;
        }
        var message = wire.message("external_data", entries.size());
        var key = "";
        var value = "";
        while (message.next()) {
            switch (message.field()) {
                case 1 -> key = message.text(key);
                case 2 -> value = message.text(value);
                default -> {}
            }
        }
        entries.put(key, value);
    }

    private static OnnxTensor.External external(Wire wire, String tensor, Map<String, String> entries) {
        var offset = number(wire, tensor, "offset", entries.get("offset"));
        return new OnnxTensor.External(
                entries.getOrDefault("location", ""),
                offset == null ? 0 : offset,
                number(wire, tensor, "length", entries.get("length")),
                entries.getOrDefault("checksum", ""),
                entries);
    }

    private static @Nullable Long number(Wire wire, String tensor, String what, @Nullable String text) {
        if (text == null) {
            return null;
        }
        if (!text.matches("\\d{1,18}")) {
            throw wire.problem("(\"" + tensor + "\") must have a whole number from 0 on as the " + what
                    + " of its external data, got \"" + text + "\"");
        }
        return Long.parseLong(text);
    }

    /** Named and typed as its values are, of its own sizes; the elements are left where they are. */
    private static OnnxTensor sparse(Wire wire) {
        wire.keep(160);
        var dims = new ArrayList<Long>();
        OnnxTensor values = null;
        while (wire.next()) {
            switch (wire.field()) {
                case 1 -> values = wire.isBytes() ? tensor(wire.message("values", -1)) : values;
                case 3 ->
                    wire.wholes(size -> {
                        wire.keep(28);
                        dims.add(size);
                    });
                default -> {}
            }
        }
        return new OnnxTensor(
                values == null ? "" : values.name(), values == null ? 0 : values.element(), dims, null, null, wire);
    }

    private static void value(Wire wire, String field, List<OnnxValue> values) {
        if (!wire.isBytes()) {
            return;
        }
        var message = wire.message(field, values.size());
        var name = "";
        OnnxType type = new OnnxType.Unknown();
        while (message.next()) {
            switch (message.field()) {
                case 1 -> name = message.text(name);
                case 2 -> type = message.isBytes() ? type(message.message("type", -1)) : type;
                default -> {}
            }
        }
        values.add(new OnnxValue(name, type));
    }

    private static OnnxType type(Wire wire) {
        OnnxType type = new OnnxType.Unknown();
        while (wire.next()) {
            if (!wire.isBytes()) {
                continue;
            }
            switch (wire.field()) {
                case 1 -> type = tensorType(wire.message("tensor_type", -1));
                case 4 -> type = new OnnxType.OfSequence(inner(wire.message("sequence_type", -1), 1));
                case 5 -> {
                    var message = wire.message("map_type", -1);
                    var keys = message.copy();
                    int key = 0;
                    while (keys.next()) {
                        key = keys.field() == 1 ? (int) keys.whole(key) : key;
                    }
                    type = new OnnxType.OfMap(key, inner(message, 2));
                }
                case 8 ->
                    type = new OnnxType.OfSparseTensor(
                            tensorType(wire.message("sparse_tensor_type", -1)).element());
                case 9 -> type = new OnnxType.OfOptional(inner(wire.message("optional_type", -1), 1));
                default -> {}
            }
        }
        return type;
    }

    private static OnnxType inner(Wire wire, int field) {
        OnnxType type = new OnnxType.Unknown();
        while (wire.next()) {
            if (wire.field() == field && wire.isBytes()) {
                type = type(wire.message("elem_type", -1));
            }
        }
        return type;
    }

    private static OnnxType.OfTensor tensorType(Wire wire) {
        int element = 0;
        List<OnnxAxis> shape = null;
        while (wire.next()) {
            switch (wire.field()) {
                case 1 -> element = (int) wire.whole(element);
                case 2 -> {
                    if (wire.isBytes()) {
                        shape = shape == null ? new ArrayList<>() : shape;
                        axes(wire.message("shape", -1), shape);
                    }
                }
                default -> {}
            }
        }
        return new OnnxType.OfTensor(element, shape);
    }

    private static void axes(Wire wire, List<OnnxAxis> shape) {
        while (wire.next()) {
            if (wire.field() != 1 || !wire.isBytes()) {
                continue;
            }
            var message = wire.message("dim", shape.size());
            var axis = OnnxAxis.free("");
            while (message.next()) {
                switch (message.field()) {
                    case 1 -> axis = message.isVarint() ? OnnxAxis.of(message.whole(0)) : axis;
                    case 2 -> axis = message.isBytes() ? OnnxAxis.free(message.text("")) : axis;
                    default -> {}
                }
            }
            shape.add(axis);
        }
    }
}
