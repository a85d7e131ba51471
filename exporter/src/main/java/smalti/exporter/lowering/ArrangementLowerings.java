package smalti.exporter.lowering;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.samediff.SourceOp;
import smalti.exporter.samediff.StridedCut;
import smalti.exporter.samediff.StridedCut.Kind;

/** Operations that cut, repeat, put together and make arrays. */
final class ArrangementLowerings {
    private static final long TO_THE_END = Long.MAX_VALUE;
    private static final long TO_THE_FRONT = -Long.MAX_VALUE;

    private ArrangementLowerings() {}

    static Map<String, Lowering> rows() {
        var rows = new HashMap<String, Lowering>();
        cuts(rows);
        repetitions(rows);
        sizes(rows);
        merges(rows);
        for (var name : List.of("stop_gradient", "identity")) {
            rows.put(name, (op, to) -> to.finish(op, "Identity", to.input(op, 0)));
        }
        return rows;
    }

    private static void cuts(Map<String, Lowering> rows) {
        rows.put("stack", (op, to) -> {
            long axis = Emitter.axis(
                    op.ints().isEmpty() ? 0 : op.ints().get(0), to.value(op, 0).rank() + 1);
            var parts = to.ins(op).stream()
                    .map(x -> to.apply(op, "Unsqueeze", x, to.longs(op, axis)))
                    .toArray(Piece[]::new);
            to.give(op, to.apply(op, "Concat", Map.of("axis", Attribute.of(axis)), parts));
        });
        rows.put("unstack", (op, to) -> {
            long axis = Emitter.axis(op.ints().get(0), to.value(op, 0).rank());
            for (int i = 0; i < op.outputs().size(); i++) {
                to.give(
                        op,
                        i,
                        to.apply(
                                op,
                                "Gather",
                                Map.of("axis", Attribute.of(axis)),
                                to.in(op, 0),
                                to.number(op, ValueType.INT64, i)));
            }
        });
        rows.put("split", (op, to) -> {
            Emitter.require(op.inputs().size() == 1, "constant parts are covered, got %s", op.inputs());
            int parts = op.outputs().size();
            long axis = op.ints().size() > 1
                    ? Emitter.axis(op.ints().get(1), to.value(op, 0).rank())
                    : 0;
            var attributes = new HashMap<String, Attribute>(Map.of("axis", Attribute.of(axis)));
            if (to.opset() >= 18) {
                attributes.put("num_outputs", Attribute.of((long) parts));
            }
            giveAll(op, to, to.applyAll(op, parts, "Split", attributes, to.in(op, 0)));
        });
        rows.put("split_v", (op, to) -> {
            var sizes = to.constant(op, 1, "the sizes").longs();
            long axis = op.ints().isEmpty()
                    ? 0
                    : Emitter.axis(op.ints().get(0), to.value(op, 0).rank());
            giveAll(
                    op,
                    to,
                    to.applyAll(
                            op,
                            sizes.length,
                            "Split",
                            Map.of("axis", Attribute.of(axis)),
                            to.in(op, 0),
                            to.longs(op, sizes)));
        });
        // nd4j's arguments: where to begin on each axis, then how many; −1 for all that are left
        rows.put("slice", (op, to) -> {
            int rank = to.value(op, 0).rank();
            var given = new ArrayList<>(op.ints());
            for (int i = 1; i < op.inputs().size(); i++) {
                given.addAll(boxed(to.constant(op, i, "where to cut").longs()));
            }
            Emitter.require(given.size() == 2L * rank, "a begin and a size for each axis are needed, got %s", given);
            var ends = new ArrayList<Long>();
            for (int axis = 0; axis < rank; axis++) {
                long size = given.get(rank + axis);
                ends.add(size < 0 ? TO_THE_END : given.get(axis) + size);
            }
            to.give(op, sliced(op, to, to.in(op, 0), given.subList(0, rank), ends, repeated(1, rank)));
        });
        rows.put("strided_slice", ArrangementLowerings::stridedSlice);
        rows.put("reverse", (op, to) -> {
            int rank = to.value(op, 0).rank();
            var axes = op.ints().stream().map(axis -> Emitter.axis(axis, rank)).toList();
            int count = axes.size();
            to.give(
                    op,
                    to.apply(
                            op,
                            "Slice",
                            to.in(op, 0),
                            to.longs(op, repeated(-1, count)),
                            to.longs(op, repeated(TO_THE_FRONT, count)),
                            to.longs(op, axes),
                            to.longs(op, repeated(-1, count))));
        });
        rows.put("reverse_sequence", (op, to) -> {
            var lengths = to.cast(op, to.in(op, 1), ValueType.INT64);
            long time = op.ints().get(0);
            long batch = op.ints().get(1);
            Emitter.require(
                    time + batch == 1 && time * batch == 0,
                    "time and batch must be the first two axes, got %s",
                    op.ints());
            to.give(
                    op,
                    to.apply(
                            op,
                            "ReverseSequence",
                            Map.of("time_axis", Attribute.of(time), "batch_axis", Attribute.of(batch)),
                            to.in(op, 0),
                            lengths));
        });
        rows.put(
                "gather_nd",
                (op, to) -> to.give(
                        op, to.apply(op, "GatherND", to.in(op, 0), to.cast(op, to.in(op, 1), ValueType.INT64))));
        rows.put("dynamic_partition", (op, to) -> {
            Emitter.require(to.value(op, 1).rank() == 1, "the parts must be a list, got %s", to.value(op, 1));
            var parts = to.in(op, 1);
            for (int i = 0; i < op.outputs().size(); i++) {
                var here = to.apply(op, "Equal", parts, to.number(op, parts.type(), i));
                to.give(
                        op,
                        i,
                        to.make(
                                op,
                                to.value(op, 0).type(),
                                "Compress",
                                Map.of("axis", Attribute.of(0L)),
                                to.in(op, 0),
                                here));
            }
        });
        // indices first, then as many arrays of rows; a later row wins
        rows.put("dynamic_stitch", (op, to) -> {
            int count = op.inputs().size() / 2;
            var rowAt = new HashMap<Long, Long>();
            long next = 0;
            for (int i = 0; i < count; i++) {
                var indices = to.constant(op, i, "the places");
                Emitter.require(indices.rank() == 1, "the places must be lists, got %s", indices.dims());
                for (long place : indices.longs()) {
                    rowAt.put(place, next++);
                }
            }
            var order = new long[rowAt.size()];
            rowAt.forEach((place, row) -> {
                Emitter.require(place >= 0 && place < order.length, "the places must be 0, 1, … without a gap");
                order[place.intValue()] = row;
            });
            var data = IntStream.range(count, 2 * count)
                    .mapToObj(i -> to.in(op, i))
                    .toArray(Piece[]::new);
            var all = to.apply(op, "Concat", Map.of("axis", Attribute.of(0L)), data);
            to.give(op, to.apply(op, "Gather", Map.of("axis", Attribute.of(0L)), all, to.longs(op, order)));
        });
    }

