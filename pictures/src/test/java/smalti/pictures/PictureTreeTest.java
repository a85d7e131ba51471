package smalti.pictures;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which files are pictures, what is said of the others, and how pictures stand. */
class PictureTreeTest {
    @TempDir
    private Path folder;

    @Test
    void theContentTellsThePicturesAndOneLineTheRest() throws IOException {
        var heic = "\0\0\0\u0018ftypheic\0\0\0\0mif1heic".getBytes(StandardCharsets.US_ASCII);
        Fixtures.folder(
                folder,
                Map.of(
                        "a.jfif", Fixtures.png(1),
                        "b", Fixtures.png(2),
                        "c.txt", Fixtures.png(3),
                        "d.heic", heic,
                        "e.jpg", heic,
                        "f.csv", "no picture".getBytes(StandardCharsets.US_ASCII),
                        "g/h.png", new byte[0]));
        Files.createSymbolicLink(folder.resolve("g/loop"), folder);
        try (var tree = PictureTree.open(folder)) {
            assertThat(tree.pictures()).containsExactly("a.jfif", "b", "c.txt", "g/h.png");
            assertThat(tree.leftOut(1))
                    .hasValue("5 files left out: 1 .csv, 1 .heic, 1 .jpg, 1 unreadable, a link loop (g/loop)"
                            + " (HEIC is not read)");
        }
    }

    /** Rows of the upright picture, of a stored one with the rows 12 and 34 and 56. */
    @ParameterizedTest
    @CsvSource({
        "1, 12 34 56",
        "2, 21 43 65",
        "3, 65 43 21",
        "4, 56 34 12",
        "5, 135 246",
        "6, 531 642",
        "7, 642 531",
        "8, 246 135"
    })
    void everyOrientationOfExifIsApplied(int orientation, String rows) throws IOException {
        var stored = Picture.of(3, 2, 1, new byte[] {1, 2, 3, 4, 5, 6});
        var upright = PictureReader.standard().read(withExif(PictureFiles.png(stored), orientation));
        var lines = new StringBuilder();
        for (int y = 0; y < upright.height(); y++) {
            lines.append(y == 0 ? "" : " ");
            for (int x = 0; x < upright.width(); x++) {
                lines.append(upright.at(y, x, 0));
            }
        }
        assertThat(lines).hasToString(rows);
    }

    /** With a chunk eXIf behind the header, which is 33 bytes with the signature. */
    private static byte[] withExif(byte[] png, int orientation) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            byte[] chunk = {
                'e',
                'X',
                'I',
                'f',
                'M',
                'M',
                0,
                42,
                0,
                0,
                0,
                8,
                0,
                1,
                1,
                0x12,
                0,
                3,
                0,
                0,
                0,
                1,
                0,
                (byte) orientation,
                0,
                0,
                0,
                0,
                0,
                0
            };
            var crc = new CRC32();
            crc.update(chunk);
            out.write(png, 0, 33);
            out.writeInt(chunk.length - 4);
            out.write(chunk);
            out.writeInt((int) crc.getValue());
            out.write(Arrays.copyOfRange(png, 33, png.length));
        }
        return bytes.toByteArray();
    }
}
