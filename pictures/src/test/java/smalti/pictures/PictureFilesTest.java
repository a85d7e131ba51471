package smalti.pictures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.spec.SpecException;
import smalti.spec.model.DataSpec;

/** Files by Pillow 12.3.0 of known pixels; expected values are computed by hand from the rules. */
class PictureFilesTest {
    /** 8x8, all of level 77. */
    private static final String GREY_JPEG =
            "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBw"
                    + "YGCAsICQoKCgoKBggLDAsKDAkKCgr/wAALCAAIAAgBAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL"
                    + "/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJi"
                    + "coKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ip"
                    + "qrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/APjOv//Z";

    private static final String CMYK_JPEG =
            "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwBQNzxGPDJQRkFGWlVQX3jIgnhubnj1r7mRyP////////////////////////"
                    + "///////////////////////////8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgME"
                    + "BQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJCh"
                    + "YXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqi"
                    + "o6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASw"
                    + "AAPwCxVirFWK//2Q==";

    @TempDir
    private Path folder;

    @Test
    void transparencyIsCompositedOnWhite() throws IOException {
        // grey and alpha: (0, 0), (0, 255), (200, 128): 200·128/255 + 255·127/255 = 227.4
        assertThat(levels(
                        "iVBORw0KGgoAAAANSUhEUgAAAAMAAAABCAQAAACx6dw/AAAAD0lEQVR4nGNkYGD4f6IRAAUcAkrnbINiAAAAAElFTkSuQmCC",
                        1))
                .containsExactly(255, 0, 227);
        // (10, 20, 30, 0), (10, 20, 30, 255), (200, 100, 0, 128)
        assertThat(levels(
                        "iVBORw0KGgoAAAANSUhEUgAAAAMAAAABCAYAAAAb4BS0AAAAFUlEQVR4nGPkEpFjYGBg+L8v4FEjAA3CA64o6Ao6AA"
                                + "AAAElFTkSuQmCC",
                        3))
                .containsExactly(255, 255, 255, 10, 20, 30, 227, 177, 127);
        // a palette whose entry 1 is transparent
        assertThat(levels(
                        "iVBORw0KGgoAAAANSUhEUgAAAAMAAAABAgMAAABmjvwnAAAACVBMVEUBAgMoMjz6+/yWJruAAAAAAnRSTlP/AOW3ME"
                                + "oAAAAKSURBVHicY5AAAAAaABktiPQ2AAAAAElFTkSuQmCC",
                        3))
                .containsExactly(1, 2, 3, 255, 255, 255, 250, 251, 252);
        // RGB whose colour (9, 9, 9) is transparent
        assertThat(levels(
                        "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAABnRSTlMACQAJAAkVu+bLAAAAD0lEQVR4nGPg5ORkZG"
                                + "IGAACYACLTeMHiAAAAAElFTkSuQmCC",
                        3))
                .containsExactly(255, 255, 255, 1, 2, 3);
    }

    @Test
    void sixteenBitsAreRoundedToEight() throws IOException {
        // 0, 128, 257, 32768, 65535 over 257, to the nearest
        assertThat(levels(
                        "iVBORw0KGgoAAAANSUhEUgAAAAUAAAABEAAAAABjBedsAAAAE0lEQVR4nGNgYGBoYGRsYPj/HwAIkwMBkcBj6gAAAA"
                                + "BJRU5ErkJggg==",
                        1))
                .containsExactly(0, 0, 1, 128, 255);
    }

    @Test
    void palettesAndBitsAreLookedUp() throws IOException {
        assertThat(levels(
                        "iVBORw0KGgoAAAANSUhEUgAAAAMAAAABAgMAAABmjvwnAAAACVBMVEUBAgMoMjz6+/yWJruAAAAACklEQVR4nGOQAA"
                                + "AAGgAZLYj0NgAAAABJRU5ErkJggg==",
                        3))
                .containsExactly(1, 2, 3, 40, 50, 60, 250, 251, 252);
        assertThat(levels(
                        "iVBORw0KGgoAAAANSUhEUgAAAAQAAAABAQAAAADRRzJgAAAACklEQVR4nGMIAAAAUgBR9yHZtwAAAABJRU5ErkJggg==",
                        1))
                .containsExactly(0, 255, 0, 255);
    }

