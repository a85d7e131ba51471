package smalti.trainer.data;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import smalti.spec.AtomicFiles;
import smalti.spec.SpecException;
import smalti.spec.Unreadable;

/** Single pictures from and to files, each of its own size. */
public final class PictureFiles {
    private PictureFiles() {}

    /**
     * Reads a picture file, or all pictures in a folder or a ZIP, in the order of their paths.
     *
     * @param channels 1 for grey, 3 for RGB
     * @param factor height and width are cropped at the centre to multiples of it; 1 leaves them
     * @throws SpecException naming each file that is no picture, or smaller than {@code factor}
     */
    public static List<NamedPicture> read(Path path, int channels, int factor) {
        try {
            if (Files.isRegularFile(path) && FileTree.isPicture(path.toString())) {
                return List.of(single(path, channels, factor));
            }
            try (var tree = FileTree.open(path)) {
                var files = tree.files().stream().filter(FileTree::isPicture).toList();
                if (files.isEmpty()) {
                    throw new SpecException(
                            path + ": must hold pictures, got " + tree.files().size() + " other files");
                }
                return all(tree, files, channels, factor);
            }
        } catch (IOException e) {
            throw Unreadable.because(path, e);
        }
    }

    private static NamedPicture single(Path path, int channels, int factor) {
        try (var stream = Files.newInputStream(path)) {
            var picture = PictureDecoder.decode(stream.readNBytes(PictureDecoder.MOST_BYTES + 1));
            return new NamedPicture(String.valueOf(path.getFileName()), cropped(picture, channels, factor));
        } catch (IOException e) {
            throw new SpecException(PictureLoader.problem(path.toString(), e), e);
        }
    }

    private static List<NamedPicture> all(FileTree tree, List<String> files, int channels, int factor) {
        Map<String, NamedPicture> read = new ConcurrentHashMap<>();
        Map<String, String> wrong = new ConcurrentHashMap<>();
        IntStream.range(0, files.size()).parallel().forEach(i -> {
            var file = files.get(i);
            try {
                read.put(file, new NamedPicture(file, cropped(PictureLoader.read(tree, file), channels, factor)));
            } catch (IOException e) {
                wrong.put(file, PictureLoader.problem(tree.place(file), e));
            }
        });
        var problems = new Problems();
        wrong.keySet().stream().sorted().map(wrong::get).forEach(problems::add);
        problems.done();
        return read.keySet().stream().sorted().map(read::get).toList();
    }

    private static Picture cropped(Picture picture, int channels, int factor) throws IOException {
        int height = picture.height() / factor * factor;
        int width = picture.width() / factor * factor;
        if (height == 0 || width == 0) {
            throw new IOException("must be at least " + factor + "x" + factor + " pixels, got " + picture.height() + "x"
                    + picture.width());
        }
        return picture.crop((picture.height() - height) / 2, (picture.width() - width) / 2, height, width)
                .withChannels(channels);
    }

    /** The picture as PNG. */
    public static byte[] png(Picture picture) {
        var image = new BufferedImage(
                picture.width(),
                picture.height(),
                picture.channels() == 1 ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_INT_RGB);
        var raster = image.getRaster();
        var row = new int[picture.width() * picture.channels()];
        for (int y = 0; y < picture.height(); y++) {
            for (int i = 0; i < row.length; i++) {
                row[i] = picture.raw()[y * row.length + i] & 0xFF;
            }
            raster.setPixels(0, y, picture.width(), 1, row);
        }
        try (var bytes = new ByteArrayOutputStream();
                var out = new MemoryCacheImageOutputStream(bytes)) {
            ImageIO.write(image, "png", out);
            out.flush();
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new IllegalStateException("writing to memory cannot fail", e);
        }
    }

    /** Writes a picture as PNG. */
    public static void writePng(Path file, Picture picture) throws IOException {
        var bytes = png(picture);
        AtomicFiles.writeFile(file, temporary -> Files.write(temporary, bytes));
    }
}
