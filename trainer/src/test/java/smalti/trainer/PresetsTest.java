package smalti.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import smalti.spec.SpecException;
import smalti.spec.model.Adam;
import smalti.spec.model.CodebookStart;
import smalti.spec.model.ConstantSchedule;
import smalti.spec.model.DataSpec;
import smalti.spec.model.DcganFamily;
import smalti.spec.model.EmaQuantizer;
import smalti.spec.model.ImageSpec;
import smalti.spec.model.ModelSpec;
import smalti.spec.model.TrainingSpec;
import smalti.spec.model.VqvaeFamily;
import smalti.spec.model.WarmupCosineSchedule;
import smalti.trainer.data.Pictures;
import smalti.trainer.family.ModelTraining;

class PresetsTest {
    private static final Path FILES = Path.of("src/main/resources/smalti/trainer/presets");
    private static final Adam ADAM = new Adam(3e-4, 0.9, 0.999, 1e-8);
    private static final Adam GAN_ADAM = new Adam(2e-4, 0.5, 0.999, 1e-8);
    private static final DataSpec DATA = new DataSpec(DataSpec.Fit.CROP, DataSpec.BadImages.FAIL, 0.1, false);

    /** What is measured against others must stay what it was. */
    private static final Map<String, ModelSpec> PINNED = Map.of(
            "vqvae",
            new ModelSpec(
                    "vqvae",
                    new ImageSpec(32, 32, 3),
                    new VqvaeFamily(
                            128, 2, 32, 2, 0.25, new EmaQuantizer(512, 64, 0.99, 1e-5, CodebookStart.KMEANS, 200)),
                    new TrainingSpec(10_000, 32, ADAM, new WarmupCosineSchedule(100, 0.1), 1, 0, 100, 10, 0),
                    DATA),
            "vqvae-sonnet",
            new ModelSpec(
                    "vqvae-sonnet",
                    new ImageSpec(32, 32, 3),
                    new VqvaeFamily(
                            128, 2, 32, 2, 0.25, new EmaQuantizer(512, 64, 0.99, 1e-5, CodebookStart.UNIFORM, 0)),
                    new TrainingSpec(10_000, 32, ADAM, new ConstantSchedule(), 0, 0, 100, 10, 0),
                    DATA),
            "vqvae-demo",
            new ModelSpec(
                    "vqvae-demo",
                    new ImageSpec(32, 32, 3),
                    new VqvaeFamily(
                            64, 1, 32, 2, 0.25, new EmaQuantizer(256, 32, 0.99, 1e-5, CodebookStart.KMEANS, 100)),
                    new TrainingSpec(
                            500,
                            32,
                            new Adam(2e-3, 0.9, 0.999, 1e-8),
                            new WarmupCosineSchedule(25, 0.05),
                            1,
                            0,
                            250,
                            10,
                            0),
                    DATA),
            "dcgan",
            new ModelSpec(
                    "dcgan",
                    new ImageSpec(32, 32, 3),
                    new DcganFamily(100, 64, 64, false, 0.9, GAN_ADAM),
                    new TrainingSpec(20_000, 64, GAN_ADAM, new ConstantSchedule(), 0, 0.999, 100, 10, 0),
                    DATA),
            "dcgan-mnist",
            new ModelSpec(
                    "dcgan-mnist",
                    new ImageSpec(28, 28, 1),
                    new DcganFamily(64, 32, 32, true, 0.9, GAN_ADAM),
                    new TrainingSpec(10_000, 64, GAN_ADAM, new ConstantSchedule(), 0, 0.999, 100, 10, 0),
                    DATA),
            "dcgan-demo",
            new ModelSpec(
                    "dcgan-demo",
                    new ImageSpec(32, 32, 3),
                    new DcganFamily(16, 32, 32, true, 0.9, new Adam(1e-3, 0.5, 0.99, 1e-8)),
                    new TrainingSpec(
                            900,
                            32,
                            new Adam(3e-3, 0.5, 0.99, 1e-8),
                            new WarmupCosineSchedule(0, 0.1),
                            0,
                            0.99,
                            300,
                            10,
                            0),
                    DATA));

    static List<String> names() {
        return Presets.names();
    }

    @Test
    void eachIsWhatItWas() {
        PINNED.forEach((name, spec) -> assertThat(Presets.named(name)).isEqualTo(spec));
    }

    @Test
    void everyFileIsAPreset() throws IOException {
        try (var files = Files.list(FILES)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrderElementsOf(
                            Presets.names().stream().map(name -> name + ".yaml").toList());
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void aFileIsNamedAsItsSpecAndSaysWhatItIsForAndTakes(String name) throws IOException {
        var preset = Presets.file(name);
        assertThat(preset.spec().name()).isEqualTo(name);
        assertThat(preset.purpose()).isNotBlank();
        assertThat(preset.time()).isPositive().isLessThan(Duration.ofDays(1));
        assertThat(preset.megabytes()).isBetween(100, 8000);
        assertThat(preset.yaml()).isEqualTo(Files.readString(FILES.resolve(name + ".yaml")));
        assertThat(SpecFiles.parse(preset.yaml(), name)).isEqualTo(preset.spec());
    }

    /** With few pictures, and two steps of small batches. */
    @ParameterizedTest
    @MethodSource("names")
    void itTrains(String name) {
        var preset = Presets.named(name);
        var spec = preset.withTraining(preset.training().withSteps(2).withBatch(4));
        var pictures = pictures(spec.image());
        var training = ModelTraining.of(spec, pictures, pictures.variance());
        training.begin();
        for (int step = 0; step < 2; step++) {
            assertThat(training.step(step))
                    .isNotEmpty()
                    .allSatisfy((figure, value) -> assertThat(value).as(figure).isFinite());
        }
    }

    private static Pictures pictures(ImageSpec image) {
        var random = new Random(1);
        var pixels = new byte[8 * image.height() * image.width() * image.channels()];
        random.nextBytes(pixels);
        return Pictures.of(
                image.height(),
                image.width(),
                image.channels(),
                pixels,
                new int[] {0, 1, 0, 1, 0, 1, 0, 1},
                List.of("a", "b"));
    }

    @Test
    void aFileWithoutItsHeadIsRefused() {
        assertThatThrownBy(() -> Preset.parse("name: x\n", "x.yaml"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("x.yaml must begin with # For, # Time and # Memory");
        assertThatThrownBy(() -> Presets.file("x"))
                .isInstanceOf(SpecException.class)
                .hasMessageStartingWith("preset must be one of vqvae, ");
    }
}