    private static void repetitions(Map<String, Lowering> rows) {
        rows.put("tile", (op, to) -> {
            var times = op.inputs().size() > 1
                    ? boxed(to.constant(op, 1, "how often").longs())
                    : op.ints();
            to.give(op, to.apply(op, "Tile", to.in(op, 0), to.longs(op, times)));
        });
        rows.put("cumsum", (op, to) -> {
            Emitter.require(op.ints().size() == 3, "one axis is covered, got %s", op.ints());
            long axis = Emitter.axis(op.ints().get(2), to.value(op, 0).rank());
            to.give(
                    op,
                    to.apply(
                            op,
                            "CumSum",
                            Map.of(
                                    "exclusive",
                                    Attribute.of(op.ints().get(0)),
                                    "reverse",
                                    Attribute.of(op.ints().get(1))),
                            to.in(op, 0),
                            to.constant(op, Tensor.of(new long[] {axis}))));
        });
        rows.put("meshgrid", (op, to) -> {
            boolean cartesian = op.ints().isEmpty() || op.ints().get(0) != 0;
            var lines = to.ins(op);
            int rank = lines.size();
            var along = IntStream.range(0, rank)
                    .map(i -> cartesian && rank > 1 && i < 2 ? 1 - i : i)
                    .toArray();
            var spread = new Piece[rank];
            for (int i = 0; i < rank; i++) {
                var sizes = new long[rank];
                Arrays.fill(sizes, 1);
                sizes[along[i]] = -1;
                spread[i] = to.apply(op, "Reshape", lines.get(i), to.longs(op, sizes));
            }
            var lengths = new Piece[rank];
            for (int i = 0; i < rank; i++) {
                lengths[along[i]] = to.apply(op, "Shape", to.apply(op, "Reshape", lines.get(i), to.longs(op, -1)));
            }
            var shape = to.apply(op, "Concat", Map.of("axis", Attribute.of(0L)), lengths);
            for (int i = 0; i < rank; i++) {
                to.give(op, i, to.apply(op, "Expand", spread[i], shape));
            }
        });
    }

