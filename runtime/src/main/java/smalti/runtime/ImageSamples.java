package smalti.runtime;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.nio.ByteBuffer;

/** The samples of Java's images, in and out. */
final class ImageSamples {
    private static final int OPAQUE = 0xFF000000;

    private ImageSamples() {}

    /** Appends a picture [height, width, channels]. */
    static void read(BufferedImage image, int channels, ByteBuffer into) {
        if (isGrey(image)) {
            readGrey(image, channels, into);
        } else {
            readColour(image, channels, into);
        }
    }

    /** The one picture of {@code pixels}. */
    static BufferedImage image(Pixels pixels) {
        int width = pixels.width();
        var data = pixels.data();
        if (pixels.channels() == 1) {
            var image = new BufferedImage(width, pixels.height(), BufferedImage.TYPE_BYTE_GRAY);
            image.getRaster().setDataElements(0, 0, width, pixels.height(), pixels.bytes());
            return image;
        }
        var image = new BufferedImage(width, pixels.height(), BufferedImage.TYPE_INT_RGB);
        var row = new int[width];
        for (int y = 0; y < pixels.height(); y++) {
            for (int x = 0; x < width; x++) {
                row[x] = ((data.get() & 0xFF) << 16) | ((data.get() & 0xFF) << 8) | (data.get() & 0xFF);
            }
            image.getRaster().setDataElements(0, y, width, 1, row);
        }
        return image;
    }

    private static boolean isGrey(BufferedImage image) {
        var model = image.getColorModel();
        int transfer = model.getTransferType();
        return model.getColorSpace().getType() == ColorSpace.TYPE_GRAY
                && !(model instanceof IndexColorModel)
                && !model.isAlphaPremultiplied()
                && (transfer == DataBuffer.TYPE_BYTE || transfer == DataBuffer.TYPE_USHORT);
    }

    /** The raw samples: Java's own conversion takes grey for linear light, which no grey picture file is. */
    private static void readGrey(BufferedImage image, int channels, ByteBuffer into) {
        var raster = image.getRaster();
        var model = image.getColorModel();
        int most = (1 << model.getComponentSize(0)) - 1;
        int mostAlpha = model.hasAlpha() ? (1 << model.getComponentSize(1)) - 1 : 0;
        int width = image.getWidth();
        int[] alphas = null;
        int[] samples = null;
        for (int y = 0; y < image.getHeight(); y++) {
            samples = raster.getSamples(0, y, width, 1, 0, samples);
            alphas = model.hasAlpha() ? raster.getSamples(0, y, width, 1, 1, alphas) : null;
            for (int x = 0; x < width; x++) {
                int grey = toByte(samples[x], most);
                int sample = alphas == null ? grey : onWhite(grey, toByte(alphas[x], mostAlpha));
                for (int c = 0; c < channels; c++) {
                    into.put((byte) sample);
                }
            }
        }
    }

    private static void readColour(BufferedImage image, int channels, ByteBuffer into) {
        int width = image.getWidth();
        var row = new int[width];
        for (int y = 0; y < image.getHeight(); y++) {
            readRow(image, y, row);
            for (int argb : row) {
                int alpha = argb >>> 24;
                int red = onWhite((argb >> 16) & 0xFF, alpha);
                int green = onWhite((argb >> 8) & 0xFF, alpha);
                int blue = onWhite(argb & 0xFF, alpha);
                if (channels == 3) {
                    into.put((byte) red).put((byte) green).put((byte) blue);
                } else {
                    into.put((byte) luma(red, green, blue));
                }
            }
        }
    }

    /** One row as sRGB with alpha; the common types without a colour model's work for each pixel. */
    private static void readRow(BufferedImage image, int y, int[] row) {
        switch (image.getType()) {
            case BufferedImage.TYPE_INT_ARGB -> image.getRaster().getDataElements(0, y, row.length, 1, row);
            case BufferedImage.TYPE_INT_RGB -> {
                image.getRaster().getDataElements(0, y, row.length, 1, row);
                for (int x = 0; x < row.length; x++) {
                    row[x] |= OPAQUE;
                }
            }
            case BufferedImage.TYPE_3BYTE_BGR -> {
                var bands = (byte[]) image.getRaster().getDataElements(0, y, row.length, 1, null);
                for (int x = 0; x < row.length; x++) {
                    // band order, whatever the order in memory
                    row[x] = OPAQUE
                            | ((bands[3 * x] & 0xFF) << 16)
                            | ((bands[3 * x + 1] & 0xFF) << 8)
                            | (bands[3 * x + 2] & 0xFF);
                }
            }
            default -> image.getRGB(0, y, row.length, 1, row, 0, row.length);
        }
    }

    private static int toByte(int sample, int most) {
        return most == 255 ? sample : (int) ((sample * 255L + most / 2) / most);
    }

    private static int onWhite(int sample, int alpha) {
        return alpha == 255 ? sample : (sample * alpha + 255 * (255 - alpha) + 127) / 255;
    }

    /** ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B, in 1/65536. */
    private static int luma(int red, int green, int blue) {
        return (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16;
    }
}
