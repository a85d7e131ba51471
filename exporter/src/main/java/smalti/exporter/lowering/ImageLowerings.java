package smalti.exporter.lowering;

import static java.util.Map.entry;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.samediff.SourceOp;

/** Sizes and borders of pictures, and blocks of them. */
final class ImageLowerings {
    private ImageLowerings() {}

    static Map<String, Lowering> rows() {
        return Map.ofEntries(
                entry("pad", ImageLowerings::pad),
                entry("upsampling2d", ImageLowerings::upsample2),
                entry("upsampling3d", ImageLowerings::upsample3),
                entry("space_to_depth", (op, to) -> blocks(op, to, "SpaceToDepth")),
                entry("depth_to_space", (op, to) -> blocks(op, to, "DepthToSpace")),
                entry("image_resize", ImageLowerings::imageResize));
    }

    private static boolean flag(SourceOp op, int index) {
        return op.flags().size() > index && op.flags().get(index);
    }

    /** nd4j's modes: 0 constant, 1 reflected, 2 reflected with the edge twice. */
    private static void pad(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        long mode = op.ints().isEmpty() ? 0 : f.integer(0);
        int rank = f.rank(0);
        var given = to.constant(op, 1, "the padding").longs();
        Emitter.require(given.length == 2 * rank, "the padding must be [%s, 2], got %s numbers", rank, given.length);
        var x = to.in(op, 0);
        if (mode == 2) {
            for (int axis = 0; axis < rank; axis++) {
                x = mirrored(f, x, axis, given[2 * axis], given[2 * axis + 1]);
            }
            f.give(x);
            return;
        }
        var pads = new long[2 * rank];
        for (int axis = 0; axis < rank; axis++) {
            pads[axis] = given[2 * axis];
            pads[rank + axis] = given[2 * axis + 1];
        }
        if (mode == 1) {
            f.give(f.apply("Pad", Map.of("mode", Attribute.of("reflect")), x, f.longs(pads)));
        } else {
            double value = op.reals().isEmpty() ? 0 : f.real(0);
            f.give(f.apply("Pad", Map.of("mode", Attribute.of("constant")), x, f.longs(pads), f.number(x, value)));
        }
    }

    /** The first and last elements backwards, the edge with them. */
    private static Piece mirrored(Formula f, Piece x, int axis, long before, long after) {
        if (before == 0 && after == 0) {
            return x;
        }
        var parts = new ArrayList<Piece>();
        if (before > 0) {
            parts.add(f.reversed(f.slice(x, axis, 0, before), axis));
        }
        parts.add(x);
        if (after > 0) {
            parts.add(f.reversed(f.slice(x, axis, -after, Long.MAX_VALUE), axis));
        }
        return f.concat(axis, parts);
    }

    private static Piece nearest(Formula f, Piece x, boolean channelsLast, long... factors) {
        int rank = factors.length + 2;
        var scales = new float[rank];
        scales[0] = 1;
        scales[1] = 1;
        for (int i = 0; i < factors.length; i++) {
            scales[i + 2] = (float) factors[i];
        }
        var resized = f.apply(
                "Resize",
                Map.of(
                        "mode", Attribute.of("nearest"),
                        "coordinate_transformation_mode", Attribute.of("asymmetric"),
                        "nearest_mode", Attribute.of("floor")),
                PoolingLowerings.channelsFirst(f, x, rank, channelsLast),
                Emitter.none(),
                f.constant(Tensor.of(scales, rank)));
        return PoolingLowerings.channelsBack(f, resized, rank, channelsLast);
    }

    /** nd4j's arguments: factors of height and width, 1 for NCHW. */
    private static void upsample2(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        Emitter.require(op.ints().size() == 3, "three arguments are covered, got %s", op.ints());
        f.give(nearest(f, to.in(op, 0), f.integer(2) == 0, f.integer(0), f.integer(1)));
    }

    /** nd4j's arguments: factors of depth, height and width, 1 for NCDHW in the last one. */
    private static void upsample3(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        Emitter.require(
                op.ints().get(op.ints().size() - 1) == 1,
                "the channels must be axis 1: nd4j's shape is wrong where they are the last one");
        f.give(nearest(f, to.in(op, 0), false, f.integer(0), f.integer(1), f.integer(2)));
    }

    /** nd4j's arguments: the block, 1 for NHWC. */
    private static void blocks(SourceOp op, Emitter to, String onnx) {
        var f = new Formula(op, to);
        boolean last = op.ints().size() > 1 && f.integer(1) == 1;
        var x = PoolingLowerings.channelsFirst(f, to.in(op, 0), 4, last);
        f.give(PoolingLowerings.channelsBack(f, rearranged(f, onnx, x, f.integer(0)), 4, last));
    }

    private static Piece rearranged(Formula f, String onnx, Piece x, long block) {
        var attributes = new HashMap<String, Attribute>();
        attributes.put("blocksize", Attribute.of(block));
        if (onnx.equals("DepthToSpace")) {
            attributes.put("mode", Attribute.of("DCR"));
        }
        return f.apply(onnx, attributes, x);
    }

    /** Height and width, which are arguments or the second input. */
    private static long[] sizes(SourceOp op, Emitter to, int from) {
        return to.has(op, 1)
                ? to.constant(op, 1, "the size").cast(ValueType.INT64).longs()
                : new long[] {op.ints().get(from), op.ints().get(from + 1)};
    }

    /** nd4j's methods: 0 bilinear, 1 nearest, where the sizes may be free; pixels have centres. */
    private static void imageResize(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        long method = f.integer(0);
        Emitter.require(!flag(op, 0), "the ratio of the sides must be free to change, got %s", op.flags());
        if (method > 1) {
            ResizeLowerings.methods(op, to);
            return;
        }
        Emitter.require(!flag(op, 1), "smoothness is covered for methods 4 to 7, got %s", op.flags());
        Emitter.require(f.rank(0) == 4, "pictures must have 4 axes, got %s", to.value(op, 0));
        var attributes = new HashMap<String, Attribute>();
        attributes.put("mode", Attribute.of(method == 0 ? "linear" : "nearest"));
        attributes.put("coordinate_transformation_mode", Attribute.of("half_pixel"));
        if (method == 1) {
            attributes.put("nearest_mode", Attribute.of("round_prefer_ceil"));
        }
        var x = f.transpose(f.in(0), 0, 3, 1, 2);
        var wanted = f.concat(0, List.of(f.slice(f.shape(x), 0, 0, 2), f.longs(sizes(op, to, 1))));
        f.give(f.transpose(f.apply("Resize", attributes, x, Emitter.none(), Emitter.none(), wanted), 0, 2, 3, 1));
    }
}