    private static void sizes(Map<String, Lowering> rows) {
        rows.put("shape_of", (op, to) -> to.give(op, to.apply(op, "Shape", to.in(op, 0))));
        rows.put("size", (op, to) -> to.give(op, to.apply(op, "Size", to.in(op, 0))));
        rows.put(
                "rank",
                (op, to) -> to.give(op, to.constant(op, Tensor.of(new long[] {
                    to.value(op, 0).rank()
                }))));
        rows.put("size_at", (op, to) -> {
            long axis = Emitter.axis(op.ints().get(0), to.value(op, 0).rank());
            to.give(
                    op,
                    to.apply(
                            op,
                            "Gather",
                            Map.of("axis", Attribute.of(0L)),
                            to.apply(op, "Shape", to.in(op, 0)),
                            to.constant(op, Tensor.of(new long[] {axis}))));
        });
        rows.put("zeroslike", (op, to) -> like(op, to, 0));
        rows.put("zeros_like", (op, to) -> like(op, to, 0));
        rows.put("create", (op, to) -> {
            var shape = to.cast(op, to.in(op, 0), ValueType.INT64);
            to.give(op, to.apply(op, "Expand", to.number(op, to.outputType(op), 0), shape));
        });
        rows.put("linspace_random", (op, to) -> {
            Emitter.require(op.extras().size() == 3, "two ends and a step are needed, got %s", op.extras());
            int count = Math.toIntExact(to.outputShape(op).get(0));
            double from = op.extras().get(0);
            double given = op.extras().get(2);
            double step = given != 0 || count == 1 ? given : (op.extras().get(1) - from) / (count - 1);
            var values =
                    IntStream.range(0, count).mapToDouble(i -> from + i * step).toArray();
            to.give(op, to.constant(op, Tensor.of(values, count).cast(to.outputType(op))));
        });
        rows.put("broadcast_dynamic_shape", (op, to) -> {
            var f = new Formula(op, to);
            long rank = Math.max(f.size(0, 0), f.size(1, 0));
            var shapes = new Piece[2];
            for (int i = 0; i < 2; i++) {
                var shape = to.cast(op, to.in(op, i), ValueType.INT64);
                var ones = new long[Math.toIntExact(rank - f.size(i, 0))];
                Arrays.fill(ones, 1);
                shapes[i] = ones.length == 0 ? shape : f.concat(0, List.of(f.longs(ones), shape));
            }
            f.give(f.apply("Max", shapes));
        });
        rows.put("evaluate_reduction_shape", (op, to) -> {
            var f = new Formula(op, to);
            int rank = Math.toIntExact(f.size(0, 0));
            var gone = Arrays.stream(to.constant(op, 1, "the axes").longs())
                    .map(axis -> Emitter.axis(axis, rank))
                    .boxed()
                    .toList();
            boolean keep = !op.flags().isEmpty() && op.flags().get(0);
            var shape = to.cast(op, to.in(op, 0), ValueType.INT64);
            if (!keep) {
                f.give(f.gather(
                        shape,
                        0,
                        java.util.stream.LongStream.range(0, rank)
                                .filter(axis -> !gone.contains(axis))
                                .toArray()));
                return;
            }
            var stays = IntStream.range(0, rank)
                    .mapToDouble(axis -> gone.contains((long) axis) ? 0 : 1)
                    .toArray();
            var kept = f.to().cast(op, f.constant(shape, stays, rank), ValueType.BOOL);
            f.give(f.where(kept, shape, f.number(shape, 1)));
        });
        rows.put("ones_as", (op, to) -> like(op, to, 1));
        rows.put("fill", (op, to) -> {
            Emitter.require(op.reals().size() == 1, "a constant number is covered, got %s", op.reals());
            var shape = to.cast(op, to.in(op, 0), ValueType.INT64);
            to.give(
                    op,
                    to.apply(
                            op,
                            "Expand",
                            to.number(op, to.outputType(op), op.reals().get(0)),
                            shape));
        });
        rows.put("range", (op, to) -> {
            if (op.inputs().isEmpty() && op.reals().size() == 3) {
                var type = to.outputType(op);
                double from = op.reals().get(0);
                double step = op.reals().get(2);
                int count = (int) Math.max(0, Math.ceil((op.reals().get(1) - from) / step));
                var values = IntStream.range(0, count)
                        .mapToDouble(i -> from + i * step)
                        .toArray();
                to.give(op, to.constant(op, Tensor.of(values, count).cast(type)));
            } else {
                Emitter.require(op.inputs().size() == 3, "three inputs or three numbers are covered");
                var type = to.outputType(op);
                var ends =
                        to.ins(op).stream().map(end -> to.cast(op, end, type)).toArray(Piece[]::new);
                to.give(op, to.make(op, type, "Range", Map.of(), ends));
            }
        });
        rows.put("lin_space", (op, to) -> {
            double from = to.constant(op, 0, "the start").number(0);
            double end = to.constant(op, 1, "the end").number(0);
            int count = (int) to.constant(op, 2, "the count").number(0);
            var values = IntStream.range(0, count)
                    .mapToDouble(i -> count == 1 ? from : from + i * (end - from) / (count - 1))
                    .toArray();
            to.give(op, to.constant(op, Tensor.of(values, count).cast(to.outputType(op))));
        });
        rows.put("sequence_mask", (op, to) -> {
            Emitter.require(!op.ints().isEmpty(), "the length must be constant");
            var lengths = to.cast(op, to.in(op, 0), ValueType.INT64);
            var places = new long[Math.toIntExact(op.ints().get(0))];
            Arrays.setAll(places, i -> i);
            var each = to.apply(
                    op, "Unsqueeze", lengths, to.longs(op, to.value(op, 0).rank()));
            to.give(op, to.apply(op, "Less", to.longs(op, places), each));
        });
        rows.put("invert_permutation", (op, to) -> {
            var order = to.cast(op, to.in(op, 0), ValueType.INT64);
            var length = to.apply(op, "Size", order);
            var places = to.make(
                    op,
                    ValueType.INT64,
                    "Range",
                    Map.of(),
                    to.number(op, ValueType.INT64, 0),
                    length,
                    to.number(op, ValueType.INT64, 1));
            to.give(op, to.apply(op, "ScatterElements", Map.of("axis", Attribute.of(0L)), order, order, places));
        });
        rows.put("confusion_matrix", (op, to) -> {
            Emitter.require(
                    op.inputs().size() == 2 && !op.ints().isEmpty(),
                    "labels, predictions and a constant count of classes are covered, got %s",
                    op.inputs());
            var count = to.longs(op, op.ints().get(0));
            var values = to.constant(op, Tensor.of(new float[] {0, 1}, 2));
            var rowsOf = to.apply(op, "OneHot", to.cast(op, to.in(op, 0), ValueType.INT64), count, values);
            var columns = to.apply(op, "OneHot", to.cast(op, to.in(op, 1), ValueType.INT64), count, values);
            var turned = to.apply(op, "Transpose", Map.of("perm", Attribute.ints(1, 0)), asFloats(rowsOf));
            to.give(op, to.apply(op, "MatMul", turned, asFloats(columns)));
        });
        rows.put("flatten", (op, to) -> {
            Emitter.require(
                    op.inputs().size() == 1 && (op.ints().isEmpty() || op.ints().get(0) == 'c'),
                    "one array in C order is covered, got %s",
                    op.ints());
            to.give(op, to.apply(op, "Reshape", to.in(op, 0), to.longs(op, -1)));
        });
    }

