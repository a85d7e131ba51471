package smalti.runtime;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.file.Checksums;
import smalti.spec.file.RecordTree;
import smalti.spec.file.Seal;

/** The bundles in the test resources, and changed copies of them. */
final class Bundles {
    /** RGB, free height and width. */
    static final Path CODEC = resource("tiny-codec.smalti");
    /** Grey, 8x8 only. */
    static final Path GREY = resource("tiny-grey.smalti");

    static final Path GENERATOR = resource("tiny-generator.smalti");
    static final Path CONDITIONAL = resource("tiny-conditional.smalti");

    /** An ONNX model with a version of the format and no graph, which ONNX Runtime refuses. */
    static final byte[] NO_GRAPH = {8, 10};

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Bundles() {}

    /** A copy that a test may change. */
    static Path copy(Path bundle, Path into) {
        try {
            var copy = Files.createDirectories(into.resolve(bundle.getFileName().toString()));
            for (var file : files(bundle)) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
            return copy;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Changes a copy's bundle.json and, where it is still a manifest, seals it again. */
    static void edit(Path copy, Consumer<ObjectNode> change) {
        var file = copy.resolve(BundleManifest.FILE);
        try {
            var tree = (ObjectNode) MAPPER.readTree(file.toFile());
            change.accept(tree);
            Files.writeString(file, sealed(tree));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String sealed(ObjectNode manifest) {
        try {
            return RecordTree.json(Seal.on(RecordTree.bind(manifest, BundleManifest.class, BundleManifest.FILE)));
        } catch (SpecException refusedOnOpening) {
            return manifest.toString();
        }
    }

    /** The signature's only output or input of a graph of bundle.json. */
    static ObjectNode tensor(ObjectNode manifest, String role, String side) {
        return (ObjectNode) manifest.at("/graphs/" + role + "/signature/" + side + "/0");
    }

    /** A codec whose manifest says too little of the pixels: ONNX leaves the height free, so that only a run can tell. */
    static Path promisingAnotherHeight(Path into) {
        var copy = copy(CODEC, into);
        edit(
                copy,
                manifest -> tensor(manifest, "detokenize", "outputs")
                        .withArray("shape")
                        .set(1, "3*h"));
        return copy;
    }

    /** Replaces a file of a copy; bundle.json agrees if {@code sealed}. */
    static void replace(Path copy, String file, byte[] bytes, boolean sealed) {
        try {
            Files.write(copy.resolve(file), bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (sealed) {
            edit(copy, manifest -> ((ObjectNode) manifest.get("files")).put(file, Checksums.sha256(bytes)));
        }
    }

    static byte[] read(Path bundle, String file) {
        try {
            return Files.readAllBytes(bundle.resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Zips a bundle; {@code prefix} stands before each name. */
    static Path zip(Path bundle, String prefix, Path zip) {
        try (var out = new ZipOutputStream(Files.newOutputStream(zip))) {
            for (var file : files(bundle)) {
                out.putNextEntry(new ZipEntry(prefix + file.getFileName()));
                Files.copy(file, out);
            }
            return zip;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Path> files(Path bundle) throws IOException {
        try (var files = Files.list(bundle)) {
            return files.sorted().toList();
        }
    }

    private static Path resource(String name) {
        try {
            var found = Bundles.class.getResource("/bundles/" + name + "/" + BundleManifest.FILE);
            return Objects.requireNonNull(
                    Path.of(Objects.requireNonNull(found, name).toURI()).getParent());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
