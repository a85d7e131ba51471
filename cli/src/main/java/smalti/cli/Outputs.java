package smalti.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import smalti.spec.SpecException;

/** Refuses, before any work is done, an output that cannot be written. */
final class Outputs {
    private Outputs() {}

    /** A folder that is there, or may be made. */
    static void requireFolder(Path folder) {
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw new SpecException(folder + ": must be a folder to write into, and is a file");
        }
        requirePlace(folder);
    }

    /** A file that is there, or may be made. */
    static void requireFile(Path file) {
        if (Files.isDirectory(file)) {
            throw new SpecException(file + ": must be a file to write, and is a folder");
        }
        requirePlace(file);
    }

    /** @param ending of the file's name, such as .npz */
    static void requireFile(Path file, String ending) {
        if (!file.toString().toLowerCase(Locale.ROOT).endsWith(ending)) {
            throw new SpecException(file + ": must end in " + ending);
        }
        requireFile(file);
    }

    /** What is there of the folders above can be written into. */
    private static void requirePlace(Path output) {
        var place = output.toAbsolutePath().normalize();
        if (!Files.isDirectory(place)) {
            place = place.getParent();
        }
        while (place != null && !Files.exists(place)) {
            place = place.getParent();
        }
        if (place == null) {
            return;
        }
        if (!Files.isDirectory(place)) {
            throw new SpecException(output + ": must lie in a folder, but " + place + " is a file");
        }
        if (!Files.isWritable(place)) {
            throw new SpecException(output + ": must be writable, but access to " + place + " is denied");
        }
    }
}
