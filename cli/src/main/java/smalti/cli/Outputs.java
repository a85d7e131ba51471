package smalti.cli;

import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.trainer.data.ProceduralPictures;

/**
 * The one rule for what commands write, held to before any work is done: an output is new, or an empty folder; with
 * {@code --overwrite} it may be what the same command wrote before, which is then replaced whole, so that nothing of it
 * stays beside the new.
 */
final class Outputs {
    /** What systems put into folders by themselves, and what a training that was stopped at its start leaves. */
    private static final Set<String> NOTHING = Set.of(".lock", ".DS_Store", "Thumbs.db", "desktop.ini");

    private Outputs() {}

    private static final String RUN_FILES =
            "spec\\.json|data\\.sha256|checkpoint\\.npz|metrics\\.jsonl|report\\.html|export\\.json"
                    + "|(calibration|held-out)\\.npy|[\\w-]+\\.fb";
    private static final String BUNDLE_FILES =
            "bundle\\.json|README\\.md|parity\\.npz|[\\w.-]+\\.(png|onnx|onnx\\.data)";
    private static final String PAGE_FILES =
            "(page\\.json|README\\.md|[\\w.-]+\\.(html|css|js|mjs|wasm|tgz))" + "|(bundle|samples|ort|node_modules)/.*";
    private static final String REPOSITORY_FILES =
            "README\\.md|[^/]+/(config\\.pbtxt|labels\\.txt|\\d+/(\\.keep|[\\w.-]+\\.(onnx|onnx\\.data)))";
    private static final String DEMO_FILES = "(pictures|reconstructions|generated|interpolation)\\.png|report\\.html"
            + "|(vqvae|dcgan)-demo\\.(report\\.(html|json)|smalti/(" + BUNDLE_FILES + "))"
            + "|runs/(vqvae|dcgan)-demo/(" + RUN_FILES + ")"
            + "|pictures/(" + String.join("|", ProceduralPictures.CLASSES) + ")/\\d{5}\\.png";

    /** What a folder holds, so that nothing else is lost by replacing it. */
    enum Holding {
        PICTURES("a folder of PNG pictures", "(?i).*\\.png", ".*"),
        BUNDLE("a bundle", BUNDLE_FILES, "bundle\\.json"),
        RUN("a run folder", RUN_FILES, "spec\\.json"),
        DEMO("a demo's folder", DEMO_FILES, ".*"),
        REPOSITORY("a model repository", REPOSITORY_FILES, "[^/]+/config\\.pbtxt"),
        PAGE("a page's folder", PAGE_FILES, "page\\.json");

        private final String label;
        private final Pattern files;
        private final Pattern mark;

        /**
         * @param files their names, relative, with '/'
         * @param mark one that it has for certain
         */
        Holding(String label, String files, String mark) {
            this.label = label;
            this.files = Pattern.compile(files);
            this.mark = Pattern.compile(mark);
        }

