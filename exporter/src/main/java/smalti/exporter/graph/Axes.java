package smalti.exporter.graph;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What rules of several kinds do with the axes of a value; null stands for a value of unknown rank. */
final class Axes {
    private Axes() {}

    /** The axis counted from the front; −1 if there is none such. */
    static int index(long axis, int rank) {
        long counted = axis < 0 ? axis + rank : axis;
        return counted < 0 || counted >= rank ? -1 : (int) counted;
    }

    /** So many axes of any size. */
    static List<Axis> unknown(int rank) {
        var axes = new ArrayList<Axis>();
        for (int i = 0; i < rank; i++) {
            axes.add(Axis.UNKNOWN);
        }
        return axes;
    }

    /** Negative sizes are unknown. */
    static @Nullable List<Axis> ofSizes(@Nullable List<Long> sizes) {
        return sizes == null
                ? null
                : sizes.stream()
                        .map(size -> size >= 0 ? Axis.of(size) : Axis.UNKNOWN)
                        .toList();
    }

    /** All but the last axes. */
    static @Nullable List<Axis> leading(@Nullable List<Axis> shape, int without) {
        return shape == null || shape.size() < without ? null : shape.subList(0, shape.size() - without);
    }

    /** The same axes, with another size of one. */
    static List<Axis> with(List<Axis> shape, int axis, Axis size) {
        var axes = new ArrayList<>(shape);
        axes.set(axis, size);
        return axes;
    }

    /**
     * What remains of a shape when axes are reduced.
     *
     * @param keeps whether axes of size 1 stay in their place
     * @return null if there are no such axes
     */
    static @Nullable List<Axis> without(List<Axis> shape, List<Long> axes, boolean keeps) {
        var gone = new boolean[shape.size()];
        for (long axis : axes) {
            int counted = index(axis, shape.size());
            if (counted < 0) {
                return null;
            }
            gone[counted] = true;
        }
        var rest = new ArrayList<Axis>();
        for (int i = 0; i < gone.length; i++) {
            if (!gone[i]) {
                rest.add(shape.get(i));
            } else if (keeps) {
                rest.add(Axis.of(1));
            }
        }
        return rest;
    }

    /** How many elements there are. */
    static Axis product(List<Axis> axes) {
        long product = 1;
        Axis free = null;
        for (var axis : axes) {
            if (axis.isFixed()) {
                product = Math.multiplyExact(product, axis.size());
            } else if (free != null) {
                return Axis.UNKNOWN;
            } else {
                free = axis;
            }
        }
        return free == null ? Axis.of(product) : product == 1 ? free : Axis.UNKNOWN;
    }

    /** The shape of two values that are combined element by element. */
    static @Nullable List<Axis> broadcast(@Nullable List<Axis> one, @Nullable List<Axis> other) {
        if (one == null || other == null) {
            return null;
        }
        int rank = Math.max(one.size(), other.size());
        var axes = new ArrayList<Axis>();
        for (int i = 0; i < rank; i++) {
            int a = i - rank + one.size();
            int b = i - rank + other.size();
            axes.add(a < 0 ? other.get(b) : b < 0 ? one.get(a) : broadcast(one.get(a), other.get(b)));
        }
        return axes;
    }

    private static Axis broadcast(Axis one, Axis other) {
        if (one.surelyEquals(other) || other.size() == 1) {
            return one;
        }
        if (one.size() == 1) {
            return other;
        }
        // of two sizes that fit each other, one that is fixed and not 1 is that of both
        return one.isFixed() ? one : other.isFixed() ? other : Axis.UNKNOWN;
    }
}
