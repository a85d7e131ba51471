package smalti.runtime;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import smalti.spec.SpecException;
import smalti.spec.TensorSpec;

/** A tensor in this process's memory: C order, elements in the machine's byte order, batch on axis 0. */
final class HostTensor {
    private final TensorSpec spec;
    private final long[] shape;
    private final ByteBuffer data;

    /** @param data holds exactly the tensor, from position to limit */
    HostTensor(TensorSpec spec, long[] shape, ByteBuffer data) {
        this.spec = spec;
        this.shape = shape.clone();
        this.data = data.slice().order(ByteOrder.nativeOrder());
        if (this.data.remaining() != bytes(spec, shape)) {
            throw new SpecException("a buffer for " + spec + " must have " + bytes(spec, shape) + " bytes for shape "
                    + Arrays.toString(shape) + ", got " + this.data.remaining());
        }
    }

    /** A tensor on the heap, all zero. */
    static HostTensor onHeap(TensorSpec spec, long[] shape) {
        return new HostTensor(spec, shape, ByteBuffer.allocate(bytes(spec, shape)));
    }

    /** A tensor in direct memory, all zero. */
    static HostTensor direct(TensorSpec spec, long[] shape) {
        return new HostTensor(spec, shape, ByteBuffer.allocateDirect(bytes(spec, shape)));
    }

    TensorSpec spec() {
        return spec;
    }

    long[] shape() {
        return shape.clone();
    }

    /** The elements; position and limit are the caller's own. */
    ByteBuffer data() {
        return data.duplicate().order(ByteOrder.nativeOrder());
    }

    int rows() {
        return (int) shape[0];
    }

    int bytesOfRow() {
        return data.capacity() / rows();
    }

    /** The shape without the batch. */
    List<Long> shapeOfRow() {
        var row = new ArrayList<Long>(shape.length - 1);
        for (int axis = 1; axis < shape.length; axis++) {
            row.add(shape[axis]);
        }
        return row;
    }

    /** A tensor of other rows elsewhere. */
    HostTensor withRows(int rows, ByteBuffer other) {
        var whole = shape.clone();
        whole[0] = rows;
        return new HostTensor(spec, whole, other);
    }

    /** So many rows in direct memory, these over and over. */
    HostTensor repeated(int rows) {
        int row = bytesOfRow();
        var into = ByteBuffer.allocateDirect(Math.multiplyExact(rows, row));
        for (int i = 0; i < rows; i++) {
            into.put(data.slice(i % rows() * row, row));
        }
        return withRows(rows, into.flip());
    }

    /** A view of some rows, itself where they are all; shares the memory. */
    HostTensor rows(int first, int count) {
        if (count == rows()) {
            return this;
        }
        int row = bytesOfRow();
        var part = shape.clone();
        part[0] = count;
        return new HostTensor(spec, part, data.slice(first * row, count * row));
    }

    /** @throws SpecException if a buffer cannot be so large */
    private static int bytes(TensorSpec spec, long[] shape) {
        long bytes = spec.type().bytes();
        for (long size : shape) {
            if (size > Integer.MAX_VALUE / bytes) {
                throw new SpecException(spec + " of shape " + Arrays.toString(shape)
                        + " must have fewer than 2147483648 bytes; split the request");
            }
            bytes *= size;
        }
        return (int) bytes;
    }
}
