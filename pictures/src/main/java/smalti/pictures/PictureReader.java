package smalti.pictures;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
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

    /** Compressions of TIFF that people have and no plug-in here reads. */
    private static final Map<Integer, String> UNREAD_TIFF = Map.of(
            34712, "JPEG 2000",
            34887, "LERC",
            34925, "LZMA",
            50000, "Zstandard",
            50001, "WebP",
            50002, "JPEG XL",
            52546, "JPEG XL");

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
        if (format == PictureFormat.JPEG) {
            new JpegSegments(bytes).requireReadable();
        }
        var reader = reader(format, bytes);
        try (var stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(decodable(bytes, format)))) {
            // what is no pixel may be broken, or unpack to gigabytes, without harm; others keep their colours in it
            reader.setInput(stream, true, format == PictureFormat.JPEG || format == PictureFormat.PNG);
            return Orientation.upright(decoded(reader, bytes, format), Orientation.of(bytes, format));
        } catch (IOException | RuntimeException e) {
            throw problem(e, bytes, format);
        } finally {
            reader.dispose();
        }
    }

    /** The bytes without what decoders stumble over, and the picture does not need. */
    private static byte[] decodable(byte[] bytes, PictureFormat format) {
        return switch (format) {
            case WEBP -> ColourProfile.withoutBroken(bytes);
            case BMP -> withLength(bytes);
            default -> bytes;
        };
    }

    /** A BMP that says how long it is: some writers leave a 0 there. */
    private static byte[] withLength(byte[] bmp) {
        int lengthAt = 2;
        var bytes = ByteBuffer.wrap(bmp).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.getInt(lengthAt) != 0) {
            return bmp;
        }
        var said = bmp.clone();
        ByteBuffer.wrap(said).order(ByteOrder.LITTLE_ENDIAN).putInt(lengthAt, bmp.length);
        return said;
    }

    /** One plug-in a format, whatever others an application has. */
    private static ImageReader reader(PictureFormat format, byte[] bytes) throws IOException {
        var maker = switch (format) {
            case JPEG -> // TwelveMonkeys cuts wide tables to 8 bits, for files that have narrow ones in that form
                new JpegSegments(bytes).hasWideTables() ? "com.sun.imageio." : "com.twelvemonkeys.";
            case WEBP, TIFF -> "com.twelvemonkeys.";
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

    private Picture decoded(ImageReader reader, byte[] bytes, PictureFormat format) throws IOException {
        int height = reader.getHeight(0);
        int width = reader.getWidth(0);
        requireBounds(height, width);
        var canvas = Canvas.of(bytes, format).map(given -> given.around(height, width));
        if (canvas.isPresent()) {
            requireBounds(canvas.get().height(), canvas.get().width());
        }
        var warnings = new ArrayList<String>();
        reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
        var image = reader.read(0);
        for (var warning : warnings) {
            // the JPEG reader fills what is missing with grey and only warns; of a broken profile it reads the pixels
            if (Completeness.speaksOfAnEnd(warning) && !warning.contains("ICC")) {
                throw new EOFException(warning);
            }
        }
        var picture = onWhite(image, bytes, format);
        return canvas.map(around -> around.with(picture)).orElse(picture);
    }

    private static Picture onWhite(BufferedImage image, byte[] bytes, PictureFormat format) throws Refusal {
        return switch (format) {
            case PNG -> {
                var profile = PngChunks.profile(bytes).flatMap(ColourProfile::colours);
                var picture = OnWhite.of(image, OnWhite.Alpha.DECODED, profile.orElse(null));
                var transparent = PngChunks.transparentLevel(bytes);
                yield transparent.isPresent() ? picture.withWhite(transparent.getAsInt()) : picture;
            }
            case TIFF -> {
                var extra = new TiffDirectory(ByteBuffer.wrap(bytes)).first(TiffDirectory.EXTRA_SAMPLES);
                var alpha = extra.isPresent() ? OnWhite.Alpha.ofTiff(extra.getAsInt()) : OnWhite.Alpha.DECODED;
                yield OnWhite.of(image, alpha, null);
            }
            default -> OnWhite.of(image, OnWhite.Alpha.DECODED, null);
        };
    }

    private void requireBounds(long height, long width) throws Refusal {
        if (height < 1 || width < 1) {
            throw new Refusal("must have pixels, but claims " + height + "x" + width);
        } else if (height > maxPixels / width) {
            throw new Refusal("must have at most " + maxPixels + " pixels, but claims " + height + "x" + width);
        }
    }

    private static IOException problem(Exception e, byte[] bytes, PictureFormat format) {
        if (e instanceof Refusal refusal) {
            return refusal;
        } else if (e instanceof EOFException
                || Completeness.endsTooEarly(bytes, format)
                || Completeness.speaksOfAnEnd(String.valueOf(e.getMessage()))) {
            return new IOException("must be a whole picture, but ends too early", e);
        }
        return coding(bytes, format)
                .map(coding -> new IOException(
                        "must be coded in a way that is read, but is " + coding + "; save it as PNG or JPEG", e))
                .orElseGet(() -> new IOException(
                        "must be a readable " + format.label() + " picture, and is "
                                + (saysUnsupported(e)
                                        ? "of a kind that is not read (" + e.getMessage() + "); save it as PNG or JPEG"
                                        : "damaged"),
                        e));
    }

    /** Other words of plug-ins tell no user anything. */
    private static boolean saysUnsupported(Exception e) {
        return e instanceof IOException
                && String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT).contains("unsupported");
    }

    /** How a picture is coded that could not be decoded, where that may be the reason. */
    private static Optional<String> coding(byte[] bytes, PictureFormat format) {
        if (format == PictureFormat.JPEG) {
            return new JpegSegments(bytes).isArithmetic()
                    ? Optional.of("a JPEG with arithmetic coding, which this Java does not decode")
                    : Optional.empty();
        }
        var compression = format == PictureFormat.TIFF
                ? new TiffDirectory(ByteBuffer.wrap(bytes)).first(TiffDirectory.COMPRESSION)
                : OptionalInt.empty();
        return Optional.ofNullable(compression.isPresent() ? UNREAD_TIFF.get(compression.getAsInt()) : null)
                .map(name -> "a TIFF compressed by " + name + ", which is not read");
    }

    private static String head(byte[] bytes) {
        var text = new String(bytes, 0, Math.min(16, bytes.length), StandardCharsets.ISO_8859_1);
        if (text.chars().allMatch(letter -> (letter >= ' ' && letter <= '~') || Character.isWhitespace(letter))) {
            return "the text \"" + text.strip().lines().findFirst().orElse("") + "\"";
        }
        var head = new StringBuilder();
        for (byte one : Arrays.copyOf(bytes, Math.min(8, bytes.length))) {
            head.append(String.format(Locale.ROOT, head.isEmpty() ? "%02x" : " %02x", one));
        }
        return head.toString();
    }
}
