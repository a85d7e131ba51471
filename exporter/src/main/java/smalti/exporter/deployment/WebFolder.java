package smalti.exporter.deployment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.stream.Collectors;
import smalti.spec.Check;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Role;
import smalti.spec.file.AtomicFiles;
import smalti.spec.file.NpyArray;
import smalti.spec.file.RecordTree;
import smalti.spec.file.Seal;
import smalti.spec.page.PictureGrid;

/**
 * A bundle as a page that runs it in the browser by onnxruntime-web: of a picture that is dropped in a codec's mosaic and
 * reconstruction, or a VAE's reconstruction; and a generator's pictures of a seed.
 *
 * <pre>
 *   index.html, page.css, page.js     the page
 *   smalti.js                         the bundle's runtime in JavaScript, for other pages too
 *   page.json                         what the page starts with
 *   bundle/                           the part of the bundle that the page runs, a bundle itself
 *   samples/                          pictures to begin with
 *   ort/                              not written: onnxruntime-web's two files, see README.md
 * </pre>
 */
public final class WebFolder {
    /** The release of the npm package onnxruntime-web that the page is tested with. */
    public static final String ONNX_RUNTIME_WEB = "1.29.0";

    private static final int MOST_SAMPLES = 64;
    private static final List<String> PAGE = List.of("index.html", "page.css", "page.js", "smalti.js");

    private final Bundle bundle;
    private final NpyArray samples;

    private WebFolder(Bundle bundle, NpyArray samples) {
        this.bundle = bundle;
        this.samples = samples;
    }

    /** What the page starts with. */
    record Page(String onnxruntimeWeb, List<String> samples) {}

    /**
     * Writes the folder, whole or not at all.
     *
     * @param bundle a folder or a zip
     * @param samples pictures [M,H,W,C] uint8 for what takes pictures, at most 64; a page of a generator alone has none
     * @param out a new or empty folder
     * @throws SpecException if the bundle is damaged or has no graphs for a page, or {@code out} holds something
     */
    public static void write(Path bundle, NpyArray samples, Path out) throws IOException {
        Bundle.requireNew(out);
        var opened = Bundle.open(bundle);
        var shape = samples.shape();
        Check.that(
                        samples.type() == ElementType.UINT8
                                && shape.size() == 4
                                && shape.get(0) <= MOST_SAMPLES
                                && (shape.get(3) == 1 || shape.get(3) == 3),
                        "samples must be uint8 [M,H,W,C] with M at most %s and C 1 or 3, got %s %s",
                        MOST_SAMPLES,
                        samples.type(),
                        shape)
                .done();
        AtomicFiles.writeFolder(out, new WebFolder(opened, samples)::files);
    }

    private void files(Path folder) throws IOException {
        for (var name : PAGE) {
            try (var resource = WebFolder.class.getResourceAsStream("web/" + name)) {
                if (resource == null) {
                    throw new IllegalStateException("web/" + name + " is missing from the exporter's jar");
                }
                Files.copy(resource, folder.resolve(name));
            }
        }
        var copied = Files.createDirectories(folder.resolve("bundle"));
        var roles = roles();
        var files = new TreeSet<String>();
        for (var role : roles) {
            bundle.graph(role).ifPresent(graph -> files.addAll(bundle.filesOf(graph)));
        }
        for (var file : files) {
            bundle.copy(file, copied.resolve(file));
        }
        var part = bundle.manifest().part(roles.stream().map(Role::fileStem).collect(Collectors.toSet()), files);
        AtomicFiles.writeString(copied.resolve(BundleManifest.FILE), RecordTree.json(Seal.on(part)));
        var names = takesPictures(roles) ? samples(folder) : List.<String>of();
        AtomicFiles.writeString(folder.resolve("page.json"), RecordTree.json(new Page(ONNX_RUNTIME_WEB, names)));
        AtomicFiles.writeString(folder.resolve("README.md"), readme());
    }

    private List<Role> roles() {
        var roles = Role.served().stream()
                .filter(role -> bundle.graph(role).isPresent())
                .toList();
        if (roles.isEmpty()) {
            throw new SpecException(bundle.path() + ": a page must have one of the graphs "
                    + Role.served().stream().map(Role::fileStem).collect(Collectors.joining(", ")) + ", got "
                    + bundle.manifest().graphs().keySet());
        }
        return roles;
    }

    private boolean takesPictures(List<Role> roles) {
        return roles.stream()
                .flatMap(role -> bundle.graph(role).stream())
                .flatMap(graph -> graph.signature().inputs().stream())
                .anyMatch(input -> input.name().equals("pixels"));
    }

    private List<String> samples(Path folder) throws IOException {
        var into = Files.createDirectories(folder.resolve("samples"));
        var names = new ArrayList<String>();
        var shape = samples.shape().stream().mapToInt(Math::toIntExact).toArray();
        var pixels = samples.bytes();
        for (int i = 0; i < shape[0]; i++) {
            var name = String.format(Locale.ROOT, "%02d.png", i);
            Files.write(into.resolve(name), PictureGrid.png(PictureGrid.one(pixels, i, shape[1], shape[2], shape[3])));
            names.add(name);
        }
        return names;
    }

    private String readme() {
        var files = roles().stream()
                .flatMap(role -> bundle.graph(role).stream())
                .map(graph -> "`" + graph.file() + "`")
                .collect(Collectors.joining(" and "));
        return """
                # %s in the browser

                Open `index.html` from a web server. The page runs %s of the bundle by onnxruntime-web (WebAssembly); pictures stay in the browser, and nothing is loaded from elsewhere.

                onnxruntime-web (MIT licence) is not in this folder. Its two files go into `ort/`, by npm:

                    npm pack onnxruntime-web@%s
                    tar -xzf onnxruntime-web-%3$s.tgz --strip-components=2 --one-top-level=ort \\
                        package/dist/ort.wasm.bundle.min.mjs package/dist/ort-wasm-simd-threaded.wasm

                Then serve the folder with whatever serves files, such as `npx http-server .` or `jwebserver` of a JDK from 18 on. There is no build step. A server that sends `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp` lets the page use more than one thread.

                `smalti.js` is the bundle's runtime for other pages: `Bundle.open(ort, read)`, then `encode` and `decode`, `noise` and `generate`, or `distribution`. One seed makes the pictures that every Smalti runtime makes of it.
                """.formatted(bundle.manifest().name(), files, ONNX_RUNTIME_WEB);
    }
}
