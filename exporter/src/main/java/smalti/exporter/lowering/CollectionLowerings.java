package smalti.exporter.lowering;

import static java.util.Map.entry;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.ValueType;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.samediff.SourceOp;

/** Elements and rows found, moved and counted. */
final class CollectionLowerings {
    private CollectionLowerings() {}

    static Map<String, Lowering> rows() {
        var rows = new HashMap<String, Lowering>(Map.ofEntries(
                entry("unique", (op, to) -> unique(op, to)),
                entry("unique_with_counts", (op, to) -> unique(op, to)),
                entry("listdiff", CollectionLowerings::difference),
                entry("nth_element", CollectionLowerings::nth),
                entry("roll", CollectionLowerings::roll),
                entry("reverse_v2", CollectionLowerings::reverse),
                entry("parallel_stack", (op, to) -> {
                    var f = new Formula(op, to);
                    f.give(f.concat(
                            0, to.ins(op).stream().map(x -> f.unsqueeze(x, 0)).toList()));
                }),
                entry("shapes_of", (op, to) -> {
                    for (int i = 0; i < op.outputs().size(); i++) {
                        to.give(op, i, to.apply(op, "Shape", to.in(op, i)));
                    }
                }),
                entry(
                        "flatten_2d",
                        (op, to) -> to.give(
                                op,
                                to.apply(
                                        op,
                                        "Flatten",
                                        Map.of(
                                                "axis",
                                                Attribute.of(Emitter.axis(
                                                        op.ints().get(0),
                                                        to.value(op, 0).rank()))),
                                        to.in(op, 0)))),
                entry(
                        "broadcast_to",
                        (op, to) -> to.give(
                                op, to.apply(op, "Expand", to.in(op, 0), to.cast(op, to.in(op, 1), ValueType.INT64)))),
                entry("select", CollectionLowerings::select),
                entry("where_np", CollectionLowerings::select),
                entry("argamax", (op, to) -> extreme(op, to, "ArgMax")),
                entry("argamin", (op, to) -> extreme(op, to, "ArgMin")),
                entry("embedding_lookup", (op, to) -> {
                    Emitter.require(op.inputs().size() == 2, "one table is covered, got %s", op.inputs());
                    to.give(op, to.apply(op, "Gather", Map.of("axis", Attribute.of(0L)), to.in(op, 0), to.in(op, 1)));
                }),
                entry("scatter_nd_update", (op, to) -> scattered(op, to, "none", to.in(op, 0), to.in(op, 2))),
                entry("scatter_nd_add", (op, to) -> scattered(op, to, "add", to.in(op, 0), to.in(op, 2))),
                entry(
                        "scatter_nd_sub",
                        (op, to) -> scattered(op, to, "add", to.in(op, 0), to.apply(op, "Neg", to.in(op, 2)))),
                entry("scatter_nd", CollectionLowerings::brought),
                entry("compat_sparse_to_dense", (op, to) -> {
                    var f = new Formula(op, to);
                    var values = to.in(op, 2);
                    Emitter.require(
                            values.type() == to.outputType(op),
                            "the result must be of the values' type, got %s of %s",
                            to.outputType(op),
                            values.type());
                    var rest = f.reshape(to.in(op, 3), new long[0]);
                    var empty = f.apply("Expand", rest, to.cast(op, to.in(op, 1), ValueType.INT64));
                    var places = to.cast(op, to.in(op, 0), ValueType.INT64);
                    f.give(to.make(op, values.type(), "ScatterND", Map.of(), empty, places, values));
                }),
                entry("log_matrix_determinant", (op, to) -> {
                    var f = new Formula(op, to);
                    f.give(f.log(f.abs(f.apply("Det", f.in(0)))));
                }),
                entry("logdet", (op, to) -> {
                    var f = new Formula(op, to);
                    f.give(f.log(f.apply("Det", f.in(0))));
                }),
                entry("toggle_bits", (op, to) -> {
                    var f = new Formula(op, to);
                    var x = to.in(op, 0);
                    f.give(f.sub(-1, x)); // in two's complement
                }),
                entry("rgb_to_grs", (op, to) -> {
                    var f = new Formula(op, to);
                    int rank = f.rank(0);
                    long axis = op.ints().isEmpty() ? rank - 1 : Emitter.axis(f.integer(0), rank);
                    var sizes = LongStream.generate(() -> 1).limit(rank).toArray();
                    sizes[(int) axis] = 3;
                    var x = f.in(0);
                    var weights = f.constant(x, new double[] {0.2989, 0.5870, 0.1140}, sizes);
                    f.give(f.sum(f.mul(x, weights), true, axis));
                }),
                entry("weighted_cross_entropy_with_logits", (op, to) -> {
                    var f = new Formula(op, to);
                    var targets = f.in(0);
                    var x = f.in(1);
                    var weight = f.add(f.mul(targets, f.add(f.in(2), -1)), 1);
                    var loss = f.add(f.log(f.add(f.exp(f.neg(f.abs(x))), 1)), f.max(f.neg(x), 0));
                    f.give(f.add(f.mul(f.sub(1, targets), x), f.mul(weight, loss)));
                })));
        return rows;
    }

