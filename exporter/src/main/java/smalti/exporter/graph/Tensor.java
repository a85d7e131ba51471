package smalti.exporter.graph;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import smalti.spec.Check;

/**
 * A constant array in C order.
 *
 * @param dims empty for a scalar
 * @param data the elements, little-endian, position 0 to limit; never changed
 */
public record Tensor(ValueType type, List<Long> dims, ByteBuffer data) {
    public Tensor {
        dims = List.copyOf(dims);
        long bytes = elements(dims) * type.bytes();
        Check.that(
                        data.remaining() == bytes,
                        "data must hold %s bytes for shape %s of %s, got %s",
                        bytes,
                        dims,
                        type,
                        data.remaining())
                .done();
        data = data.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    public static Tensor of(float[] values, long... dims) {
        var data = buffer((long) values.length * Float.BYTES);
        data.asFloatBuffer().put(values);
        return new Tensor(ValueType.FLOAT32, boxed(dims), data);
    }

    public static Tensor of(long[] values, long... dims) {
        var data = buffer((long) values.length * Long.BYTES);
        data.asLongBuffer().put(values);
        return new Tensor(ValueType.INT64, boxed(dims), data);
    }

    public static Tensor of(int[] values, long... dims) {
        var data = buffer((long) values.length * Integer.BYTES);
        data.asIntBuffer().put(values);
        return new Tensor(ValueType.INT32, boxed(dims), data);
    }

    public static Tensor of(double[] values, long... dims) {
        var data = buffer((long) values.length * Double.BYTES);
        data.asDoubleBuffer().put(values);
        return new Tensor(ValueType.FLOAT64, boxed(dims), data);
    }

    /** A scalar of rank 0, rounded to the type. */
    public static Tensor scalar(ValueType type, double value) {
        return switch (type) {
            case FLOAT32 -> of(new float[] {(float) value});
            case FLOAT64 -> of(new double[] {value});
            case INT64 -> of(new long[] {(long) value});
            case INT32 -> of(new int[] {(int) value});
            case UINT8, BOOL -> new Tensor(type, List.of(), ByteBuffer.wrap(new byte[] {(byte) value}));
        };
    }

    /** A list of sizes or axes, as Reshape, Unsqueeze and their like take it. */
    public static Tensor sizes(List<Long> values) {
        return of(values.stream().mapToLong(Long::longValue).toArray(), values.size());
    }

    public int rank() {
        return dims.size();
    }

    /** The elements as whole numbers; of int32 and int64 tensors alone. */
    public long[] longs() {
        var longs = new long[(int) elements(dims)];
        for (int i = 0; i < longs.length; i++) {
            longs[i] = switch (type) {
                case INT64 -> data.getLong(i * Long.BYTES);
                case INT32 -> data.getInt(i * Integer.BYTES);
                default -> throw new IllegalStateException("a tensor of " + type + " holds no whole numbers");
            };
        }
        return longs;
    }

    public float[] floats() {
        if (type != ValueType.FLOAT32) {
            throw new IllegalStateException("a tensor of " + type + " holds no 32-bit floats");
        }
        var floats = new float[(int) elements(dims)];
        data.asFloatBuffer().get(floats);
        return floats;
    }

    /** The same elements under other sizes. */
    public Tensor reshaped(List<Long> sizes) {
        return new Tensor(type, sizes, data);
    }

    /** Axis i of the result is axis {@code order[i]} of this tensor. */
    public Tensor permuted(int... order) {
        int rank = rank();
        var strides = new long[rank];
        long stride = type.bytes();
        for (int axis = rank - 1; axis >= 0; axis--) {
            strides[axis] = stride;
            stride *= dims.get(axis);
        }
        var sizes = new ArrayList<Long>();
        for (int axis : order) {
            sizes.add(dims.get(axis));
        }
        var permuted = buffer(data.remaining());
        var element = new byte[type.bytes()];
        var at = new long[rank];
        while (permuted.hasRemaining()) {
            long from = 0;
            for (int axis = 0; axis < rank; axis++) {
                from += at[axis] * strides[order[axis]];
            }
            data.get((int) from, element);
            permuted.put(element);
            for (int axis = rank - 1; axis >= 0 && ++at[axis] == sizes.get(axis); axis--) {
                at[axis] = 0;
            }
        }
        return new Tensor(type, sizes, permuted.flip());
    }

    private static long elements(List<Long> dims) {
        return dims.stream().reduce(1L, Math::multiplyExact);
    }

    private static ByteBuffer buffer(long bytes) {
        return ByteBuffer.allocate(Math.toIntExact(bytes)).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static List<Long> boxed(long... dims) {
        return Arrays.stream(dims).boxed().toList();
    }
}
