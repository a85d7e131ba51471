package smalti.pictures;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/** A folder on disk; links are followed, but for one that leads back above itself. */
final class FolderTree implements FileTree {
    private final Path root;
    private final List<String> files = new ArrayList<>();
    private final List<String> folders = new ArrayList<>();
    private final List<Passed> passed = new ArrayList<>();

    FolderTree(Path root) throws IOException {
        this.root = root;
        Files.walkFileTree(root, Set.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, new Visitor());
        Collections.sort(files);
        Collections.sort(folders);
    }

    private final class Visitor extends SimpleFileVisitor<Path> {
        @Override
        public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            if (folder.equals(root)) {
                return FileVisitResult.CONTINUE;
            }
            if (FileTree.isHidden(name(folder))) {
                return FileVisitResult.SKIP_SUBTREE;
            }
            folders.add(name(folder));
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (!FileTree.isHidden(name(file))) {
                if (attributes.isRegularFile()) {
                    files.add(name(file));
                } else if (attributes.isSymbolicLink()) {
                    passed.add(new Passed(name(file), "a broken link"));
                }
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (!file.equals(root) && FileTree.isHidden(name(file))) {
                return FileVisitResult.CONTINUE;
            }
            if (e instanceof AccessDeniedException && !file.equals(root)) {
                passed.add(new Passed(name(file), "a folder that may not be read"));
                return FileVisitResult.CONTINUE;
            }
            if (e instanceof FileSystemLoopException) {
                passed.add(new Passed(name(file), "a link loop"));
                return FileVisitResult.CONTINUE;
            }
            throw e;
        }
    }

    private String name(Path path) {
        return root.relativize(path).toString().replace(root.getFileSystem().getSeparator(), "/");
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
    public List<Passed> passed() {
        return passed;
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
