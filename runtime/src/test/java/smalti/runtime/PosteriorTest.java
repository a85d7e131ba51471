package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import smalti.spec.CounterRandom;
import smalti.spec.SpecException;
import smalti.spec.bundle.Role;

/** Against the same VAE in plain Java and double. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PosteriorTest {
    private static final int[][] PICTURES = {{0, 64, 128, 255}, {255, 0, 17, 200}, {90, 90, 90, 90}};

    /** Float32 sums of four products of numbers below 2. */
    private static final float ROUNDING = 1e-6f;

    @TempDir
    private static Path folder;

    private SmaltiModel model;
    private SmaltiModel conditionalModel;
    private Posterior posterior;
    private Posterior conditional;

    @BeforeAll
    void open() {
        model = SmaltiModel.open(TinyVae.write(folder.resolve("plain.smalti"), false));
        conditionalModel = SmaltiModel.open(TinyVae.write(folder.resolve("conditional.smalti"), true));
        posterior = model.posterior();
        conditional = conditionalModel.posterior();
    }

    @AfterAll
    void close() {
        model.close();
        conditionalModel.close();
    }

    private static Pixels pixels(int... pictures) {
        var data = ByteBuffer.allocate(4 * pictures.length);
        for (int picture : pictures) {
            for (int level : PICTURES[picture]) {
                data.put((byte) level);
            }
        }
        return new Pixels(pictures.length, 2, 2, 1, data.flip());
    }

    private static void assertDistribution(Distributions all, int row, int picture, int label) {
        var one = all.range(row, 1);
        for (int d = 0; d < TinyVae.DIM; d++) {
            assertThat(one.means()[d]).isCloseTo((float) TinyVae.mean(PICTURES[picture], d, label), within(ROUNDING));
            assertThat(one.logVariances()[d])
                    .isCloseTo((float) TinyVae.logVariance(PICTURES[picture], d), within(ROUNDING));
        }
    }

    private static void assertPicture(Pixels pixels, int row, float[] latents, int label) {
        for (int i = 0; i < 4; i++) {
            // halves may fall to either side
            assertThat((double) (pixels.data().get(4 * row + i) & 0xFF))
                    .isCloseTo(TinyVae.level(latents, row, i, label), within(0.501));
        }
    }

    @Test
    void picturesBecomeDistributions() {
        var distributions = posterior.encode(pixels(0, 1, 2));
        assertThat(distributions.count()).isEqualTo(3);
        assertThat(posterior.dim()).isEqualTo(2);
        for (int i = 0; i < 3; i++) {
            assertDistribution(distributions, i, i, 0);
        }
        assertThat(posterior.encode(pixels(1))).isEqualTo(distributions.range(1, 1));
        assertThat(posterior.encode(pixels(0, 1, 2).images())).isEqualTo(distributions);
        assertThat(posterior.encodeAsync(pixels(0, 1, 2)).join())
                .isEqualTo(distributions)
                .hasSameHashCodeAs(distributions);
    }

    @Test
    void latentsBecomePictures() {
        var latents = new float[] {0.5f, -1, 0, 0, 2, 0.25f};
        var pixels = posterior.decode(latents);
        for (int i = 0; i < 3; i++) {
            assertPicture(pixels, i, latents, 0);
        }
        assertThat(posterior.decodeAsync(latents).join()).isEqualTo(pixels);
        assertThat(model.generator().generate(latents)).isEqualTo(pixels);
    }

    @Test
    void meansComeBack() {
        var means = posterior.encode(pixels(0, 1)).means();
        assertThat(posterior.reconstruct(pixels(0, 1))).isEqualTo(posterior.decode(means));
        assertThat(posterior.reconstructAsync(pixels(0, 1)).join()).isEqualTo(posterior.decode(means));
        assertThat(posterior.reconstruct(pixels(0, 1).images())).hasSize(2);
    }

    @Test
    void samplesAreOfTheDistributionAndTheSeed() {
        var distributions = posterior.encode(pixels(0, 2));
        var sample = posterior.sample(distributions, 5);
        var random = new CounterRandom(5, 32);
        for (int i = 0; i < 2; i++) {
            var noise = new float[2];
            random.normals(i, noise, 0, 2);
            for (int d = 0; d < 2; d++) {
                int at = 2 * i + d;
                assertThat(sample[at]).isEqualTo((float)
                        (distributions.means()[at] + Math.exp(distributions.logVariances()[at] / 2.0) * noise[d]));
            }
        }
        assertThat(posterior.sample(distributions, 5)).containsExactly(sample);
        assertThat(posterior.sample(distributions, 6)).isNotEqualTo(sample);
    }

    /** Drawn by another program: any language must draw the same. */
    @Test
    void theNoiseOfSamplesIsForEver() {
        var standard = new Distributions(2, new float[4], new float[4]);
        assertThat(posterior.sample(standard, 42)).containsExactly(GOLDEN);
        // the logarithm is rounded to float
        assertThat(posterior.sample(
                        new Distributions(2, new float[] {1, -1}, new float[] {0, (float) Math.log(4)}), 42))
                .containsExactly(new float[] {1 + GOLDEN[0], -1 + 2 * GOLDEN[1]}, within(1e-6f));
    }

    private static final float[] GOLDEN = {-1.6379526f, 0.39204025f, 0.6942803f, -1.3456248f};

    @Test
    void interpolationsAreStraight() {
        var from = new float[] {1, -1};
        var to = new float[] {-1, 0};
        var pixels = posterior.interpolate(from, to, 5);
        assertThat(pixels)
                .isEqualTo(posterior.decode(new float[] {1, -1, 0.5f, -0.75f, 0, -0.5f, -0.5f, -0.25f, -1, 0}));
        assertThat(posterior.interpolateAsync(from, to, 5).join()).isEqualTo(pixels);
    }

    @Test
    void classesAreThoseOfThePictures() {
        var each = conditional.ofClasses(2, 0, 1);
        var distributions = each.encode(pixels(0, 1, 2));
        assertDistribution(distributions, 0, 0, 2);
        assertDistribution(distributions, 1, 1, 0);
        assertDistribution(distributions, 2, 2, 1);
        var latents = new float[] {0, 0, 0.5f, 0.5f, -1, 1};
        var pictures = each.decode(latents);
        assertPicture(pictures, 0, latents, 2);
        assertPicture(pictures, 1, latents, 0);
        assertPicture(pictures, 2, latents, 1);
        var one = conditional.ofClass(1);
        assertDistribution(one.encode(pixels(1, 2)), 1, 2, 1);
        assertPicture(one.decode(latents), 0, latents, 1);
        assertThat(one.interpolate(new float[] {0, 0}, new float[] {1, 1}, 3).count())
                .isEqualTo(3);
        assertThat(one.reconstructAsync(pixels(0)).join()).isEqualTo(one.reconstruct(pixels(0)));
        assertThat(conditional.classes()).containsExactly("cat", "dog", "owl");
    }

    @Test
    void errorsNameWhatWasReceived() {
        assertThatThrownBy(() -> posterior.decode(new float[3]))
                .isInstanceOf(InputException.class)
                .hasMessage("latents must have 2 numbers for each picture, got 3");
        assertThatThrownBy(() -> posterior.decodeAsync(new float[] {0, Float.NaN}))
                .hasMessage("latents[1] must be finite, got NaN");
        assertThatThrownBy(() -> posterior.interpolate(new float[2], new float[4], 3))
                .hasMessage("to must have 2 numbers for each picture, got 4");
        assertThatThrownBy(() -> posterior.interpolate(new float[2], new float[2], 1))
                .hasMessage("steps must be from 2 to 1073741823, got 1");
        assertThatThrownBy(() -> posterior.sample(new Distributions(3, new float[3], new float[3]), 1))
                .hasMessage("distributions must have 2 numbers for each picture, got 3");
        assertThatThrownBy(() -> new Distributions(2, new float[2], new float[4]))
                .hasMessage("logVariances must be as many as means, 2, got 4");
        assertThatThrownBy(() -> posterior.encode(new Pixels(1, 3, 2, 1, ByteBuffer.allocate(6))))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("3");
        assertThatThrownBy(() -> posterior.ofClass(1).encode(pixels(0)))
                .hasMessage("classes must not be given, the model has none; got [1]");
        assertThatThrownBy(() -> conditional.encode(pixels(0)))
                .hasMessage("classes must be given, the model is conditional; it has 0 (cat), 1 (dog), 2 (owl)");
        assertThatThrownBy(() -> conditional.ofClasses(1, 3).encode(pixels(0)))
                .isInstanceOf(InputException.class)
                .satisfies(failure -> assertThat(((SpecException) failure).problems())
                        .containsExactly(
                                "classes must be one for each of 1 pictures, got 2",
                                "a class must be one of 0 (cat), 1 (dog), 2 (owl), got 3"));
        assertThatThrownBy(() -> SmaltiModel.open(Bundles.GENERATOR).posterior())
                .isInstanceOf(LoadException.class)
                .hasMessageContaining("a posterior must have the graphs posterior, got a bundle with generator");
    }

    @Test
    void deadlinesAndClosedModelsAreAsForOtherFaces() {
        var bundle = TinyVae.write(folder.resolve("closed.smalti"), false);
        var own = SmaltiModel.open(bundle);
        var face = own.posterior();
        own.warm();
        assertThat(own.devices()).containsKeys(Role.POSTERIOR, Role.GENERATOR);
        var late = face.with(RequestOptions.defaults().withTimeout(Duration.ofNanos(1)));
        assertThatThrownBy(() -> late.encode(pixels(0))).isInstanceOf(DeadlineException.class);
        assertThatThrownBy(() -> late.reconstructAsync(pixels(0)).join())
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(DeadlineException.class);
        own.close();
        assertThatThrownBy(() -> face.encode(pixels(0))).isInstanceOf(ModelClosedException.class);
        assertThatThrownBy(() -> face.decode(new float[2])).isInstanceOf(ModelClosedException.class);
        assertThatThrownBy(() -> face.reconstruct(pixels(0))).isInstanceOf(ModelClosedException.class);
        assertThat(face.encodeAsync(pixels(0))).failsWithin(Duration.ofSeconds(9));
        assertThat(face.reconstructAsync(pixels(0))).failsWithin(Duration.ofSeconds(9));
        assertThatThrownBy(own::posterior).isInstanceOf(ModelClosedException.class);
    }

    @Test
    void requestsAreMeasured() {
        var registry = new SimpleMeterRegistry();
        var options = RuntimeOptions.defaults().withMeters(registry);
        try (var measured = SmaltiModel.open(folder.resolve("plain.smalti"), options)) {
            var unused = measured.posterior().reconstruct(pixels(0, 1));
        }
        assertThat(registry.getMeters()).isEmpty(); // they go with the model
    }

    @Test
    void contractsMustFitTheGraph() {
        var copy = Bundles.copy(folder.resolve("plain.smalti"), folder.resolve("broken"));
        Bundles.edit(copy, manifest -> {
            ((ObjectNode) manifest.at("/contracts/posterior")).put("dim", 3);
            Bundles.tensor(manifest, "posterior", "outputs").put("name", "mu");
        });
        assertThatThrownBy(() -> SmaltiModel.open(copy))
                .isInstanceOf(LoadException.class)
                .satisfies(failure -> assertThat(((SpecException) failure).problems())
                        .hasSize(4)
                        .anyMatch(line ->
                                line.endsWith("contracts.noise.length must be contracts.posterior.dim (3), got 2"))
                        .anyMatch(line ->
                                line.endsWith("contracts.posterior.dim must be that of mu [N,2] float32, got 3"))
                        .anyMatch(line -> line.contains("outputs must be mean and logVariance, got [mu")));
    }
}
