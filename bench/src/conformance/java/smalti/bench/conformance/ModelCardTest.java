package smalti.bench.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.exporter.bundle.ModelCard;
import smalti.exporter.deployment.WebFolder;
import smalti.runtime.SmaltiModel;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;
import smalti.spec.file.NpyArray;
import smalti.spec.file.RecordTree;

/** The card's snippets do what they say, as they stand there. */
final class ModelCardTest {
    private static final Pattern SNIPPET = Pattern.compile("```(\\w+)\n(.*?)```", Pattern.DOTALL);
    private static final int JAVA_SMALTI = 0;
    private static final int JAVA_ALONE = 1;
    private static final int JAVASCRIPT = 3;
    private static final int ROWS = 2;

    @TempDir
    private Path folder;

    /** What a snippet is called with, and what it must give: pixels. */
    private record Expected(Map<String, NpyArray> inputs, byte[] pixels) {}

    @ParameterizedTest
    @ValueSource(strings = {"vqvae-rgb", "vqvae-grey", "dcgan", "dcgan-classes-grey"})
    void snippetsRun(String name) throws Exception {
        var bundle = SmallBundles.bundle(name);
        var manifest = RecordTree.read(bundle.resolve(BundleManifest.FILE), BundleManifest.class);
        var snippets = SNIPPET.matcher(
                        ModelCard.of(manifest, List.of(), List.of()).markdown())
                .results()
                .toList();
        assertThat(snippets)
                .extracting(match -> match.group(1))
                .containsExactly("java", "java", "python", "javascript", "cpp");
        var expected = expected(name, bundle);
        // the snippets name the bundle from where it lies
        var java = compile(
                bundle,
                snippets.get(JAVA_SMALTI).group(2) + snippets.get(JAVA_ALONE).group(2));
        assertThat((byte[]) call(java, expected, name)).isEqualTo(expected.pixels());

        var missing = Programs.NodePackages.missing(WebFolder.ONNX_RUNTIME_WEB);
        assumeTrue(missing.isEmpty(), () -> "no Node to run the JavaScript in: " + missing.orElseThrow());
        requireWithinALevel(javascript(snippets.get(JAVASCRIPT).group(2), expected, bundle), expected.pixels());
    }

    /** Those of the posterior; what its generator's say is held above, of GANs. */
    @ParameterizedTest
    @ValueSource(strings = {"vae-grey", "vae-classes-rgb"})
    void aVaesSnippetsRun(String name) throws Exception {
        var bundle = SmallBundles.bundle(name);
        var manifest = RecordTree.read(bundle.resolve(BundleManifest.FILE), BundleManifest.class);
        var snippets = SNIPPET.matcher(
                        ModelCard.of(manifest, List.of(), List.of()).markdown())
                .results()
                .toList();
        assertThat(snippets).hasSize(10);
        boolean conditional = manifest.contracts().has(Contract.Classes.class);
        var picture = SmallBundles.pictures(name, 1);
        var pixels = new smalti.runtime.Pixels(
                1, picture.height(), picture.width(), picture.channels(), java.nio.ByteBuffer.wrap(picture.pixels()));
        byte[] expected;
        byte[] another;
        try (var model = SmaltiModel.open(bundle)) {
            var posterior = conditional ? model.posterior().ofClass(0) : model.posterior();
            expected = posterior.reconstruct(pixels).bytes();
            another = posterior
                    .decode(posterior.sample(posterior.encode(pixels), 7))
                    .bytes();
        }
        var java = compile(
                bundle,
                snippets.get(JAVA_SMALTI).group(2) + snippets.get(JAVA_ALONE).group(2));
        var rebuilt = conditional
                ? method(java, "reconstruct", byte[].class, long.class).invoke(null, picture.pixels(), 0L)
                : method(java, "reconstruct", byte[].class).invoke(null, (Object) picture.pixels());
        assertThat((byte[]) rebuilt).isEqualTo(expected);
        var sampled =
                (java.awt.image.BufferedImage) method(java, "another", java.awt.image.BufferedImage.class, long.class)
                        .invoke(null, pixels.image(0), 7L);
        assertThat(smalti.runtime.Pixels.of(sampled, picture.channels()).bytes())
                .isEqualTo(another);

        var missing = Programs.NodePackages.missing(WebFolder.ONNX_RUNTIME_WEB);
        assumeTrue(missing.isEmpty(), () -> "no Node to run the JavaScript in: " + missing.orElseThrow());
        var call = "reconstruct(Uint8Array.from(" + unsigned(picture.pixels()) + ")" + (conditional ? ", 0" : "") + ")";
        requireWithinALevel(javascript(snippets.get(JAVASCRIPT).group(2), call, bundle), expected);
    }

