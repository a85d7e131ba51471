package smalti.pictures;

import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorConvertOp;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.awt.image.PixelInterleavedSampleModel;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A decoded image as it is to be looked at: 8-bit sRGB or grey, laid on white. */
final class OnWhite {
    private OnWhite() {}

    /** What a fourth sample beside three colours is, or a second beside grey. */
    enum Alpha {
        /** As the decoder says. */
        DECODED,
        /** Colours were multiplied by it. */
        MULTIPLIED,
        /** Nothing that is to be seen. */
        NONE;

        /** Source: TIFF 6.0, ExtraSamples. */
        static Alpha ofTiff(int extraSamples) {
            return switch (extraSamples) {
                case 0 -> NONE;
                case 1 -> MULTIPLIED;
                default -> DECODED;
            };
        }
    }

    /**
     * The picture of an image.
     *
     * @param said of its transparency, if it has one
     * @param profile of its colours, where the decoder did not look at it
     * @throws Refusal if its samples are no whole numbers from 0 of at most 16 bits
     */
    static Picture of(BufferedImage decoded, Alpha said, @Nullable ColorSpace profile) throws Refusal {
        requireWholeNumbers(decoded);
        var alpha = decoded.getColorModel().hasAlpha() ? said : Alpha.DECODED;
        if (isGrey(decoded)) {
            return alpha == Alpha.DECODED ? plainOr(decoded) : grey(decoded, alpha);
        }
        var image = profile == null && alpha == Alpha.DECODED ? decoded : retagged(decoded, alpha, profile);
        return image.getColorModel().getColorSpace().isCS_sRGB() ? plainOr(image) : colour(toSrgb(image));
    }

    private static boolean isGrey(BufferedImage image) {
        var model = image.getColorModel();
        return model.getColorSpace().getType() == ColorSpace.TYPE_GRAY && !(model instanceof IndexColorModel);
    }

    private static void requireWholeNumbers(BufferedImage image) throws Refusal {
        int data = image.getRaster().getDataBuffer().getDataType();
        int bits = image.getColorModel().getComponentSize(0);
        boolean fractions = data == DataBuffer.TYPE_FLOAT || data == DataBuffer.TYPE_DOUBLE;
        if (fractions || data == DataBuffer.TYPE_SHORT || bits > 16) {
            throw new Refusal("must have at most 16 bits a channel, as whole numbers from 0; it has "
                    + (fractions ? "fractions" : bits + (data == DataBuffer.TYPE_SHORT ? " with a sign" : "")));
        }
    }

    /** The same samples, said to be what they are. */
    private static BufferedImage retagged(BufferedImage image, Alpha alpha, @Nullable ColorSpace profile) {
        var components = image.getColorModel() instanceof ComponentColorModel ? image : components(image);
        var model = components.getColorModel();
        var raster = components.getRaster();
        boolean translucent = model.hasAlpha() && alpha != Alpha.NONE;
        if (model.hasAlpha() && !translucent) {
            raster = raster.createWritableChild(
                    raster.getMinX(),
                    raster.getMinY(),
                    raster.getWidth(),
                    raster.getHeight(),
                    0,
                    0,
                    IntStream.range(0, model.getNumColorComponents()).toArray());
        }
        boolean multiplied = translucent && (alpha == Alpha.MULTIPLIED || model.isAlphaPremultiplied());
        var said = new ComponentColorModel(
                profile == null ? model.getColorSpace() : profile,
                translucent,
                multiplied,
                translucent ? Transparency.TRANSLUCENT : Transparency.OPAQUE,
                raster.getTransferType());
        return new BufferedImage(said, raster, multiplied, null);
    }

    /** A palette looked up, and packed pixels taken apart. */
    private static BufferedImage components(BufferedImage image) {
        var components = new BufferedImage(image.getWidth(), image.getHeight(), BufferedImage.TYPE_4BYTE_ABGR);
        var row = new int[image.getWidth()];
        for (int y = 0; y < image.getHeight(); y++) {
            image.getRGB(0, y, row.length, 1, row, 0, row.length);
            components.setRGB(0, y, row.length, 1, row, 0, row.length);
        }
        return components;
    }