    @Test
    void greyJpegKeepsItsLevelsAndBecomesRgbByReplication() throws IOException {
        assertThat(levels(GREY_JPEG, 1)).hasSize(64).containsOnly(77);
        assertThat(levels(GREY_JPEG, 3)).hasSize(192).containsOnly(77);
    }

    @Test
    void rgbBecomesGreyAsPillowsModeL() throws IOException {
        PictureFiles.writePng(folder.resolve("a.png"), Fixtures.pattern(3, 4, 3, 0));
        var grey = read(folder.resolve("a.png"), 1, 1).get(0).picture();
        assertThat(java.util.HexFormat.of().formatHex(grey.pixels())).isEqualTo("2b86c43c50b6698275c957ab");
    }

    @Test
    void pngKeepsEveryPixel() throws IOException {
        for (int channels : new int[] {1, 3}) {
            var picture = Fixtures.pattern(13, 9, channels, 3);
            PictureFiles.writePng(folder.resolve("a.png"), picture);
            var read = read(folder.resolve("a.png"), channels, 1);
            assertThat(read).hasSize(1);
            assertThat(read.get(0).name()).isEqualTo("a.png");
            assertThat(read.get(0).picture().pixels()).isEqualTo(picture.pixels());
        }
    }

    @Test
    void sizesAreCroppedAtTheCentreToMultiples() throws IOException {
        PictureFiles.writePng(folder.resolve("a.png"), Fixtures.pattern(13, 10, 3, 0));
        var cropped = read(folder.resolve("a.png"), 3, 4).get(0).picture();
        assertThat(cropped.height()).isEqualTo(12);
        assertThat(cropped.width()).isEqualTo(8);
        assertThat(cropped.at(0, 0, 2)).isEqualTo(Fixtures.pattern(13, 10, 3, 0).at(0, 1, 2));
        assertThatThrownBy(() -> read(folder.resolve("a.png"), 3, 16))
                .isInstanceOf(SpecException.class)
                .hasMessage(folder.resolve("a.png") + ": must be at least 16x16 pixels, got 13x10");
    }

    @Test
    void foldersAndZipsAreReadInTheOrderOfTheirPaths() throws IOException {
        var files = Map.of(
                "b.png",
                Fixtures.png(1),
                "a/z.png",
                Fixtures.png(2),
                ".hidden/c.png",
                Fixtures.png(3),
                "notes.txt",
                new byte[1]);
        Fixtures.folder(folder.resolve("in"), files);
        var zip = Fixtures.zip(folder.resolve("in.zip"), files);
        for (var path : new Path[] {folder.resolve("in"), zip}) {
            var read = read(path, 3, 1);
            assertThat(read).extracting(NamedPicture::name).containsExactly("a/z.png", "b.png");
            assertThat(read.get(0).picture().pixels())
                    .isEqualTo(Fixtures.pattern(8, 8, 3, 2).pixels());
        }
    }

    @Test
    void namesInAZipCannotLeaveTheirFolder() throws IOException {
        var zip = Fixtures.zip(
                folder.resolve("in.zip"),
                Map.of(
                        "../a.png",
                        Fixtures.png(1),
                        "/b.png",
                        Fixtures.png(1),
                        "c\\..\\..\\d.png",
                        Fixtures.png(1),
                        "e.png",
                        Fixtures.png(2)));
        assertThat(read(zip, 3, 1)).extracting(NamedPicture::name).containsExactly("e.png");
    }

