package smalti.exporter.deployment;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.zip.ZipFile;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Role;
import smalti.spec.file.Checksums;
import smalti.spec.file.IoReason;
import smalti.spec.file.RecordTree;
import smalti.spec.file.Seal;

/**
 * A bundle to copy out of, each file of which is the one that was exported.
 *
 * @param prefix of every name in a zip: empty, or the folder that was zipped, with its slash
 */
record Bundle(Path path, String prefix, BundleManifest manifest) {
    private static final int MOST_MANIFEST_BYTES = 1 << 24;

    /** @throws SpecException if there is no bundle, or one whose manifest was changed */
    static Bundle open(Path path) throws IOException {
        if (!Files.exists(path)) {
            throw new SpecException(path + ": must be a bundle, a folder or a zip, but does not exist");
        }
        var prefix = Files.isDirectory(path) ? "" : prefix(path);
        var json = new String(
                read(path, prefix + BundleManifest.FILE, MOST_MANIFEST_BYTES), java.nio.charset.StandardCharsets.UTF_8);
        var manifest = RecordTree.parse(
                json, BundleManifest.class, path.resolve(BundleManifest.FILE).toString());
        try {
            Seal.check(manifest, json);
        } catch (SpecException e) {
            throw e.at(path.toString());
        }
        return new Bundle(path, prefix, manifest);
    }

    private static String prefix(Path zip) {
        try (var file = new ZipFile(zip.toFile())) {
            var manifests = file.stream()
                    .map(entry -> entry.getName())
                    .filter(name -> name.matches("([^/]+/)?" + BundleManifest.FILE.replace(".", "\\.")))
                    .toList();
            if (manifests.size() != 1) {
                throw new SpecException(zip + ": must hold one " + BundleManifest.FILE
                        + ", at the top or in the one folder that was zipped, got " + manifests);
            }
            var manifest = manifests.get(0);
            return manifest.substring(0, manifest.length() - BundleManifest.FILE.length());
        } catch (IOException e) {
            throw new SpecException(zip + ": must be a bundle, a folder or a zip (" + IoReason.of(e) + ")", e);
        }
    }

    Optional<BundleManifest.Graph> graph(Role role) {
        return Optional.ofNullable(manifest.graphs().get(role.fileStem()));
    }

    /** A graph's files: itself, and its weights where they lie beside it. */
    List<String> filesOf(BundleManifest.Graph graph) {
        return manifest.files().keySet().stream()
                .filter(file -> file.equals(graph.file()) || file.startsWith(graph.file() + "."))
                .toList();
    }

    /** @throws SpecException if the file is not the one that was exported */
    void copy(String file, Path to) throws IOException {
        if (Files.isDirectory(path)) {
            copy(file, Files.newInputStream(path.resolve(file)), to);
        } else {
            try (var zip = new ZipFile(path.toFile())) {
                var entry = zip.getEntry(prefix + file);
                if (entry == null) {
                    throw new SpecException(path + ": " + file + " is missing");
                }
                copy(file, zip.getInputStream(entry), to);
            }
        }
    }

    private void copy(String file, InputStream from, Path to) throws IOException {
        try (from) {
            Files.copy(from, to);
        }
        var expected = manifest.files().get(file);
        var actual = Checksums.sha256(to);
        if (!actual.equals(expected)) {
            throw new SpecException(path + ": " + file + " must have SHA-256 " + expected + " as "
                    + BundleManifest.FILE + " says, got " + actual
                    + "; the bundle was damaged or changed after its export");
        }
    }

    private static byte[] read(Path path, String name, int most) throws IOException {
        byte[] bytes;
        if (Files.isDirectory(path)) {
            if (!Files.isRegularFile(path.resolve(name))) {
                throw new SpecException(path + ": must be a bundle, with a " + name + " in it, and has none");
            }
            try (var in = Files.newInputStream(path.resolve(name))) {
                bytes = in.readNBytes(most + 1);
            }
        } else {
            try (var zip = new ZipFile(path.toFile());
                    var in = zip.getInputStream(zip.getEntry(name))) {
                bytes = in.readNBytes(most + 1);
            }
        }
        if (bytes.length > most) {
            throw new SpecException(path + ": " + name + " must have at most " + most + " bytes, got more");
        }
        return bytes;
    }

    /** @throws SpecException if there is something at {@code out} that would be lost */
    static void requireNew(Path out) throws IOException {
        if (Files.exists(out) && !Files.isDirectory(out)) {
            throw new SpecException(out + ": must be a folder to write, and is a file");
        }
        if (Files.isDirectory(out)) {
            try (var files = Files.list(out)) {
                var first = files.findFirst();
                if (first.isPresent()) {
                    throw new SpecException(out + ": must be new or empty, got a folder that holds "
                            + first.get().getFileName());
                }
            }
        }
    }
}