    private static Picture plainOr(BufferedImage image) {
        int type = image.getType();
        if (type == BufferedImage.TYPE_3BYTE_BGR || type == BufferedImage.TYPE_BYTE_GRAY) {
            return plain(image);
        }
        return isGrey(image) ? grey(image, Alpha.DECODED) : colour(image);
    }

    /** All pixels at once: a profile asked pixel by pixel takes a minute for a photograph. */
    private static BufferedImage toSrgb(BufferedImage image) {
        boolean alpha = image.getColorModel().hasAlpha();
        var srgb = new BufferedImage(
                image.getWidth(),
                image.getHeight(),
                alpha ? BufferedImage.TYPE_4BYTE_ABGR : BufferedImage.TYPE_3BYTE_BGR);
        return new ColorConvertOp(null).filter(image, srgb);
    }

    /** The two forms that nearly all JPEG and PNG come in. */
    private static Picture plain(BufferedImage image) {
        int height = image.getHeight();
        int width = image.getWidth();
        int channels = image.getRaster().getNumBands();
        var raster = image.getRaster();
        if (!(raster.getSampleModel() instanceof PixelInterleavedSampleModel model)
                || !(raster.getDataBuffer() instanceof DataBufferByte buffer)
                || raster.getSampleModelTranslateX() != 0
                || raster.getSampleModelTranslateY() != 0) {
            return channels == 1 ? grey(image, Alpha.DECODED) : colour(image);
        }
        var source = buffer.getData();
        var bands = model.getBandOffsets();
        var pixels = new byte[height * width * channels];
        int to = 0;
        for (int y = 0; y < height; y++) {
            int from = buffer.getOffset() + y * model.getScanlineStride();
            for (int x = 0; x < width; x++, from += model.getPixelStride()) {
                for (int c = 0; c < channels; c++) {
                    pixels[to++] = source[from + bands[c]];
                }
            }
        }
        return new Picture(height, width, channels, pixels);
    }

    /** Grey samples as they are stored: {@link BufferedImage#getRGB} would take them for linear light. */
    private static Picture grey(BufferedImage image, Alpha meaning) {
        int height = image.getHeight();
        int width = image.getWidth();
        var raster = image.getRaster();
        int bands = raster.getNumBands();
        var model = image.getColorModel();
        boolean alpha = bands > 1 && model.hasAlpha() && meaning != Alpha.NONE;
        boolean multiplied = alpha && (meaning == Alpha.MULTIPLIED || model.isAlphaPremultiplied());
        int most = (1 << model.getComponentSize(0)) - 1;
        var pixels = new byte[height * width];
        var row = new int[width * bands];
        for (int y = 0; y < height; y++) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
            for (int x = 0; x < width; x++) {
                int level = eightBits(row[x * bands], most);
                int opacity = alpha ? eightBits(row[x * bands + 1], most) : 255;
                pixels[y * width + x] =
                        multiplied ? (byte) Math.min(255, level + 255 - opacity) : onWhite(level, opacity);
            }
        }
        return new Picture(height, width, 1, pixels);
    }

    private static Picture colour(BufferedImage image) {
        int height = image.getHeight();
        int width = image.getWidth();
        var pixels = new byte[height * width * 3];
        var row = new int[width];
        int to = 0;
        for (int y = 0; y < height; y++) {
            image.getRGB(0, y, width, 1, row, 0, width);
            for (int argb : row) {
                int alpha = argb >>> 24;
                pixels[to++] = onWhite(argb >> 16 & 0xFF, alpha);
                pixels[to++] = onWhite(argb >> 8 & 0xFF, alpha);
                pixels[to++] = onWhite(argb & 0xFF, alpha);
            }
        }
        return new Picture(height, width, 3, pixels);
    }

    private static int eightBits(int sample, int most) {
        return (sample * 255 + most / 2) / most;
    }

    private static byte onWhite(int level, int alpha) {
        return (byte) ((level * alpha + 255 * (255 - alpha) + 127) / 255);
    }
}
