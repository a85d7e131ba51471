package smalti.pictures;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorConvertOp;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.awt.image.PixelInterleavedSampleModel;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;
import smalti.spec.Check;

/**
 * Decodes PNG, JPEG, WebP, TIFF, GIF and BMP into 8-bit sRGB or grey, as the picture is to be looked at.
 *
 * <p>The format is told by the content. Of several pictures in a file the first is read. The orientation of EXIF is
 * applied, in JPEG, WebP, TIFF and PNG. Alpha is composited on white; 16 bits a sample are rounded to 8; a palette is
 * looked up; a colour profile, and CMYK with or without one, is converted to sRGB. Grey stays grey, with its levels as
 * they are stored. HEIC, AVIF and others that are known but not read are named in the error.
 */
public final class PictureReader {
    /** The bound on H·W where none is given: a few bytes of PNG can claim any size. */
    public static final long MOST_PIXELS = 64L << 20;

    /** Bound on a file's length. */
    private static final int MOST_BYTES = 256 << 20;

    private final long maxPixels;

    private PictureReader(long maxPixels) {
        this.maxPixels = maxPixels;
    }

    /** Reads pictures of at most {@link #MOST_PIXELS}. */
    public static PictureReader standard() {
        return new PictureReader(MOST_PIXELS);
    }

    /** @param most bound on height × width, which is held against the header before anything is decoded */
    public PictureReader withMaxPixels(long most) {
        Check.that(most >= 1, "maxPixels must be at least 1, got %s", most).done();
        return new PictureReader(most);
    }

    /** @throws IOException with what is wrong, for people, if the stream does not hold a whole picture */
    public Picture read(InputStream stream) throws IOException {
        return read(stream.readNBytes(MOST_BYTES + 1), "");
    }

    /** @throws IOException with what is wrong, for people, if the bytes are not a whole picture */
    public Picture read(byte[] bytes) throws IOException {
        return read(bytes, "");
    }

    /** @param name of the file, for formats that the content leaves open */
    Picture read(InputStream stream, String name) throws IOException {
        return read(stream.readNBytes(MOST_BYTES + 1), name);
    }

    private Picture read(byte[] bytes, String name) throws IOException {
        if (bytes.length == 0) {
            throw new IOException("must be a picture, but is empty (0 bytes)");
        }
        if (bytes.length > MOST_BYTES) {
            throw new IOException("must have at most " + MOST_BYTES + " bytes, and has more");
        }
        var format = PictureFormat.of(bytes, name)
                .orElseThrow(
                        () -> new IOException("must be " + PictureFormat.READ + ", but begins with " + head(bytes)));
        if (!format.isRead()) {
            throw new IOException("must be " + PictureFormat.READ + ", but is " + format.label()
                    + ", which is not read; save it as PNG or JPEG");
        }
        Completeness.requireDeclaredLength(bytes, format);
        var reader = reader(format);
        try (var stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
            // what is no pixel may be broken, or unpack to gigabytes, without harm; others keep their colours in it
            reader.setInput(stream, true, format == PictureFormat.JPEG || format == PictureFormat.PNG);
            return Orientation.upright(decoded(reader), Orientation.of(bytes, format));
        } catch (IOException | RuntimeException e) {
            throw problem(e, bytes, format);
        } finally {
            reader.dispose();
        }
    }

    /** One plug-in a format, whatever others an application has. */
    private static ImageReader reader(PictureFormat format) throws IOException {
        var maker = switch (format) {
            case JPEG, WEBP, TIFF -> "com.twelvemonkeys.";
            default -> "com.sun.imageio.";
        };
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format.label());
        while (readers.hasNext()) {
            var reader = readers.next();
            if (reader.getClass().getName().startsWith(maker)) {
                return reader;
            }
        }
        throw new IllegalStateException("no plug-in of ImageIO reads " + format.label() + ": imageio-"
                + format.label().toLowerCase(Locale.ROOT)
                + " must be on the class path, and ImageIO.scanForPlugins() called where it came late");
    }

    private Picture decoded(ImageReader reader) throws IOException {
        long height = reader.getHeight(0);
        long width = reader.getWidth(0);
        if (height < 1 || width < 1 || height > maxPixels / width) {
            throw new Refusal("must have at most " + maxPixels + " pixels, but claims " + height + "x" + width);
        }
        var warnings = new ArrayList<String>();
        reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
        var image = reader.read(0);
        for (var warning : warnings) {
            // the JPEG reader fills what is missing with grey and only warns
            if (Completeness.speaksOfAnEnd(warning)) {
                throw new EOFException(warning);
            }
        }
        return picture(image);
    }

    /** What breaks a rule of ours, said already. */
    private static final class Refusal extends IOException {
        private static final long serialVersionUID = 1L;

        Refusal(String message) {
            super(message);
        }
    }

    private static IOException problem(Exception e, byte[] bytes, PictureFormat format) {
        if (e instanceof Refusal refusal) {
            return refusal;
        } else if (e instanceof EOFException
                || Completeness.endsTooEarly(bytes, format)
                || Completeness.speaksOfAnEnd(String.valueOf(e.getMessage()))) {
            return new IOException("must be a whole picture, but ends too early", e);
        } else if (e instanceof RuntimeException) {
            // what plug-ins throw on malformed input besides IOException
            return new IOException("must be a readable picture, and is damaged", e);
        }
        return new IOException("must be a readable picture, but decoding fails (" + e.getMessage() + ")", e);
    }

    private static Picture picture(BufferedImage image) throws IOException {
        int type = image.getType();
        if (type == BufferedImage.TYPE_3BYTE_BGR || type == BufferedImage.TYPE_BYTE_GRAY) {
            return plain(image);
        }
        int data = image.getRaster().getDataBuffer().getDataType();
        var model = image.getColorModel();
        if (data == DataBuffer.TYPE_FLOAT
                || data == DataBuffer.TYPE_DOUBLE
                || data == DataBuffer.TYPE_SHORT
                || model.getComponentSize(0) > 16) {
            throw new Refusal("must have at most 16 bits a channel, as whole numbers from 0; it has "
                    + model.getComponentSize(0) + (data == DataBuffer.TYPE_INT ? "" : " with a sign"));
        }
        boolean grey = model.getColorSpace().getType() == ColorSpace.TYPE_GRAY && !(model instanceof IndexColorModel);
        return grey ? grey(image) : colour(model.getColorSpace().isCS_sRGB() ? image : toSrgb(image));
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
        var model = image.getColorModel();
        boolean alpha = bands > 1 && model.hasAlpha();
        int most = (1 << model.getComponentSize(0)) - 1;
        var pixels = new byte[height * width];
        var row = new int[width * bands];
        for (int y = 0; y < height; y++) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
            for (int x = 0; x < width; x++) {
                int level = eightBits(row[x * bands], most);
                pixels[y * width + x] = onWhite(level, alpha ? eightBits(row[x * bands + 1], most) : 255);
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

    private static String head(byte[] bytes) {
        var head = new StringBuilder();
        for (byte one : Arrays.copyOf(bytes, Math.min(8, bytes.length))) {
            head.append(String.format(Locale.ROOT, head.isEmpty() ? "%02x" : " %02x", one));
        }
        return head.toString();
    }
}
