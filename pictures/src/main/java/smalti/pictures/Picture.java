package smalti.pictures;

import java.util.Arrays;
import smalti.spec.Check;

/** One picture: uint8 [H,W,C], grey (C = 1) or RGB (C = 3). Immutable. */
public final class Picture {
    private final int height;
    private final int width;
    private final int channels;
    private final byte[] pixels;

    /** Keeps {@code pixels}, which must not change any more. */
    Picture(int height, int width, int channels, byte[] pixels) {
        Check.that(height >= 1 && width >= 1, "height and width must be at least 1, got %sx%s", height, width)
                .and(channels == 1 || channels == 3, "channels must be 1 (grey) or 3 (RGB), got %s", channels)
                .and(
                        pixels.length == (long) height * width * channels,
                        "pixels must hold %s bytes for %sx%sx%s, got %s",
                        (long) height * width * channels,
                        height,
                        width,
                        channels,
                        pixels.length)
                .done();
        this.height = height;
        this.width = width;
        this.channels = channels;
        this.pixels = pixels;
    }

    /** @param pixels [H,W,C], copied */
    public static Picture of(int height, int width, int channels, byte[] pixels) {
        return new Picture(height, width, channels, pixels.clone());
    }

    public int height() {
        return height;
    }

    public int width() {
        return width;
    }

    public int channels() {
        return channels;
    }

    /** A copy of the pixels, [H,W,C]. */
    public byte[] pixels() {
        return pixels.clone();
    }

    /** Copies the pixels, [H,W,C]. */
    public void copyInto(byte[] into, int offset) {
        System.arraycopy(pixels, 0, into, offset, pixels.length);
    }

    /** The pixels themselves, for readers in this package that leave them as they are. */
    byte[] raw() {
        return pixels;
    }

    /** A pixel's value, 0 to 255. */
    public int at(int y, int x, int channel) {
        return pixels[(y * width + x) * channels + channel] & 0xFF;
    }

    /**
     * Grey becomes RGB by replication, RGB becomes grey by the luma of ITU-R BT.601 in 16-bit fixed point, {@code (19595 R
     * + 38470 G + 7471 B + 32768) >> 16}, which is also Pillow's mode "L".
     */
    Picture withChannels(int wanted) {
        if (wanted == channels) {
            return this;
        }
        var converted = new byte[height * width * wanted];
        if (wanted == 3) {
            for (int i = 0; i < pixels.length; i++) {
                Arrays.fill(converted, 3 * i, 3 * i + 3, pixels[i]);
            }
        } else {
            for (int i = 0; i < converted.length; i++) {
                int luma = 19595 * (pixels[3 * i] & 0xFF)
                        + 38470 * (pixels[3 * i + 1] & 0xFF)
                        + 7471 * (pixels[3 * i + 2] & 0xFF);
                converted[i] = (byte) ((luma + 0x8000) >> 16);
            }
        }
        return new Picture(height, width, wanted, converted);
    }

    /** White in the place of a level; of a grey picture. */
    Picture withWhite(int level) {
        var whitened = pixels.clone();
        for (int i = 0; i < whitened.length; i++) {
            whitened[i] = (pixels[i] & 0xFF) == level ? (byte) 0xFF : pixels[i];
        }
        return new Picture(height, width, channels, whitened);
    }

    /** The part of the given size whose top left pixel is (top, left). */
    Picture crop(int top, int left, int cropHeight, int cropWidth) {
        if (cropHeight == height && cropWidth == width) {
            return this;
        }
        var cropped = new byte[cropHeight * cropWidth * channels];
        for (int y = 0; y < cropHeight; y++) {
            System.arraycopy(
                    pixels,
                    ((top + y) * width + left) * channels,
                    cropped,
                    y * cropWidth * channels,
                    cropWidth * channels);
        }
        return new Picture(cropHeight, cropWidth, channels, cropped);
    }
}
