package smalti.pictures;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * Where the first picture of a GIF or of an animated WebP lies on the file's own, larger one.
 *
 * <p>Source: GIF89a specification, 18 and 20; RFC 9649, 2.7.1.
 */
record Canvas(int height, int width, int top, int left) {
    private static final int EXTENSION = 0x21;
    private static final int FRAME = 0x2C;

    /** The canvas of a file; empty where its format has none, or it ends before it says so. */
    static Optional<Canvas> of(byte[] file, PictureFormat format) {
        var bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        try {
            return switch (format) {
                case GIF -> gif(bytes);
                case WEBP -> webp(bytes);
                default -> Optional.empty();
            };
        } catch (IndexOutOfBoundsException e) {
            return Optional.empty();
        }
    }

    private static Optional<Canvas> gif(ByteBuffer bytes) {
        int palette = bytes.get(10) & 0xFF;
        int at = 13 + (palette >= 0x80 ? 3 << ((palette & 7) + 1) : 0);
        while (bytes.get(at) == EXTENSION) {
            at += 2;
            while (bytes.get(at) != 0) {
                at += 1 + (bytes.get(at) & 0xFF);
            }
            at++;
        }
        if (bytes.get(at) != FRAME) {
            return Optional.empty();
        }
        return Optional.of(
                new Canvas(unsigned(bytes, 8), unsigned(bytes, 6), unsigned(bytes, at + 3), unsigned(bytes, at + 1)));
    }

    private static int unsigned(ByteBuffer bytes, int at) {
        return bytes.getShort(at) & 0xFFFF;
    }

    private static Optional<Canvas> webp(ByteBuffer bytes) {
        var name = new byte[4];
        int height = 0;
        int width = 0;
        for (long at = 12; at + 8 <= bytes.limit(); ) {
            int body = (int) at + 8;
            bytes.get((int) at, name);
            var chunk = new String(name, StandardCharsets.US_ASCII);
            if (chunk.equals("VP8X")) {
                width = 1 + triple(bytes, body + 4);
                height = 1 + triple(bytes, body + 7);
            } else if (chunk.equals("ANMF")) {
                return Optional.of(new Canvas(height, width, 2 * triple(bytes, body + 3), 2 * triple(bytes, body)));
            }
            long length = bytes.getInt((int) at + 4) & 0xFFFFFFFFL;
            at += 8 + length + length % 2;
        }
        return Optional.empty();
    }

    private static int triple(ByteBuffer bytes, int at) {
        return (bytes.getShort(at) & 0xFFFF) | (bytes.get(at + 2) & 0xFF) << 16;
    }

    /** The canvas, enlarged for a frame that reaches beyond it, as browsers do. */
    Canvas around(int frameHeight, int frameWidth) {
        return new Canvas(Math.max(height, top + frameHeight), Math.max(width, left + frameWidth), top, left);
    }

    /** The frame at its place, on white. */
    Picture with(Picture frame) {
        if (frame.height() == height && frame.width() == width) {
            return frame;
        }
        int channels = frame.channels();
        var pixels = new byte[height * width * channels];
        Arrays.fill(pixels, (byte) 0xFF);
        for (int y = 0; y < frame.height(); y++) {
            int row = frame.width() * channels;
            System.arraycopy(frame.raw(), y * row, pixels, ((top + y) * width + left) * channels, row);
        }
        return new Picture(height, width, channels, pixels);
    }
}
