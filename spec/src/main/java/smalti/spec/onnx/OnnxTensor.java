package smalti.spec.onnx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import smalti.spec.Halves;
import smalti.spec.bundle.ElementType;

/**
 * A constant array: where its elements lie, and they themselves on demand.
 *
 * <p>Implementation: a file keeps elements as raw bytes, as a list of numbers of a type that depends on theirs, or in
 * another file; a list is read again from the file's bytes each time.
 */
public final class OnnxTensor {
    /**
     * What an external tensor says of its bytes.
     *
     * @param location a path, beside the model
     * @param offset in that file
     * @param length null where the file says none: up to the end of what its shape asks for
     * @param checksum SHA-1 as the file says it, if it does
     * @param entries all that the file says, these among them
     */
    public record External(
            String location, long offset, @Nullable Long length, String checksum, Map<String, String> entries) {
        public External {
            entries = Map.copyOf(entries);
        }

        /** In bytes, if the file says one. */
        public OptionalLong bytes() {
            return length == null ? OptionalLong.empty() : OptionalLong.of(length);
        }
    }

    private final String name;
    private final int element;
    private final List<Long> dims;
    private final @Nullable External external;
    private final @Nullable ByteBuffer raw;
    private final Wire message;

    OnnxTensor(
            String name,
            int element,
            List<Long> dims,
            @Nullable External external,
            @Nullable ByteBuffer raw,
            Wire message) {
        this.name = name;
        this.element = element;
        this.dims = List.copyOf(dims);
        this.external = external;
        this.raw = raw;
        this.message = message;
    }

    public String name() {
        return name;
    }

    /** ONNX's number of the elements' type. */
    public int element() {
        return element;
    }

    /** The elements' type, if they are real numbers of 8 bits and more, or booleans. */
    public Optional<ElementType> type() {
        return Arrays.stream(ElementType.values())
                .filter(type -> type.onnxCode() == element)
                .findFirst();
    }

    /** As the file says them, also where they are negative or absurd. */
    public List<Long> dims() {
        return dims;
    }

    /** The product of the sizes; empty where one is negative or there are more than a long counts. */
    public OptionalLong count() {
        if (dims.contains(0L)) {
            return OptionalLong.of(0);
        }
        long count = 1;
        for (long size : dims) {
            if (size < 0 || count > Long.MAX_VALUE / size) {
                return OptionalLong.empty();
            }
            count *= size;
        }
        return OptionalLong.of(count);
    }

    /** Where the elements are, if not in this file. */
    public Optional<External> external() {
        return Optional.ofNullable(external);
    }

    /** The elements as raw bytes, little-endian, not copied; absent where they are external or a list of numbers. */
    public Optional<ByteBuffer> raw() {
        return external != null || raw == null
                ? Optional.empty()
                : Optional.of(raw.duplicate().order(ByteOrder.LITTLE_ENDIAN));
    }

    /**
     * The elements as numbers.
     *
     * @param most how many there may be
     * @return absent where there are more, they are in another file, are no real numbers of 8 bits and more, or do not
     *     fit the shape; int64 beyond 2⁵³ is rounded
     * @throws smalti.spec.SpecException if the file is damaged there
     */
    public Optional<double[]> numbers(int most) {
        var count = count();
        if (external != null || count.isEmpty() || count.getAsLong() > most) {
            return Optional.empty();
        }
        return type().flatMap(type -> numbers(type, (int) count.getAsLong()));
    }

    private Optional<double[]> numbers(ElementType type, int count) {
        var numbers = new double[count];
        if (raw != null) {
            var bytes = raw().orElseThrow();
            if (bytes.remaining() != (long) numbers.length * type.bytes()) {
                return Optional.empty();
            }
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = number(type, bytes, i);
            }
            return Optional.of(numbers);
        }
        var listed = new Listed(numbers);
        listed.read(message.copy(), type);
        return listed.taken == numbers.length ? Optional.of(numbers) : Optional.empty();
    }

    private static double number(ElementType type, ByteBuffer bytes, int i) {
        return switch (type) {
            case FLOAT32 -> bytes.getFloat(4 * i);
            case FLOAT64 -> bytes.getDouble(8 * i);
            case UINT8, BOOL -> bytes.get(i) & 0xFF;
            case INT8 -> bytes.get(i);
            case UINT16 -> bytes.getShort(2 * i) & 0xFFFF;
            case INT16 -> bytes.getShort(2 * i);
            case INT32 -> bytes.getInt(4 * i);
            case UINT32 -> bytes.getInt(4 * i) & 0xFFFF_FFFFL;
            case INT64 -> bytes.getLong(8 * i);
            case UINT64 -> unsigned(bytes.getLong(8 * i));
            case FLOAT16, BFLOAT16 -> small(bytes.getShort(2 * i), type);
        };
    }

    private static double unsigned(long bits) {
        return bits >= 0 ? bits : ((bits >>> 1) | (bits & 1)) * 2.0;
    }

    /** The number that 16 bits are. */
    private static double small(short bits, ElementType type) {
        return type == ElementType.BFLOAT16 ? Halves.ofBrain(bits) : Halves.ofHalf(bits);
    }

    @Override
    public String toString() {
        return name + " " + Arrays.toString(dims.toArray()) + " of type " + element;
    }

    /** The numbers of the list that a type is kept in. */
    private static final class Listed {
        private final double[] numbers;
        private int taken;

        Listed(double[] numbers) {
            this.numbers = numbers;
        }

        void read(Wire message, ElementType type) {
            int wanted = switch (type) {
                case FLOAT32 -> 4;
                case INT64 -> 7;
                case FLOAT64 -> 10;
                case UINT32, UINT64 -> 11;
                default -> 5;
            };
            while (message.next()) {
                if (message.field() != wanted) {
                    continue;
                }
                switch (wanted) {
                    case 4 -> message.reals(this::take);
                    case 10 -> message.doubles(this::take);
                    default -> message.wholes(value -> take(whole(value, type)));
                }
            }
        }

        private static double whole(long value, ElementType type) {
            return switch (type) {
                case UINT64 -> unsigned(value);
                case FLOAT16, BFLOAT16 -> small((short) value, type);
                default -> value;
            };
        }

        private void take(double number) {
            if (taken < numbers.length) {
                numbers[taken] = number;
            }
            taken++;
        }
    }
}