        /** What a folder holds that is none of it. */
        private Optional<Path> foreign(Path folder) throws IOException {
            if (held(folder, path -> mark.matcher(relative(folder, path)).matches())
                    .isEmpty()) {
                return held(folder, path -> true);
            }
            return held(
                    folder,
                    path -> !Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)
                            && !files.matcher(relative(folder, path)).matches());
        }
    }

    private static String relative(Path folder, Path path) {
        return folder.relativize(path).toString().replace(folder.getFileSystem().getSeparator(), "/");
    }

    /** Whether a folder is not there, or holds nothing that could be lost. */
    static boolean isEmpty(Path folder) throws IOException {
        return held(folder, path -> true).isEmpty();
    }

    /** Whether a demo began in a folder, which may hold other things by now. */
    static boolean isDemo(Path folder) throws IOException {
        return Files.exists(folder.resolve("runs/vqvae-demo"))
                || (held(folder, path -> true).isPresent()
                        && Holding.DEMO.foreign(folder).isEmpty());
    }

    /**
     * A folder that is new or empty; or of the same kind, where it may be overwritten.
     *
     * @param inputs what the command reads, which must not be replaced
     */
    static void requireFolder(Path folder, Holding holding, OverwriteOption overwrite, Path... inputs)
            throws IOException {
        requireFolder(folder);
        requireApart(folder, inputs);
        requireOutside(folder, inputs);
        var held = held(folder, path -> true);
        if (held.isEmpty()) {
            return;
        }
        if (!overwrite.overwrites) {
            throw new SpecException(folder + ": must be new or empty, and holds " + held.get()
                    + "; --overwrite replaces all of it, or choose another output");
        }
        var foreign = holding.foreign(folder);
        if (foreign.isPresent()) {
            throw new SpecException(folder + ": must be new, empty or " + holding.label
                    + " to be overwritten, and holds " + foreign.get() + ", which would be lost");
        }
    }

    /** What is read does not lie in what is replaced, by whatever links the two are named. */
    private static void requireApart(Path folder, Path... inputs) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        var replaced = folder.toRealPath();
        if (Path.of("").toRealPath().startsWith(replaced)) {
            throw new SpecException(folder
                    + ": must be a folder of its own, and is the one that the command runs in, or" + " holds it");
        }
        for (var input : inputs) {
            for (var read : read(input)) {
                if (read.toRealPath().startsWith(replaced)) {
                    throw new SpecException(folder + ": must be another folder than what is read, and holds " + read);
                }
            }
        }
    }

    /**
     * What is written does not lie among the pictures that are read, where the next run would find it; nor in a bundle
     * or a run, which is replaced as a whole.
     */
    private static void requireOutside(Path output, Path... inputs) throws IOException {
        var place = real(output);
        for (var input : inputs) {
            for (var read : read(input)) {
                if (Files.isDirectory(read) && place.startsWith(read.toRealPath())) {
                    throw new SpecException(output + ": must lie outside of " + read
                            + (isWhole(input)
                                    ? ", which is replaced as a whole when it is made anew"
                                    : ", whose pictures are read: the next run would find it among them")
                            + "; choose an output elsewhere");
                }
            }
        }
    }

    private static boolean isWhole(Path input) {
        return Files.exists(input.resolve(BundleManifest.FILE)) || Files.exists(input.resolve("spec.json"));
    }

    /** An input, if it is there, and the links in it that lead to folders and files elsewhere, which are read as well. */
    private static List<Path> read(Path input) throws IOException {
        if (!Files.isDirectory(input)) {
            return Files.exists(input) ? List.of(input) : List.of();
        }
        var read = new ArrayList<>(List.of(input));
        Files.walkFileTree(input, Set.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                return visitFile(folder, attributes);
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (!attributes.isSymbolicLink() && Files.isSymbolicLink(file) && !file.equals(input)) {
                    read.add(file);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) {
                return FileVisitResult.CONTINUE; // whoever reads it says what is wrong with it
            }
        });
        return read;
    }

    /** A path without links, as far as it is there. */
    private static Path real(Path path) throws IOException {
        var whole = path.toAbsolutePath().normalize();
        var there = whole;
        while (!Files.exists(there) && there.getParent() != null) {
            there = there.getParent();
        }
        return Files.exists(there)
                ? there.toRealPath().resolve(there.relativize(whole)).normalize()
                : whole;
    }

    /** The first of what is in a folder. */
    private static Optional<Path> held(Path folder, Predicate<Path> which) throws IOException {
        if (!Files.exists(folder)) {
            return Optional.empty();
        }
        // of a link what it leads to
        var root = folder.toRealPath();
        try (var paths = Files.walk(root)) {
            return paths.filter(path -> !path.equals(root))
                    .filter(path -> !NOTHING.contains(String.valueOf(path.getFileName())))
                    .filter(path -> which.test(folder.resolve(root.relativize(path))))
                    .findFirst()
                    .map(root::relativize);
        }
    }

    /**
     * A file that is new; or that may be overwritten.
     *
     * @param inputs what the command reads, which must not be replaced
     */
    static void requireFile(Path file, OverwriteOption overwrite, Path... inputs) throws IOException {
        requireFile(file);
        if (Files.exists(file) && Files.exists(file.resolveSibling(BundleManifest.FILE))) {
            throw new SpecException(
                    file + ": must lie elsewhere: it is a file of a bundle, whose checksums would no" + " longer hold");
        }
        for (var input : inputs) {
            if (Files.exists(file) && Files.exists(input) && Files.isSameFile(file, input)) {
                throw new SpecException(file + ": must be another file than what is read");
            }
        }
        requireOutside(file, inputs);
        if (Files.exists(file) && !overwrite.overwrites) {
            throw new SpecException(
                    file + ": must be new, and exists; --overwrite replaces it, or choose another output");
        }
    }

    /** As {@link #requireFile(Path, OverwriteOption, Path...)}, of an ONNX file and the weights that may go beside it. */
    static void requireModel(Path file, OverwriteOption overwrite, Path... inputs) throws IOException {
        requireFile(file, overwrite, inputs);
        requireFile(file.resolveSibling(file.getFileName() + ".data"), overwrite);
    }

    /** @param ending of the file's name, such as .npz */
    static void requireFile(Path file, String ending, OverwriteOption overwrite, Path... inputs) throws IOException {
        if (!file.toString().toLowerCase(Locale.ROOT).endsWith(ending)) {
            throw new WrongUse(file + ": must end in " + ending);
        }
        requireFile(file, overwrite, inputs);
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
        } else if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new SpecException(file + ": must be a file to write, and is a device or a pipe");
        }
        requirePlace(file);
    }

    /** What is there of the folders above can be written into. */
    private static void requirePlace(Path output) {
        var place = output.toAbsolutePath().normalize();
        if (Files.isRegularFile(place)) {
            place = place.getParent();
        }
        while (place != null && !Files.exists(place)) {
            if (Files.isSymbolicLink(place)) {
                throw new SpecException(output + ": must be a place to write to, but " + place
                        + " is a link to nothing that is there; make that, or delete the link");
            }
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
