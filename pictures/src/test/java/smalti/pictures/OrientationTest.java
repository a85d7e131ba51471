package smalti.pictures;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How pictures stand: the orientation of EXIF, in every format that has one, in both orders of bytes. */
final class OrientationTest {
    private static final int BLOCK = 8;
    private static final int HEIGHT = 3 * BLOCK;
    private static final int WIDTH = 2 * BLOCK;

    /** Of the upright picture, where the stored one has the blocks 12 and 34 and 56; by CIPA DC-008. */
    private static final List<String> UPRIGHT =
            List.of("12 34 56", "21 43 65", "65 43 21", "56 34 12", "135 246", "531 642", "642 531", "246 135");

    static Stream<Arguments> all() {
        return Stream.of("jpeg", "png", "webp", "tiff")
                .flatMap(format -> Stream.of(ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN)
                        .flatMap(order -> IntStream.rangeClosed(1, 8).mapToObj(i -> Arguments.of(format, order, i))));
    }

    @ParameterizedTest
    @MethodSource("all")
    void aPictureStandsAsItsExifSays(String format, ByteOrder order, int orientation) throws IOException {
        assertThat(rows(read(format, order, (short) orientation))).isEqualTo(UPRIGHT.get(orientation - 1));
    }

    @ParameterizedTest
    @ValueSource(shorts = {0, 9, -1})
    void anOrientationThatIsNoneIsUpright(short orientation) throws IOException {
        for (var format : List.of("jpeg", "png", "webp")) {
            assertThat(rows(read(format, ByteOrder.BIG_ENDIAN, orientation)))
                    .as(format)
                    .isEqualTo("12 34 56");
        }
    }

    @Test
    void aLengthThatLeadsOutOfTheFileIsUpright() throws IOException {
        var exif = exif(ByteOrder.BIG_ENDIAN, (short) 6);
        for (int length : new int[] {-16, Integer.MAX_VALUE, exif.length + 1}) {
            var file = webp(exif);
            ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putInt(file.length - exif.length - 4, length);
            assertThat(Orientation.of(file, PictureFormat.WEBP)).isEqualTo(1);
        }
    }

    /** TIFF 6.0 asks for 16 bits; some writers take 32 for all numbers, and viewers read those. */
    @Test
    void anOrientationOf32BitsCounts() throws IOException {
        for (var order : List.of(ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN)) {
            var bytes = ByteBuffer.allocate(26).order(order);
            head(bytes, order).putShort((short) 1);
            var exif = entry(bytes, 0x112, 4, 1).putInt(6).putInt(0).array();
            assertThat(rows(PictureReader.standard().read(jpeg(exif)))).isEqualTo(UPRIGHT.get(5));
        }
    }

    private static Picture read(String format, ByteOrder order, short orientation) throws IOException {
        var exif = exif(order, orientation);
        return PictureReader.standard()
                .read(
                        switch (format) {
                            case "jpeg" -> jpeg(exif);
                            case "png" -> png(exif);
                            case "webp" -> webp(exif);
                            default -> tiff(order, orientation);
                        });
    }

    /** The blocks' numbers row by row: block n is of level 30n, give or take what JPEG loses. */
    private static String rows(Picture picture) {
        var rows = new StringBuilder();
        for (int y = BLOCK / 2; y < picture.height(); y += BLOCK) {
            rows.append(rows.isEmpty() ? "" : " ");
            for (int x = BLOCK / 2; x < picture.width(); x += BLOCK) {
                rows.append(Math.round(picture.at(y, x, 0) / 30f));
            }
        }
        return rows.toString();
    }

    private static byte level(int y, int x) {
        return (byte) (30 * (1 + 2 * (y / BLOCK) + x / BLOCK));
    }

    /** A TIFF of one directory with one entry, as EXIF is. */
    private static byte[] exif(ByteOrder order, short orientation) {
        var bytes = ByteBuffer.allocate(26).order(order);
        head(bytes, order).putShort((short) 1);
        entry(bytes, 0x112, 3, 1).putShort(orientation).putShort((short) 0);
        return bytes.putInt(0).array();
    }

