package smalti.spec.file;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import smalti.spec.SpecException;

/** Says in a user's words why a file could not be read. */
public final class Unreadable {
    private Unreadable() {}

    public static SpecException because(Path file, IOException e) {
        if (e instanceof NoSuchFileException) {
            return new SpecException(file + ": must exist, and does not", e);
        } else if (e instanceof AccessDeniedException) {
            return new SpecException(file + ": must be readable, and access is denied", e);
        }
        return new SpecException(file + ": cannot be read (" + IoReason.of(e) + ")", e);
    }
}
