package smalti.pictures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.spec.model.DataSpec;

/**
 * Every form that pictures come in, beside what Pillow 12.3.0 (libjpeg-turbo, libwebp 1.6.0) and tifffile made of it:
 * {@code NAME.expected.png}, with transparency composited on white. Profiles by LittleCMS, relative colorimetric.
 */
final class PictureKindsTest {
    private static final String EXPECTED = ".expected.png";

    @TempDir
    private Path folder;

    static List<String> kinds() throws IOException {
        try (var files = Files.list(resources())) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.endsWith(EXPECTED))
                    .sorted()
                    .toList();
        }
    }

    private static Path resources() {
        try {
            return Path.of(Objects.requireNonNull(PictureKindsTest.class.getResource("kinds"))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void everyKindIsReadAsPillowReadsIt(String name) throws IOException {
        var read = PictureReader.standard().read(Files.readAllBytes(resources().resolve(name)));
        var expected = PictureReader.standard()
                .read(Files.readAllBytes(resources().resolve(name + EXPECTED)))
                .withChannels(3);
        var colours = read.withChannels(3);
        assertThat(colours.height()).isEqualTo(expected.height());
        assertThat(colours.width()).isEqualTo(expected.width());
        int most = 0;
        double sum = 0;
        for (int i = 0; i < expected.raw().length; i++) {
            int off = Math.abs((colours.raw()[i] & 0xFF) - (expected.raw()[i] & 0xFF));
            most = Math.max(most, off);
            sum += off;
        }
        assertThat(most).as("largest difference").isLessThanOrEqualTo(mostOff(name));
        assertThat(sum / expected.raw().length).as("mean difference").isLessThanOrEqualTo(meanOff(name));
    }

    /** Levels that a decoder may differ by. */
    private static int mostOff(String name) {
        if (name.equals("lossy-grey.webp")) {
            // the plug-in copies a block before its right and lower neighbours smooth their common edge
            return 32;
        } else if (name.startsWith("lossy-") && !name.startsWith("lossy-alpha")) {
            // and it repeats a colour over its 2x2 pixels, where libwebp interpolates between them
            return 64;
        } else if (name.equals("lossy-alpha.webp")) {
            return 64;
        }
        if (name.startsWith("profile-") || name.startsWith("multiplied.") || name.equals("profile.png")) {
            return 1; // the last bit of a product
        }
        // CMYK to RGB is a product that Pillow rounds otherwise; JPEG leaves the last bit to the decoder
        return name.endsWith(".jpg") || name.contains("jpeg") || name.contains("cmyk") ? 2 : 0;
    }

    private static double meanOff(String name) {
        // without the neighbours' smoothing kept out of the prediction, the grey one would be off by 2.4
        return name.equals("lossy-grey.webp") ? 0.6 : name.startsWith("lossy-") ? 3 : 1;
    }

    @Test
    void theNameOfAFileDecidesNothing() throws IOException {
        Fixtures.folder(
                folder,
                Map.of(
                        "a.png", kind("progressive.jpg"),
                        "b.jpg", kind("lossless.webp"),
                        "c.jfif", kind("subsampled.jpg"),
                        "d.jpeg", kind("lzw.tiff"),
                        "e.webp", kind("alpha.png"),
                        "f.tif", kind("rgb.bmp"),
                        "g", kind("palette.gif"),
                        "h.txt", kind("cmyk-adobe.jpg")));
        assertThat(PictureFiles.read(folder, 3, 1, DataSpec.BadImages.FAIL, word -> {}))
                .extracting(NamedPicture::name)
                .containsExactly("a.png", "b.jpg", "c.jfif", "d.jpeg", "e.webp", "f.tif", "g", "h.txt");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aPictureWithTooManyPixelsIsRefusedByItsHeader(String name) throws IOException {
        var bytes = kind(name);
        var whole = PictureReader.standard().read(bytes);
        long pixels = (long) whole.height() * whole.width();
        var reader = PictureReader.standard().withMaxPixels(pixels - 1);
        var size = whole.height() + "x" + whole.width();
        assertThatThrownBy(() -> reader.read(bytes))
                .isInstanceOf(IOException.class)
                .hasMessage("must have at most " + (pixels - 1) + " pixels, but claims " + size);
        // without a pixel the answer is the same: the header is enough
        if (name.endsWith(".jpg") || name.endsWith(".png")) {
            int header = name.endsWith(".jpg") ? startOfScan(bytes) : startOfPixels(bytes);
            assertThatThrownBy(() -> reader.read(Arrays.copyOf(bytes, header))).hasMessageContaining("claims " + size);
        }
        assertThat(reader.withMaxPixels(pixels).read(bytes).raw()).isEqualTo(whole.raw());
    }

    @Test
    void whatIsNoPixelIsNotUnpacked() throws IOException {
        // 64 MiB of text in 64 KiB, of a chunk that nothing here asks for
        var text = new ByteArrayOutputStream();
        try (var deflated = new DeflaterOutputStream(text)) {
            for (int i = 0; i < 64; i++) {
                deflated.write(new byte[1 << 20]);
            }
        }
        var png = kind("alpha.png");
        var bytes = ByteBuffer.allocate(png.length + text.size() + 15);
        bytes.put(png, 0, 33).putInt(text.size() + 3);
        bytes.put("zTXta\0\0".getBytes(StandardCharsets.ISO_8859_1)).put(text.toByteArray());
        var crc = new CRC32();
        crc.update(bytes.array(), 37, text.size() + 7);
        bytes.putInt((int) crc.getValue()).put(png, 33, png.length - 33);
        assertThat(PictureReader.standard().read(bytes.array()).raw())
                .isEqualTo(PictureReader.standard().read(png).raw());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 100, 127, 200})
    void aJpegIsReadWithoutAProfileThatIsBroken(int length) throws IOException {
        var jpeg = kind("subsampled.jpg");
        var bytes = ByteBuffer.allocate(jpeg.length + 18 + length);
        bytes.put(jpeg, 0, 2).putShort((short) 0xFFE2).putShort((short) (16 + length));
        bytes.put("ICC_PROFILE\0\1\1".getBytes(StandardCharsets.ISO_8859_1)).put(new byte[length]);
        bytes.put(jpeg, 2, jpeg.length - 2);
        assertThat(PictureReader.standard().read(bytes.array()).raw())
                .isEqualTo(PictureReader.standard().read(jpeg).raw());
        var cut = Arrays.copyOf(bytes.array(), bytes.capacity() - jpeg.length / 4);
        assertThatThrownBy(() -> PictureReader.standard().read(cut))
                .hasMessage("must be a whole picture, but ends too early");
    }

    @Test
    void noWordsOfADecoderAreShown() throws IOException {
        var png = kind("alpha.png");
        png[24] = 77; // bits a sample
        assertThatThrownBy(() -> PictureReader.standard().read(png))
                .hasMessage("must be a readable PNG picture, and is damaged");
    }

    private static int startOfScan(byte[] jpeg) {
        int at = 2;
        while (jpeg[at + 1] != (byte) 0xDA) {
            at += 2 + (ByteBuffer.wrap(jpeg).getShort(at + 2) & 0xFFFF);
        }
        return at + 2 + (jpeg[at + 3] & 0xFF);
    }

    private static int startOfPixels(byte[] png) {
        return new String(png, StandardCharsets.ISO_8859_1).indexOf("IDAT") + 4;
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aPictureThatIsCutOffIsRefused(String name) throws IOException {
        var whole = kind(name);
        for (int part = 1; part < 8; part++) {
            var cut = Arrays.copyOf(whole, whole.length * part / 8);
            if (pixelsEnd(name, whole) > cut.length) {
                assertThatThrownBy(() -> PictureReader.standard().read(cut))
                        .as("%s of %s bytes", cut.length, whole.length)
                        .isInstanceOf(IOException.class)
                        .hasMessageStartingWith("must be ");
            }
        }
    }

    /** Where the first picture of a file has all its pixels: the later ones of a film may be missing. */
    private static int pixelsEnd(String name, byte[] whole) {
        return name.equals("animated.gif") ? whole.length / 4 : whole.length;
    }

    @ParameterizedTest
    @CsvSource({
        "....ftypheic........mif1heic, HEIC",
        "....ftypheix........mif1, HEIC",
        "....ftypmif1........mif1heic, HEIC",
        "....ftypavif........mif1avif, AVIF",
        "....ftypavis........msf1avis, AVIF",
        "8BPS............, PSD",
        "P6 4 4 255 ...., PNM",
        "%PDF-1.7 ......., PDF",
        "qoif............, QOI",
        "<svg xmlns=''></svg>, SVG",
        "....ftypisom........isommp41, a film"
    })
    void whatIsKnownAndNotReadIsNamed(String head, String label) {
        var bytes = head.replace('.', '\0').getBytes(StandardCharsets.ISO_8859_1);
        bytes[3] = bytes[4] == 'f' ? (byte) bytes.length : bytes[3];
        assertThatThrownBy(() -> PictureReader.standard().read(bytes))
                .isInstanceOf(IOException.class)
                .hasMessage("must be PNG, JPEG, WebP, TIFF, GIF or BMP, but is " + label
                        + ", which is not read; save it as PNG or JPEG");
    }

    @Test
    void aJpegThatIsNoOrdinaryOneIsNamed() throws IOException {
        var jpeg = kind("subsampled.jpg");
        int frame = new String(jpeg, StandardCharsets.ISO_8859_1).indexOf("\u00ff\u00c0");
        var deep = jpeg.clone();
        deep[frame + 4] = 12;
        assertThatThrownBy(() -> PictureReader.standard().read(deep))
                .hasMessage("must have 8 bits a channel, as JPEG, and has 12; save it as PNG, which may have 16");
        var lossless = jpeg.clone();
        lossless[frame + 1] = (byte) 0xF7;
        assertThatThrownBy(() -> PictureReader.standard().read(lossless))
                .hasMessage("must be an ordinary JPEG, but is JPEG-LS, which is not read;"
                        + " save it as PNG or ordinary JPEG");
        var flat = jpeg.clone();
        flat[frame + 5] = flat[frame + 6] = 0;
        assertThatThrownBy(() -> PictureReader.standard().read(flat))
                .hasMessageStartingWith("must have pixels, but claims 0x");
    }

    @Test
    void aTiffThatIsCompressedInAnotherWayIsNamed() throws IOException {
        var tiff = kind("lzw.tiff");
        var entry = "\u0003\u0001\u0003\0\u0001\0\0\0";
        int at = new String(tiff, StandardCharsets.ISO_8859_1).indexOf(entry) + entry.length();
        ByteBuffer.wrap(tiff).order(ByteOrder.LITTLE_ENDIAN).putShort(at, (short) 50000);
        assertThatThrownBy(() -> PictureReader.standard().read(tiff))
                .hasMessage("must be coded in a way that is read, but is a TIFF compressed by Zstandard,"
                        + " which is not read; save it as PNG or JPEG");
    }

    @Test
    void aTextIsShown() {
        assertThatThrownBy(() -> PictureReader.standard().read("<!DOCTYPE html>".getBytes(StandardCharsets.US_ASCII)))
                .hasMessage("must be PNG, JPEG, WebP, TIFF, GIF or BMP, but begins with the text \"<!DOCTYPE html>\"");
    }

    private static byte[] kind(String name) throws IOException {
        return Files.readAllBytes(resources().resolve(name));
    }
}