    private static ByteBuffer head(ByteBuffer bytes, ByteOrder order) {
        byte letter = (byte) (order == ByteOrder.BIG_ENDIAN ? 'M' : 'I');
        return bytes.put(letter).put(letter).putShort((short) 42).putInt(8);
    }

    private static ByteBuffer entry(ByteBuffer bytes, int tag, int type, int count) {
        return bytes.putShort((short) tag).putShort((short) type).putInt(count);
    }

    private static byte[] jpeg(byte[] exif) throws IOException {
        var image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_BYTE_GRAY);
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                image.getRaster().setSample(x, y, 0, level(y, x) & 0xFF);
            }
        }
        var jpeg = new ByteArrayOutputStream();
        assertThat(ImageIO.write(image, "jpeg", jpeg)).isTrue();
        var bytes = ByteBuffer.allocate(jpeg.size() + 10 + exif.length);
        bytes.put(jpeg.toByteArray(), 0, 2).putShort((short) 0xFFE1).putShort((short) (8 + exif.length));
        bytes.put("Exif\0\0".getBytes(StandardCharsets.US_ASCII)).put(exif);
        return bytes.put(jpeg.toByteArray(), 2, jpeg.size() - 2).array();
    }

    private static byte[] png(byte[] exif) {
        var pixels = new byte[HEIGHT * WIDTH];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = level(i / WIDTH, i % WIDTH);
        }
        var png = PictureFiles.png(Picture.of(HEIGHT, WIDTH, 1, pixels));
        int header = 33; // the signature and the chunk IHDR
        var bytes = ByteBuffer.allocate(png.length + 12 + exif.length);
        bytes.put(png, 0, header).putInt(exif.length);
        bytes.put("eXIf".getBytes(StandardCharsets.US_ASCII)).put(exif);
        var crc = new CRC32();
        crc.update(bytes.array(), header + 4, 4 + exif.length);
        return bytes.putInt((int) crc.getValue())
                .put(png, header, png.length - header)
                .array();
    }

    /** The extended form, with the picture's own chunk as libwebp wrote it. */
    private static byte[] webp(byte[] exif) throws IOException {
        byte[] simple;
        try (var stream = Objects.requireNonNull(OrientationTest.class.getResourceAsStream("blocks.webp"))) {
            simple = stream.readAllBytes();
        }
        int header = 12;
        var bytes = ByteBuffer.allocate(header + 18 + simple.length - header + 8 + exif.length)
                .order(ByteOrder.LITTLE_ENDIAN);
        bytes.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(bytes.capacity() - 8);
        bytes.put("WEBPVP8X".getBytes(StandardCharsets.US_ASCII)).putInt(10).putInt(8); // 8: with EXIF
        for (int most : new int[] {WIDTH - 1, HEIGHT - 1}) {
            bytes.put((byte) most).put((byte) 0).put((byte) 0);
        }
        bytes.put(simple, header, simple.length - header);
        bytes.put("EXIF".getBytes(StandardCharsets.US_ASCII)).putInt(exif.length);
        return bytes.put(exif).array();
    }

    /** Uncompressed and grey, in one strip behind the directory. */
    private static byte[] tiff(ByteOrder order, short orientation) {
        int[][] shorts = {
            {0x100, WIDTH},
            {0x101, HEIGHT},
            {0x102, 8},
            {0x103, 1}, // no compression
            {0x106, 1}, // black is zero
            {0x111, 0}, // where the pixels begin
            {0x112, orientation},
            {0x115, 1},
            {0x116, HEIGHT},
            {0x117, HEIGHT * WIDTH}
        };
        int pixels = 8 + 2 + 12 * shorts.length + 4;
        shorts[5][1] = pixels;
        var bytes = ByteBuffer.allocate(pixels + HEIGHT * WIDTH).order(order);
        head(bytes, order).putShort((short) shorts.length);
        for (var one : shorts) {
            entry(bytes, one[0], 3, 1).putShort((short) one[1]).putShort((short) 0);
        }
        bytes.putInt(0);
        for (int i = 0; i < HEIGHT * WIDTH; i++) {
            bytes.put(level(i / WIDTH, i % WIDTH));
        }
        return bytes.array();
    }
}
