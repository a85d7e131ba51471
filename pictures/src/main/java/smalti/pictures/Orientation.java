package smalti.pictures;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How a stored picture must be turned and mirrored to stand upright: the tag 0x0112 of EXIF, 1 to 8.
 *
 * <p>Source: CIPA DC-008 (Exif 2.32), 4.6.5.1. What is malformed counts as 1, upright, as in browsers.
 */
final class Orientation {
    private static final int UPRIGHT = 1;
    private static final int MOST = 8;
    private static final int APP1 = 0xE1;
    private static final byte[] EXIF = "Exif\0\0".getBytes(StandardCharsets.US_ASCII);

    private Orientation() {}

    /** The orientation that a file asks for. */
    static int of(byte[] file, PictureFormat format) {
        try {
            int tag = exif(file, format)
                    .map(exif -> new TiffDirectory(exif).first(TiffDirectory.ORIENTATION))
                    .orElse(OptionalInt.empty())
                    .orElse(UPRIGHT);
            return tag >= UPRIGHT && tag <= MOST ? tag : UPRIGHT;
        } catch (IndexOutOfBoundsException e) {
            return UPRIGHT; // an offset or a length that leads out of the file
        }
    }

    /** The picture as it is to be looked at. */
    static Picture upright(Picture stored, int orientation) {
        if (orientation == UPRIGHT) {
            return stored;
        }
        boolean turned = orientation >= 5;
        boolean fromBelow = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
        boolean fromRight = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
        int height = turned ? stored.width() : stored.height();
        int width = turned ? stored.height() : stored.width();
        int channels = stored.channels();
        var from = stored.raw();
        var pixels = new byte[from.length];
        int to = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int row = turned ? x : y;
                int column = turned ? y : x;
                row = fromBelow ? stored.height() - 1 - row : row;
                column = fromRight ? stored.width() - 1 - column : column;
                int at = (row * stored.width() + column) * channels;
                for (int c = 0; c < channels; c++) {
                    pixels[to++] = from[at + c];
                }
            }
        }
        return new Picture(height, width, channels, pixels);
    }

    /** EXIF's own bytes, which are laid out as a TIFF file. */
    private static Optional<ByteBuffer> exif(byte[] file, PictureFormat format) {
        return switch (format) {
            case JPEG -> jpeg(file);
            case PNG -> PngChunks.find(file, "eXIf");
            case WEBP -> webp(file);
            case TIFF -> Optional.of(ByteBuffer.wrap(file));
            default -> Optional.empty();
        };
    }

    /** The first segment APP1 that is EXIF; XMP is APP1 too. */
    private static Optional<ByteBuffer> jpeg(byte[] file) {
        for (var body : new JpegSegments(file).of(APP1)) {
            if (body.remaining() >= EXIF.length && body.slice(0, EXIF.length).equals(ByteBuffer.wrap(EXIF))) {
                return Optional.of(body.slice(EXIF.length, body.remaining() - EXIF.length));
            }
        }
        return Optional.empty();
    }

    private static Optional<ByteBuffer> webp(byte[] file) {
        var bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        for (long at = 12; at + 8 <= file.length; ) {
            long length = bytes.getInt((int) at + 4) & 0xFFFFFFFFL;
            if (bytes.getInt((int) at) == 0x46495845) { // EXIF
                // some writers keep the words that JPEG puts in front
                int skip = startsWithExif(file, (int) at + 8) ? EXIF.length : 0;
                return Optional.of(bytes.slice((int) at + 8 + skip, (int) Math.min(length, Integer.MAX_VALUE) - skip));
            }
            at += 8 + length + length % 2;
        }
        return Optional.empty();
    }

    private static boolean startsWithExif(byte[] file, int at) {
        return at + EXIF.length <= file.length && Arrays.equals(file, at, at + EXIF.length, EXIF, 0, EXIF.length);
    }
}