    /** OneHot's output is of the type of its values, not of its indices. */
    private static Piece asFloats(Piece oneHot) {
        return new Piece(oneHot.name(), ValueType.FLOAT32);
    }

    private static void merges(Map<String, Lowering> rows) {
        rows.put("mergeadd", (op, to) -> to.give(op, folded(op, to, "Add")));
        rows.put("mergemax", (op, to) -> to.give(op, folded(op, to, "Max")));
        rows.put("mergeavg", (op, to) -> {
            var sum = folded(op, to, "Add");
            to.give(
                    op,
                    to.apply(
                            op,
                            "Mul",
                            sum,
                            to.number(op, sum.type(), 1.0 / op.inputs().size())));
        });
        rows.put("mergemaxindex", (op, to) -> {
            var parts = to.ins(op).stream()
                    .map(x -> to.apply(op, "Unsqueeze", x, to.longs(op, 0)))
                    .toArray(Piece[]::new);
            var stacked = to.apply(op, "Concat", Map.of("axis", Attribute.of(0L)), parts);
            to.give(
                    op,
                    to.apply(op, "ArgMax", Map.of("axis", Attribute.of(0L), "keepdims", Attribute.of(0L)), stacked));
        });
    }

    private static Piece folded(SourceOp op, Emitter to, String onnx) {
        var sum = to.in(op, 0);
        for (int i = 1; i < op.inputs().size(); i++) {
            sum = to.apply(op, onnx, sum, to.in(op, i));
        }
        return sum;
    }

