package smalti.runtime;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import smalti.spec.bundle.TensorSpec;

/** A tensor in this process's memory: C order, elements in the machine's byte order, batch on axis 0. Thread-safe. */
final class HostTensor {
    private final TensorSpec spec;
    private final long[] shape;
    private final int bytes;
    private final @Nullable Rows source;
    private volatile @Nullable ByteBuffer data;

    /** Makes rows when they are needed, the same ones each time. Thread-safe. */
    interface Rows {
        /** Puts rows into a buffer of the machine's byte order, from its position on, and moves that. */
        void put(int first, int count, ByteBuffer into);
    }

    /** @param data holds exactly the tensor, from position to limit */
    HostTensor(TensorSpec spec, long[] shape, ByteBuffer data) {
        this(spec, shape, (Rows) null);
        this.data = data.slice().order(ByteOrder.nativeOrder());
        if (data.remaining() != bytes) {
            throw new InputException("a buffer for " + spec + " must have " + bytes + " bytes for shape "
                    + Arrays.toString(shape) + ", got " + data.remaining());
        }
    }

    private HostTensor(TensorSpec spec, long[] shape, @Nullable Rows source) {
        this.spec = spec;
        this.shape = shape.clone();
        this.bytes = bytes(spec, shape);
        this.source = source;
    }

    /** A tensor on the heap, all zero. It takes its memory when it is first used: a request that waits has none yet. */
    static HostTensor onHeap(TensorSpec spec, long[] shape) {
        return new HostTensor(spec, shape, (Rows) null);
    }

    /** A tensor whose rows are made as they are run: a request that waits, or is refused, has none. */
    static HostTensor made(TensorSpec spec, long[] shape, Rows source) {
        return new HostTensor(spec, shape, source);
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
        return memory().duplicate().order(ByteOrder.nativeOrder());
    }

    /** Whether the elements are there, and in direct memory. */
    boolean isDirect() {
        var present = data;
        return present != null && present.isDirect();
    }

    /** Puts the elements into a buffer, from its position on, and moves that. */
    void putInto(ByteBuffer into) {
        var present = data;
        if (present == null && source != null) {
            source.put(0, rows(), into);
        } else {
            into.put(data());
        }
    }

    private ByteBuffer memory() {
        var present = data;
        if (present == null) {
            synchronized (this) {
                present = data;
                if (present == null) {
                    present = ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
                    if (source != null) {
                        source.put(0, rows(), present.duplicate().order(ByteOrder.nativeOrder()));
                    }
                    data = present;
                }
            }
        }
        return present;
    }

    int rows() {
        return (int) shape[0];
    }

    int bytes() {
        return bytes;
    }

    int bytesOfRow() {
        return bytes / rows();
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
            into.put(memory().slice(i % rows() * row, row));
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
        var all = source;
        if (all != null && data == null) {
            return made(spec, part, (from, many, into) -> all.put(first + from, many, into));
        }
        return new HostTensor(spec, part, memory().slice(first * row, count * row));
    }

    /** @throws InputException if a buffer cannot be so large */
    private static int bytes(TensorSpec spec, long[] shape) {
        long bytes = spec.type().bytes();
        for (long size : shape) {
            if (bytes > 0 && size > Integer.MAX_VALUE / bytes) {
                throw new InputException(spec + " of shape " + Arrays.toString(shape)
                        + " must have fewer than 2147483648 bytes; split the request");
            }
            bytes *= size;
        }
        return (int) bytes;
    }
}
