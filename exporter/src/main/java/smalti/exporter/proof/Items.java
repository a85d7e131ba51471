package smalti.exporter.proof;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.proof.ModelSession.Item;

/** Items as bytes, between the two processes. */
final class Items {
    private static final int CHUNK = 1 << 16;

    private Items() {}

    private enum Kind {
        ARRAY,
        TEXTS,
        SEQUENCE,
        ENTRIES
    }

    static void write(Map<String, Item> items, DataOutputStream out) throws IOException {
        out.writeInt(items.size());
        for (var entry : items.entrySet()) {
            writeText(entry.getKey(), out);
            write(entry.getValue(), out);
        }
    }

    private static void write(Item item, DataOutputStream out) throws IOException {
        if (item instanceof Item.Array array) {
            writeText(Kind.ARRAY.name(), out);
            writeText(array.tensor().type().name(), out);
            writeDims(array.tensor().dims(), out);
            writeBytes(array.tensor().data().duplicate(), out);
        } else if (item instanceof Item.Texts texts) {
            writeText(Kind.TEXTS.name(), out);
            writeDims(texts.dims(), out);
            writeTexts(texts.texts(), out);
        } else if (item instanceof Item.Sequence sequence) {
            writeText(Kind.SEQUENCE.name(), out);
            out.writeInt(sequence.items().size());
            for (var part : sequence.items()) {
                write(part, out);
            }
        } else if (item instanceof Item.Entries entries) {
            writeText(Kind.ENTRIES.name(), out);
            writeText(entries.text(), out);
        }
    }

    /** @param memory where arrays are kept, of a size */
    static Map<String, Item> read(DataInputStream in, IntFunction<ByteBuffer> memory) throws IOException {
        var items = new LinkedHashMap<String, Item>();
        int count = in.readInt();
        for (int i = 0; i < count; i++) {
            items.put(readText(in), readItem(in, memory));
        }
        return items;
    }

    private static Item readItem(DataInputStream in, IntFunction<ByteBuffer> memory) throws IOException {
        return switch (constant(Kind.class, readText(in))) {
            case ARRAY -> {
                var type = constant(ValueType.class, readText(in));
                var dims = readDims(in);
                yield new Item.Array(new Tensor(type, dims, readBytes(in, bytes(type, dims), memory)));
            }
            case TEXTS -> new Item.Texts(readDims(in), readTexts(in));
            case SEQUENCE -> {
                var items = new ArrayList<Item>();
                int count = in.readInt();
                for (int i = 0; i < count; i++) {
                    items.add(readItem(in, memory));
                }
                yield new Item.Sequence(items);
            }
            case ENTRIES -> new Item.Entries(readText(in));
        };
    }

    private static <T extends Enum<T>> T constant(Class<T> type, String name) throws IOException {
        try {
            return Enum.valueOf(type, name);
        } catch (IllegalArgumentException e) {
            throw new IOException(name + " is none of " + type.getSimpleName(), e);
        }
    }

    /** What an array takes; whatever is read, no memory is asked for before it is known to be an array. */
    private static int bytes(ValueType type, List<Long> dims) throws IOException {
        try {
            long bytes = type.bytes();
            for (long size : dims) {
                bytes = Math.multiplyExact(bytes, size);
            }
            if (bytes < 0) {
                throw new IOException("sizes must be 0 or more, got " + dims);
            }
            return Math.toIntExact(bytes);
        } catch (ArithmeticException e) {
            throw new IOException("arrays must have at most 2 GB, got " + dims, e);
        }
    }

    private static void writeDims(List<Long> dims, DataOutputStream out) throws IOException {
        out.writeInt(dims.size());
        for (long size : dims) {
            out.writeLong(size);
        }
    }

    private static List<Long> readDims(DataInputStream in) throws IOException {
        var dims = new ArrayList<Long>();
        int rank = in.readInt();
        for (int axis = 0; axis < rank; axis++) {
            dims.add(in.readLong());
        }
        return dims;
    }

    private static void writeBytes(ByteBuffer data, DataOutputStream out) throws IOException {
        out.writeInt(data.remaining());
        if (data.hasArray()) {
            out.write(data.array(), data.arrayOffset() + data.position(), data.remaining());
            return;
        }
        var chunk = new byte[CHUNK];
        while (data.hasRemaining()) {
            int size = Math.min(CHUNK, data.remaining());
            data.get(chunk, 0, size);
            out.write(chunk, 0, size);
        }
    }

    private static ByteBuffer readBytes(DataInputStream in, int count, IntFunction<ByteBuffer> memory)
            throws IOException {
        int told = in.readInt();
        if (told != count) {
            throw new IOException("an array must have " + count + " bytes, got " + told);
        }
        var data = memory.apply(count);
        if (data.hasArray()) {
            in.readFully(data.array(), data.arrayOffset(), count);
            return data;
        }
        var chunk = new byte[Math.min(CHUNK, count)];
        while (data.hasRemaining()) {
            int size = Math.min(chunk.length, data.remaining());
            in.readFully(chunk, 0, size);
            data.put(chunk, 0, size);
        }
        return data.flip();
    }

    /** Of any length, which {@code writeUTF} is not. */
    static void writeText(String text, DataOutputStream out) throws IOException {
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    static String readText(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0) {
            throw new IOException("a text must have 0 or more bytes, got " + length);
        }
        // in pieces: no more memory is taken than comes in
        var bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException();
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    static void writeTexts(List<String> texts, DataOutputStream out) throws IOException {
        out.writeInt(texts.size());
        for (var text : texts) {
            writeText(text, out);
        }
    }

    static List<String> readTexts(DataInputStream in) throws IOException {
        var texts = new ArrayList<String>();
        int count = in.readInt();
        for (int i = 0; i < count; i++) {
            texts.add(readText(in));
        }
        return texts;
    }
}
