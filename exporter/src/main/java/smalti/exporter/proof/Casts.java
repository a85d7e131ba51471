package smalti.exporter.proof;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * Tensors of types that ONNX Runtime's Java API neither makes nor reads, such as UINT16 and FLOAT8E5M2.
 *
 * <p>ONNX Runtime makes them itself, by a model of one Cast.
 */
final class Casts {
    private static final int IR_VERSION = 13;
    private static final int OPSET = 25;

    private final OrtEnvironment environment;
    private final Map<String, OrtSession> sessions = new HashMap<>();

    Casts(OrtEnvironment environment) {
        this.environment = environment;
    }

    OrtEnvironment environment() {
        return environment;
    }

    /**
     * The same numbers in another type; whole numbers keep their bits.
     *
     * @param from ONNX's number of the tensor's type
     * @param to that of the other
     */
    OnnxTensor cast(OnnxTensor tensor, int from, int to) throws OrtException {
        var key = from + ">" + to;
        var session = sessions.get(key);
        if (session == null) {
            session = environment.createSession(model(from, to));
            sessions.put(key, session);
        }
        // closed by the one who asked, alone
        return (OnnxTensor) session.run(Map.of("x", tensor)).get(0);
    }

    /** Java's buffer as ONNX Runtime takes it: outside of the heap, in the machine's order. */
    static ByteBuffer direct(ByteBuffer data) {
        return data.isDirect()
                ? data
                : ByteBuffer.allocateDirect(data.remaining())
                        .order(ByteOrder.nativeOrder())
                        .put(data.duplicate())
                        .flip();
    }

    // ---- a ModelProto, field by field: protobuf is not on this process's class path

    private static byte[] model(int from, int to) {
        var attribute = message(text(1, "to"), number(3, to), number(20, 2));
        var node = message(text(1, "x"), text(2, "y"), text(4, "Cast"), part(5, attribute));
        var graph = message(part(1, node), text(2, "cast"), part(11, value("x", from)), part(12, value("y", to)));
        return message(number(1, IR_VERSION), part(7, graph), part(8, message(number(2, OPSET))));
    }

    /** A ValueInfoProto of a tensor of any rank. */
    private static byte[] value(String name, int type) {
        return message(text(1, name), part(2, message(part(1, message(number(1, type))))));
    }

    private static byte[] message(byte[]... fields) {
        var all = new ByteArrayOutputStream();
        for (var field : fields) {
            all.writeBytes(field);
        }
        return all.toByteArray();
    }

    private static byte[] text(int field, String text) {
        return part(field, text.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] part(int field, byte[] content) {
        return message(varint(field << 3 | 2), varint(content.length), content);
    }

    private static byte[] number(int field, int value) {
        return message(varint(field << 3), varint(value));
    }

    private static byte[] varint(int value) {
        var bytes = new ByteArrayOutputStream();
        int rest = value;
        for (; rest > 0x7F; rest >>>= 7) {
            bytes.write((rest & 0x7F) | 0x80);
        }
        bytes.write(rest);
        return bytes.toByteArray();
    }
}
