package smalti.pictures;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.OptionalInt;

/**
 * The first directory of a TIFF file, or of EXIF, which is laid out as one.
 *
 * <p>Source: TIFF 6.0, section 2; BigTIFF's numbers are of 64 bits.
 */
final class TiffDirectory {
    static final int COMPRESSION = 0x103;
    static final int ORIENTATION = 0x112;
    /** What the samples beyond those of the colour are. */
    static final int EXTRA_SAMPLES = 0x152;

    private static final int SHORT = 3;
    private static final int LONG = 4;
    private static final int BIG = 43;

    private final ByteBuffer bytes;

    TiffDirectory(ByteBuffer bytes) {
        this.bytes = bytes;
    }

    /** The first number of an entry; empty where there is none, or it is not of 16 or 32 bits, or the file is malformed. */
    OptionalInt first(int tag) {
        try {
            bytes.order(bytes.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
            return switch (bytes.getShort(2)) {
                case 42 -> find(tag, bytes.getInt(4), false);
                case BIG -> find(tag, Math.toIntExact(bytes.getLong(8)), true);
                default -> OptionalInt.empty();
            };
        } catch (IndexOutOfBoundsException | ArithmeticException e) {
            return OptionalInt.empty(); // an offset that leads out of the file
        }
    }

    private OptionalInt find(int tag, int directory, boolean big) {
        long entries = big ? bytes.getLong(directory) : bytes.getShort(directory) & 0xFFFF;
        int size = big ? 20 : 12;
        int entry = directory + (big ? 8 : 2);
        for (long i = 0; i < entries; i++, entry += size) {
            if ((bytes.getShort(entry) & 0xFFFF) == tag) {
                int value = entry + (big ? 12 : 8);
                return switch (bytes.getShort(entry + 2)) {
                    case SHORT -> OptionalInt.of(bytes.getShort(value) & 0xFFFF);
                    case LONG -> OptionalInt.of(bytes.getInt(value)); // some writers take these for all numbers
                    default -> OptionalInt.empty();
                };
            }
        }
        return OptionalInt.empty();
    }
}
