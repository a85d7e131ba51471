package smalti.runtime;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;
import smalti.spec.Check;
import smalti.spec.ElementType;

/**
 * Numbers of any shape, in C order.
 *
 * @param shape empty for a single number
 * @param data the elements in the machine's byte order, from position to limit; shared, not copied. A direct buffer is
 *     read in place when a model runs, one on the heap is copied
 */
public record Tensor(ElementType type, List<Long> shape, ByteBuffer data) {
    public Tensor {
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(shape, "shape");
        Objects.requireNonNull(data, "data");
        shape = List.copyOf(shape);
        data = data.slice().order(ByteOrder.nativeOrder());
        long bytes = type.bytes();
        for (long size : shape) {
            Check.that(size >= 0, "shape must have sizes of 0 or more, got %s", shape)
                    .done(InputException::new);
            bytes = Math.multiplyExact(bytes, size);
        }
        Check.that(
                        bytes == data.remaining(),
                        "data must have %s bytes for %s %s, got %s",
                        bytes,
                        type,
                        shape,
                        data.remaining())
                .done(InputException::new);
    }

    public static Tensor of(float[] values, long... shape) {
        Objects.requireNonNull(values, "values");
        Objects.requireNonNull(shape, "shape");
        var data = bytes(values.length, Float.BYTES);
        data.asFloatBuffer().put(values);
        return new Tensor(ElementType.FLOAT32, sizes(shape), data);
    }

    public static Tensor of(double[] values, long... shape) {
        Objects.requireNonNull(values, "values");
        Objects.requireNonNull(shape, "shape");
        var data = bytes(values.length, Double.BYTES);
        data.asDoubleBuffer().put(values);
        return new Tensor(ElementType.FLOAT64, sizes(shape), data);
    }

    public static Tensor of(long[] values, long... shape) {
        Objects.requireNonNull(values, "values");
        Objects.requireNonNull(shape, "shape");
        var data = bytes(values.length, Long.BYTES);
        data.asLongBuffer().put(values);
        return new Tensor(ElementType.INT64, sizes(shape), data);
    }

    public static Tensor of(int[] values, long... shape) {
        Objects.requireNonNull(values, "values");
        Objects.requireNonNull(shape, "shape");
        var data = bytes(values.length, Integer.BYTES);
        data.asIntBuffer().put(values);
        return new Tensor(ElementType.INT32, sizes(shape), data);
    }

    /** @param values unsigned; shared */
    public static Tensor of(byte[] values, long... shape) {
        Objects.requireNonNull(values, "values");
        Objects.requireNonNull(shape, "shape");
        return new Tensor(ElementType.UINT8, sizes(shape), ByteBuffer.wrap(values));
    }

    /** The elements; position and limit are the caller's own. */
    @Override
    public ByteBuffer data() {
        return data.duplicate().order(ByteOrder.nativeOrder());
    }

    /** @throws InputException if the elements are not FLOAT32 */
    public float[] floats() {
        require(ElementType.FLOAT32);
        var values = new float[data.remaining() / Float.BYTES];
        data().asFloatBuffer().get(values);
        return values;
    }

    /** @throws InputException if the elements are not INT64 */
    public long[] longs() {
        require(ElementType.INT64);
        var values = new long[data.remaining() / Long.BYTES];
        data().asLongBuffer().get(values);
        return values;
    }

    /** The elements as they lie in memory. */
    public byte[] bytes() {
        var bytes = new byte[data.remaining()];
        data().get(bytes);
        return bytes;
    }

    private void require(ElementType wanted) {
        Check.that(type == wanted, "a tensor must be %s to be read so, got %s", wanted, type)
                .done(InputException::new);
    }

    private static ByteBuffer bytes(int count, int size) {
        return ByteBuffer.allocate(Math.multiplyExact(count, size)).order(ByteOrder.nativeOrder());
    }

    private static List<Long> sizes(long... shape) {
        return LongStream.of(shape).boxed().toList();
    }
}
