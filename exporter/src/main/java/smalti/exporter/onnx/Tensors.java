package smalti.exporter.onnx;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.proto.SparseTensorProto;
import smalti.exporter.proto.TensorProto;
import smalti.spec.SpecException;

/** Reads the constants of a file, in whichever of its many forms ONNX allows. */
final class Tensors {
    private static final int STRING = 8;
    /** float8 in five variants, 4-bit whole numbers and floats: written as they were read. */
    private static final int FIRST_SMALL = 17;

    private static final int LAST_SMALL = 27;
    private static final List<Integer> HALF_BYTES = List.of(21, 22, 23);
    private static final List<Integer> QUARTER_BYTES = List.of(25, 26);

    /** A system maps some 65,000 pieces of files at once; a model may have more small constants. */
    private static final int LEAST_MAPPED = 1 << 16;

    private final String file;
    private final @Nullable Path folder;

    /** @param folder where weights in files of their own must lie; null where there can be none */
    Tensors(String file, @Nullable Path folder) {
        this.file = file;
        this.folder = folder;
    }

    /** @throws SpecException if its data does not fit its dims, or lies where it must not */
    Constant constant(TensorProto proto, String told) throws IOException {
        return constant(proto, null, told);
    }

    /** @param raw its data as raw data, where that is not in the message itself */
    Constant constant(TensorProto proto, @Nullable ByteBuffer raw, String told) throws IOException {
        var place = file + ": " + told;
        long elements = elements(proto.getDimsList(), place);
        if (proto.hasSegment()) {
            throw new SpecException(place + ": must be whole, got a segment");
        }
        int code = proto.getDataType();
        var external = proto.getDataLocation() == TensorProto.DataLocation.EXTERNAL ? external(proto, place) : raw;
        var type = ValueType.ofOnnxCode(code);
        if (type.isPresent() && type.get() != ValueType.STRING) {
            return new Tensor(type.get(), proto.getDimsList(), data(proto, type.get(), elements, external, place));
        }
        if (code == STRING) {
            fits(place, "strings", elements, proto.getStringDataCount());
        } else if (code < FIRST_SMALL || code > LAST_SMALL) {
            throw new SpecException(place + ": must have a type that ONNX knows, got " + code);
        } else if (external != null || proto.hasRawData()) {
            int inByte = HALF_BYTES.contains(code) ? 2 : QUARTER_BYTES.contains(code) ? 4 : 1;
            long bytes = elements / inByte + (elements % inByte == 0 ? 0 : 1);
            fits(place, "bytes", bytes, external == null ? proto.getRawData().size() : external.remaining());
        } else if (proto.getInt32DataCount() > elements || elements > 4L * proto.getInt32DataCount()) {
            fits(place, "numbers", elements, proto.getInt32DataCount());
        }
        var whole = proto.toBuilder().clearName().clearDocString();
        if (external != null) {
            whole.clearExternalData().clearDataLocation().setRawData(ByteString.copyFrom(external.duplicate()));
        }
        return new Constant.Other(
                code, proto.getDimsList(), whole.build().toByteString().asReadOnlyByteBuffer());
    }

    /** @throws SpecException if a part does not fit its own dims */
    Constant sparse(SparseTensorProto proto) throws IOException {
        var told = "sparse initializer \"" + proto.getValues().getName() + "\"";
        elements(proto.getDimsList(), file + ": " + told);
        constant(proto.getValues(), told);
        constant(proto.getIndices(), told + ", indices");
        if (proto.getValues().getDataLocation() == TensorProto.DataLocation.EXTERNAL
                || proto.getIndices().getDataLocation() == TensorProto.DataLocation.EXTERNAL) {
            throw new SpecException(file + ": " + told + ": must lie in the file itself, got external data");
        }
        return new Constant.Sparse(
                proto.getValues().getDataType(),
                proto.getDimsList(),
                proto.toByteString().asReadOnlyByteBuffer());
    }

    private static long elements(List<Long> dims, String place) {
        long elements = 1;
        try {
            for (long size : dims) {
                if (size < 0) {
                    throw new SpecException(place + ": dims must not be negative, got " + dims);
                }
                elements = Math.multiplyExact(elements, size);
            }
        } catch (ArithmeticException e) {
            throw new SpecException(place + ": dims must fit a 64-bit size, got " + dims, e);
        }
        return elements;
    }

    private static void fits(String place, String what, long expected, long got) {
        if (expected != got) {
            throw new SpecException(place + ": dims ask for " + expected + " " + what + ", got " + got);
        }
    }

