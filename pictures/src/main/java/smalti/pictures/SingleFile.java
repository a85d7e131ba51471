package smalti.pictures;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** One picture file, named by itself. */
record SingleFile(Path file) implements FileTree {
    @Override
    public List<String> files() {
        return List.of(String.valueOf(file.getFileName()));
    }

    @Override
    public List<String> folders() {
        return List.of();
    }

    @Override
    public InputStream open(String name) throws IOException {
        return Files.newInputStream(file);
    }

    @Override
    public String place(String name) {
        return file.toString();
    }

    @Override
    public void close() {}
}
