package smalti.pictures;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import smalti.spec.SpecException;
import smalti.spec.file.AtomicFiles;
import smalti.spec.file.Unreadable;
import smalti.spec.model.DataSpec;
import smalti.spec.page.PictureGrid;

/** Single pictures from and to files, each of its own size. */
public final class PictureFiles {
    private PictureFiles() {}

    /**
     * Reads a picture file, or all pictures in a folder or a ZIP, in the order of their paths.
     *
     * @param channels 1 for grey, 3 for RGB
     * @param factor height and width are cropped at the centre to multiples of it; 1 leaves them
     * @param bad what a picture does that is unreadable, or smaller than {@code factor}
     * @param word hears what was left out, where something was
     * @throws SpecException naming each picture that is unreadable or too small, unless those are skipped; or if no
     *     picture is left
     */
    public static List<NamedPicture> read(
            Path path, int channels, int factor, DataSpec.BadImages bad, Consumer<String> word) {
        try (var tree = PictureTree.open(path)) {
            var files = tree.pictures();
            if (files.isEmpty()) {
                throw new SpecException(path + ": " + tree.lacking(""));
            }
            return all(tree, files, cropped -> cropped(cropped, channels, factor), bad, word);
        } catch (IOException e) {
            throw Unreadable.because(path, e);
        }
    }

    @FunctionalInterface
    private interface Change {
        Picture apply(Picture picture) throws IOException;
    }

    private static List<NamedPicture> all(
            PictureTree tree, List<String> files, Change change, DataSpec.BadImages bad, Consumer<String> word) {
        Map<String, NamedPicture> read = new ConcurrentHashMap<>();
        Map<String, String> wrong = new ConcurrentSkipListMap<>();
        IntStream.range(0, files.size()).parallel().forEach(i -> {
            var file = files.get(i);
            try {
                read.put(file, new NamedPicture(file, change.apply(tree.read(file))));
            } catch (IOException e) {
                wrong.put(file, tree.problem(file, e));
            }
        });
        var problems = new Problems();
        wrong.values().forEach(problems::add);
        problems.unreadable(files.size(), bad, word);
        tree.leftOut(wrong.size()).ifPresent(word);
        if (read.isEmpty()) {
            throw new SpecException(
                    tree.place("") + ": must hold a readable picture, got " + files.size() + " that are not");
        }
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
        return PictureGrid.png(
                PictureGrid.one(picture.raw(), 0, picture.height(), picture.width(), picture.channels()));
    }

    /** Writes a picture as PNG. */
    public static void writePng(Path file, Picture picture) throws IOException {
        var bytes = png(picture);
        AtomicFiles.writeFile(file, temporary -> Files.write(temporary, bytes));
    }
}
