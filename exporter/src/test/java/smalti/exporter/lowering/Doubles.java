package smalti.exporter.lowering;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.spec.file.NpyArray;

/** Arrays in float64 with just enough arithmetic to say what each operation means, independent of both engines. */
final class Doubles {
    final int[] shape;
    final double[] data;

    Doubles(int... shape) {
        this.shape = shape;
        this.data = new double[Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
    }

    static Doubles of(NpyArray array) {
        var doubles =
                new Doubles(array.shape().stream().mapToInt(Math::toIntExact).toArray());
        var tensor = new Tensor(ValueType.of(array.type()), array.shape(), array.data());
        for (int i = 0; i < doubles.data.length; i++) {
            doubles.data[i] = tensor.number(i);
        }
        return doubles;
    }

    /** Each element a function of its place. */
    static Doubles filled(int[] shape, Function<int[], Double> element) {
        var filled = new Doubles(shape);
        for (int i = 0; i < filled.data.length; i++) {
            filled.data[i] = element.apply(filled.place(i));
        }
        return filled;
    }

    double at(int... place) {
        int index = 0;
        for (int axis = 0; axis < shape.length; axis++) {
            index = index * shape[axis] + place[axis];
        }
        return data[index];
    }

    /** Zero outside. */
    double padded(int... place) {
        for (int axis = 0; axis < shape.length; axis++) {
            if (place[axis] < 0 || place[axis] >= shape[axis]) {
                return 0;
            }
        }
        return at(place);
    }

    private int[] place(int index) {
        var place = new int[shape.length];
        for (int axis = shape.length - 1; axis >= 0; axis--) {
            place[axis] = index % shape[axis];
            index /= shape[axis];
        }
        return place;
    }

    Doubles map(DoubleUnaryOperator function) {
        return filled(shape, place -> function.applyAsDouble(at(place)));
    }

    /** Broadcast as in NumPy. */
    Doubles with(Doubles other, DoubleBinaryOperator function) {
        int rank = Math.max(shape.length, other.shape.length);
        var sizes = new int[rank];
        for (int axis = 0; axis < rank; axis++) {
            sizes[axis] = Math.max(size(axis, rank), other.size(axis, rank));
        }
        return filled(sizes, place -> function.applyAsDouble(stretched(place), other.stretched(place)));
    }

    private int size(int axis, int rank) {
        int own = axis - (rank - shape.length);
        return own < 0 ? 1 : shape[own];
    }

    private double stretched(int[] place) {
        var own = new int[shape.length];
        for (int axis = 0; axis < shape.length; axis++) {
            own[axis] = shape[axis] == 1 ? 0 : place[axis + place.length - shape.length];
        }
        return at(own);
    }

    Doubles permuted(int... order) {
        var sizes = Arrays.stream(order).map(axis -> shape[axis]).toArray();
        return filled(sizes, place -> {
            var from = new int[place.length];
            for (int axis = 0; axis < place.length; axis++) {
                from[order[axis]] = place[axis];
            }
            return at(from);
        });
    }

    Doubles reshaped(int... sizes) {
        var reshaped = new Doubles(sizes);
        System.arraycopy(data, 0, reshaped.data, 0, data.length);
        return reshaped;
    }

    /** A number out of the elements along some axes, which stay with size 1 or go. */
    Doubles reduced(boolean keep, ToDoubleFunction<double[]> function, int... axes) {
        var gone = Arrays.stream(axes).boxed().toList();
        var kept = shape.clone();
        gone.forEach(axis -> kept[axis] = 1);
        var lists = new ArrayList<List<Double>>();
        var result = new Doubles(kept);
        for (int i = 0; i < result.data.length; i++) {
            lists.add(new ArrayList<>());
        }
        for (int i = 0; i < data.length; i++) {
            var at = place(i);
            int index = 0;
            for (int axis = 0; axis < kept.length; axis++) {
                index = index * kept[axis] + (gone.contains(axis) ? 0 : at[axis]);
            }
            lists.get(index).add(data[i]);
        }
        for (int i = 0; i < result.data.length; i++) {
            result.data[i] = function.applyAsDouble(
                    lists.get(i).stream().mapToDouble(x -> x).toArray());
        }
        return keep
                ? result
                : result.reshaped(IntStream.range(0, shape.length)
                        .filter(axis -> !gone.contains(axis))
                        .map(axis -> shape[axis])
                        .toArray());
    }

    /** The elements at some places of one axis. */
    Doubles taken(int axis, int... places) {
        var sizes = shape.clone();
        sizes[axis] = places.length;
        return filled(sizes, at -> {
            var from = at.clone();
            from[axis] = places[at[axis]];
            return at(from);
        });
    }

    static Doubles of(double... values) {
        var list = new Doubles(values.length);
        System.arraycopy(values, 0, list.data, 0, values.length);
        return list;
    }

    static Doubles scalar(double value) {
        var scalar = new Doubles();
        scalar.data[0] = value;
        return scalar;
    }

    /** Put one after another along an axis. */
    static Doubles joined(int axis, Doubles... parts) {
        var sizes = parts[0].shape.clone();
        sizes[axis] = Arrays.stream(parts).mapToInt(part -> part.shape[axis]).sum();
        return filled(sizes, at -> {
            var from = at.clone();
            int part = 0;
            while (from[axis] >= parts[part].shape[axis]) {
                from[axis] -= parts[part++].shape[axis];
            }
            return parts[part].at(from);
        });
    }

    /** The last axis of this meets axis 0 of the other. */
    Doubles times(Doubles other) {
        int inner = other.shape[0];
        int columns = other.shape[1];
        var sizes = shape.clone();
        sizes[sizes.length - 1] = columns;
        var product = new Doubles(sizes);
        for (int i = 0; i < product.data.length; i++) {
            for (int k = 0; k < inner; k++) {
                product.data[i] += data[i / columns * inner + k] * other.at(k, i % columns);
            }
        }
        return product;
    }

    /** The first place on the last axis where {@code sign} times the element is least. */
    Doubles least(double sign) {
        int length = shape[shape.length - 1];
        var places = new Doubles(Arrays.copyOf(shape, shape.length - 1));
        for (int i = 0; i < places.data.length; i++) {
            for (int k = 1; k < length; k++) {
                if (sign * data[i * length + k] < sign * data[i * length + (int) places.data[i]]) {
                    places.data[i] = k;
                }
            }
        }
        return places;
    }
}
