package smalti.spec;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.UUID;

/**
 * Writes files and folders so that a reader, or a later run after a crash, sees the old state or the new one and never
 * half of either.
 */
public final class AtomicFiles {
    /** Names of unfinished work begin so; left behind by a crash, they may be deleted. */
    public static final String UNFINISHED = ".unfinished-";

    private AtomicFiles() {}

    /** Something that fills a file or a folder. */
    @FunctionalInterface
    public interface Writer {
        void write(Path target) throws IOException;
    }

    /** Writes a file under a temporary name beside it, forces it to disk and moves it into place. */
    public static void writeFile(Path file, Writer writer) throws IOException {
        var temporary = temporary(file);
        try {
            writer.write(temporary);
            force(temporary);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw unwritten(file, e);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    public static void writeString(Path file, String text) throws IOException {
        writeFile(file, temporary -> Files.writeString(temporary, text, StandardCharsets.UTF_8));
    }

    /**
     * Fills a folder under a temporary name beside it and moves it into place. A folder that is there already is
     * replaced, and comes back if the move fails.
     */
    public static void writeFolder(Path folder, Writer writer) throws IOException {
        var temporary = temporary(folder);
        try {
            Files.createDirectories(temporary);
            writer.write(temporary);
            try (var files = Files.walk(temporary)) {
                for (var file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                    force(file);
                }
            }
            replace(temporary, folder);
        } catch (IOException e) {
            throw unwritten(folder, e);
        } finally {
            deleteRecursively(temporary);
        }
    }

    private static IOException unwritten(Path target, IOException e) {
        return new IOException(target + ": could not be written (" + e.getMessage() + "); nothing was changed", e);
    }

    private static void replace(Path finished, Path folder) throws IOException {
        if (!Files.exists(folder)) {
            Files.move(finished, folder, StandardCopyOption.ATOMIC_MOVE);
            return;
        }
        var old = temporary(folder);
        Files.move(folder, old, StandardCopyOption.ATOMIC_MOVE);
        try {
            Files.move(finished, folder, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            Files.move(old, folder, StandardCopyOption.ATOMIC_MOVE);
            throw e;
        }
        deleteRecursively(old);
    }

    /** Deletes a folder with all that is in it; links are deleted, not followed. */
    public static void deleteRecursively(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @org.jspecify.annotations.Nullable IOException e)
                    throws IOException {
                if (e != null) {
                    throw e;
                }
                Files.delete(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** Deletes what crashed runs left unfinished directly below {@code folder}. */
    public static void sweep(Path folder) {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (var left = Files.newDirectoryStream(folder, UNFINISHED + "*")) {
            for (var path : left) {
                deleteRecursively(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path temporary(Path target) throws IOException {
        var parent = target.toAbsolutePath().getParent();
        if (parent == null) {
            throw new IOException(target + " has no parent folder");
        }
        Files.createDirectories(parent);
        return parent.resolve(UNFINISHED + target.getFileName() + "-" + UUID.randomUUID());
    }

    private static void force(Path file) throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }
}
