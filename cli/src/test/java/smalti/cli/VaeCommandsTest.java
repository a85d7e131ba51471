package smalti.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.pictures.Picture;
import smalti.pictures.PictureFiles;
import smalti.spec.bundle.Contract;
import smalti.spec.file.Npz;

/** The command on a VAE's bundle, whose likelihood has a closed form. */
class VaeCommandsTest {
    @TempDir
    private static Path shared;

    private static Path plain = Path.of("");
    private static Path conditional = Path.of("");
    private static Path pictures = Path.of("");

    @TempDir
    private Path folder;

    @BeforeAll
    static void make() throws IOException {
        plain = LinearVae.bundle(shared, false, LinearVae.GAUSSIAN);
        conditional = LinearVae.bundle(shared, true, LinearVae.GAUSSIAN);
        pictures = shared.resolve("pictures");
        for (int i = 0; i < 6; i++) {
            Files.createDirectories(pictures.resolve(i % 2 == 0 ? "dark" : "light"));
            PictureFiles.writePng(
                    pictures.resolve(i % 2 == 0 ? "dark" : "light").resolve(i + ".png"), picture(i));
        }
    }

    private static Picture picture(int i) {
        var pixels = new byte[LinearVae.PIXELS];
        for (int at = 0; at < pixels.length; at++) {
            double light = LinearVae.BRIGHTNESS
                    + (i - 2) * LinearVae.weight(at, 0)
                    + (i % 3 - 1) * LinearVae.weight(at, 1)
                    + 0.2 * ((37 * at + 11 * i) % 61 / 60.0 - 0.5);
            pixels[at] = (byte) Math.round(255 * light);
        }
        return Picture.of(16, 16, 1, pixels);
    }

    /** log N(x; b, W·Wᵀ + s²·I), the columns of W being orthogonal and of one length. */
    private static double exact(Picture picture, double brightness) {
        double s2 = LinearVae.DEVIATION * LinearVae.DEVIATION;
        double form = 0;
        for (byte level : picture.pixels()) {
            double gap = (level & 0xFF) / 255.0 - brightness;
            form += gap * gap / s2;
        }
        for (int d = 0; d < LinearVae.DIM; d++) {
            double along = 0;
            for (int i = 0; i < LinearVae.PIXELS; i++) {
                along += LinearVae.weight(i, d) * ((picture.pixels()[i] & 0xFF) / 255.0 - brightness);
            }
            form -= along * along / (s2 * (s2 + LinearVae.LENGTH));
        }
        double determinant =
                (LinearVae.PIXELS - LinearVae.DIM) * Math.log(s2) + LinearVae.DIM * Math.log(s2 + LinearVae.LENGTH);
        return -0.5 * (LinearVae.PIXELS * Math.log(2 * Math.PI) + determinant + form);
    }

    private JsonNode evaluate(Object... arguments) throws IOException {
        var json = folder.resolve("figures.json");
        var all = new Object[arguments.length + 4];
        all[0] = "evaluate";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        all[arguments.length + 1] = "--json";
        all[arguments.length + 2] = json;
        all[arguments.length + 3] = "--overwrite";
        Cli.run(all).succeeds();
        return new ObjectMapper().readTree(json.toFile());
    }

    @Test
    void boundsAreTheLikelihoodOfALinearModel() throws IOException {
        double expected = 0;
        for (int i = 0; i < 6; i++) {
            expected -= exact(picture(i), LinearVae.BRIGHTNESS) / 6;
        }
        var figures = evaluate(plain, "--data", pictures, "--all", "--importance-samples", "700");
        // the posterior is the true one: each weight is p(x), but for float32 in the images
        assertThat(figures.path("negativeImportanceWeighted").asDouble()).isCloseTo(expected, within(1e-3));
        // 4,200 samples of a deviation of some 1
        assertThat(figures.path("negativeElbo").asDouble()).isCloseTo(expected, within(0.08));
        assertThat(figures.path("distortion").asDouble()
                        + figures.path("divergence").asDouble())
                .isCloseTo(figures.path("negativeElbo").asDouble(), within(1e-9));
        assertThat(figures.path("bitsPerDimension").asDouble())
                .isCloseTo(
                        figures.path("negativeElbo").asDouble() / 256 / Math.log(2) + Math.log(255) / Math.log(2),
                        within(1e-9));
        assertThat(figures.path("pictures").asInt()).isEqualTo(6);
        assertThat(figures.path("importanceSamples").asInt()).isEqualTo(700);
        var some = evaluate(plain, "--data", pictures, "--all", "--pictures", "2", "--seed", "3");
        assertThat(some.path("pictures").asInt()).isEqualTo(2);
        assertThat(some.path("importanceSamples").asInt()).isEqualTo(64);
        var said = Cli.run("evaluate", plain, "--data", pictures, "--all").succeeds();
        assertThat(said.out())
                .containsPattern("-ELBO +-?[0-9.]+ ± [0-9.]+ nats a picture, lower is better \\(gaussian likelihood\\)")
                .containsPattern("-log p\\(x\\) +at most .* by 64 importance-weighted samples");
    }

