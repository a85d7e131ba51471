package smalti.exporter.lowering;

import static java.util.Map.entry;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.lowering.Emitter.Step;
import smalti.exporter.samediff.SourceOp;

/** Blocks of places moved to the batch and back, elements one after another several times, and running products. */
final class BlockLowerings {
    private BlockLowerings() {}

    static Map<String, Lowering> rows() {
        return Map.ofEntries(
                entry("space_to_batch", (op, to) -> toBatch(op, to, squares(op, to), 1)),
                entry("space_to_batch_nd", (op, to) -> toBatch(op, to, blocks(op, to), 2)),
                entry("batch_to_space", (op, to) -> toSpace(op, to, squares(op, to), 1)),
                entry("batch_to_space_nd", (op, to) -> toSpace(op, to, blocks(op, to), 2)),
                entry("repeat", BlockLowerings::repeat),
                entry("cumprod", BlockLowerings::products));
    }

    /** Of two axes, as the first argument says; the class for one direction gives it twice. */
    private static long[] squares(SourceOp op, Emitter to) {
        Emitter.require(to.value(op, 0).rank() == 4, "4 axes are covered, got %s", to.value(op, 0));
        long block = new Formula(op, to).integer(0);
        return new long[] {block, block};
    }

    private static long[] blocks(SourceOp op, Emitter to) {
        Emitter.require(to.has(op, 2), "blocks and pads must be inputs, got %s", op.inputs());
        return to.constant(op, 1, "the blocks").longs();
    }

    /** [axes, 2]: before and after each axis. */
    private static long[] margins(SourceOp op, Emitter to, int input, int axes) {
        var margins = to.constant(op, input, "what is added or cut off").longs();
        Emitter.require(
                margins.length == 2 * axes, "what is added or cut off must be [%s, 2], got %s", axes, margins.length);
        return margins;
    }

    /** [N, s…, rest] to [blocks · N, s/block…, rest]. */
    private static void toBatch(SourceOp op, Emitter to, long[] blocks, int marginsAt) {
        var f = new Formula(op, to);
        int axes = blocks.length;
        int rank = f.rank(0);
        var margins = margins(op, to, marginsAt, axes);
        var pads = new long[2 * rank];
        for (int axis = 0; axis < axes; axis++) {
            pads[1 + axis] = margins[2 * axis];
            pads[rank + 1 + axis] = margins[2 * axis + 1];
        }
        var x = to.in(op, 0);
        if (LongStream.of(pads).anyMatch(pad -> pad != 0)) {
            x = f.apply("Pad", x, f.longs(pads), f.number(x, 0));
        }
        var shape = f.shape(x);
        var places = f.div(f.slice(shape, 0, 1, 1 + axes), f.longs(blocks));
        var rest = f.slice(shape, 0, 1 + axes, Long.MAX_VALUE);
        var cut = new ArrayList<Piece>(List.of(f.slice(shape, 0, 0, 1)));
        for (int axis = 0; axis < axes; axis++) {
            cut.add(f.slice(places, 0, axis, axis + 1));
            cut.add(f.longs(blocks[axis]));
        }
        cut.add(rest);
        var order = IntStream.concat(
                IntStream.concat(
                        IntStream.range(0, axes).map(axis -> 2 + 2 * axis),
                        IntStream.concat(
                                IntStream.of(0), IntStream.range(0, axes).map(axis -> 1 + 2 * axis))),
                IntStream.range(1 + 2 * axes, rank + axes));
        var turned = f.transpose(f.apply("Reshape", x, f.concat(0, cut)), order.toArray());
        var batch = f.mul(f.slice(shape, 0, 0, 1), f.longs(product(blocks)));
        f.give(f.apply("Reshape", turned, f.concat(0, List.of(batch, places, rest))));
    }

