package smalti.runtime;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import smalti.spec.Check;
import smalti.spec.Halves;
import smalti.spec.bundle.ElementType;

/**
 * Numbers of any shape, in C order.
 *
 * @param shape empty for a single number
 * @param data the elements in the machine's byte order, from position to limit; shared, not copied. A direct buffer is
 *     read in place when a model runs, one on the heap is copied
 */
public record Tensor(ElementType type, List<Long> shape, ByteBuffer data) {
    private static final Set<ElementType> FLOATS =
            EnumSet.of(ElementType.FLOAT32, ElementType.FLOAT16, ElementType.BFLOAT16);
    private static final Set<ElementType> DOUBLES =
            EnumSet.of(ElementType.FLOAT64, ElementType.FLOAT32, ElementType.FLOAT16, ElementType.BFLOAT16);
    private static final Set<ElementType> INTS =
            EnumSet.of(ElementType.INT8, ElementType.INT16, ElementType.INT32, ElementType.UINT8, ElementType.UINT16);
    private static final Set<ElementType> LONGS = EnumSet.of(
            ElementType.INT8,
            ElementType.INT16,
            ElementType.INT32,
            ElementType.INT64,
            ElementType.UINT8,
            ElementType.UINT16,
            ElementType.UINT32);

    public Tensor {
        Objects.requireNonNull(type, "type");
        shape = NoNulls.in(shape, "shape");
        Objects.requireNonNull(data, "data");
        data = data.slice().order(ByteOrder.nativeOrder());
        Check.that(shape.stream().allMatch(size -> size >= 0), "shape must have sizes of 0 or more, got %s", shape)
                .done(InputException::new);
        long bytes = shape.contains(0L) ? 0 : type.bytes();
        for (long size : shape) {
            Check.that(
                            bytes <= Long.MAX_VALUE / Math.max(1, size),
                            "shape must be of fewer than 2^63 bytes, got %s",
                            shape)
                    .done(InputException::new);
            bytes *= size;
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

    /** @param values shared */
    public static Tensor ofInt8(byte[] values, long... shape) {
        Objects.requireNonNull(values, "values");
        Objects.requireNonNull(shape, "shape");
        return new Tensor(ElementType.INT8, sizes(shape), ByteBuffer.wrap(values));
    }

    public static Tensor of(short[] values, long... shape) {
        Objects.requireNonNull(values, "values");
        Objects.requireNonNull(shape, "shape");
        return sixteen(ElementType.INT16, values, shape);
    }

    public static Tensor of(boolean[] values, long... shape) {
        Objects.requireNonNull(values, "values");
        Objects.requireNonNull(shape, "shape");
        var data = bytes(values.length, 1);
        for (int i = 0; i < values.length; i++) {
            data.put(i, (byte) (values[i] ? 1 : 0));
        }
        return new Tensor(ElementType.BOOL, sizes(shape), data);
    }

    /** @param values rounded to the nearest, ties to even */
    public static Tensor ofFloat16(float[] values, long... shape) {
        Objects.requireNonNull(values, "values");
        Objects.requireNonNull(shape, "shape");
        var halves = new short[values.length];
        for (int i = 0; i < values.length; i++) {
            halves[i] = Halves.half(values[i]);
        }
        return sixteen(ElementType.FLOAT16, halves, shape);
    }

    /** @param values rounded to the nearest, ties to even */
    public static Tensor ofBfloat16(float[] values, long... shape) {
        Objects.requireNonNull(values, "values");
        Objects.requireNonNull(shape, "shape");
        var halves = new short[values.length];
        for (int i = 0; i < values.length; i++) {
            halves[i] = Halves.brain(values[i]);
        }
        return sixteen(ElementType.BFLOAT16, halves, shape);
    }

    /** The elements; position and limit are the caller's own. */
    @Override
    public ByteBuffer data() {
        return data.duplicate().order(ByteOrder.nativeOrder());
    }

    /**
     * The elements of a float type that a float holds.
     *
     * @throws InputException if they are not FLOAT32, FLOAT16 or BFLOAT16
     */
    public float[] floats() {
        require(FLOATS, "floats");
        var values = new float[count()];
        if (type == ElementType.FLOAT32) {
            data().asFloatBuffer().get(values);
            return values;
        }
        var halves = data().asShortBuffer();
        for (int i = 0; i < values.length; i++) {
            values[i] = type == ElementType.FLOAT16 ? Halves.ofHalf(halves.get(i)) : Halves.ofBrain(halves.get(i));
        }
        return values;
    }

    /**
     * The elements of a float type.
     *
     * @throws InputException if they are not FLOAT64, FLOAT32, FLOAT16 or BFLOAT16
     */
    public double[] doubles() {
        require(DOUBLES, "doubles");
        var values = new double[count()];
        if (type == ElementType.FLOAT64) {
            data().asDoubleBuffer().get(values);
            return values;
        }
        var floats = floats();
        for (int i = 0; i < values.length; i++) {
            values[i] = floats[i];
        }
        return values;
    }

    /**
     * The elements of a whole type that an int holds.
     *
     * @throws InputException if they are not INT8, INT16, INT32, UINT8 or UINT16
     */
    public int[] ints() {
        require(INTS, "ints");
        var values = new int[count()];
        var from = data();
        for (int i = 0; i < values.length; i++) {
            values[i] = (int) whole(from, i);
        }
        return values;
    }

    /**
     * The elements of a whole type that a long holds.
     *
     * @throws InputException if they are not whole, or UINT64, for which there is {@link #unsignedLongs}
     */
    public long[] longs() {
        require(LONGS, "longs");
        var values = new long[count()];
        var from = data();
        for (int i = 0; i < values.length; i++) {
            values[i] = whole(from, i);
        }
        return values;
    }

    /**
     * The elements of UINT64, to be read as unsigned: {@link Long#toUnsignedString(long)},
     * {@link Long#compareUnsigned}. From 2^63 on they are negative to all else.
     *
     * @throws InputException if they are not UINT64
     */
    public long[] unsignedLongs() {
        require(Set.of(ElementType.UINT64), "unsignedLongs");
        var values = new long[count()];
        data().asLongBuffer().get(values);
        return values;
    }

    /** @throws InputException if the elements are not BOOL */
    public boolean[] booleans() {
        require(Set.of(ElementType.BOOL), "booleans");
        var values = new boolean[count()];
        var from = data();
        for (int i = 0; i < values.length; i++) {
            values[i] = from.get(i) != 0;
        }
        return values;
    }

    /** The elements as they lie in memory. */
    public byte[] bytes() {
        var bytes = new byte[data.remaining()];
        data().get(bytes);
        return bytes;
    }

    private int count() {
        return data.remaining() / type.bytes();
    }

    private long whole(ByteBuffer from, int i) {
        return switch (type) {
            case INT8 -> from.get(i);
            case UINT8 -> from.get(i) & 0xFF;
            case INT16 -> from.getShort(Short.BYTES * i);
            case UINT16 -> from.getShort(Short.BYTES * i) & 0xFFFF;
            case INT32 -> from.getInt(Integer.BYTES * i);
            case UINT32 -> from.getInt(Integer.BYTES * i) & 0xFFFF_FFFFL;
            case INT64 -> from.getLong(Long.BYTES * i);
            default -> throw new IllegalStateException(type + " is not read by longs()");
        };
    }

    private void require(Set<ElementType> wanted, String read) {
        Check.that(
                        wanted.contains(type),
                        "a tensor must be of %s to be read by %s(), got %s%s",
                        wanted.stream().sorted().map(String::valueOf).collect(Collectors.joining(", ")),
                        read,
                        type,
                        type == ElementType.UINT64 ? "; unsignedLongs() reads it" : "")
                .done(InputException::new);
    }

    private static Tensor sixteen(ElementType type, short[] values, long... shape) {
        var data = bytes(values.length, Short.BYTES);
        data.asShortBuffer().put(values);
        return new Tensor(type, sizes(shape), data);
    }

    private static ByteBuffer bytes(int count, int size) {
        return ByteBuffer.allocate(Math.multiplyExact(count, size)).order(ByteOrder.nativeOrder());
    }

    private static List<Long> sizes(long... shape) {
        return LongStream.of(shape).boxed().toList();
    }
}