    @Test
    void classesAreThoseOfTheFolders() throws IOException {
        double expected = 0;
        for (int i = 0; i < 6; i++) {
            expected -= exact(picture(i), LinearVae.BRIGHTNESS + (i % 2) * 0.1) / 6;
        }
        var figures = evaluate(conditional, "--data", pictures, "--all");
        assertThat(figures.path("negativeImportanceWeighted").asDouble()).isCloseTo(expected, within(1e-3));
    }

    @Test
    void aBernoulliModelSeesBlackAndWhite() throws IOException {
        var bundle = LinearVae.bundle(folder, false, Contract.Posterior.ofBernoulli(LinearVae.DIM, true));
        var figures = evaluate(bundle, "--data", pictures, "--all", "--importance-samples", "8");
        assertThat(figures.path("likelihood").asText()).isEqualTo("bernoulli");
        // 256 coins of 0.4: some 172 nats
        assertThat(figures.path("distortion").asDouble()).isBetween(120.0, 260.0);
        assertThat(figures.path("bitsPerDimension").asDouble())
                .isCloseTo(figures.path("negativeElbo").asDouble() / 256 / Math.log(2), within(1e-9));
    }

    @Test
    void aModelThatWasNotBinarizedSeesBrightness() throws IOException {
        var bundle = LinearVae.bundle(folder, false, Contract.Posterior.ofBernoulli(LinearVae.DIM, false));
        var figures = evaluate(bundle, "--data", pictures, "--all", "--importance-samples", "400");
        assertThat(figures.path("binarized").asBoolean(true)).isFalse();
        assertThat(figures.has("bitsPerDimension")).isFalse();
        // the mean of −Σ x·ln y + (1 − x)·ln(1 − y) over the posterior, y being linear in z: its second-order expansion
        // about the mean is −Σ x·ln m + (1 − x)·ln(1 − m) + ½·v·(x/m² + (1 − x)/(1 − m)²), v a pixel's variance
        double variance = 1 / (1 + LinearVae.LENGTH / LinearVae.DEVIATION / LinearVae.DEVIATION);
        double expected = 0;
        for (int i = 0; i < 6; i++) {
            var picture = picture(i);
            var mean = new double[LinearVae.DIM];
            for (int at = 0; at < LinearVae.PIXELS; at++) {
                double gap = (picture.pixels()[at] & 0xFF) / 255.0 - LinearVae.BRIGHTNESS;
                for (int d = 0; d < LinearVae.DIM; d++) {
                    mean[d] += variance / LinearVae.DEVIATION / LinearVae.DEVIATION * LinearVae.weight(at, d) * gap;
                }
            }
            for (int at = 0; at < LinearVae.PIXELS; at++) {
                double x = (picture.pixels()[at] & 0xFF) / 255.0;
                double m = LinearVae.BRIGHTNESS;
                double v = 0;
                for (int d = 0; d < LinearVae.DIM; d++) {
                    m += LinearVae.weight(at, d) * mean[d];
                    v += LinearVae.weight(at, d) * LinearVae.weight(at, d) * variance;
                }
                expected -= (x * Math.log(m)
                                + (1 - x) * Math.log(1 - m)
                                - v / 2 * (x / m / m + (1 - x) / (1 - m) / (1 - m)))
                        / 6;
            }
        }
        // 2,400 samples of a deviation of some 2; higher orders are below 0.01
        assertThat(figures.path("distortion").asDouble()).isCloseTo(expected, within(0.25));
        assertThat(Cli.run("evaluate", bundle, "--data", pictures, "--all")
                        .succeeds()
                        .out())
                .contains("bernoulli loss of grey pixels, no probability")
                .containsPattern("-IWAE +[0-9.]+ ± ")
                .doesNotContain("bits/dim", "-log p(x)");
    }

    @Test
    void whatIsMeasuredIsSaidWithFewerPicturesToo() {
        assertThat(Cli.run("evaluate", plain, "--data", pictures, "--all", "--pictures", "2")
                        .succeeds()
                        .out())
                .startsWith("measured on  2 pictures, evenly spread, of all 6 of ");
        assertThat(Cli.run("evaluate", plain, "--data", pictures, "--pictures", "1")
                        .succeeds()
                        .out())
                .startsWith("measured on  1 picture of ");
        assertThat(Cli.run("evaluate", plain, "--data", pictures, "--all", "--pictures", "60")
                        .succeeds()
                        .out())
                .startsWith("measured on  all 6 pictures of ");
    }

