package smalti.runtime;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** The fields of one message, one after the other. */
final class ProtobufFields {
    private static final int MOST_DEPTH = 100;

    private final ByteBuffer from;
    private final int end;
    private int at;
    private int fieldStart;
    private int field;
    private int kind;
    /** Of a field of bytes. */
    private int valueStart;
    /** Of a whole number. */
    private long value;

    /** @param from the file, of which the message is a part */
    ProtobufFields(ByteBuffer from, int start, int end) {
        this.from = from;
        this.at = start;
        this.end = end;
    }

    /** Its number. */
    int field() {
        return field;
    }

    /** Where the field begins, with its number. */
    int start() {
        return fieldStart;
    }

    /** Where the value of a field of bytes begins. */
    int valueStart() {
        return valueStart;
    }

    /** Where the field ends. */
    int end() {
        return at;
    }

    /** Of a field that is a whole number. */
    long value() {
        return value;
    }

    boolean isWhole() {
        return kind == 0;
    }

    boolean isBytes() {
        return kind == 2;
    }

    String text() {
        return StandardCharsets.UTF_8
                .decode(from.slice(valueStart, at - valueStart))
                .toString();
    }

    /** Whole numbers packed one after the other, without fields around them: whether there is one more. */
    boolean hasPacked() {
        return at < end;
    }

    /** The next one. */
    long packed() {
        return varint();
    }

    /**
     * Goes to the next field, if there is one.
     *
     * @throws Damaged if it is none
     */
    boolean next() {
        if (at == end) {
            return false;
        }
        fieldStart = at;
        tag();
        if (kind == 4) {
            throw damaged();
        }
        skip(0);
        return true;
    }

    private void tag() {
        long tag = varint();
        if (tag >>> 3 == 0 || tag >>> 32 != 0) {
            throw damaged();
        }
        field = (int) (tag >>> 3);
        kind = (int) (tag & 7);
    }

    private void skip(int depth) {
        switch (kind) {
            case 0 -> value = varint();
            case 1 -> advance(8);
            case 2 -> {
                long length = varint();
                valueStart = at;
                advance(length);
            }
            case 3 -> group(depth);
            case 5 -> advance(4);
            default -> throw damaged();
        }
    }

    /** No message of ONNX has one; protobuf skips it. */
    private void group(int depth) {
        if (depth > MOST_DEPTH) {
            throw damaged();
        }
        int opened = field;
        for (tag(); kind != 4; tag()) {
            skip(depth + 1);
        }
        if (field != opened) {
            throw damaged();
        }
        kind = 3;
    }

    private void advance(long bytes) {
        if (bytes < 0 || bytes > end - at) {
            throw damaged();
        }
        at += (int) bytes;
    }

    private long varint() {
        long number = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            if (at == end) {
                throw damaged();
            }
            byte next = from.get(at++);
            number |= shift < 64 ? (next & 0x7FL) << shift : 0;
            if (next >= 0) {
                return number;
            }
        }
        throw damaged();
    }

    private Damaged damaged() {
        return new Damaged("at byte " + fieldStart);
    }

    /** This is no message. */
    static final class Damaged extends RuntimeException {
        private static final long serialVersionUID = 1;

        Damaged(String message) {
            super(message);
        }
    }
}
