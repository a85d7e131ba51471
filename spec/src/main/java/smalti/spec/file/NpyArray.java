package smalti.spec.file;

import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import smalti.spec.Check;
import smalti.spec.SpecException;
import smalti.spec.bundle.ElementType;

/**
 * An array in NumPy's {@code .npy} format, version 1.0: C order, little-endian.
 *
 * @param type written little-endian, such as {@code <f4}; read from that alone
 * @param data the elements, little-endian, position 0 to limit
 */
public record NpyArray(ElementType type, List<Long> shape, ByteBuffer data) {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final Pattern HEADER = Pattern.compile(
            "\\{\\s*'descr':\\s*'([^']*)',\\s*'fortran_order':\\s*(True|False),\\s*'shape':\\s*\\(((?: *[0-9]+ *,)* *[0-9]* *)\\),?\\s*}\\s*");
    private static final int MOST_HEADER = 4096;

    public NpyArray {
        long bytes = elements(shape) * type.bytes();
        Check.that(
                        data.remaining() == bytes,
                        "data must hold %s bytes for shape %s, got %s",
                        bytes,
                        shape,
                        data.remaining())
                .done();
        data = data.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    public static NpyArray of(byte[] pixels, long... shape) {
        return new NpyArray(ElementType.UINT8, boxed(shape), ByteBuffer.wrap(pixels));
    }

    public static NpyArray of(long[] values, long... shape) {
        var data = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        data.asLongBuffer().put(values);
        return new NpyArray(ElementType.INT64, boxed(shape), data);
    }

    public static NpyArray of(float[] values, long... shape) {
        var data = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        data.asFloatBuffer().put(values);
        return new NpyArray(ElementType.FLOAT32, boxed(shape), data);
    }

    /** Some of the rows along the first axis; they share the data. */
    public NpyArray rows(int first, int count) {
        int bytes = data.remaining() / Math.toIntExact(shape.get(0));
        var sizes = new ArrayList<>(shape);
        sizes.set(0, (long) count);
        return new NpyArray(type, sizes, data.slice(first * bytes, count * bytes));
    }

    /** The elements of a uint8 array. */
    public byte[] bytes() {
        var bytes = new byte[data.remaining()];
        data.duplicate().get(bytes);
        return bytes;
    }

    /** The elements of an int64 array. */
    public long[] longs() {
        var longs = new long[data.remaining() / Long.BYTES];
        data.duplicate().order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().get(longs);
        return longs;
    }

    /** The elements of a float32 array. */
    public float[] floats() {
        var floats = new float[data.remaining() / Float.BYTES];
        data.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(floats);
        return floats;
    }

    public void write(OutputStream out) throws IOException {
        var dims = shape.stream().map(String::valueOf).collect(Collectors.joining(", "));
        var header = "{'descr': '" + descr(type) + "', 'fortran_order': False, 'shape': (" + dims
                + (shape.size() == 1 ? "," : "") + "), }";
        int unpadded = MAGIC.length + 4 + header.length() + 1;
        header += " ".repeat((64 - unpadded % 64) % 64) + "\n";
        var stream = new DataOutputStream(out);
        stream.write(MAGIC);
        stream.writeByte(1);
        stream.writeByte(0);
        stream.writeShort(Short.reverseBytes((short) header.length()));
        stream.write(header.getBytes(StandardCharsets.US_ASCII));
        var chunk = new byte[1 << 16];
        for (var rest = data.duplicate(); rest.hasRemaining(); ) {
            int length = Math.min(chunk.length, rest.remaining());
            rest.get(chunk, 0, length);
            stream.write(chunk, 0, length);
        }
        stream.flush();
    }

    /**
     * Reads one array.
     *
     * @param place names the array in errors
     * @param mostBytes bound on the array's data
     * @throws SpecException if the bytes are not such an array
     */
    public static NpyArray read(InputStream in, String place, long mostBytes) throws IOException {
        try {
            var head = exactly(in, MAGIC.length + 4);
            if (!Arrays.equals(Arrays.copyOf(head, MAGIC.length), MAGIC) || head[6] != 1) {
                throw new SpecException(place + ": must be a .npy array of version 1.0, and is not");
            }
            int length = (head[8] & 0xFF) | (head[9] & 0xFF) << 8;
            if (length > MOST_HEADER) {
                throw new SpecException(
                        place + ": the header must have at most " + MOST_HEADER + " bytes, got " + length);
            }
            var header = new String(exactly(in, length), StandardCharsets.US_ASCII);
            var match = HEADER.matcher(header);
            if (!match.matches() || match.group(2).equals("True")) {
                throw new SpecException(place + ": must be in C order with a plain type, got header " + header.strip());
            }
            var type = type(match.group(1), place);
            List<Long> shape = Arrays.stream(match.group(3).split(","))
                    .map(String::strip)
                    .filter(size -> !size.isEmpty())
                    .map(size -> Long.parseLong(size.length() <= 18 ? size : size.substring(0, 18)))
                    .toList();
            long bytes = Math.multiplyExact(elements(shape), (long) type.bytes());
            if (bytes > Math.min(mostBytes, Integer.MAX_VALUE - 16)) {
                throw new SpecException(
                        place + ": must hold at most " + mostBytes + " bytes, got shape " + shape + " of " + type);
            }
            return new NpyArray(type, shape, ByteBuffer.wrap(exactly(in, (int) bytes)));
        } catch (EOFException e) {
            throw new SpecException(place + ": must be a whole .npy array, but ends too early", e);
        } catch (ArithmeticException e) {
            throw new SpecException(place + ": the shape must fit a 64-bit size", e);
        }
    }

    private static byte[] exactly(InputStream in, int length) throws IOException {
        var bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException();
        }
        return bytes;
    }

    private static long elements(List<Long> shape) {
        return shape.stream().reduce(1L, Math::multiplyExact);
    }

    private static List<Long> boxed(long... shape) {
        return Arrays.stream(shape).boxed().toList();
    }

    private static String descr(ElementType type) {
        return switch (type) {
            case UINT8 -> "|u1";
            case FLOAT32 -> "<f4";
            case INT64 -> "<i8";
            case FLOAT64 -> "<f8";
            case FLOAT16 -> "<f2";
            // NumPy has no name for it; ml_dtypes writes it so
            case BFLOAT16 -> "<V2";
            case INT8 -> "|i1";
            case INT16 -> "<i2";
            case INT32 -> "<i4";
            case UINT16 -> "<u2";
            case UINT32 -> "<u4";
            case UINT64 -> "<u8";
            case BOOL -> "|b1";
        };
    }

    private static ElementType type(String descr, String place) {
        for (var type : ElementType.values()) {
            if (descr(type).equals(descr)) {
                return type;
            }
        }
        throw new SpecException(place + ": elements must be one of "
                + Arrays.stream(ElementType.values()).map(NpyArray::descr).collect(Collectors.joining(", ")) + ", got "
                + descr);
    }
}
