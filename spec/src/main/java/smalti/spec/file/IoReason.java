package smalti.spec.file;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.zip.ZipException;

/** Why reading or writing failed, in a user's words: no class of Java's, no temporary name. */
public final class IoReason {
    /** What Linux and macOS say. */
    private static final String NO_ROOM = "No space left on device";

    private IoReason() {}

    /** A reason that reads well after "cannot be read: " and the like; of several, that which began it. */
    public static String of(IOException e) {
        var first = e;
        while (first.getCause() instanceof IOException earlier) {
            first = earlier;
        }
        return AtomicFiles.withoutTemporaryNames(named(first));
    }

    /** Whether there was no room to write. */
    public static boolean isDiskFull(IOException e) {
        for (Throwable at = e; at != null; at = at.getCause()) {
            if (String.valueOf(at.getMessage()).contains(NO_ROOM)) {
                return true;
            }
        }
        return false;
    }

    private static String named(IOException e) {
        if (isDiskFull(e)) {
            return "the disk is full";
        } else if (e instanceof NoSuchFileException missing) {
            return missing.getFile() + " does not exist";
        } else if (e instanceof FileAlreadyExistsException existing) {
            return existing.getFile() + " is a file";
        } else if (e instanceof AccessDeniedException denied) {
            return "access to " + denied.getFile() + " is denied";
        } else if (e instanceof NotDirectoryException file) {
            return file.getFile() + " is no folder";
        } else if (e instanceof FileSystemException other) {
            return other.getReason() == null ? "the file system refuses " + other.getFile() : other.getReason();
        } else if (e instanceof CharacterCodingException) {
            return "it is not UTF-8 text";
        } else if (e instanceof EOFException) {
            return "it ends too early";
        } else if (e instanceof ZipException) {
            return "it is no ZIP, or a damaged one";
        }
        var message = e.getMessage();
        return message == null || (e instanceof FileNotFoundException && message.isEmpty())
                ? "no reason is known"
                : message;
    }
}