    @Test
    void classesAreThoseOfIdxLabels() throws IOException {
        var folders = evaluate(conditional, "--data", pictures, "--all");
        var idx = Files.createDirectory(folder.resolve("idx"));
        // the train part holds pictures 0 to 3, the test part 4 and 5
        idx(idx, "train", 0, 4);
        idx(idx, "t10k", 4, 2);
        var figures = evaluate(conditional, "--data", idx, "--all");
        assertThat(figures.path("pictures").asInt()).isEqualTo(6);
        // each weight is p(x|y), in whatever order the pictures come, but for float32 in the images
        assertThat(figures.path("negativeImportanceWeighted").asDouble())
                .isCloseTo(folders.path("negativeImportanceWeighted").asDouble(), within(1e-3));
        var test = evaluate(conditional, "--data", idx);
        double expected =
                -(exact(picture(4), LinearVae.BRIGHTNESS) + exact(picture(5), LinearVae.BRIGHTNESS + 0.1)) / 2;
        assertThat(test.path("measuredOn").asText()).isEqualTo("held-out");
        assertThat(test.path("negativeImportanceWeighted").asDouble()).isCloseTo(expected, within(1e-3));
    }

    private static void idx(Path folder, String part, int first, int count) throws IOException {
        var images = ByteBuffer.allocate(16 + count * LinearVae.PIXELS)
                .putInt(0x803)
                .putInt(count)
                .putInt(16)
                .putInt(16);
        var labels = ByteBuffer.allocate(8 + count).putInt(0x801).putInt(count);
        for (int i = first; i < first + count; i++) {
            images.put(picture(i).pixels());
            labels.put((byte) (i % 2));
        }
        Files.write(folder.resolve(part + "-images-idx3-ubyte"), images.array());
        Files.write(folder.resolve(part + "-labels-idx1-ubyte"), labels.array());
    }

    @Test
    void picturesGoToLatentsAndBack() throws IOException {
        var file = folder.resolve("latents.npz");
        Cli.run("encode", plain, pictures, "--out", file).succeeds();
        var arrays = Npz.read(file, 1 << 20);
        assertThat(arrays).containsKeys("header", "mean", "logVariance").doesNotContainKey("class");
        var means = Objects.requireNonNull(arrays.get("mean"));
        assertThat(means.shape()).containsExactly(6L, 2L);
        Cli.run("decode", plain, file, "--out", folder.resolve("decoded")).succeeds();
        Cli.run("reconstruct", plain, pictures, "--out", folder.resolve("rebuilt"))
                .succeeds();
        for (var name : new String[] {"dark/0.png", "light/5.png"}) {
            var decoded = Files.readAllBytes(folder.resolve("decoded").resolve(name));
            assertThat(decoded)
                    .isEqualTo(Files.readAllBytes(folder.resolve("rebuilt").resolve(name)));
        }
        Cli.run("generate", plain, "--count", "4", "--out", folder.resolve("made.png"))
                .succeeds();
        assertThat(folder.resolve("made.png")).exists();
    }

    @Test
    void aConditionalModelKnowsClassesByFolderOrOption() throws IOException {
        var file = folder.resolve("latents.npz");
        Cli.run("encode", conditional, pictures, "--out", file).succeeds();
        assertThat(Objects.requireNonNull(Npz.read(file, 1 << 20).get("class")).longs())
                .containsExactly(0, 0, 0, 1, 1, 1);
        Cli.run("decode", conditional, file, "--out", folder.resolve("grid.png"))
                .succeeds();
        Cli.run("decode", conditional, file, "--class", "light", "--out", folder.resolve("light.png"))
                .succeeds();
        var one = pictures.resolve("dark").resolve("0.png");
        var alone = folder.resolve("alone.png");
        Files.copy(one, alone);
        var refused = Cli.run("reconstruct", conditional, alone, "--out", folder.resolve("no.png"));
        assertThat(refused.err())
                .contains("is conditional, and each picture must lie in a folder of one of its classes, dark, light");
        Cli.run("reconstruct", conditional, alone, "--class", "1", "--out", folder.resolve("yes.png"))
                .succeeds();
    }

    @Test
    void aStripGoesFromOnePictureToAnother() throws IOException {
        var from = pictures.resolve("dark").resolve("0.png");
        var to = pictures.resolve("light").resolve("5.png");
        var strip = folder.resolve("strip.png");
        Cli.run("interpolate", plain, from, to, "--steps", "5", "--out", strip).succeeds();
        var image = ImageIO.read(strip.toFile());
        assertThat(image.getWidth()).isGreaterThanOrEqualTo(5 * 16);
        var refused = Cli.run("interpolate", conditional, from, to, "--out", folder.resolve("no.png"));
        assertThat(refused.err()).contains("both pictures must be of one class, got dark and light; --class says it");
        Cli.run("interpolate", conditional, from, to, "--class", "dark", "--out", folder.resolve("dark.png"))
                .succeeds();
    }

    @Test
    void itIsInspected() throws IOException {
        assertThat(Cli.run("inspect", plain).succeeds().out())
                .containsPattern("posterior +2 latent numbers, gaussian likelihood of deviation 0.25");
    }

    @Test
    void latentsOfAnotherModelAreRefused() throws IOException {
        var file = folder.resolve("other.npz");
        Npz.write(file, java.util.Map.of("latents", smalti.spec.file.NpyArray.of(new float[6], 2, 3)));
        assertThat(Cli.run("decode", plain, file, "--out", folder.resolve("d.png"))
                        .err())
                .contains("other.npz: must hold 2 latent numbers for each picture, got 3");
    }
}
