package smalti.trainer.graph;

import org.bytedeco.javacpp.LongPointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.pointers.PagedPointer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Moves numbers between Java arrays and nd4j's off-heap ones, always in C order. */
public final class HostArrays {
    private HostArrays() {}

    /** A new float32 array that holds a copy of {@code values}. */
    public static INDArray floats(float[] values, long... shape) {
        var array = Nd4j.createUninitialized(DataType.FLOAT, shape, 'c');
        write(array, values);
        return array;
    }

    /** A new int64 array that holds a copy of {@code values}. */
    public static INDArray longs(long[] values, long... shape) {
        var array = Nd4j.createUninitialized(DataType.INT64, shape, 'c');
        array.data().asNioLong().put(values);
        return array;
    }

    /** The elements of a float32 array, whatever its strides. */
    public static float[] floats(INDArray array) {
        return new DenseFloats(isDense(array) ? array : array.dup('c')).read();
    }

    /** The elements of an int64 array, whatever its strides. */
    public static long[] longs(INDArray array) {
        var values = new long[Math.toIntExact(array.length())];
        var dense = isDense(array) ? array : array.dup('c');
        new LongPointer(new PagedPointer(dense.data().addressPointer().address())).get(values);
        return values;
    }

    /** Overwrites an array that {@link #floats(float[], long...)} made; every graph that shares it sees the change. */
    public static void write(INDArray array, float[] values) {
        if (array.length() != values.length) {
            throw new IllegalArgumentException(
                    "cannot write " + values.length + " values into " + array.shapeInfoToString());
        }
        new DenseFloats(array).write(0, values, values.length);
    }

    /** Gives an array's memory back at once rather than at some later collection. */
    static void release(INDArray array) {
        if (array.closeable()) {
            array.close();
        }
    }

    /** Whether the elements lie in C order without gaps; nd4j's own test errs on axes of size 1. */
    static boolean isDense(INDArray array) {
        long expected = 1;
        for (int axis = array.rank() - 1; axis >= 0; axis--) {
            if (array.size(axis) != 1 && array.stride(axis) != expected) {
                return false;
            }
            expected *= array.size(axis);
        }
        return true;
    }
}
