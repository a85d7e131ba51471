package smalti.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import smalti.spec.SpecException;

/**
 * The one rule for what commands write, held to before any work is done: an output is new, or an empty folder; with
 * {@code --overwrite} it may be what the same command wrote before, which is then replaced whole, so that nothing of it
 * stays beside the new.
 */
final class Outputs {
    /** What systems put into folders by themselves, and what a training that was stopped at its start leaves. */
    private static final Set<String> NOTHING = Set.of(".lock", ".DS_Store", "Thumbs.db", "desktop.ini");

    private Outputs() {}

    /** What a folder holds, so that nothing else is lost by replacing it. */
    enum Holding {
        PICTURES("a folder of PNG pictures", ""),
        BUNDLE("a bundle", "bundle.json"),
        RUN("a run folder", "spec.json"),
        DEMO("a demo's folder", "runs"),
        /** A folder a model. */
        REPOSITORY("a model repository", "config.pbtxt"),
        PAGE("a page's folder", "page.json");

        private final String label;
        private final String mark;

        Holding(String label, String mark) {
            this.label = label;
            this.mark = mark;
        }

        boolean isIn(Path folder) throws IOException {
            if (this != REPOSITORY) {
                return Files.exists(folder.resolve(mark));
            }
            try (var inside = Files.list(folder)) {
                var models = inside.filter(path -> !path.endsWith("README.md")).toList();
                return !models.isEmpty() && models.stream().allMatch(model -> Files.exists(model.resolve(mark)));
            }
        }
    }

    /** A folder that is new or empty; or of the same kind, where it may be overwritten. */
    static void requireFolder(Path folder, Holding holding, OverwriteOption overwrite) throws IOException {
        requireFolder(folder);
        var held = held(folder, path -> true);
        if (held.isEmpty()) {
            return;
        }
        if (!overwrite.overwrites) {
            throw new SpecException(folder + ": must be new or empty, and holds " + held.get()
                    + "; --overwrite replaces all of it, or choose another output");
        }
        var foreign = holding == Holding.PICTURES
                ? held(folder, path -> !Files.isDirectory(path) && !Pngs.isGrid(path))
                : holding.isIn(folder) ? Optional.<Path>empty() : held;
        if (foreign.isPresent()) {
            throw new SpecException(folder + ": must be new, empty or " + holding.label
                    + " to be overwritten, and holds " + foreign.get() + ", which would be lost");
        }
    }

    /** The first of what is in a folder. */
    private static Optional<Path> held(Path folder, Predicate<Path> which) throws IOException {
        if (!Files.exists(folder)) {
            return Optional.empty();
        }
        try (var paths = Files.walk(folder)) {
            return paths.filter(path -> !path.equals(folder))
                    .filter(path -> !NOTHING.contains(String.valueOf(path.getFileName())))
                    .filter(which)
                    .findFirst()
                    .map(folder::relativize);
        }
    }

    /** A file that is new; or that may be overwritten. */
    static void requireFile(Path file, OverwriteOption overwrite) {
        requireFile(file);
        if (Files.exists(file) && !overwrite.overwrites) {
            throw new SpecException(
                    file + ": must be new, and exists; --overwrite replaces it, or choose another output");
        }
    }

    /** @param ending of the file's name, such as .npz */
    static void requireFile(Path file, String ending, OverwriteOption overwrite) {
        if (!file.toString().toLowerCase(Locale.ROOT).endsWith(ending)) {
            throw new SpecException(file + ": must end in " + ending);
        }
        requireFile(file, overwrite);
    }

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
