package smalti.pictures;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import smalti.spec.SpecException;
import smalti.spec.file.IoReason;
import smalti.spec.file.Unreadable;

/**
 * The pictures below a folder, in a ZIP, or in one file. Paths are relative with '/', in sorted order; hidden ones (a
 * part that begins with '.', {@code __MACOSX}) are passed over, and {@code ..} with them. May be read from several
 * threads.
 */
public final class PictureTree implements Closeable {
    private static final String NO_PICTURE = "";

    private final FileTree tree;
    private final PictureReader reader = PictureReader.standard();
    private @Nullable Kinds kinds;

    private PictureTree(FileTree tree) {
        this.tree = tree;
    }

    /**
     * What the files are by their content.
     *
     * @param pictures those that are decoded, or are named so and hold something else
     * @param others the rest: the name of a format that is not read, or ""
     */
    private record Kinds(List<String> pictures, SortedMap<String, String> others) {}

    /** @throws SpecException if there is neither a picture, nor a folder, nor a ZIP at {@code path} */
    public static PictureTree open(Path path) throws IOException {
        if (!Files.exists(path)) {
            throw new SpecException(path + ": must be a picture, or a folder or a ZIP of pictures, but does not exist");
        }
        if (!Files.isDirectory(path) && !Files.isRegularFile(path)) {
            throw new SpecException(
                    path + ": must be a picture, or a folder or a ZIP of pictures, and is a device or a pipe");
        }
        return new PictureTree(
                Files.isDirectory(path)
                        ? new FolderTree(path)
                        : isPicture(path) ? new SingleFile(path) : new ZipTree(path));
    }

    private static boolean isPicture(Path file) {
        try (var stream = Files.newInputStream(file)) {
            var head = stream.readNBytes(PictureFormat.HEAD);
            boolean zip = head.length > 1 && head[0] == 'P' && head[1] == 'K';
            var name = file.toString();
            return !zip
                    && (PictureFormat.isNamedSo(name)
                            || PictureFormat.of(head, name).isPresent());
        } catch (IOException e) {
            throw Unreadable.because(file, e);
        }
    }

    /** All files, pictures or not. */
    public List<String> files() {
        return tree.files();
    }

    /** All folders. */
    public List<String> folders() {
        return tree.folders();
    }

    public InputStream open(String file) throws IOException {
        return tree.open(file);
    }

    /** The file as errors name it; of "" the tree itself. */
    public String place(String file) {
        return tree.place(file);
    }

    /** The files that are pictures by what they begin with, whatever their names, and those that are named as pictures. */
    public List<String> pictures() {
        return kinds().pictures;
    }

    private synchronized Kinds kinds() {
        var known = kinds;
        if (known == null) {
            var others = new ConcurrentSkipListMap<String, String>();
            // a file that is named by itself is meant, whatever it is
            var found = tree instanceof SingleFile
                    ? tree.files()
                    : tree.files().parallelStream()
                            .filter(file -> isPicture(file, others))
                            .toList();
            known = new Kinds(found, others);
            kinds = known;
        }
        return known;
    }

    private boolean isPicture(String file, Map<String, String> others) {
        Optional<PictureFormat> format;
        try (var stream = tree.open(file)) {
            format = PictureFormat.of(stream.readNBytes(PictureFormat.HEAD), file);
        } catch (IOException e) {
            format = Optional.empty(); // reading it whole will say why, if it is named as a picture
        }
        boolean picture = format.map(PictureFormat::isRead).orElse(PictureFormat.isNamedSo(file));
        if (!picture) {
            others.put(file, format.map(PictureFormat::label).orElse(NO_PICTURE));
        }
        return picture;
    }

    /** @throws IOException with what is wrong, for people, if the file is not a whole picture */
    public Picture read(String file) throws IOException {
        try (var stream = tree.open(file)) {
            return reader.read(stream, file);
        }
    }

    /** What {@link #read} threw, with the file in front. */
    public String problem(String file, IOException e) {
        // a message of the reader is a rule; one of the file system needs its class to make sense
        var message = String.valueOf(e.getMessage());
        return place(file) + ": " + (message.startsWith("must ") ? message : "cannot be read (" + IoReason.of(e) + ")");
    }

    /** What makes an error of a tree without pictures: "PNG, JPEG, …", and what it holds instead. */
    public String lacking(String root) {
        var others = files().stream().filter(file -> file.startsWith(root)).toList();
        if (others.isEmpty()) {
            return "must hold pictures (" + PictureFormat.READ + "), but is empty";
        }
        var unread = others.stream()
                .map(file -> kinds().others.getOrDefault(file, NO_PICTURE))
                .filter(label -> !label.equals(NO_PICTURE))
                .collect(Collectors.toCollection(TreeSet::new));
        return "must hold pictures (" + PictureFormat.READ + "), but has only " + others.size() + " other file"
                + (others.size() == 1 ? "" : "s") + ", such as " + others.get(0).substring(root.length())
                + (unread.isEmpty() ? "" : "; " + String.join(", ", unread) + " is not read");
    }

    /**
     * One line on the files that were not used, by their endings, such as "50 files left out: 30 .heic, 20 unreadable
     * (HEIC is not read)"; empty where all were used.
     *
     * @param unreadable pictures that could not be decoded and were skipped
     */
    public Optional<String> leftOut(int unreadable) {
        SortedMap<String, Integer> counts = new TreeMap<>();
        kinds().others.keySet().forEach(file -> {
            var ending = PictureFormat.ending(file);
            counts.merge(ending.isEmpty() ? "without an ending" : "." + ending, 1, Integer::sum);
        });
        var parts = counts.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue(Comparator.reverseOrder()))
                .map(count -> count.getValue() + " " + count.getKey())
                .collect(Collectors.toList());
        if (unreadable > 0) {
            parts.add(unreadable + " unreadable");
        }
        tree.passed().stream()
                .collect(Collectors.groupingBy(FileTree.Passed::why, TreeMap::new, Collectors.toList()))
                .forEach((why, some) -> parts.add(
                        some.size() == 1
                                ? why + " (" + some.get(0).path() + ")"
                                : some.size() + " times " + why + " (such as "
                                        + some.get(0).path() + ")"));
        if (parts.isEmpty()) {
            return Optional.empty();
        }
        int total = kinds().others.size() + unreadable + tree.passed().size();
        var unread = new TreeSet<>(kinds().others.values());
        unread.remove(NO_PICTURE);
        return Optional.of(total + (total == 1 ? " file" : " files") + " left out: " + String.join(", ", parts)
                + (unread.isEmpty()
                        ? ""
                        : " (" + String.join(" and ", unread) + (unread.size() == 1 ? " is" : " are") + " not read)"));
    }

    @Override
    public void close() throws IOException {
        tree.close();
    }
}
