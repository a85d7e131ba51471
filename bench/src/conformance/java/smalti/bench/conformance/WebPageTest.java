package smalti.bench.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.exporter.deployment.WebFolder;
import smalti.pictures.PictureFiles;
import smalti.runtime.Pixels;
import smalti.runtime.SmaltiModel;
import smalti.spec.CounterRandom;
import smalti.spec.file.NpyArray;
import smalti.spec.model.DataSpec;
import smalti.trainer.data.Pictures;

/** The page that {@link WebFolder} writes, in Chromium, against the runtime. */
final class WebPageTest {
    private static final long[] SEEDS = {0, 7, -1, Long.MIN_VALUE, 0x123456789abcdefL};
    private static final int SHOWN = 16;
    private static final int WIDE = 64;
    private static final int HIGH = 32;

    @TempDir
    private Path folder;

    @BeforeAll
    static void requireBrowser() {
        var missing = Chromium.missing().or(() -> Programs.NodePackages.missing(WebFolder.ONNX_RUNTIME_WEB));
        assumeTrue(missing.isEmpty(), () -> "no browser to test the page in: " + missing.orElseThrow());
    }

    @ParameterizedTest
    @ValueSource(strings = {"vqvae-rgb", "vqvae-grey"})
    void aPictureHasTheRuntimesCodesAndReconstruction(String name) throws Exception {
        var bundle = SmallBundles.bundle(name);
        var pictures = SmallBundles.pictures(name, 3);
        WebFolder.write(bundle, npy(pictures), folder.resolve("page"));
        Consumer.InChromium.copyOrt(folder.resolve("page/ort"));
        try (var server = FileServer.of(folder.resolve("page"));
                var browser = Chromium.start();
                var model = SmaltiModel.open(bundle);
                var part = SmaltiModel.open(folder.resolve("page/bundle"))) {
            part.verify();
            assertThat(part.hasCodec()).isTrue();
            assertThat(browser.open(server.url()))
                    .as(browser.evaluate("document.getElementById('message-text').textContent")
                            .asText())
                    .isEqualTo("ready");
            for (int i = 0; i < pictures.count(); i++) {
                browser.evaluate("document.querySelectorAll('#samples button')[" + i + "].click()");
                var result = browser.evaluate("""
                        new Promise((resolve) => {
                          const look = () => {
                            const result = smalti.rebuilt;
                            if (result?.name !== "%02d.png") return setTimeout(look, 20);
                            resolve({
                              height: result.height, width: result.width,
                              pixels: Array.from(result.pixels), codes: Array.from(result.codes, String),
                              reconstruction: Array.from(result.reconstruction),
                            });
                          };
                          look();
                        })""".formatted(i));
                browser.settled();
                var picture = pictures.subset(i);
                assertThat(bytes(result.path("pixels"))).isEqualTo(picture.pixels());
                var pixels = new Pixels(
                        1, picture.height(), picture.width(), picture.channels(), ByteBuffer.wrap(picture.pixels()));
                var codes = model.codec().encode(pixels);
                var found = result.path("codes");
                assertThat(found).hasSize(codes.values().length);
                for (int k = 0; k < found.size(); k++) {
                    assertThat(found.get(k).asInt())
                            .as("code %s of picture %s", k, i)
                            .isEqualTo(codes.values()[k]);
                }
                requireWithinALevel(
                        bytes(result.path("reconstruction")),
                        model.codec().decode(codes).bytes());
            }
            browser.screenshot(1280, false, Path.of("target/screenshots", name + "-desktop.png"));
            browser.screenshot(390, true, Path.of("target/screenshots", name + "-phone.png"));
            assertThat(browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
                            .asBoolean())
                    .as("nothing sticks out of a phone's screen")
                    .isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"vae-grey", "vae-classes-rgb"})
    void aPictureHasTheRuntimesDistributionAndReconstruction(String name) throws Exception {
        var bundle = SmallBundles.bundle(name);
        var pictures = SmallBundles.pictures(name, 3);
        WebFolder.write(bundle, npy(pictures), folder.resolve("page"));
        Consumer.InChromium.copyOrt(folder.resolve("page/ort"));
        try (var server = FileServer.of(folder.resolve("page"));
                var browser = Chromium.start();
                var model = SmaltiModel.open(bundle);
                var part = SmaltiModel.open(folder.resolve("page/bundle"))) {
            part.verify();
            assertThat(part.hasPosterior()).isTrue();
            assertThat(browser.open(server.url()))
                    .as(browser.evaluate("document.getElementById('message-text').textContent")
                            .asText())
                    .isEqualTo("ready");
            boolean conditional = !model.posterior().classes().isEmpty();
            for (int i = 0; i < pictures.count(); i++) {
                // the class first: a page asks anew when it changes
                browser.evaluate("""
                        { const choice = document.getElementById("picture-class");
                          if (choice.length > 0) choice.value = "%d";
                          smalti.rebuilt = null;
                          document.querySelectorAll("#samples button")[%d].click(); }""".formatted(i, i));
                var result = browser.evaluate("""
                        new Promise((resolve) => {
                          const look = () => {
                            const result = smalti.rebuilt;
                            if (result?.name !== "%02d.png") return setTimeout(look, 20);
                            resolve({
                              pixels: Array.from(result.pixels), mean: Array.from(result.mean),
                              logVariance: Array.from(result.logVariance),
                              reconstruction: Array.from(result.reconstruction),
                            });
                          };
                          look();
                        })""".formatted(i));
                browser.settled();
                var picture = pictures.subset(i);
                assertThat(bytes(result.path("pixels"))).isEqualTo(picture.pixels());
                var pixels = new Pixels(
                        1, picture.height(), picture.width(), picture.channels(), ByteBuffer.wrap(picture.pixels()));
                var posterior = conditional ? model.posterior().ofClass(i) : model.posterior();
                var distribution = posterior.encode(pixels);
                for (int d = 0; d < distribution.dim(); d++) {
                    // float32 sums in another order
                    assertThat(result.path("mean").get(d).asDouble())
                            .isCloseTo(distribution.means()[d], within(1e-4));
                    assertThat(result.path("logVariance").get(d).asDouble())
                            .isCloseTo(distribution.logVariances()[d], within(1e-4));
                }
                requireWithinALevel(
                        bytes(result.path("reconstruction")),
                        posterior.reconstruct(pixels).bytes());
            }
            browser.screenshot(1280, false, Path.of("target/screenshots", name + "-rebuilt-desktop.png"));
            browser.screenshot(390, true, Path.of("target/screenshots", name + "-rebuilt-phone.png"));
        }
    }