    /** And back. */
    private static void toSpace(SourceOp op, Emitter to, long[] blocks, int marginsAt) {
        var f = new Formula(op, to);
        int axes = blocks.length;
        int rank = f.rank(0);
        var margins = margins(op, to, marginsAt, axes);
        var x = to.in(op, 0);
        var shape = f.shape(x);
        var batch = f.div(f.slice(shape, 0, 0, 1), f.longs(product(blocks)));
        var cut = f.concat(0, List.of(f.longs(blocks), batch, f.slice(shape, 0, 1, Long.MAX_VALUE)));
        var order = IntStream.concat(
                IntStream.concat(
                        IntStream.of(axes),
                        IntStream.range(0, axes).flatMap(axis -> IntStream.of(axes + 1 + axis, axis))),
                IntStream.range(2 * axes + 1, rank + axes));
        var turned = f.transpose(f.apply("Reshape", x, cut), order.toArray());
        var places = f.mul(f.slice(shape, 0, 1, 1 + axes), f.longs(blocks));
        var sizes = f.concat(0, List.of(batch, places, f.slice(shape, 0, 1 + axes, Long.MAX_VALUE)));
        var y = f.apply("Reshape", turned, sizes);
        for (int axis = 0; axis < axes; axis++) {
            long after = margins[2 * axis + 1];
            if (margins[2 * axis] != 0 || after != 0) {
                y = f.slice(y, 1 + axis, margins[2 * axis], after == 0 ? Long.MAX_VALUE : -after);
            }
        }
        f.give(y);
    }

    private static long product(long... sizes) {
        return LongStream.of(sizes).reduce(1, Math::multiplyExact);
    }

    /** By arguments: how often, for all or for each element of the axis, then the axis. */
    private static void repeat(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        int rank = f.rank(0);
        int count = op.ints().size() - 1;
        Emitter.require(op.inputs().size() == 1 && count >= 1, "arguments are covered, got inputs %s", op.inputs());
        int axis = (int) Emitter.axis(f.integer(count), rank);
        var x = to.in(op, 0);
        if (count > 1) {
            var places = IntStream.range(0, count)
                    .boxed()
                    .flatMap(place -> LongStream.range(0, f.integer(place)).mapToObj(i -> (long) place));
            f.give(f.gather(x, axis, places.mapToLong(place -> place).toArray()));
            return;
        }
        var times = LongStream.generate(() -> 1).limit(rank + 1L).toArray();
        times[axis + 1] = f.integer(0);
        var shape = f.shape(x);
        var sizes = new ArrayList<Piece>();
        if (axis > 0) {
            sizes.add(f.slice(shape, 0, 0, axis));
        }
        sizes.add(f.mul(f.slice(shape, 0, axis, axis + 1), f.longs(f.integer(0))));
        sizes.add(f.slice(shape, 0, axis + 1, Long.MAX_VALUE));
        f.give(f.apply("Reshape", f.apply("Tile", f.unsqueeze(x, axis + 1), f.longs(times)), f.concat(0, sizes)));
    }

    /** Step by step along the axis; arguments: 1 for the products before an element, 1 for from the end, the axis. */
    private static void products(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        Emitter.require(op.ints().size() == 3, "one axis is covered, got %s", op.ints());
        boolean exclusive = f.integer(0) != 0;
        boolean backwards = f.integer(1) != 0;
        int rank = f.rank(0);
        int axis = (int) Emitter.axis(f.integer(2), rank);
        // the axis and the first change places: the same order there and back
        var order = IntStream.range(0, rank)
                .map(i -> i == 0 ? axis : i == axis ? 0 : i)
                .toArray();
        var line = f.transpose(f.in(0), order);
        line = backwards ? f.reversed(line, 0) : line;
        var ones = f.apply("Expand", f.number(line, 1), f.slice(f.shape(line), 0, 1, Long.MAX_VALUE));
        var made = to.scan(op, List.of(ones), List.of(line), (inside, states, elements) -> {
            var next = inside.apply(op, "Mul", states.get(0), elements.get(0));
            return new Step(List.of(next), List.of(inside.apply(op, "Identity", exclusive ? states.get(0) : next)));
        });
        var products = made.get(1);
        f.give(f.transpose(backwards ? f.reversed(products, 0) : products, order));
    }
}
