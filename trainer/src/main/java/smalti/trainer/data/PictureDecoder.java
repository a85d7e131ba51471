package smalti.trainer.data;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.awt.image.PixelInterleavedSampleModel;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Locale;
import javax.imageio.IIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes PNG, JPEG, GIF (its first frame), BMP and TIFF into 8-bit sRGB or grey.
 *
 * <p>Alpha is composited on white; 16 bits a sample are rounded to 8; a palette is looked up; an RGB colour profile is
 * converted to sRGB. The orientation in EXIF is not applied: pixels stay as they are stored. CMYK is refused.
 */
final class PictureDecoder {
    /** Bound on H·W: a few bytes of PNG can claim any size. */
    static final long MOST_PIXELS = 64L << 20;

    /** Bound on a file's length. */
    static final int MOST_BYTES = 256 << 20;

    private PictureDecoder() {}

    /** @throws IOException with what is wrong, for people, if the bytes are not a whole picture */
    static Picture decode(byte[] bytes) throws IOException {
        if (bytes.length == 0) {
            throw new IOException("must be a picture, but is empty (0 bytes)");
        }
        if (bytes.length > MOST_BYTES) {
            throw new IOException("must have at most " + MOST_BYTES + " bytes, and has more");
        }
        try (var stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
            var readers = ImageIO.getImageReaders(stream);
            if (!readers.hasNext()) {
                throw new IOException("must be a PNG, JPEG, GIF, BMP or TIFF, but begins with " + head(bytes));
            }
            var reader = readers.next();
            try {
                reader.setInput(stream, true, isJpeg(bytes));
                return decode(reader, isJpeg(bytes));
            } catch (RuntimeException e) {
                // what the JDK's plug-ins throw on malformed input besides IOException
                throw new IOException("must be a readable picture, and is damaged", e);
            } finally {
                reader.dispose();
            }
        }
    }

    private static Picture decode(ImageReader reader, boolean jpeg) throws IOException {
        BufferedImage image;
        var warnings = new ArrayList<String>();
        try {
            long height = reader.getHeight(0);
            long width = reader.getWidth(0);
            if (height * width > MOST_PIXELS) {
                throw new IOException(
                        "must have at most " + MOST_PIXELS + " pixels, but claims " + height + "x" + width);
            }
            reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
            image = reader.read(0);
        } catch (IIOException e) {
            throw new IOException("must be a readable picture, but decoding fails (" + e.getMessage() + ")", e);
        } catch (EOFException e) {
            throw new IOException("must be a whole picture, but ends too early", e);
        }
        for (var warning : warnings) {
            // the JPEG reader fills what is missing with grey and only warns
            var lower = warning.toLowerCase(Locale.ROOT);
            if (lower.contains("truncated") || lower.contains("premature")) {
                throw new IOException("must be a whole picture, but ends too early (" + warning.strip() + ")");
            }
        }
        if (jpeg && image.getRaster().getNumBands() > 3) {
            // the JDK takes the fourth channel for alpha, which no other program writes
            throw new IOException("must be grey or RGB, but is a JPEG of 4 channels (CMYK)");
        }
        return picture(image);
    }

    private static Picture picture(BufferedImage image) {
        int type = image.getType();
        if (type == BufferedImage.TYPE_3BYTE_BGR || type == BufferedImage.TYPE_BYTE_GRAY) {
            return plain(image);
        }
        var model = image.getColorModel();
        boolean grey = model.getColorSpace().getType() == ColorSpace.TYPE_GRAY && !(model instanceof IndexColorModel);
        return grey ? grey(image) : colour(image);
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
            return channels == 1 ? grey(image) : colour(image);
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
    private static Picture grey(BufferedImage image) {
        int height = image.getHeight();
        int width = image.getWidth();
        var raster = image.getRaster();
        int bands = raster.getNumBands();
        int most = raster.getDataBuffer().getDataType() == DataBuffer.TYPE_USHORT ? 65535 : 255;
        var pixels = new byte[height * width];
        var row = new int[width * bands];
        for (int y = 0; y < height; y++) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
            for (int x = 0; x < width; x++) {
                int level = eightBits(row[x * bands], most);
                int alpha = bands == 1 ? 255 : eightBits(row[x * bands + 1], most);
                pixels[y * width + x] = onWhite(level, alpha);
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

    private static boolean isJpeg(byte[] bytes) {
        return bytes.length > 2 && bytes[0] == (byte) 0xFF && bytes[1] == (byte) 0xD8;
    }

    private static String head(byte[] bytes) {
        var head = new StringBuilder();
        for (int i = 0; i < Math.min(8, bytes.length); i++) {
            head.append(String.format(Locale.ROOT, i == 0 ? "%02x" : " %02x", bytes[i]));
        }
        return head.toString();
    }
}
