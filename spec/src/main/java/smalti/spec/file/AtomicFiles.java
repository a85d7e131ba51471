package smalti.spec.file;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import smalti.spec.SpecException;

/**
 * Writes files and folders so that a reader, or a later run after a crash, sees the old state or the new one and never
 * half of either.
 */
public final class AtomicFiles {
    /** Names of unfinished work begin so; left behind by a crash, they may be deleted. */
    public static final String UNFINISHED = ".unfinished-";

    private static final String REPLACED = ".replaced-";
    private static final Pattern TEMPORARY = Pattern.compile(
            Pattern.quote(UNFINISHED) + "([^/\\\\]+?)-\\d+-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}");

    /** What is being filled; gone with a process that is told to end, as by Ctrl-C. */
    private static final Set<Path> FILLED = ConcurrentHashMap.newKeySet();

    /** Gone with a process that is abandoned; at a JVM's own end whoever made them deletes them. */
    private static final Set<Path> OWNED = ConcurrentHashMap.newKeySet();

    /** Held by what begins, by what moves into place, and by {@link #abandon} to the end of the process. */
    static final Object PLACE = new Object();

    /** Writers may go on adding to a folder while it is deleted. */
    private static final int MOST_DELETIONS = 100;

    /** Beyond it they lead in a circle. */
    private static final int MOST_LINKS = 40;

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(AtomicFiles::deleteFilled, "smalti-unfinished"));
    }

    private AtomicFiles() {}

    private static void deleteFilled() {
        for (var path : FILLED) {
            try {
                deleteRecursively(path);
            } catch (IOException e) {
                throw new UncheckedIOException(path + ": is unfinished, and could not be deleted", e);
            }
        }
    }

    /**
     * Deletes all that is unfinished, for a process that ends in the midst of its work. Nothing begins and nothing moves
     * into place from then on: whoever would do so waits until the process is gone.
     *
     * @param end ends the process; takes what could not be deleted
     */
    public static void abandon(Consumer<List<Path>> end) {
        synchronized (PLACE) {
            var left = Stream.concat(FILLED.stream(), OWNED.stream())
                    .filter(path -> !isDeleted(path))
                    .collect(Collectors.toList());
            left.addAll(Aside.restoreAll());
            end.accept(left);
        }
    }

    /** A folder that {@link #abandon} deletes too. */
    public static void abandonToo(Path folder) {
        OWNED.add(folder);
    }

    static boolean isDeleted(Path path) {
        for (int i = 0; i < MOST_DELETIONS; i++) {
            try {
                deleteRecursively(path);
                return true;
            } catch (IOException e) {
                // once more: something came into a folder that was about to be deleted
            }
        }
        return false;
    }

    /** Something that fills a file or a folder. */
    @FunctionalInterface
    public interface Writer {
        void write(Path target) throws IOException;
    }

    /** Fills a folder that does not stand in its place yet. */
    @FunctionalInterface
    public interface Maker<T> {
        T make(Path temporary) throws IOException;
    }

    /** Writes a file under a temporary name beside it, forces it to disk and moves it into place. */
    public static void writeFile(Path target, Writer writer) throws IOException {
        var file = settled(target);
        var temporary = temporary(file);
        try {
            writer.write(temporary);
            force(temporary);
            synchronized (PLACE) {
                Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException e) {
            throw unwritten(target, e);
        } finally {
            discard(temporary);
        }
    }

    /** Where a target is: of a link what it leads to, there or not, which is replaced, and not the link. */
    static Path settled(Path target) throws IOException {
        var place = target.toAbsolutePath().normalize();
        for (int links = 0; links < MOST_LINKS && Files.isSymbolicLink(place); links++) {
            place = Files.exists(place)
                    ? place.toRealPath()
                    : place.resolveSibling(Files.readSymbolicLink(place)).normalize();
        }
        return place;
    }

    public static void writeString(Path file, String text) throws IOException {
        writeFile(file, temporary -> Files.writeString(temporary, text, StandardCharsets.UTF_8));
    }

    /**
     * Fills a folder under a temporary name beside it and moves it into place. A folder that is there already is
     * replaced, and comes back if the move fails.
     */
    public static void writeFolder(Path target, Writer writer) throws IOException {
        makeFolder(target, temporary -> {
            writer.write(temporary);
            return target;
        });
    }

    /** As {@link #writeFolder}, and returns what the maker does. */
    public static <T> T makeFolder(Path target, Maker<T> maker) throws IOException {
        var folder = settled(target);
        recover(folder);
        var temporary = temporary(folder);
        try {
            begin(temporary);
            var made = maker.make(temporary);
            try (var files = Files.walk(temporary)) {
                for (var file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                    force(file);
                }
            }
            synchronized (PLACE) {
                replace(temporary, folder);
            }
            return made;
        } catch (IOException e) {
            throw unwritten(target, e);
        } finally {
            discard(temporary);
        }
    }

    /**
     * Writes a file and those that belong to it: fills a folder under a temporary name beside it, forces its files to
     * disk and moves them into place, the file last, so that it never stands beside what belongs to another version of
     * it. What belonged to an old version is replaced or deleted with it; all of it comes back if a move fails.
     *
     * @param belonging names of files that may stand beside the file and are nothing without it
     * @param writer fills a folder with the file, under its name, and any of those that belong to it
     */
    public static void writeGroup(Path file, List<String> belonging, Writer writer) throws IOException {
        recoverGroup(file, belonging);
        var temporary = temporary(file);
        try {
            begin(temporary);
            writer.write(temporary);
            var finished = group(temporary, file, belonging);
            for (var path : finished) {
                force(path);
            }
            synchronized (PLACE) {
                replaceGroup(file, belonging, finished);
            }
        } catch (IOException e) {
            throw unwritten(file, e);
        } finally {
            discard(temporary);
        }
    }

    /** Those of a group that a folder holds, the file last. */
    private static List<Path> group(Path folder, Path file, List<String> belonging) {
        var paths = new ArrayList<Path>();
        belonging.forEach(name -> paths.add(folder.resolve(name)));
        paths.add(folder.resolve(String.valueOf(file.getFileName())));
        paths.removeIf(path -> !Files.isRegularFile(path));
        return paths;
    }

    private static void moveInto(Path folder, List<Path> files) throws IOException {
        for (var file : files) {
            Files.move(
                    file,
                    folder.resolve(String.valueOf(file.getFileName())),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static void replaceGroup(Path file, List<String> belonging, List<Path> finished) throws IOException {
        var parent = parent(file);
        var before = group(parent, file, belonging);
        var alone = List.of(parent.resolve(String.valueOf(file.getFileName())));
        if (before.isEmpty() || (before.equals(alone) && finished.size() == 1)) {
            moveInto(parent, finished);
            return;
        }
        var old = Files.createDirectories(replaced(file));
        // the file goes first and comes last
        Collections.reverse(before);
        try {
            moveInto(old, before);
            moveInto(parent, finished);
        } catch (IOException e) {
            moveInto(parent, group(old, file, belonging));
            deleteRecursively(old);
            throw e;
        }
        deleteRecursively(old);
    }

    /** A crash inside a replacement leaves the old file under another name while the new one is not there: puts it back. */
    private static void recoverGroup(Path file, List<String> belonging) throws IOException {
        var old = replaced(file);
        if (Files.isDirectory(old)) {
            if (!Files.exists(file)) {
                moveInto(parent(file), group(old, file, belonging));
            }
            deleteRecursively(old);
        }
    }

    private static IOException unwritten(Path target, IOException e) {
        return new IOException(target + ": could not be written (" + IoReason.of(e) + "); nothing was changed", e);
    }

    /** The text with what is unfinished under the names that it will have. */
    public static String withoutTemporaryNames(String text) {
        return TEMPORARY.matcher(text).replaceAll("$1");
    }

    private static void replace(Path finished, Path folder) throws IOException {
        if (!Files.exists(folder)) {
            Files.move(finished, folder, StandardCopyOption.ATOMIC_MOVE);
            return;
        }
        var old = replaced(folder);
        Files.move(folder, old, StandardCopyOption.ATOMIC_MOVE);
        try {
            Files.move(finished, folder, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            Files.move(old, folder, StandardCopyOption.ATOMIC_MOVE);
            throw e;
        }
        deleteRecursively(old);
    }

    /**
     * Puts a folder back that a crash within its replacement has left under another name: one that was replaced whole,
     * if no new one is there; one that was set aside, whatever has begun in its place.
     *
     * @return whether one that was set aside came back
     * @throws SpecException if another process is replacing the folder
     */
    public static boolean recover(Path target) throws IOException {
        var folder = settled(target);
        if (!Files.isDirectory(parent(folder))) {
            return false;
        }
        var old = replaced(folder);
        if (Files.exists(old) && !Files.exists(folder)) {
            Files.move(old, folder, StandardCopyOption.ATOMIC_MOVE);
        }
        deleteRecursively(old);
        return Aside.recover(folder);
    }

    static List<Path> named(Path parent, String stem) throws IOException {
        try (var files = Files.list(parent)) {
            return files.filter(path -> String.valueOf(path.getFileName()).startsWith(stem))
                    .toList();
        }
    }

    private static Path replaced(Path folder) throws IOException {
        return parent(folder).resolve(REPLACED + folder.getFileName());
    }

    /** Deletes a folder with all that is in it; links are deleted, not followed. Another may delete it at the same time. */
    public static void deleteRecursively(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                if (e instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw e;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @org.jspecify.annotations.Nullable IOException e)
                    throws IOException {
                if (e != null) {
                    throw e;
                }
                Files.deleteIfExists(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /**
     * An empty folder for what lasts no longer than the process, and is gone with one that is told to end.
     *
     * @param name that its name begins with
     */
    public static Path temporaryFolder(String name) throws IOException {
        synchronized (PLACE) {
            var folder = Files.createTempDirectory(name);
            FILLED.add(folder);
            return folder;
        }
    }

    /** Deletes a temporary folder; of what was moved into place there is nothing left to delete. */
    public static void discard(Path temporary) throws IOException {
        deleteRecursively(temporary);
        FILLED.remove(temporary);
    }

    static Path temporary(Path target) throws IOException {
        var parent = parent(target);
        try {
            Files.createDirectories(parent);
        } catch (IOException e) {
            throw unwritten(target, e);
        }
        var stem = UNFINISHED + target.getFileName() + "-";
        sweep(parent, stem);
        var temporary = parent.resolve(stem + ProcessHandle.current().pid() + "-" + UUID.randomUUID());
        synchronized (PLACE) {
            FILLED.add(temporary);
        }
        return temporary;
    }

    private static void begin(Path temporary) throws IOException {
        synchronized (PLACE) {
            Files.createDirectories(temporary);
        }
    }

    /** Deletes what processes that are no more left unfinished of the same target. */
    private static void sweep(Path parent, String stem) throws IOException {
        for (var path : named(parent, stem)) {
            var pid =
                    String.valueOf(path.getFileName()).substring(stem.length()).split("-", 2)[0];
            if (pid.matches("\\d{1,18}")
                    && ProcessHandle.of(Long.parseLong(pid)).isEmpty()) {
                deleteRecursively(path);
            }
        }
    }

    static Path parent(Path target) throws IOException {
        var parent = target.toAbsolutePath().getParent();
        if (parent == null) {
            throw new IOException(target + " has no parent folder");
        }
        return parent;
    }

    private static void force(Path file) throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }
}
