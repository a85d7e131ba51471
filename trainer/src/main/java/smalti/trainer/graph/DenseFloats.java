package smalti.trainer.graph;

import java.nio.FloatBuffer;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.memory.pointers.PagedPointer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The elements of a float32 array that lies dense in C order, read and written in bulk; safe for many threads. */
public final class DenseFloats {
    /** Keeps the memory alive that the buffer points into. */
    private final INDArray array;

    private final FloatBuffer elements;

    DenseFloats(INDArray array) {
        this.array = array;
        if (!HostArrays.isDense(array)) {
            throw new IllegalArgumentException("must be dense in C order, got " + array.shapeInfoToString());
        }
        elements = new FloatPointer(
                        new PagedPointer(array.data().addressPointer().address()))
                .capacity(array.length())
                .asBuffer();
    }

    public int length() {
        return Math.toIntExact(array.length());
    }

    public float[] read() {
        var values = new float[length()];
        elements.get(0, values);
        return values;
    }

    /** @return {@code into}, with {@code length} values from {@code at} on at its beginning */
    public float[] read(int at, float[] into, int length) {
        elements.get(at, into, 0, length);
        return into;
    }

    /** @param length of those in {@code values} */
    public void write(int at, float[] values, int length) {
        elements.put(at, values, 0, length);
    }
}