    private static Expected expected(String name, Path bundle) {
        try (var model = SmaltiModel.open(bundle)) {
            if (!model.manifest().contracts().has(Contract.Noise.class)) {
                var picture = SmallBundles.pictures(name, 1);
                var pixels = NpyArray.of(picture.pixels(), 1, picture.height(), picture.width(), picture.channels());
                var rebuilt = model.codec()
                        .reconstruct(new smalti.runtime.Pixels(
                                1,
                                picture.height(),
                                picture.width(),
                                picture.channels(),
                                java.nio.ByteBuffer.wrap(picture.pixels())));
                return new Expected(Map.of("pixels", pixels), rebuilt.bytes());
            }
            var generator = model.generator();
            var noise = new float[ROWS * generator.noiseLength()];
            for (int i = 0; i < ROWS; i++) {
                System.arraycopy(generator.noise(3, i), 0, noise, i * generator.noiseLength(), generator.noiseLength());
            }
            var classes = new int[] {4, 1};
            var pixels = generator.classes().isEmpty() ? generator.generate(noise) : generator.generate(noise, classes);
            return new Expected(
                    Map.of(
                            "noise",
                            NpyArray.of(noise, ROWS, generator.noiseLength()),
                            "class",
                            NpyArray.of(new long[] {4, 1}, ROWS)),
                    pixels.bytes());
        }
    }

    /** A class Snippets of both Java snippets, whose paths are made absolute. */
    private Class<?> compile(Path bundle, String code) throws Exception {
        var source = folder.resolve("Snippets.java");
        var imports = Stream.of(
                        "ai.onnxruntime.*",
                        "java.awt.image.BufferedImage",
                        "java.nio.*",
                        "java.nio.file.Path",
                        "java.util.*",
                        "smalti.runtime.*")
                .map(each -> "import " + each + ";\n")
                .collect(Collectors.joining());
        var absolute = code.replace("\"" + bundle.getFileName(), "\"" + bundle.toAbsolutePath());
        Files.writeString(
                source,
                imports + "public final class Snippets {\n" + absolute.replace("static ", "public static ") + "}\n");
        var compiler = ToolProvider.getSystemJavaCompiler();
        assertThat(compiler.run(
                        null,
                        null,
                        null,
                        "-proc:none",
                        "-classpath",
                        System.getProperty("java.class.path"),
                        "-d",
                        folder.toString(),
                        source.toString()))
                .as("compiles")
                .isZero();
        try (var loader = new URLClassLoader(new java.net.URL[] {folder.toUri().toURL()})) {
            return loader.loadClass("Snippets");
        }
    }

    private static Object call(Class<?> snippets, Expected expected, String name) throws Exception {
        var inputs = expected.inputs();
        var pixels = inputs.get("pixels");
        if (pixels != null) {
            return method(snippets, "reconstruct", byte[].class, long.class, long.class)
                    .invoke(
                            null,
                            pixels.bytes(),
                            pixels.shape().get(1),
                            pixels.shape().get(2));
        }
        var noise = java.util.Objects.requireNonNull(inputs.get("noise")).floats();
        return name.contains("classes")
                ? method(snippets, "generate", float[].class, long[].class)
                        .invoke(
                                null,
                                noise,
                                java.util.Objects.requireNonNull(inputs.get("class"))
                                        .longs())
                : method(snippets, "generate", float[].class).invoke(null, (Object) noise);
    }

    private static Method method(Class<?> snippets, String name, Class<?>... parameters) throws Exception {
        return snippets.getMethod(name, parameters);
    }

    private byte[] javascript(String code, Expected expected, Path bundle) throws IOException {
        var inputs = expected.inputs();
        var pixels = inputs.get("pixels");
        String call;
        if (pixels != null) {
            call = "reconstruct(Uint8Array.from(" + unsigned(pixels.bytes()) + "), "
                    + pixels.shape().get(1) + ", " + pixels.shape().get(2) + ")";
        } else {
            call = "generate(Float32Array.from("
                    + Arrays.toString(java.util.Objects.requireNonNull(inputs.get("noise"))
                            .floats())
                    + ")" + (bundle.toString().contains("classes") ? ", [4, 1]" : "") + ")";
        }
        return javascript(code, call, bundle);
    }

    private byte[] javascript(String code, String call, Path bundle) throws IOException {
        var entry = Programs.NodePackages.folder("onnxruntime-node")
                .resolve("dist/index.js")
                .toUri();
        var script = folder.resolve("snippet.mjs");
        Files.writeString(
                script,
                code.replace("import * as ort from \"onnxruntime-node\"", "import ort from \"" + entry + "\"")
                        + "\nconsole.log(\"[\" + Array.from(await " + call + ").join() + \"]\");\n");
        var ended = Programs.run(bundle.resolve(".."), Map.of(), "node", script.toString());
        assertThat(ended.status()).as(ended.output()).isZero();
        var last = ended.output().lines().reduce((first, second) -> second).orElseThrow();
        var numbers = last.substring(1, last.length() - 1).split(",", -1);
        var bytes = new byte[numbers.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(numbers[i]);
        }
        return bytes;
    }

    private static String unsigned(byte[] bytes) {
        var numbers = new int[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            numbers[i] = bytes[i] & 0xFF;
        }
        return Arrays.toString(numbers);
    }

    private static void requireWithinALevel(byte[] actual, byte[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            assertThat(Math.abs((actual[i] & 0xFF) - (expected[i] & 0xFF)))
                    .as("byte %s", i)
                    .isLessThanOrEqualTo(1);
        }
    }
}
