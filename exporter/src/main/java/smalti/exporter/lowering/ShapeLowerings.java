package smalti.exporter.lowering;

import static java.util.Map.entry;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;
import smalti.exporter.samediff.SourceOp;

/** Operations that move elements and change none. */
final class ShapeLowerings {
    /** nd4j's mark for C order in front of a reshape's sizes. */
    private static final long C_ORDER = -99;

    private static final long F_ORDER = -102;

    private ShapeLowerings() {}

    static Map<String, Lowering> rows() {
        return Map.ofEntries(
                entry("permute", ShapeLowerings::permute),
                entry("transpose", ShapeLowerings::permute),
                entry("reshape", ShapeLowerings::reshape),
                entry("expand_dims", ShapeLowerings::expand),
                entry("squeeze", ShapeLowerings::squeeze),
                entry("concat", ShapeLowerings::concat));
    }

    private static void permute(SourceOp op, Emitter to) {
        int rank = to.value(op, 0).rank();
        var given = op.inputs().size() > 1
                ? boxed(to.constant(op, 1, "the order of axes").longs())
                : op.ints();
        var order = new long[rank];
        Emitter.require(given.isEmpty() || given.size() == rank, "%s axes must be ordered, got %s", rank, given);
        for (int axis = 0; axis < rank; axis++) {
            order[axis] = given.isEmpty() ? rank - 1 - axis : Emitter.axis(given.get(axis), rank);
        }
        to.finish(op, "Transpose", List.of(to.input(op, 0)), Map.of("perm", Attribute.ints(order)));
    }

    private static void reshape(SourceOp op, Emitter to) {
        var sizes = new ArrayList<>(op.ints());
        Emitter.require(!sizes.contains(F_ORDER), "the order must be C");
        if (!sizes.isEmpty() && sizes.get(0) == C_ORDER) {
            sizes.remove(0);
        }
        if (op.inputs().size() > 1) {
            sizes.addAll(boxed(to.constant(op, 1, "the shape").longs()));
        }
        Emitter.require(
                sizes.stream().allMatch(size -> size > 0 || size == -1)
                        && sizes.stream().filter(size -> size == -1).count() <= 1,
                "sizes must be positive, and one may be -1, got %s",
                sizes);
        to.finish(op, "Reshape", to.input(op, 0), to.constant(op, "sizes", Tensor.sizes(sizes)));
    }

    private static void expand(SourceOp op, Emitter to) {
        Emitter.require(op.ints().size() == 1, "one axis is covered, got %s", op.ints());
        long axis = Emitter.axis(op.ints().get(0), to.value(op, 0).rank() + 1);
        to.finish(op, "Unsqueeze", to.input(op, 0), to.constant(op, "axes", Tensor.sizes(List.of(axis))));
    }

    private static void squeeze(SourceOp op, Emitter to) {
        Emitter.require(!op.ints().isEmpty(), "the axes must be given");
        int rank = to.value(op, 0).rank();
        var axes = op.ints().stream().map(axis -> Emitter.axis(axis, rank)).toList();
        to.finish(op, "Squeeze", to.input(op, 0), to.constant(op, "axes", Tensor.sizes(axes)));
    }

    private static void concat(SourceOp op, Emitter to) {
        Emitter.require(
                !op.flags().contains(true) && op.ints().size() == 1, "one fixed axis is covered, got %s", op.ints());
        long axis = Emitter.axis(op.ints().get(0), to.value(op, 0).rank());
        var inputs =
                to.ins(op).stream().map(x -> to.cast(op, x, to.outputType(op))).toArray(Emitter.Piece[]::new);
        to.give(op, to.apply(op, "Concat", Map.of("axis", Attribute.of(axis)), inputs));
    }

    private static List<Long> boxed(long[] values) {
        return Arrays.stream(values).boxed().toList();
    }
}
