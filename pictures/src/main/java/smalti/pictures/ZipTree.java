package smalti.pictures;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import smalti.spec.SpecException;

/** A ZIP, read in place. */
final class ZipTree implements FileTree {
    private final Path path;
    private final ZipFile zip;
    private final SortedMap<String, ZipEntry> entries = new TreeMap<>();
    private final List<String> files;
    private final List<String> folders;

    ZipTree(Path path) throws IOException {
        this.path = path;
        try {
            zip = new ZipFile(path.toFile());
        } catch (ZipException e) {
            throw new SpecException(
                    path + ": must be a picture, a folder or a ZIP of pictures, or IDX files, and is "
                            + (beginsAsZip() ? "a damaged ZIP" : "none"),
                    e);
        }
        var found = new TreeSet<String>();
        zip.stream().forEach(entry -> {
            // some Windows programs write backslashes
            var name = entry.getName().replace('\\', '/');
            boolean folder = name.endsWith("/");
            var plain = folder ? name.substring(0, name.length() - 1) : name;
            if (FileTree.isHidden(plain)) {
                return;
            }
            if (folder) {
                found.add(plain);
            } else {
                entries.put(plain, entry);
            }
            for (int slash = plain.lastIndexOf('/'); slash > 0; slash = plain.lastIndexOf('/', slash - 1)) {
                found.add(plain.substring(0, slash));
            }
        });
        files = List.copyOf(entries.keySet());
        folders = List.copyOf(found);
    }

    private boolean beginsAsZip() throws IOException {
        try (var stream = Files.newInputStream(path)) {
            return stream.read() == 'P' && stream.read() == 'K';
        }
    }

    @Override
    public List<String> files() {
        return files;
    }

    @Override
    public List<String> folders() {
        return folders;
    }

    @Override
    public InputStream open(String file) throws IOException {
        var entry = entries.get(file);
        var stream = entry == null ? null : zip.getInputStream(entry);
        if (stream == null) {
            throw new FileNotFoundException(place(file));
        }
        return stream;
    }

    @Override
    public String place(String file) {
        return file.isEmpty() ? path.toString() : path + "!/" + file;
    }

    @Override
    public void close() throws IOException {
        zip.close();
    }
}
