package smalti.pictures;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Pictures and files that the tests make for themselves. */
final class Fixtures {
    private Fixtures() {}

    /** p[y,x,c] = (37y + 91x + 53c + 11(xy mod 17) + shift) mod 256: the same formula as made the golden values. */
    static Picture pattern(int height, int width, int channels, int shift) {
        var pixels = new byte[height * width * channels];
        int at = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                for (int c = 0; c < channels; c++) {
                    pixels[at++] = (byte) (y * 37 + x * 91 + c * 53 + x * y % 17 * 11 + shift);
                }
            }
        }
        return Picture.of(height, width, channels, pixels);
    }

    static byte[] png(int shift) {
        return PictureFiles.png(pattern(8, 8, 3, shift));
    }

    /** Writes files below a folder. */
    static Path folder(Path root, Map<String, byte[]> files) throws IOException {
        for (var file : files.entrySet()) {
            var path = root.resolve(file.getKey());
            Files.createDirectories(path.resolve(".."));
            Files.write(path, file.getValue());
        }
        return root;
    }

    static Path zip(Path zip, Map<String, byte[]> files) throws IOException {
        try (var out = new ZipOutputStream(Files.newOutputStream(zip))) {
            for (var file : files.entrySet()) {
                out.putNextEntry(new ZipEntry(file.getKey()));
                out.write(file.getValue());
                out.closeEntry();
            }
        }
        return zip;
    }
}
