package smalti.spec.onnx;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes one protobuf message by hand, also in forms that no library writes. */
final class Proto {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Proto whole(int field, long value) {
        varint((long) field << 3);
        return varint(value);
    }

    Proto real(int field, float value) {
        varint((long) field << 3 | 5);
        return raw(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putFloat(value)
                .array());
    }

    Proto text(int field, String text) {
        return bytes(field, text.getBytes(StandardCharsets.UTF_8));
    }

    Proto message(int field, Proto message) {
        return bytes(field, message.done());
    }

    Proto bytes(int field, byte[] bytes) {
        varint((long) field << 3 | 2);
        varint(bytes.length);
        return raw(bytes);
    }

    Proto packed(int field, long... values) {
        var numbers = new Proto();
        for (long value : values) {
            numbers.varint(value);
        }
        return message(field, numbers);
    }

    Proto varint(long value) {
        for (; (value & ~0x7FL) != 0; value >>>= 7) {
            out.write((int) ((value & 0x7F) | 0x80));
        }
        out.write((int) value);
        return this;
    }

    Proto raw(byte... bytes) {
        out.writeBytes(bytes);
        return this;
    }

    byte[] done() {
        return out.toByteArray();
    }

    static Proto opset(String domain, long version) {
        return new Proto().text(1, domain).whole(2, version);
    }

    /** A file of one graph at opset 17. */
    static byte[] file(Proto graph) {
        return new Proto()
                .whole(1, 8)
                .message(7, graph)
                .message(8, opset("", 17))
                .done();
    }
}
