package smalti.pictures;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;

/** Whether a file was cut off, as far as its format tells. */
final class Completeness {
    private Completeness() {}

    /** @throws IOException if the file says how long it is, and is shorter: what decoders would take for black */
    static void requireDeclaredLength(byte[] bytes, PictureFormat format) throws IOException {
        boolean tooShort = switch (format) {
            case WEBP -> endsTooEarly(bytes, format);
            case PNG -> pngChunkIsCut(ByteBuffer.wrap(bytes));
            default -> false;
        };
        if (tooShort) {
            throw new IOException("must be a whole picture, but ends too early", new EOFException());
        }
    }

    /** Asked of a file that could not be decoded. */
    static boolean endsTooEarly(byte[] bytes, PictureFormat format) {
        int length = bytes.length;
        var little = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        return switch (format) {
            case PNG -> pngEndsTooEarly(ByteBuffer.wrap(bytes));
            case JPEG -> length < 4 || bytes[length - 2] != (byte) 0xFF || bytes[length - 1] != (byte) 0xD9;
            // an odd length is filled up, and some writers leave that out
            case WEBP -> length < 12 || (little.getInt(4) & 0xFFFFFFFEL) + 8 > length;
            case GIF -> bytes[length - 1] != 0x3B;
            case BMP -> length < 6 || (little.getInt(2) & 0xFFFFFFFFL) > length;
            default -> false;
        };
    }

    private static boolean pngEndsTooEarly(ByteBuffer bytes) {
        return pngEnd(bytes) >= 0;
    }

    /** Where all pixels are there, a file without its end is a picture still. */
    private static boolean pngChunkIsCut(ByteBuffer bytes) {
        return pngEnd(bytes) > bytes.limit();
    }

    /** Where the chunks end, within the file or beyond it, if none of them says that it is the last one; else -1. */
    private static long pngEnd(ByteBuffer bytes) {
        long at = 8;
        while (at + 12 <= bytes.limit()) {
            if (bytes.getInt((int) at + 4) == 0x49454E44) { // IEND
                return -1;
            }
            at += 12 + (bytes.getInt((int) at) & 0xFFFFFFFFL);
        }
        return at;
    }

    /** Whether a plug-in's words mean that bytes were missing. */
    static boolean speaksOfAnEnd(String words) {
        var lower = words.toLowerCase(Locale.ROOT);
        return lower.contains("truncated") || lower.contains("premature") || lower.contains("unexpected end");
    }
}
