package smalti.exporter.onnx;

import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.ByteBuffer;

/**
 * One field of a message.
 *
 * @param whole its tag included
 * @param content without tag and length
 */
record WireField(int number, int wire, ByteBuffer whole, ByteBuffer content) {
    static final int LENGTH = 2;

    private static final int VARINT = 0;
    private static final int EIGHT_BYTES = 1;
    private static final int FOUR_BYTES = 5;

    static WireField next(ByteBuffer in) throws InvalidProtocolBufferException {
        int start = in.position();
        long tag = varint(in);
        int wire = (int) tag & 7;
        int content = in.position();
        long length = switch (wire) {
            case VARINT -> {
                varint(in);
                yield in.position() - content;
            }
            case EIGHT_BYTES -> Long.BYTES;
            case FOUR_BYTES -> Integer.BYTES;
            case LENGTH -> {
                long bytes = varint(in);
                content = in.position();
                yield bytes;
            }
            default -> throw new InvalidProtocolBufferException("it has a field of no known form");
        };
        if (length < 0 || length > in.limit() - content) {
            throw cut();
        }
        int end = content + (int) length;
        in.position(end);
        return new WireField((int) (tag >>> 3), wire, view(in, start, end), view(in, content, end));
    }

    private static ByteBuffer view(ByteBuffer in, int from, int to) {
        return in.slice(from, to - from).asReadOnlyBuffer();
    }

    static long varint(ByteBuffer in) throws InvalidProtocolBufferException {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            if (!in.hasRemaining()) {
                throw cut();
            }
            byte next = in.get();
            value |= (long) (next & 0x7F) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new InvalidProtocolBufferException("it has a number of too many bytes");
    }

    private static InvalidProtocolBufferException cut() {
        return new InvalidProtocolBufferException("it ends in the middle of a field");
    }
}
