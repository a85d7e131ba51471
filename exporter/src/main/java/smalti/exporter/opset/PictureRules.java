package smalti.exporter.opset;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/** Operators of pictures by their definitions. */
final class PictureRules {
    /** Of more elements a block would ask for more than 4 MB of weights. */
    private static final long MOST_OF_BLOCK = 1024;

    private PictureRules() {}

    static Map<String, OpsetRule> rows() {
        return Map.of(
                "AffineGrid", PictureRules::affineGrid,
                "CenterCropPad", PictureRules::centerCropPad,
                "Col2Im", PictureRules::blocks);
    }

    /** The sum, over the axes, of a column of the matrix times the places along the axis, and of the last column. */
    private static void affineGrid(NodeConversion site) {
        long axes = site.size(0, 1); // theta is [N, axes, axes + 1]
        if (axes < 0) {
            axes = site.size(1, 0) - 2;
        }
        if (axes < 1) {
            throw new NoForm("its number of axes must be known");
        }
        var type = site.type(0);
        boolean aligned = site.node().whole("align_corners", 0) != 0;
        var one = site.scalar(type, 1);
        var two = site.scalar(type, 2);
        var columns = site.op("Transpose", Map.of("perm", Attribute.ints(0, 2, 1)), site.input(0));
        var sum = column(site, columns, axes, axes);
        for (long axis = 0; axis < axes; axis++) {
            var size = site.op("Gather", site.input(1), site.list(axis + 2));
            var count = site.cast(size, type);
            var twice = site.op("Mul", site.cast(site.upTo(size), type), two);
            var places = aligned
                    ? site.op("Div", twice, site.op("Sub", count, one))
                    : site.op("Div", site.op("Add", twice, one), count);
            places = site.op("Sub", places, one);
            var trailing = new long[(int) (axes - axis)];
            for (int i = 0; i < trailing.length; i++) {
                trailing[i] = i + 1L;
            }
            // columns count from the last axis
            var part = site.op("Mul", column(site, columns, axes - 1 - axis, axes), site.unsqueeze(places, trailing));
            if (axis == axes - 1) {
                site.end("Add", sum, part);
            } else {
                sum = site.op("Add", sum, part);
            }
        }
    }

    /** @return [N, 1, .., axes] */
    private static String column(NodeConversion site, String columns, long index, long axes) {
        var column = site.op("Gather", Map.of("axis", Attribute.of(1L)), columns, site.list(index));
        var inner = new long[(int) axes - 1];
        for (int i = 0; i < inner.length; i++) {
            inner[i] = i + 1L;
        }
        return inner.length == 0 ? column : site.unsqueeze(column, inner);
    }

    /** A padding, of fewer than 0 where something is cut off; half of it, rounded towards 0, goes before. */
    private static void centerCropPad(NodeConversion site) {
        int rank = site.rank(0);
        var x = site.input(0);
        var shape = site.type(1) == ValueType.INT64 ? site.input(1) : site.cast(site.input(1), ValueType.INT64);
        var sizes = site.op("Shape", x);
        var axes = site.node().wholes("axes");
        if (axes.isPresent()) {
            sizes = site.op("Gather", sizes, site.constant(Tensor.sizes(axes.get())));
        }
        var missing = site.op("Sub", shape, sizes);
        var before = site.op("Div", missing, site.list(2));
        var after = site.op("Sub", missing, before);
        if (axes.isPresent()) {
            var places = site.constant(Tensor.sizes(axes.get()));
            var none = site.list(new long[rank]);
            before = site.op("ScatterElements", none, places, before);
            after = site.op("ScatterElements", none, places, after);
        }
        site.end("Pad", x, site.op("Concat", Map.of("axis", Attribute.of(0L)), before, after));
    }

    /** A transposed convolution, of which each channel goes to its own place in the block. */
    private static void blocks(NodeConversion site) {
        var type = site.type(0);
        if (!type.isFloat()) {
            throw new NoForm("its input must be of floats, got %s", type.text());
        }
        var image = site.longs(1, "image_shape");
        var block = site.longs(2, "block_shape");
        int axes = block.size();
        long elements = block.stream().reduce(1L, Math::multiplyExact);
        if (elements > MOST_OF_BLOCK) {
            throw new NoForm("its blocks must be of at most %s elements, got %s", MOST_OF_BLOCK, elements);
        }
        var strides = numbers(site, "strides", axes, 1);
        var dilations = numbers(site, "dilations", axes, 1);
        var pads = numbers(site, "pads", 2 * axes, 0);
        var rows = new long[axes + 2]; // [N·C, elements, blocks along each axis]
        rows[0] = -1;
        rows[1] = elements;
        var rest = new long[axes];
        for (int i = 0; i < axes; i++) {
            long room = image.get(i) + pads.get(i) + pads.get(axes + i) - dilations.get(i) * (block.get(i) - 1) - 1;
            rows[i + 2] = room / strides.get(i) + 1;
            rest[i] = room % strides.get(i);
        }
        var weights = new float[(int) (elements * elements)];
        for (int i = 0; i < elements; i++) {
            weights[(int) (i * elements + i)] = 1;
        }
        var sizes = new long[axes + 2];
        sizes[0] = elements;
        sizes[1] = 1;
        for (int i = 0; i < axes; i++) {
            sizes[i + 2] = block.get(i);
        }
        var attributes = Map.<String, Attribute>of(
                "strides", Attribute.ints(strides),
                "dilations", Attribute.ints(dilations),
                "pads", Attribute.ints(pads),
                "output_padding", Attribute.ints(rest));
        var put = site.op(
                "ConvTranspose",
                attributes,
                site.op("Reshape", site.input(0), site.list(rows)),
                site.constant(Tensor.of(weights, sizes).cast(type)));
        var inner = new long[axes + 1];
        inner[0] = -1;
        for (int i = 0; i < axes; i++) {
            inner[i + 1] = image.get(i);
        }
        var shape =
                site.op("Concat", Map.of("axis", Attribute.of(0L)), site.sizeOf(site.input(0), 0), site.list(inner));
        site.end("Reshape", put, shape);
    }

    private static List<Long> numbers(NodeConversion site, String name, int count, long otherwise) {
        return site.node().wholes(name).orElse(Collections.nCopies(count, otherwise));
    }
}
