package smalti.exporter.graph;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import smalti.spec.Check;
import smalti.spec.Halves;
import smalti.spec.file.NpyArray;

/**
 * A constant array in C order.
 *
 * @param dims empty for a scalar
 * @param data the elements, little-endian, position 0 to limit; never changed
 */
public record Tensor(ValueType type, List<Long> dims, ByteBuffer data) implements Constant {
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

    /** The same array; they share the data. */
    public static Tensor of(NpyArray array) {
        return new Tensor(ValueType.of(array.type()), array.shape(), array.data());
    }

    /**
     * The same array; they share the data.
     *
     * @throws java.util.NoSuchElementException if no end of a graph is of the type
     */
    public NpyArray npy() {
        return new NpyArray(type.elementType().orElseThrow(), dims, data);
    }

    @Override
    public int onnxCode() {
        return type.onnxCode();
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
            case UINT8, INT8, BOOL -> new Tensor(type, List.of(), ByteBuffer.wrap(new byte[] {(byte) value}));
            case INT16, UINT16 -> sixteen(type, (short) (int) value);
            case FLOAT16 -> sixteen(type, Halves.half((float) value));
            case BFLOAT16 -> sixteen(type, Halves.brain((float) value));
            case UINT32 -> {
                var data = buffer(Integer.BYTES);
                data.putInt(0, (int) (long) value);
                yield new Tensor(type, List.of(), data);
            }
            case UINT64 -> {
                var data = buffer(Long.BYTES);
                data.putLong(0, (long) value);
                yield new Tensor(type, List.of(), data);
            }
            case COMPLEX64, COMPLEX128, STRING ->
                throw new IllegalArgumentException("no number is a scalar of " + type);
        };
    }

    private static Tensor sixteen(ValueType type, short bits) {
        var data = buffer(Short.BYTES);
        data.putShort(0, bits);
        return new Tensor(type, List.of(), data);
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

    /** How many elements there are. */
    public int count() {
        return Math.toIntExact(elements(dims));
    }

    /** The element at a place of the flat data, as a double; not of complex numbers. */
    public double number(int index) {
        return switch (type) {
            case FLOAT32 -> data.getFloat(index * Float.BYTES);
            case FLOAT64 -> data.getDouble(index * Double.BYTES);
            case FLOAT16 -> Halves.ofHalf(data.getShort(index * Short.BYTES));
            case BFLOAT16 -> Halves.ofBrain(data.getShort(index * Short.BYTES));
            case INT8 -> data.get(index);
            case UINT8, BOOL -> data.get(index) & 0xFF;
            case INT16 -> data.getShort(index * Short.BYTES);
            case UINT16 -> data.getShort(index * Short.BYTES) & 0xFFFF;
            case INT32 -> data.getInt(index * Integer.BYTES);
            case UINT32 -> data.getInt(index * Integer.BYTES) & 0xFFFFFFFFL;
            case INT64 -> data.getLong(index * Long.BYTES);
            case UINT64 -> {
                long bits = data.getLong(index * Long.BYTES);
                yield bits >= 0 ? bits : ((bits >>> 1) | (bits & 1)) * 2.0;
            }
            case COMPLEX64, COMPLEX128, STRING -> throw new IllegalStateException(type + " is no number");
        };
    }

    /** The elements rounded to another type, as ONNX's Cast does it. */
    public Tensor cast(ValueType other) {
        if (other == type) {
            return this;
        }
        var cast = buffer((long) count() * other.bytes());
        for (int i = 0; i < count(); i++) {
            if (other == ValueType.INT64 && type.isWhole()) {
                cast.putLong(type == ValueType.UINT64 ? data.getLong(i * Long.BYTES) : (long) number(i));
            } else if (other == ValueType.INT32 && type == ValueType.INT64) {
                cast.putInt((int) data.getLong(i * Long.BYTES));
            } else {
                cast.put(scalar(other, other == ValueType.BOOL ? (number(i) != 0 ? 1 : 0) : number(i)).data);
            }
        }
        return new Tensor(other, dims, cast.flip());
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

    /** Some of the rows along the first axis; they share the data. */
    public Tensor rows(int first, int count) {
        int bytes = data.remaining() / Math.toIntExact(dims.get(0));
        var sizes = new ArrayList<>(dims);
        sizes.set(0, (long) count);
        return new Tensor(type, sizes, data.slice(first * bytes, count * bytes));
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
