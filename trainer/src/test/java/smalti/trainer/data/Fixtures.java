package smalti.trainer.data;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import smalti.pictures.Picture;
import smalti.pictures.PictureFiles;
import smalti.spec.model.DataSpec;
import smalti.spec.model.ImageSpec;

/** Pictures and files that the tests make for themselves. */
final class Fixtures {
    static final ImageSpec RGB_8 = new ImageSpec(8, 8, 3);
    static final DataSpec STRICT = new DataSpec(DataSpec.Fit.CROP, DataSpec.BadImages.FAIL, 0.25, false);
    static final DataSpec LENIENT = new DataSpec(DataSpec.Fit.CROP, DataSpec.BadImages.SKIP, 0.25, false);

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

    /** Writes files below a folder; a name that ends in '/' makes an empty folder. */
    static Path folder(Path root, Map<String, byte[]> files) throws IOException {
        for (var file : files.entrySet()) {
            var path = root.resolve(file.getKey());
            if (file.getKey().endsWith("/")) {
                Files.createDirectories(path);
            } else {
                Files.createDirectories(path.resolve(".."));
                Files.write(path, file.getValue());
            }
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

    /** An IDX file; {@code sizes}: of one element, empty for labels. */
    static byte[] idx(int magic, int count, int[] sizes, byte[] data) {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            out.writeInt(magic);
            out.writeInt(count);
            for (int size : sizes) {
                out.writeInt(size);
            }
            out.write(data);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return bytes.toByteArray();
    }

    static byte[] gzip(byte[] bytes) {
        var zipped = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(zipped)) {
            out.write(bytes);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return zipped.toByteArray();
    }

    /** Remembers what it hears. */
    static final class Listener implements LoadListener {
        final List<String> warnings = new ArrayList<>();
        final List<Integer> done = new ArrayList<>();

        @Override
        public void warning(String message) {
            warnings.add(message);
        }

        @Override
        public void progress(int finished, int total) {
            done.add(finished);
        }
    }
}
