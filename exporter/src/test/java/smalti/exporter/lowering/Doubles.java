package smalti.exporter.lowering;

import java.util.Arrays;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.spec.NpyArray;

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
