package smalti.runtime;

import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import smalti.spec.Check;

/**
 * Pictures of one size as 8-bit samples, channels last: RGB (sRGB) or grey.
 *
 * <p>Equal pixels are equal pictures. A direct buffer is read in place when a model runs; one on the heap is copied.
 *
 * @param data [count, height, width, channels] uint8; shared, not copied: whoever writes to it changes the pictures
 */
public record Pixels(int count, int height, int width, int channels, ByteBuffer data) {
    public Pixels {
        Objects.requireNonNull(data, "data");
        Check.that(count >= 1, "count must be at least 1, got %s", count)
                .and(height >= 1 && width >= 1, "height and width must be at least 1, got %sx%s", height, width)
                .and(channels == 1 || channels == 3, "channels must be 1 (grey) or 3 (RGB), got %s", channels)
                .done(InputException::new);
        Check.that(
                        fills(data.remaining(), count, height, width, channels),
                        "data must have a byte for each sample of [%s,%s,%s,%s], got %s bytes",
                        count,
                        height,
                        width,
                        channels,
                        data.remaining())
                .done(InputException::new);
        data = data.slice();
    }

    /** @param tensor [N,H,W,C] uint8; its memory is shared */
    static Pixels of(HostTensor tensor) {
        var shape = tensor.shape();
        return new Pixels((int) shape[0], (int) shape[1], (int) shape[2], (int) shape[3], tensor.data());
    }

    /** One picture; alpha and colour as {@link #of(List, int)} has them. */
    public static Pixels of(BufferedImage image, int channels) {
        Objects.requireNonNull(image, "image");
        return of(List.of(image), channels);
    }

    /**
     * Pictures of one size. What is transparent is drawn on white. RGB becomes grey as ITU-R BT.601 weighs it, grey
     * becomes RGB of three equal samples; a grey picture's samples are taken as they are.
     *
     * @param channels 1 for grey, 3 for RGB
     * @throws InputException if the sizes differ
     */
    public static Pixels of(List<BufferedImage> images, int channels) {
        Objects.requireNonNull(images, "images");
        var rows = new ImageRows(images, channels);
        int height = rows.height();
        int width = rows.width();
        long bytes = (long) images.size() * height * width * channels;
        Check.that(bytes <= Integer.MAX_VALUE, "images must fit 2147483647 bytes together, got %s", bytes)
                .done(InputException::new);
        var data = ByteBuffer.allocate((int) bytes);
        rows.put(0, images.size(), data);
        return new Pixels(images.size(), height, width, channels, data.flip());
    }

    /** The samples; position and limit are the caller's own. */
    @Override
    public ByteBuffer data() {
        return data.duplicate();
    }

    /** A copy of the samples. */
    public byte[] bytes() {
        var bytes = new byte[data.remaining()];
        data().get(bytes);
        return bytes;
    }

    /** Some of the pictures; shares the samples. */
    public Pixels range(int first, int count) {
        Check.that(
                        first >= 0 && count >= 1 && first <= this.count - count,
                        "first and count must be a range of %s pictures, got %s and %s",
                        this.count,
                        first,
                        count)
                .done(InputException::new);
        int picture = height * width * channels;
        return new Pixels(count, height, width, channels, data.slice(first * picture, count * picture));
    }

    /** Picture {@code index}, as {@code TYPE_INT_RGB} or {@code TYPE_BYTE_GRAY}. */
    public BufferedImage image(int index) {
        return ImageSamples.image(range(index, 1));
    }

    public List<BufferedImage> images() {
        var images = new ArrayList<BufferedImage>(count);
        for (int i = 0; i < count; i++) {
            images.add(image(i));
        }
        return images;
    }

    long[] shape() {
        return new long[] {count, height, width, channels};
    }

    private static boolean fills(int bytes, int count, int height, int width, int channels) {
        // in steps, since the product of four ints may not fit a long
        long picture = (long) height * width;
        return picture <= bytes && picture * channels <= bytes && picture * channels * count == bytes;
    }

    @Override
    public String toString() {
        return "Pixels[" + count + "," + height + "," + width + "," + channels + "]";
    }
}
