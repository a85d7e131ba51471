package smalti.trainer.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A folder on disk; links are followed. */
final class FolderTree implements FileTree {
    private final Path root;
    private final List<String> files = new ArrayList<>();
    private final List<String> folders = new ArrayList<>();

    FolderTree(Path root) throws IOException {
        this.root = root;
        try (var paths = Files.walk(root, FileVisitOption.FOLLOW_LINKS)) {
            for (var path : (Iterable<Path>) paths.filter(path -> !path.equals(root))::iterator) {
                var name = root.relativize(path)
                        .toString()
                        .replace(root.getFileSystem().getSeparator(), "/");
                boolean visible = !FileTree.isHidden(name);
                if (visible && Files.isDirectory(path)) {
                    folders.add(name);
                } else if (visible && Files.isRegularFile(path)) {
                    files.add(name);
                }
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        Collections.sort(files);
        Collections.sort(folders);
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
        return Files.newInputStream(root.resolve(file));
    }

    @Override
    public String place(String file) {
        return root.resolve(file).toString();
    }

    @Override
    public void close() {}
}