    private static void giveAll(SourceOp op, Emitter to, List<Piece> pieces) {
        for (int i = 0; i < pieces.size(); i++) {
            to.give(op, i, pieces.get(i));
        }
    }

    private static void like(SourceOp op, Emitter to, double value) {
        var shape = to.apply(op, "Shape", to.in(op, 0));
        to.give(op, to.apply(op, "Expand", to.number(op, to.outputType(op), value), shape));
    }

    private static Piece sliced(
            SourceOp op, Emitter to, Piece x, List<Long> begins, List<Long> ends, List<Long> steps) {
        var axes = new long[begins.size()];
        Arrays.setAll(axes, axis -> axis);
        return to.apply(
                op, "Slice", x, to.longs(op, begins), to.longs(op, ends), to.longs(op, axes), to.longs(op, steps));
    }

    /** Cuts the input's axes, takes the shrunk ones away, and adds the new ones. */
    private static void stridedSlice(SourceOp op, Emitter to) {
        int rank = to.value(op, 0).rank();
        Emitter.require(
                op.inputs().size() == 1 && StridedCut.isComplete(op.ints()),
                "constant begins, ends and steps are covered, got %s",
                op.ints());
        int axes = StridedCut.axes(op.ints());
        Emitter.require(axes <= rank, "at most %s axes can be cut, got %s", rank, axes);
        var begins = new ArrayList<Long>();
        var ends = new ArrayList<Long>();
        var steps = new ArrayList<Long>();
        var shrunk = new ArrayList<Long>();
        var added = new ArrayList<Long>();
        var x = to.in(op, 0);
        long kept = 0;
        for (var part : StridedCut.of(op.ints(), rank).parts()) {
            int axis = begins.size();
            long begin = part.begin();
            long step = part.step();
            switch (part.kind()) {
                case NEW -> added.add(kept);
                case SHRUNK -> {
                    shrunk.add((long) axis);
                    begins.add(begin);
                    ends.add(begin == -1 ? TO_THE_END : begin + 1);
                    steps.add(1L);
                }
                case WHOLE -> {
                    begins.add(0L);
                    ends.add(TO_THE_END);
                    steps.add(1L);
                }
                case RANGE -> {
                    if (step < 0 && begin < -1 && !part.fromFirst()) {
                        // ONNX begins at the first element where there are fewer: cut first, go back from the last
                        long first = part.toLast() ? 0 : part.end() == -1 ? TO_THE_END : part.end() + 1;
                        x = new Formula(op, to).slice(x, axis, first, begin + 1);
                        begins.add(-1L);
                        ends.add(TO_THE_FRONT);
                    } else {
                        begins.add(part.fromFirst() ? (step > 0 ? 0 : -1) : begin);
                        ends.add(part.toLast() ? (step > 0 ? TO_THE_END : TO_THE_FRONT) : part.end());
                    }
                    steps.add(step);
                }
            }
            kept += part.kind() == Kind.SHRUNK ? 0 : 1;
        }
        var cut = axes > 0 ? sliced(op, to, x, begins, ends, steps) : x;
        var narrow = shrunk.isEmpty() ? cut : to.apply(op, "Squeeze", cut, to.longs(op, shrunk));
        to.give(op, added.isEmpty() ? narrow : to.apply(op, "Unsqueeze", narrow, to.longs(op, added)));
    }

    private static List<Long> repeated(long value, int count) {
        return java.util.Collections.nCopies(count, value);
    }

    private static List<Long> boxed(long[] values) {
        return Arrays.stream(values).boxed().toList();
    }
}