    /** In the order in which they first come; nd4j gives the values, the number of each element's, and counts. */
    private static void unique(SourceOp op, Emitter to) {
        var x = to.in(op, 0);
        // the places among the outputs are of one type, whatever the values are of
        var computed = Kernels.nearest("Unique", x.type()).orElse(ValueType.FLOAT32);
        var line = to.cast(op, to.apply(op, "Reshape", x, to.longs(op, -1)), computed);
        var made = to.applyAll(op, 4, "Unique", Map.of("sorted", Attribute.of(0L)), line);
        to.give(op, 0, made.get(0));
        to.give(op, 1, new Piece(made.get(2).name(), ValueType.INT64));
        if (op.outputs().size() > 2) {
            to.give(op, 2, new Piece(made.get(3).name(), ValueType.INT64));
        }
    }

    /** What of the first list is not in the second, and where it stood. */
    private static void difference(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var x = to.in(op, 0);
        var same = f.indicator(
                f.apply("Equal", f.unsqueeze(x, 1), f.unsqueeze(to.in(op, 1), 0)), ValueType.INT32); // [x, y]
        var missing = f.apply("Not", to.cast(op, f.most(same, false, 1), ValueType.BOOL));
        to.give(op, 0, to.make(op, x.type(), "Compress", Map.of(), x, missing));
        if (op.outputs().size() > 1) {
            to.give(op, 1, f.reshape(f.apply("NonZero", missing), -1));
        }
    }

    /** Along the last axis, from the least, or from the largest where the argument says so. */
    private static void nth(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        long place = (long) to.constant(op, 1, "the place").number(0);
        boolean largest = !op.ints().isEmpty() && f.integer(0) != 0;
        var attributes = Map.of("axis", Attribute.of(-1L), "largest", Attribute.of(largest));
        var first = to.applyAll(op, 2, "TopK", attributes, f.in(0), f.longs(place + 1))
                .get(0);
        f.give(f.squeeze(f.slice(first, -1, place, place + 1), -1));
    }

    /** By arguments: the shift, of the flat array or of an axis each. */
    private static void roll(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var x = to.in(op, 0);
        if (op.inputs().size() == 1 && op.ints().size() == 1) {
            var line = f.reshape(x, -1);
            f.give(f.apply("Reshape", rolled(f, line, 0, f.integer(0)), f.shape(x)));
            return;
        }
        var shifts = op.inputs().size() > 1
                ? to.constant(op, 1, "the shift").longs()
                : op.ints().stream()
                        .limit(op.ints().size() / 2)
                        .mapToLong(s -> s)
                        .toArray();
        var axes = op.inputs().size() > 2
                ? to.constant(op, 2, "the axes").longs()
                : op.ints().stream()
                        .skip(op.ints().size() / 2)
                        .mapToLong(a -> a)
                        .toArray();
        Emitter.require(shifts.length == axes.length, "a shift for each axis is needed, got %s", op.ints());
        for (int i = 0; i < axes.length; i++) {
            x = rolled(f, x, Emitter.axis(axes[i], f.rank(0)), shifts[i]);
        }
        f.give(x);
    }