    private static ByteBuffer data(
            TensorProto proto, ValueType type, long elements, @Nullable ByteBuffer external, String place) {
        if (external != null || proto.hasRawData()) {
            var bytes = external == null ? proto.getRawData().asReadOnlyByteBuffer() : external;
            // as quotients: the product may not fit
            boolean fits = bytes.remaining() % type.bytes() == 0 && bytes.remaining() / type.bytes() == elements;
            if (!fits) {
                throw new SpecException(place + ": dims " + proto.getDimsList() + " of " + type + " ask for " + elements
                        + " elements of " + type.bytes() + " bytes, got " + bytes.remaining() + " bytes");
            }
            return bytes;
        }
        int parts = type == ValueType.COMPLEX64 || type == ValueType.COMPLEX128 ? 2 : 1;
        int count = switch (type) {
            case FLOAT32, COMPLEX64 -> proto.getFloatDataCount();
            case FLOAT64, COMPLEX128 -> proto.getDoubleDataCount();
            case INT64 -> proto.getInt64DataCount();
            case UINT32, UINT64 -> proto.getUint64DataCount();
            default -> proto.getInt32DataCount();
        };
        if (count % parts != 0 || count / parts != elements) {
            throw new SpecException(place + ": dims " + proto.getDimsList() + " of " + type + " ask for " + elements
                    + " elements, got " + count / parts);
        }
        if (elements * type.bytes() > Integer.MAX_VALUE - 16) {
            throw new SpecException(place + ": must have at most 2 GB, got " + elements + " elements");
        }
        var data = ByteBuffer.allocate((int) elements * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            switch (type) {
                case FLOAT32, COMPLEX64 -> data.putFloat(proto.getFloatData(i));
                case FLOAT64, COMPLEX128 -> data.putDouble(proto.getDoubleData(i));
                case INT64 -> data.putLong(proto.getInt64Data(i));
                case UINT64 -> data.putLong(proto.getUint64Data(i));
                case UINT32 -> data.putInt((int) proto.getUint64Data(i));
                case INT32 -> data.putInt(proto.getInt32Data(i));
                case INT16, UINT16, FLOAT16, BFLOAT16 -> data.putShort((short) proto.getInt32Data(i));
                case INT8, UINT8, BOOL -> data.put((byte) proto.getInt32Data(i));
                case STRING -> throw new IllegalStateException("strings have no fixed width");
            }
        }
        return data.flip();
    }

    /** The bytes of a tensor in a file of its own, mapped where they are many. */
    private ByteBuffer external(TensorProto proto, String place) throws IOException {
        var entries = new HashMap<String, String>();
        proto.getExternalDataList().forEach(entry -> entries.put(entry.getKey(), entry.getValue()));
        var location = entries.get("location");
        if (location == null || location.isEmpty()) {
            throw new SpecException(place + ": external data must have a location, got " + entries.keySet());
        }
        var path = inside(location, place);
        long size = Files.size(path);
        long offset = number(entries, "offset", 0, place);
        long length = number(entries, "length", Math.max(0, size - offset), place);
        if (offset > size || length > size - offset) {
            throw new SpecException(place + ": external data must lie in the " + size + " bytes of \"" + location
                    + "\", got offset " + offset + " and length " + length);
        }
        if (length > Integer.MAX_VALUE - 16) {
            throw new SpecException(place + ": must have at most 2 GB, got " + length + " bytes");
        }
        try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
            if (length >= LEAST_MAPPED) {
                return channel.map(FileChannel.MapMode.READ_ONLY, offset, length);
            }
            var bytes = ByteBuffer.allocate((int) length);
            while (bytes.hasRemaining() && channel.read(bytes, offset + bytes.position()) >= 0) {}
            return bytes.flip();
        }
    }

    /** A regular file in the model's folder, links followed. */
    private Path inside(String location, String place) throws IOException {
        if (folder == null) {
            throw new SpecException(place + ": must lie in the model itself, got external data \"" + location + "\"");
        }
        var rule = place + ": external data must be a file in the model's folder, got \"" + location + "\"";
        try {
            var relative = Path.of(location);
            boolean leaves = relative.isAbsolute()
                    || location.contains("\\")
                    || List.of(location.split("/", -1)).contains("..");
            if (leaves) {
                throw new SpecException(rule);
            }
            var real = folder.resolve(relative).toRealPath();
            if (!real.startsWith(folder.toRealPath()) || !Files.isRegularFile(real)) {
                throw new SpecException(rule);
            }
            return real;
        } catch (InvalidPathException | NoSuchFileException e) {
            throw new SpecException(rule, e);
        }
    }

    private static long number(Map<String, String> entries, String key, long otherwise, String place) {
        var text = entries.get(key);
        if (text == null) {
            return otherwise;
        }
        if (!text.matches("\\d{1,18}")) {
            throw new SpecException(place + ": " + key + " of external data must be a whole number, got " + text);
        }
        return Long.parseLong(text);
    }
}