    @Test
    void eachBrokenFileIsNamedWithItsFault() throws IOException {
        var jpeg = Base64.getDecoder().decode(GREY_JPEG);
        var large = PictureFiles.png(Fixtures.pattern(64, 64, 3, 0));
        var bomb = Fixtures.png(0);
        ByteBuffer.wrap(bomb).putInt(16, 60000).putInt(20, 60000);
        var crc = new CRC32();
        crc.update(bomb, 12, 17);
        ByteBuffer.wrap(bomb).putInt(29, (int) crc.getValue());
        Fixtures.folder(
                folder,
                Map.of(
                        "bomb.png", bomb,
                        "empty.png", new byte[0],
                        "good.png", Fixtures.png(0),
                        "misnamed.png", "only words".getBytes(StandardCharsets.UTF_8),
                        "short.jpg", Arrays.copyOf(jpeg, jpeg.length - 6),
                        "short.png", Arrays.copyOf(large, large.length / 2)));
        assertThatThrownBy(() -> read(folder, 3, 1)).isInstanceOfSatisfying(SpecException.class, e -> {
            var problems = e.problems();
            assertThat(problems).hasSize(6);
            assertThat(problems.get(0))
                    .isEqualTo(
                            folder.resolve("bomb.png") + ": must have at most 67108864 pixels, but claims 60000x60000");
            assertThat(problems.get(1))
                    .isEqualTo(folder.resolve("empty.png") + ": must be a picture, but is empty (0 bytes)");
            assertThat(problems.get(2))
                    .isEqualTo(folder.resolve("misnamed.png")
                            + ": must be PNG, JPEG, WebP, TIFF, GIF or BMP, but begins with the text \"only words\"");
            assertThat(problems.get(3)).startsWith(folder.resolve("short.jpg") + ": must be a");
            assertThat(problems.get(4)).startsWith(folder.resolve("short.png") + ": must be a");
            assertThat(problems.get(5)).isEqualTo("5 of 6 pictures cannot be used; --skip-bad leaves such out");
        });
    }

    @Test
    void cmykIsConvertedToRgb() throws IOException {
        // ink 47 of 255 in all four channels: (255 - 47)·(255 - 47)/255 = 169.7; JPEG may round a level otherwise
        for (int level : levels(CMYK_JPEG, 3)) {
            assertThat(level).isBetween(169, 171);
        }
    }

    @Test
    void everyTruncationOfAPictureIsNoticed() throws IOException {
        for (var whole : new byte[][] {
            PictureFiles.png(Fixtures.pattern(16, 16, 3, 0)),
            Base64.getDecoder().decode(GREY_JPEG)
        }) {
            // the last 12 bytes of a PNG (IEND) and the last 2 of a JPEG (EOI) carry no pixels
            int pixelsEnd = whole[0] == (byte) 0x89 ? whole.length - 12 : whole.length - 2;
            for (int length = 0; length < pixelsEnd - 4; length += 7) {
                var path = folder.resolve("cut");
                Files.write(folder.resolve("cut.png"), Arrays.copyOf(whole, length));
                assertThatThrownBy(() -> read(path.resolveSibling("cut.png"), 3, 1))
                        .as("%s of %s bytes", length, whole.length)
                        .isInstanceOf(SpecException.class)
                        .hasMessageContaining("cut.png: must be");
            }
        }
    }

    @Test
    void aFolderWithoutPicturesAndAMissingPathAreErrors() {
        assertThatThrownBy(() -> read(folder, 3, 1))
                .isInstanceOf(SpecException.class)
                .hasMessage(folder + ": must hold pictures (PNG, JPEG, WebP, TIFF, GIF or BMP), but is empty");
        assertThatThrownBy(() -> read(folder.resolve("no.png"), 3, 1))
                .isInstanceOf(SpecException.class)
                .hasMessage(folder.resolve("no.png")
                        + ": must be a picture, or a folder or a ZIP of pictures, but does not exist");
    }

    private static List<NamedPicture> read(Path path, int channels, int factor) {
        return PictureFiles.read(path, channels, factor, DataSpec.BadImages.FAIL, word -> {});
    }

    /** All levels, row by row. */
    private int[] levels(String base64, int channels) throws IOException {
        var file = folder.resolve("picture.png");
        Files.write(file, Base64.getDecoder().decode(base64));
        var pixels = read(file, channels, 1).get(0).picture().pixels();
        var levels = new int[pixels.length];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = pixels[i] & 0xFF;
        }
        return levels;
    }
}
