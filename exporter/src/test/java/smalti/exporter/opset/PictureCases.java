package smalti.exporter.opset;

import static smalti.exporter.opset.AttentionReference.size;
import static smalti.exporter.opset.Numbers.list;
import static smalti.exporter.opset.Numbers.some;

import java.util.List;
import smalti.exporter.graph.Tensor;

/** Operators of pictures that are written out. */
final class PictureCases {
    private PictureCases() {}

    static List<OpsetCase> all() {
        return List.of(
                affine("a picture", false, some(1, 2, 2, 3), 2, 3, 3, 5),
                affine("a picture, corners aligned", true, some(1, 2, 2, 3), 2, 3, 3, 5),
                affine("a volume", false, some(1, 1, 3, 4), 1, 2, 2, 3, 4),
                affine("a volume, corners aligned", true, some(1, 1, 3, 4), 1, 2, 2, 3, 4),
                center("odd and even", some(1, 5, 4, 3), new int[] {0, 1, 2}, 2, 7, 3),
                center("the last axes", some(1, 2, 5, 4), new int[] {-1, 1}, 7, 2),
                blocks(
                        "side by side",
                        new int[] {4, 6},
                        new int[] {2, 3},
                        new int[] {2, 3},
                        new int[] {1, 1},
                        new int[4]),
                blocks(
                        "one over another",
                        new int[] {5, 6},
                        new int[] {3, 2},
                        new int[] {2, 1},
                        new int[] {1, 2},
                        new int[] {1, 0, 2, 1}),
                blocks("of one axis", new int[] {7}, new int[] {2}, new int[] {3}, new int[] {1}, new int[2]));
    }

    private static OpsetCase affine(String name, boolean aligned, Tensor theta, long... sizes) {
        int axes = sizes.length - 2;
        int points = 1;
        for (int i = 2; i < sizes.length; i++) {
            points *= (int) sizes[i];
        }
        var numbers = new double[(int) sizes[0] * points * axes];
        for (int n = 0; n < sizes[0]; n++) {
            for (int point = 0; point < points; point++) {
                var place = new double[axes + 1]; // x, y, z, 1
                place[axes] = 1;
                int rest = point;
                for (int k = 0; k < axes; k++) {
                    int size = (int) sizes[sizes.length - 1 - k];
                    int index = rest % size;
                    rest /= size;
                    place[k] = aligned ? -1 + 2.0 * index / (size - 1) : -1 + (2.0 * index + 1) / size;
                }
                for (int row = 0; row < axes; row++) {
                    for (int k = 0; k <= axes; k++) {
                        numbers[(n * points + point) * axes + row] +=
                                theta.number((n * axes + row) * (axes + 1) + k) * place[k];
                    }
                }
            }
        }
        return OpsetCase.of("AffineGrid of " + name, 20, "AffineGrid")
                .to(13, 17, 19)
                .with("align_corners", aligned ? 1 : 0)
                .in(theta)
                .in(list(sizes))
                .out(numbers);
    }

    private static OpsetCase center(String name, Tensor x, int[] axes, long... shape) {
        int rank = x.rank();
        var sizes = new int[rank];
        var first = new int[rank]; // the place in x of the first that is made
        for (int i = 0; i < rank; i++) {
            sizes[i] = size(x, i);
        }
        for (int i = 0; i < axes.length; i++) {
            int axis = axes[i] < 0 ? axes[i] + rank : axes[i];
            int off = sizes[axis] - (int) shape[i];
            first[axis] = off > 0 ? off / 2 : -(-off / 2);
            sizes[axis] = (int) shape[i];
        }
        int count = 1;
        for (int size : sizes) {
            count *= size;
        }
        var numbers = new double[count];
        for (int i = 0; i < count; i++) {
            int from = 0;
            int unit = 1;
            int rest = i;
            boolean inside = true;
            for (int axis = rank - 1; axis >= 0; axis--) {
                int place = rest % sizes[axis] + first[axis];
                rest /= sizes[axis];
                inside &= place >= 0 && place < size(x, axis);
                from += place * unit;
                unit *= size(x, axis);
            }
            numbers[i] = inside ? x.number(from) : 0;
        }
        var center = OpsetCase.of("CenterCropPad of " + name, 18, "CenterCropPad")
                .to(13, 17)
                .in(x)
                .in(list(shape))
                .out(numbers);
        if (axes.length < rank) {
            var named = new long[axes.length];
            for (int i = 0; i < axes.length; i++) {
                named[i] = axes[i];
            }
            center.with("axes", named);
        }
        return center;
    }

    /** Each number of each block is added where it belongs, one axis or two. */
    private static OpsetCase blocks(String name, int[] image, int[] block, int[] strides, int[] dilations, int[] pads) {
        int axes = image.length;
        int elements = 1;
        int places = 1;
        int pixels = 1;
        var counts = new int[axes];
        for (int i = 0; i < axes; i++) {
            counts[i] = (image[i] + pads[i] + pads[axes + i] - dilations[i] * (block[i] - 1) - 1) / strides[i] + 1;
            elements *= block[i];
            places *= counts[i];
            pixels *= image[i];
        }
        var x = some(1, 2, 3L * elements, places); // [N, C·elements, blocks]
        var numbers = new double[2 * 3 * pixels];
        for (int row = 0; row < 2 * 3; row++) {
            for (int element = 0; element < elements; element++) {
                for (int place = 0; place < places; place++) {
                    int pixel = 0;
                    int unit = 1;
                    boolean inside = true;
                    int e = element;
                    int p = place;
                    for (int axis = axes - 1; axis >= 0; axis--) {
                        int at = p % counts[axis] * strides[axis] + e % block[axis] * dilations[axis] - pads[axis];
                        inside &= at >= 0 && at < image[axis];
                        pixel += at * unit;
                        unit *= image[axis];
                        e /= block[axis];
                        p /= counts[axis];
                    }
                    if (inside) {
                        numbers[row * pixels + pixel] += x.number((row * elements + element) * places + place);
                    }
                }
            }
        }
        return OpsetCase.of("Col2Im of blocks " + name, 18, "Col2Im")
                .to(13, 17)
                .with("strides", longs(strides))
                .with("dilations", longs(dilations))
                .with("pads", longs(pads))
                .in(x)
                .constant(list(longs(image)))
                .constant(list(longs(block)))
                .out(numbers);
    }

    private static long[] longs(int[] numbers) {
        var longs = new long[numbers.length];
        for (int i = 0; i < longs.length; i++) {
            longs[i] = numbers[i];
        }
        return longs;
    }
}