    /** A photograph of a telephone that was held upright. */
    @Test
    void aPictureOfOnesOwnIsReadAsTheCommandReadsIt() throws Exception {
        var bundle = SmallBundles.bundle("vqvae-rgb");
        WebFolder.write(bundle, npy(SmallBundles.pictures("vqvae-rgb", 1)), folder.resolve("page"));
        Consumer.InChromium.copyOrt(folder.resolve("page/ort"));
        var turned = turned(jpeg());
        var file = Files.write(folder.resolve("turned.jpg"), turned);
        var read = PictureFiles.read(file, 3, 1, DataSpec.BadImages.FAIL, word -> {})
                .get(0)
                .picture();
        assertThat(List.of(read.height(), read.width())).containsExactly(WIDE, HIGH);
        try (var server = FileServer.of(folder.resolve("page"));
                var browser = Chromium.start()) {
            assertThat(browser.open(server.url())).isEqualTo("ready");
            var result = browser.evaluate("""
                    new Promise((resolve) => {
                      const bytes = Uint8Array.from(atob("%s"), (one) => one.charCodeAt(0));
                      const files = new DataTransfer();
                      files.items.add(new File([bytes], "turned.jpg"));
                      dispatchEvent(new DragEvent("drop", { dataTransfer: files, cancelable: true }));
                      const look = () => {
                        const result = smalti.rebuilt;
                        if (result?.name !== "turned.jpg") return setTimeout(look, 20);
                        resolve({ height: result.height, width: result.width, pixels: Array.from(result.pixels) });
                      };
                      look();
                    })""".formatted(Base64.getEncoder().encodeToString(turned)));
            assertThat(List.of(
                            result.path("height").asInt(), result.path("width").asInt()))
                    .containsExactly(read.height(), read.width());
            var pixels = bytes(result.path("pixels"));
            var expected = read.pixels();
            assertThat(pixels).hasSameSizeAs(expected);
            double sum = 0;
            for (int i = 0; i < pixels.length; i++) {
                sum += Math.abs((pixels[i] & 0xFF) - (expected[i] & 0xFF));
            }
            // two decoders round, and bring the colours to their size, each in its own way: some levels of 255
            assertThat(sum / pixels.length).isLessThan(3);
        }
    }

