package smalti.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.pictures.Picture;
import smalti.pictures.PictureFiles;
import smalti.runtime.SmaltiModel;

/**
 * A family that Smalti knows nothing of trains, exports, is proven and served by the command: all that was added for it is
 * the package {@link smalti.cli.toy} and its lines in META-INF/services.
 */
class ToyFamilyTest {
    private static final String SPEC = """
            name: toy
            image: {height: 8, width: 8}
            model: {kind: class-means, noise: 3}
            training:
              steps: 150
              batch: 12
              optimizer: {learningRate: 0.05}
              schedule: {kind: warmup-cosine, floor: 0.01}
            """;

    /** The middle of each class's pictures; every pixel lies within 30 of it. */
    private static final int[][] MIDDLES = {{40, 60, 200}, {60, 190, 60}, {210, 50, 40}};

    private static final List<String> CLASSES = List.of("blue", "green", "red");

    @TempDir
    private Path folder;

    private Path pictures() throws IOException {
        var random = new Random(5);
        var data = folder.resolve("pictures");
        for (int i = 0; i < 90; i++) {
            int of = i % CLASSES.size();
            var pixels = new byte[8 * 8 * 3];
            for (int j = 0; j < pixels.length; j++) {
                pixels[j] = (byte) (MIDDLES[of][j % 3] + random.nextInt(61) - 30);
            }
            var file = data.resolve(CLASSES.get(of)).resolve(i + ".png");
            Files.createDirectories(file.getParent());
            PictureFiles.writePng(file, Picture.of(8, 8, 3, pixels));
        }
        return data;
    }

    @Test
    void aFamilyOfAnotherJarTrainsExportsIsProvenAndServed() throws IOException {
        var run = folder.resolve("run");
        var bundle = folder.resolve("toy.smalti");
        var data = pictures();
        Cli.run("train", "--spec", Cli.spec(folder, SPEC), "--data", data, "--out", run)
                .succeeds();
        assertThat(Files.readString(run.resolve("spec.json"))).contains("\"kind\" : \"class-means\"", "\"noise\" : 3");
        Cli.run("train", "--data", data, "--out", run, "--resume", "--steps", 160)
                .succeeds();
        var exported = Cli.run("export", run, "--out", bundle, "--precisions", "fp32");
        assertThat(exported.succeeds().out()).contains("toy");
        assertThat(Cli.run("inspect", bundle).succeeds().out())
                .contains("toy: class-means", "noise        3 numbers", "classes      blue")
                .contains("every file's SHA-256 is right");
        var grid = folder.resolve("grid.png");
        Cli.run("generate", bundle, "--count", 4, "--class", "green", "--seed", 3, "--out", grid)
                .succeeds();
        assertNear(ImageIO.read(grid.toFile()), 6, 6, MIDDLES[1]); // within the first picture
        try (var model = SmaltiModel.open(bundle)) {
            var generator = model.generator();
            assertThat(generator.classes()).isEqualTo(CLASSES);
            var made = generator.generate(7, new int[] {0, 1, 2}).images();
            for (int of = 0; of < MIDDLES.length; of++) {
                assertNear(made.get(of), 4, 4, MIDDLES[of]);
            }
        }
    }

    /** The mean of some 27 numbers within 30 of the middle strays by 3.3; what is left of the noise's weights adds to it. */
    private static void assertNear(BufferedImage image, int x, int y, int[] middle) {
        int rgb = image.getRGB(x, y);
        assertThat(rgb >> 16 & 255).isBetween(middle[0] - 20, middle[0] + 20);
        assertThat(rgb >> 8 & 255).isBetween(middle[1] - 20, middle[1] + 20);
        assertThat(rgb & 255).isBetween(middle[2] - 20, middle[2] + 20);
    }

    @Test
    void itsSpecIsCheckedAsEveryOther() throws IOException {
        var spec = Cli.spec(
                folder, SPEC.replace("noise: 3", "noise: 17, hidden: 8").replace("height: 8,", "height: 80,"));
        Cli.run("train", "--spec", spec, "--data", pictures(), "--out", folder.resolve("run"))
                .failsWith(
                        "model.noise must be from 1 to 16, got 17",
                        "model.hidden is not a known key; known here: noise; it is a key of kind vqvae");
        var large = Cli.spec(folder, SPEC.replace("height: 8,", "height: 80,"));
        Cli.run("train", "--spec", large, "--data", folder.resolve("pictures"), "--out", folder.resolve("run"))
                .failsWith("image.height and image.width must be at most 64, got 80x8");
    }
}
