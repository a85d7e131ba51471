package smalti.spec.onnx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import smalti.spec.SpecException;

/**
 * One message of protobuf's wire format, read field by field.
 *
 * <pre>{@code
 * while (wire.next()) {
 *     switch (wire.field()) {
 *         case 1 -> name = wire.text(name);
 *         default -> {} // what is not taken is skipped
 *     }
 * }
 * }</pre>
 */
final class Wire {
    /** Messages inside messages; protobuf's own limit. */
    private static final int MOST_DEPTH = 100;

    private static final int VARINT = 0;
    private static final int FIXED_64 = 1;
    private static final int BYTES = 2;
    private static final int GROUP = 3;
    private static final int GROUP_END = 4;
    private static final int FIXED_32 = 5;

    private final ByteBuffer data;
    private final Allowance allowance;
    private final int depth;
    private final @Nullable Wire around;
    private final String label;
    private final int index;

    /** Absolute: of the next byte to read, and after the last one. */
    private int at;

    private final int end;
    private int field;
    private int kind;
    private boolean taken = true;

    private Wire(
            ByteBuffer data, int at, int end, Allowance allowance, @Nullable Wire around, String label, int index) {
        this.data = data;
        this.at = at;
        this.end = end;
        this.allowance = allowance;
        this.around = around;
        this.depth = around == null ? 0 : around.depth + 1;
        this.label = label;
        this.index = index;
    }

    /** A whole file. */
    static Wire of(ByteBuffer file, String place) {
        var data = file.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        return new Wire(data, data.position(), data.limit(), Allowance.ofHeap(), null, place, -1);
    }

    /** The same bytes, from where this stands now. */
    Wire copy() {
        return new Wire(data, at, end, Allowance.ofHeap(), around, label, index);
    }

    /** Goes on to the next field. */
    boolean next() {
        if (!taken) {
            skip(kind, 0);
        }
        if (at >= end) {
            return false;
        }
        long tag = varint();
        if (tag >>> 32 != 0 || tag >>> 3 == 0) {
            throw problem("has a field of number " + Long.toUnsignedString(tag >>> 3)
                    + ", which no ONNX file has; it is damaged or no ONNX file");
        }
        field = (int) (tag >>> 3);
        kind = (int) (tag & 7);
        taken = false;
        return true;
    }

    /** The number of the field that is to be read. */
    int field() {
        return field;
    }

    boolean isVarint() {
        return kind == VARINT;
    }

    boolean isBytes() {
        return kind == BYTES;
    }

    /** A whole number; {@code before} where the field is written as something else, which protobuf skips. */
    long whole(long before) {
        if (kind != VARINT) {
            return before;
        }
        taken = true;
        return varint();
    }

    float real(float before) {
        if (kind != FIXED_32) {
            return before;
        }
        taken = true;
        return data.getFloat(advance(Float.BYTES));
    }

    String text(String before) {
        if (kind != BYTES) {
            return before;
        }
        var bytes = bytes();
        allowance.take(48 + 2L * bytes.remaining(), this);
        return StandardCharsets.UTF_8.decode(bytes).toString();
    }