    /** Smooth, so that the ways to bring colours to their size come to the same; no side is like another. */
    private static byte[] jpeg() throws IOException {
        var image = new BufferedImage(WIDE, HIGH, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < HIGH; y++) {
            for (int x = 0; x < WIDE; x++) {
                image.setRGB(x, y, (255 * x / WIDE) << 16 | (255 * y / HIGH) << 8 | 100 * (x + y) / (WIDE + HIGH));
            }
        }
        var bytes = new ByteArrayOutputStream();
        ImageIO.write(image, "jpeg", bytes);
        return bytes.toByteArray();
    }

    /** With EXIF's orientation 6: what is stored has to be turned clockwise by a quarter. */
    private static byte[] turned(byte[] jpeg) {
        var exif = HexFormat.of()
                .parseHex("ffe10022" + "457869660000" + "4d4d002a00000008" + "0001" + "011200030000000100060000"
                        + "00000000");
        return ByteBuffer.allocate(jpeg.length + exif.length)
                .put(jpeg, 0, 2)
                .put(exif)
                .put(jpeg, 2, jpeg.length - 2)
                .array();
    }

    @ParameterizedTest
    @ValueSource(strings = {"dcgan", "dcgan-classes-grey", "vae-grey", "vae-classes-rgb"})
    void aSeedMakesTheRuntimesPictures(String name) throws Exception {
        var bundle = SmallBundles.bundle(name);
        WebFolder.write(bundle, npy(SmallBundles.pictures(name, 1)), folder.resolve("page"));
        Consumer.InChromium.copyOrt(folder.resolve("page/ort"));
        try (var server = FileServer.of(folder.resolve("page"));
                var browser = Chromium.start();
                var model = SmaltiModel.open(bundle)) {
            assertThat(browser.open(server.url())).isEqualTo("ready");
            var generator = model.generator();
            for (long seed : SEEDS) {
                browser.evaluate("""
                        { const seed = document.getElementById("seed"); seed.value = "%d";
                          seed.dispatchEvent(new Event("input")); }""".formatted(seed));
                assertThat(browser.settled()).isEqualTo("ready");
                var result = browser.evaluate("""
                        ({ seed: smalti.result.seed, noise: Array.from(smalti.result.noise),
                           classes: smalti.result.classes, pixels: Array.from(smalti.result.pixels) })""");
                assertThat(result.path("seed").asText()).isEqualTo(Long.toString(seed));
                var noise = new CounterRandom(seed, CounterRandom.GENERATION);
                var expected = new float[generator.noiseLength()];
                for (int i = 0; i < SHOWN; i++) {
                    noise.normals(i, expected, 0, expected.length);
                    for (int z = 0; z < expected.length; z++) {
                        // the page's logarithm and cosine may differ from StrictMath's in the last place
                        assertThat((float) result.path("noise")
                                        .get(i * expected.length + z)
                                        .asDouble())
                                .isCloseTo(expected[z], within(Math.ulp(expected[z])));
                    }
                }
                Pixels pictures;
                if (generator.classes().isEmpty()) {
                    pictures = generator.generate(SHOWN, seed);
                } else {
                    var classes = new int[SHOWN];
                    for (int i = 0; i < SHOWN; i++) {
                        classes[i] = i % generator.classes().size();
                        assertThat(result.path("classes").get(i).asInt()).isEqualTo(classes[i]);
                    }
                    pictures = generator.generate(seed, classes);
                }
                requireWithinALevel(bytes(result.path("pixels")), pictures.bytes());
            }
            movesWithItsSliders(browser);
            browser.screenshot(1280, false, Path.of("target/screenshots", name + "-desktop.png"));
            browser.screenshot(390, true, Path.of("target/screenshots", name + "-phone.png"));
            assertThat(browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
                            .asBoolean())
                    .as("nothing sticks out of a phone's screen")
                    .isTrue();
        }
    }

