package smalti.spec.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import smalti.spec.SpecException;

/**
 * A folder in whose place a new one begins, for what is of use in its place alone: it comes back unless the new one is
 * marked as whole by {@link #forget}.
 */
// Its hidden name says whose it is. While that name is there, the former folder is the one that counts: one rename ends
// that, so that a process may be killed at any point.
public final class Aside {
    private static final String PREFIX = ".aside-";

    /** They come back with a process that is told to end. */
    private static final Set<Aside> ALL = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private final Path old;

    private Aside(Path folder, Path old) {
        this.folder = folder;
        this.old = old;
    }

    /**
     * Moves a folder out of its place, for a new one to begin there. After a crash {@link AtomicFiles#recover} puts it
     * back.
     */
    public static Aside of(Path target) throws IOException {
        AtomicFiles.recover(target);
        var folder = AtomicFiles.settled(target);
        var old = AtomicFiles.parent(folder)
                .resolve(stem(folder) + ProcessHandle.current().pid());
        var aside = new Aside(folder, old);
        synchronized (AtomicFiles.PLACE) {
            Files.move(folder, old, StandardCopyOption.ATOMIC_MOVE);
            ALL.add(aside);
        }
        return aside;
    }

    private static String stem(Path folder) {
        return PREFIX + folder.getFileName() + "-";
    }

    /** Deletes it: the new one has taken its place, and keeps it from here on. */
    public void forget() throws IOException {
        var gone = AtomicFiles.temporary(folder);
        synchronized (AtomicFiles.PLACE) {
            if (ALL.remove(this)) {
                Files.move(old, gone, StandardCopyOption.ATOMIC_MOVE);
            }
        }
        AtomicFiles.discard(gone);
    }

    /**
     * Deletes what has begun in its place, and puts it back.
     *
     * @return whether it was not forgotten meanwhile
     */
    public boolean restore() throws IOException {
        synchronized (AtomicFiles.PLACE) {
            boolean aside = ALL.remove(this);
            if (aside) {
                AtomicFiles.deleteRecursively(folder);
                Files.move(old, folder, StandardCopyOption.ATOMIC_MOVE);
            }
            return aside;
        }
    }

    /** Puts back all that there are, for a process that ends; returns the places of those that could not be. */
    static List<Path> restoreAll() {
        return ALL.stream()
                .filter(aside -> !aside.isRestored())
                .map(aside -> aside.folder)
                .toList();
    }

    private boolean isRestored() {
        if (!AtomicFiles.isDeleted(folder)) {
            return false;
        }
        try {
            Files.move(old, folder, StandardCopyOption.ATOMIC_MOVE);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Puts back what a process that is no more has left aside, in place of what it had begun. */
    static boolean recover(Path folder) throws IOException {
        boolean came = false;
        var name = Pattern.compile(Pattern.quote(stem(folder)) + "(\\d{1,18})");
        for (var aside : AtomicFiles.named(AtomicFiles.parent(folder), stem(folder))) {
            var owner = name.matcher(String.valueOf(aside.getFileName()));
            if (!owner.matches() || ALL.stream().anyMatch(own -> own.old.equals(aside))) {
                continue;
            }
            long pid = Long.parseLong(owner.group(1));
            // in a container every process may have the same number
            if (pid != ProcessHandle.current().pid() && ProcessHandle.of(pid).isPresent()) {
                throw new SpecException(folder + ": must be left alone while process " + pid
                        + " replaces it; wait for that to end. What was there before is in " + aside);
            }
            var begun = AtomicFiles.temporary(folder);
            synchronized (AtomicFiles.PLACE) {
                if (Files.exists(folder)) {
                    Files.move(folder, begun, StandardCopyOption.ATOMIC_MOVE);
                }
                Files.move(aside, folder, StandardCopyOption.ATOMIC_MOVE);
            }
            AtomicFiles.discard(begun);
            came = true;
        }
        return came;
    }
}