    /** The last ones come first; more than a whole turn wants a fixed size. */
    private static Piece rolled(Formula f, Piece x, long axis, long shift) {
        if (shift == 0) {
            return x;
        }
        return f.concat(axis, List.of(f.slice(x, axis, -shift, Long.MAX_VALUE), f.slice(x, axis, 0, -shift)));
    }

    private static void reverse(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var x = to.in(op, 0);
        var axes = to.has(op, 1)
                ? to.constant(op, 1, "the axes").longs()
                : op.ints().stream().mapToLong(axis -> axis).toArray();
        for (long axis : axes) {
            x = f.reversed(x, Emitter.axis(axis, f.rank(0)));
        }
        f.give(x);
    }

    private static void select(SourceOp op, Emitter to) {
        Emitter.require(op.inputs().size() == 3, "a condition and two arrays are covered, got %s", op.inputs());
        var f = new Formula(op, to);
        var condition = to.cast(op, to.in(op, 0), ValueType.BOOL);
        int rows = f.rank(1) - f.rank(0);
        if (rows > 0 && f.rank(0) == 1) {
            // one truth for each row
            condition = f.unsqueeze(condition, LongStream.rangeClosed(1, rows).toArray());
        }
        f.give(f.where(condition, to.in(op, 1), to.in(op, 2)));
    }

    private static void extreme(SourceOp op, Emitter to, String onnx) {
        var f = new Formula(op, to);
        Emitter.require(op.ints().size() == 1, "one axis is covered, got %s", op.ints());
        boolean keep = !op.flags().isEmpty() && op.flags().get(0);
        var attributes =
                Map.of("axis", Attribute.of(Emitter.axis(f.integer(0), f.rank(0))), "keepdims", Attribute.of(keep));
        f.give(f.apply(onnx, attributes, f.abs(f.in(0))));
    }

    /** Into nothing; what meets at one place adds up. */
    private static void brought(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var places = to.constant(op, 0);
        boolean apart = places != null && isApart(places);
        Emitter.require(
                apart || to.opset() >= 16,
                "ONNX adds up what meets at one place since opset 16, and %s is written; raise the opset",
                to.opset());
        var x = to.in(op, 1);
        var type = x.type().isFloat() && x.type() != ValueType.FLOAT64 ? ValueType.FLOAT32 : x.type();
        var shape = to.cast(op, to.in(op, 2), ValueType.INT64);
        var empty = f.apply("Expand", to.number(op, type, 0), shape);
        var attributes = apart ? Map.<String, Attribute>of() : Map.of("reduction", Attribute.of("add"));
        var at = to.cast(op, to.in(op, 0), ValueType.INT64);
        f.give(to.make(op, type, "ScatterND", attributes, empty, at, to.cast(op, x, type)));
    }

    private static boolean isApart(smalti.exporter.graph.Tensor places) {
        long[] all = places.longs();
        int width = Math.toIntExact(places.dims().get(places.rank() - 1));
        var seen = new java.util.HashSet<List<Long>>();
        for (int i = 0; i < all.length; i += width) {
            if (!seen.add(java.util.Arrays.stream(all, i, i + width).boxed().toList())) {
                return false;
            }
        }
        return true;
    }

    /** The second input has paths to elements or rows of the first. */
    private static void scattered(SourceOp op, Emitter to, String how, Piece x, Piece updates) {
        int since = how.equals("none") ? 13 : 16;
        Emitter.require(
                to.opset() >= since,
                "ONNX has it since opset %s, and %s is written; raise the opset",
                since,
                to.opset());
        var places = to.cast(op, to.in(op, 1), ValueType.INT64);
        var attributes = how.equals("none") ? Map.<String, Attribute>of() : Map.of("reduction", Attribute.of(how));
        var type = x.type().isFloat() && x.type() != ValueType.FLOAT64 ? ValueType.FLOAT32 : x.type();
        var made = to.make(op, type, "ScatterND", attributes, to.cast(op, x, type), places, to.cast(op, updates, type));
        to.give(op, made);
    }
}