    /** Truncated to nothing all pictures of a class are one; back at 1, they are those of the seed. */
    private static void movesWithItsSliders(Chromium browser) {
        var set = """
                { const slider = document.getElementById("%s"); slider.value = "%s";
                  slider.dispatchEvent(new Event("input")); }""";
        var noise = "Array.from(smalti.result.noise)";
        var before = browser.evaluate(noise);
        browser.evaluate(set.formatted("truncation", "0"));
        assertThat(browser.settled()).isEqualTo("ready");
        assertThat(browser.evaluate("smalti.result.noise.every((z) => z === 0)").asBoolean())
                .isTrue();
        browser.evaluate(set.formatted("truncation", "1"));
        browser.evaluate(set.formatted("direction-0", "2"));
        assertThat(browser.settled()).isEqualTo("ready");
        var moved = browser.evaluate(noise);
        int length = before.size() / SHOWN;
        double squares = 0;
        for (int z = 0; z < length; z++) {
            squares += Math.pow(moved.get(z).asDouble() - before.get(z).asDouble(), 2);
        }
        assertThat(Math.sqrt(squares)).as("moved by 2 along a unit direction").isCloseTo(2, within(1e-4));
        browser.evaluate("document.getElementById('reset').click()");
        assertThat(browser.settled()).isEqualTo("ready");
        assertThat(browser.evaluate(noise)).isEqualTo(before);
    }

    @Test
    void saysWhatIsMissing() throws Exception {
        var bundle = SmallBundles.bundle("dcgan");
        WebFolder.write(bundle, npy(SmallBundles.pictures("dcgan", 1)), folder.resolve("page"));
        try (var server = FileServer.of(folder.resolve("page"));
                var browser = Chromium.start()) {
            assertThat(browser.open(server.url())).isEqualTo("error");
            assertThat(browser.evaluate("document.getElementById('message').innerText")
                            .asText())
                    .contains(
                            "ONNX Runtime for browsers is not in this folder yet",
                            "npm pack onnxruntime-web@" + WebFolder.ONNX_RUNTIME_WEB);
            browser.screenshot(1280, false, Path.of("target/screenshots/missing-desktop.png"));
        }
        try (var browser = Chromium.start()) {
            assertThat(browser.open(folder.resolve("page/index.html").toUri().toString()))
                    .isEqualTo("error");
            assertThat(browser.evaluate("document.getElementById('message').innerText")
                            .asText())
                    .contains("from a web server only");
        }
    }

    private static NpyArray npy(Pictures pictures) {
        return NpyArray.of(
                pictures.pixels(), pictures.count(), pictures.height(), pictures.width(), pictures.channels());
    }

    private static byte[] bytes(JsonNode array) throws IOException {
        var bytes = new byte[array.size()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) array.get(i).asInt();
        }
        return bytes;
    }

    private static void requireWithinALevel(byte[] actual, byte[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        int worst = 0;
        for (int i = 0; i < actual.length; i++) {
            worst = Math.max(worst, Math.abs((actual[i] & 0xFF) - (expected[i] & 0xFF)));
        }
        assertThat(worst).as("largest difference in levels").isLessThanOrEqualTo(1);
    }
}
