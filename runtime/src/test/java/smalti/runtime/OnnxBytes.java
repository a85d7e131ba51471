package smalti.runtime;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** ONNX files written by hand, in protobuf's encoding: opset 17 and IR version 8 unless said otherwise. */
final class OnnxBytes {
    static final int FLOAT = 1;
    static final int INT64 = 7;
    static final int BOOL = 9;

    private final ByteArrayOutputStream graph = new ByteArrayOutputStream();
    private int opset = 17;

    OnnxBytes opset(int opset) {
        this.opset = opset;
        return this;
    }

    /** @param inputs and outputs by blanks; a {@code _} is one that is left out */
    OnnxBytes node(String op, String inputs, String outputs, byte[]... attributes) {
        var node = new ByteArrayOutputStream();
        for (var input : inputs.isEmpty() ? new String[0] : inputs.split(" ", -1)) {
            node.writeBytes(field(1, input.equals("_") ? "" : input));
        }
        for (var output : outputs.split(" ", -1)) {
            node.writeBytes(field(2, output.equals("_") ? "" : output));
        }
        node.writeBytes(field(4, op));
        for (var attribute : attributes) {
            node.writeBytes(field(5, attribute));
        }
        graph.writeBytes(field(1, node.toByteArray()));
        return this;
    }

    static byte[] whole(String name, long value) {
        return bytes(field(1, name), number(3, value), number(20, 2));
    }

    static byte[] wholes(String name, long... values) {
        var all = new ByteArrayOutputStream();
        all.writeBytes(field(1, name));
        for (long value : values) {
            all.writeBytes(number(8, value));
        }
        all.writeBytes(number(20, 7));
        return all.toByteArray();
    }

    static byte[] text(String name, String value) {
        return bytes(field(1, name), field(4, value), number(20, 3));
    }

    static byte[] body(String name, OnnxBytes body) {
        return bytes(field(1, name), field(6, body.graph.toByteArray()), number(20, 5));
    }

    static byte[] constant(String name, float value) {
        var tensor = bytes(number(1, 1), number(2, FLOAT), field(9, little(value)));
        return bytes(field(1, name), field(5, tensor), number(20, 4));
    }

    OnnxBytes floats(String name, float[] values, long... dims) {
        graph.writeBytes(field(5, bytes(head(name, FLOAT, dims), field(9, little(values)))));
        return this;
    }

    OnnxBytes longs(String name, long[] values, long... dims) {
        var raw = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        raw.asLongBuffer().put(values);
        graph.writeBytes(field(5, bytes(head(name, INT64, dims), field(9, raw.array()))));
        return this;
    }

    /** Floats that lie in another file. */
    OnnxBytes external(String name, String location, long offset, long length, long... dims) {
        var tensor = bytes(
                head(name, FLOAT, dims),
                entry("location", location),
                entry("offset", Long.toString(offset)),
                entry("length", Long.toString(length)),
                number(14, 1));
        graph.writeBytes(field(5, tensor));
        return this;
    }

    private static byte[] entry(String key, String value) {
        return field(13, bytes(field(1, key), field(2, value)));
    }

    private static byte[] head(String name, int type, long... dims) {
        var all = new ByteArrayOutputStream();
        for (long size : dims) {
            all.writeBytes(number(1, size));
        }
        all.writeBytes(number(2, type));
        all.writeBytes(field(8, name));
        return all.toByteArray();
    }

    OnnxBytes input(String name, int type, String axes) {
        graph.writeBytes(field(11, value(name, type, axes)));
        return this;
    }

    OnnxBytes output(String name, int type, String axes) {
        graph.writeBytes(field(12, value(name, type, axes)));
        return this;
    }

    /** @param axes sizes or names, by blanks; {@code ?} has neither, {@code ...} is of no rank */
    private static byte[] value(String name, int type, String axes) {
        var shape = new ByteArrayOutputStream();
        for (var axis : axes.isBlank() || axes.equals("...") ? List.<String>of() : List.of(axes.split(" ", -1))) {
            shape.writeBytes(field(
                    1,
                    axis.equals("?")
                            ? new byte[0]
                            : axis.matches("\\d+") ? number(1, Long.parseLong(axis)) : field(2, axis)));
        }
        var tensor = axes.equals("...") ? number(1, type) : bytes(number(1, type), field(2, shape.toByteArray()));
        return bytes(field(1, name), field(2, field(1, tensor)));
    }

    byte[] file() {
        graph.writeBytes(field(2, "g"));
        return bytes(number(1, 8), field(8, bytes(field(1, ""), number(2, opset))), field(7, graph.toByteArray()));
    }

    static byte[] little(float... values) {
        var raw = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        raw.asFloatBuffer().put(values);
        return raw.array();
    }

    private static byte[] field(int number, String value) {
        return field(number, value.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] field(int number, byte[] value) {
        return bytes(varint(((long) number << 3) | 2), varint(value.length), value);
    }

    private static byte[] number(int number, long value) {
        return bytes(varint((long) number << 3), varint(value));
    }

    private static byte[] varint(long value) {
        var out = new ByteArrayOutputStream();
        long left = value;
        while ((left & ~0x7FL) != 0) {
            out.write((int) ((left & 0x7F) | 0x80));
            left >>>= 7;
        }
        out.write((int) left);
        return out.toByteArray();
    }

    private static byte[] bytes(byte[]... parts) {
        var all = new ByteArrayOutputStream();
        for (var part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