    /** The field's bytes, not copied. */
    ByteBuffer bytes() {
        int length = length();
        return data.slice(advance(length), length).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * The message that the field holds.
     *
     * @param index among the fields of that name, −1 where there is just one
     */
    Wire message(String name, int index) {
        if (depth >= MOST_DEPTH) {
            throw problem("must have at most " + MOST_DEPTH + " messages inside one another, and has more");
        }
        int length = length();
        int start = advance(length);
        allowance.take(96, this);
        return new Wire(data, start, start + length, allowance, this, name, index);
    }

    /** Takes one number or a packed run of them. */
    void wholes(LongTaker taker) {
        if (kind == VARINT) {
            taken = true;
            taker.take(varint());
        } else if (kind == BYTES) {
            int length = length();
            int stop = at + length;
            while (at < stop) {
                long value = varint();
                if (at > stop) {
                    throw problem("has a list of numbers whose last one is cut off");
                }
                taker.take(value);
            }
        }
    }

    /** Takes one 32-bit float or a packed run of them. */
    void reals(FloatTaker taker) {
        if (kind == FIXED_32) {
            taken = true;
            taker.take(data.getFloat(advance(Float.BYTES)));
        } else if (kind == BYTES) {
            int length = length();
            if (length % Float.BYTES != 0) {
                throw problem("has a list of floats of " + length + " bytes, no multiple of 4");
            }
            for (int i = 0; i < length / Float.BYTES; i++) {
                taker.take(data.getFloat(advance(Float.BYTES)));
            }
        }
    }

    /** Takes one 64-bit float or a packed run of them. */
    void doubles(DoubleTaker taker) {
        if (kind == FIXED_64) {
            taken = true;
            taker.take(data.getDouble(advance(Double.BYTES)));
        } else if (kind == BYTES) {
            int length = length();
            if (length % Double.BYTES != 0) {
                throw problem("has a list of floats of " + length + " bytes, no multiple of 8");
            }
            for (int i = 0; i < length / Double.BYTES; i++) {
                taker.take(data.getDouble(advance(Double.BYTES)));
            }
        }
    }

    /** Takes a number. */
    @FunctionalInterface
    interface LongTaker {
        void take(long value);
    }

    /** Takes a number. */
    @FunctionalInterface
    interface FloatTaker {
        void take(float value);
    }

    /** Takes a number. */
    @FunctionalInterface
    interface DoubleTaker {
        void take(double value);
    }

    /** Counts what is about to be kept on the heap. */
    void keep(long bytes) {
        allowance.take(bytes, this);
    }

    private int length() {
        taken = true;
        long length = varint();
        if (length < 0 || length > end - at) {
            throw problem("says that " + Long.toUnsignedString(length) + " bytes follow, and has " + (end - at)
                    + "; it is cut off or damaged");
        }
        return (int) length;
    }

    private int advance(int bytes) {
        if (bytes > end - at) {
            throw problem("ends in the middle of a number; it is cut off or damaged");
        }
        int start = at;
        at += bytes;
        return start;
    }

    private long varint() {
        long value = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            byte next = data.get(advance(1));
            // protobuf drops what is beyond the 64th bit
            value |= shift < 64 ? (long) (next & 0x7F) << shift : 0;
            if (next >= 0) {
                return value;
            }
        }
        throw problem("has a number of more than 10 bytes; it is damaged or no ONNX file");
    }

    private void skip(int what, int groups) {
        taken = true;
        switch (what) {
            case VARINT -> varint();
            case FIXED_64 -> advance(Long.BYTES);
            case FIXED_32 -> advance(Integer.BYTES);
            case BYTES -> advance(length());
            case GROUP -> group(groups);
            default -> throw problem("has a field of an unknown form; it is damaged or no ONNX file");
        }
    }

    private void group(int groups) {
        if (groups + depth >= MOST_DEPTH) {
            throw problem("must have at most " + MOST_DEPTH + " messages inside one another, and has more");
        }
        while (at < end) {
            int inner = (int) (varint() & 7);
            if (inner == GROUP_END) {
                return;
            }
            skip(inner, groups + 1);
        }
        throw problem("has a group that does not end; it is cut off or damaged");
    }

    /** What is wrong here: {@code model.onnx: graph.node[3] … (at byte 812)}. */
    SpecException problem(String rule) {
        return new SpecException(place() + " " + rule + " (at byte " + at + ")");
    }

    private String place() {
        if (around == null) {
            return label + ": it";
        }
        var path = label + (index < 0 ? "" : "[" + index + "]");
        var outer = around;
        for (; outer.around != null; outer = outer.around) {
            path = outer.label + (outer.index < 0 ? "" : "[" + outer.index + "]") + "." + path;
        }
        return outer.label + ": " + path;
    }

    /** How much of the heap one file may take: few bytes of it can become many objects. */
    private static final class Allowance {
        private static final long MOST_BYTES = 1L << 30;

        private final long most;
        private long taken;

        private Allowance(long most) {
            this.most = most;
        }

        static Allowance ofHeap() {
            return new Allowance(Math.min(MOST_BYTES, Runtime.getRuntime().maxMemory() / 3));
        }

        void take(long bytes, Wire at) {
            taken += bytes;
            if (taken > most) {
                throw at.problem("has too many items: beside its weights, a file must take at most " + (most >> 20)
                        + " MB of heap (a third of -Xmx, 1 GB at most)");
            }
        }
    }
}
