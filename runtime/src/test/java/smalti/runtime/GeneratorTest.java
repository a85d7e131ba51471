package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import smalti.spec.CounterRandom;
import smalti.spec.SpecException;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GeneratorTest {
    private static final long SEED = 0x1234_5678_9ABC_DEF0L;

    private SmaltiModel model;
    private SmaltiModel conditionalModel;
    private Generator generator;
    private Generator conditional;

    @BeforeAll
    void open() {
        model = SmaltiModel.open(Bundles.GENERATOR);
        conditionalModel = SmaltiModel.open(Bundles.CONDITIONAL);
        generator = model.generator();
        conditional = conditionalModel.generator();
    }

    @AfterAll
    void close() {
        model.close();
        conditionalModel.close();
    }

    @Test
    void noiseIsThatOfTheContract() {
        var random = new CounterRandom(SEED, CounterRandom.GENERATION);
        var all = new float[5 * TinyNets.NOISE];
        for (int i = 0; i < 5; i++) {
            var expected = new float[TinyNets.NOISE];
            random.normals(i, expected, 0, TinyNets.NOISE);
            assertThat(generator.noise(SEED, i)).containsExactly(expected);
            random.normals(i, all, i * TinyNets.NOISE, TinyNets.NOISE);
        }
        assertThat(generator.generate(5, SEED)).isEqualTo(generator.generate(all));
    }

    @Test
    void picturesAreThoseOfTheNetwork() {
        var pixels = generator.generate(6, SEED);
        for (int i = 0; i < 6; i++) {
            assertPicture(pixels.range(i, 1), TinyNets.generate(generator.noise(SEED, i), -1));
        }
    }

    @Test
    void eachPictureIsOfItsClass() {
        var classes = new int[] {2, 0, 1, 1};
        var pixels = conditional.generate(SEED, classes);
        for (int i = 0; i < classes.length; i++) {
            assertPicture(pixels.range(i, 1), TinyNets.generate(conditional.noise(SEED, i), classes[i]));
        }
        assertThat(conditional.generate(4, SEED, 1).range(2, 2)).isEqualTo(pixels.range(2, 2));
        assertThat(conditional.generate(4, SEED, 0).range(2, 2)).isNotEqualTo(pixels.range(2, 2));
        assertThat(conditional.classes()).containsExactly("cat", "dog", "owl");
    }

    /** Of large pictures fewer are asked for at a time. */
    @Test
    void aStreamKeepsTheLimitsOfARequest() {
        var all = generator.generate(20, SEED);
        int pixels = all.range(0, 1).height() * all.range(0, 1).width();
        var options = RuntimeOptions.defaults().withMaxPixels(3L * pixels);
        try (var narrow = SmaltiModel.open(Bundles.GENERATOR, options);
                var streamed = narrow.generator().stream(Generation.of(20, SEED))) {
            int at = 0;
            for (var some : streamed.toList()) {
                assertThat(some).isEqualTo(all.range(at, some.count()));
                at += some.count();
            }
            assertThat(at).isEqualTo(20);
        }
    }

    @Test
    void oneSeedGivesOnePictureWhateverItRodeIn() {
        var classes = new int[64];
        Arrays.setAll(classes, i -> i % TinyNets.CLASSES);
        var together = generator.generate(64, SEED);
        var togetherOfClasses = conditional.generate(SEED, classes);
        for (int maxBatch : new int[] {1, 7, 64}) {
            var options = RuntimeOptions.defaults().withMaxBatch(maxBatch);
            try (var other = SmaltiModel.open(Bundles.GENERATOR, options);
                    var otherConditional = SmaltiModel.open(Bundles.CONDITIONAL, options)) {
                assertThat(other.generator().generate(64, SEED)).isEqualTo(together);
                assertThat(otherConditional.generator().generate(SEED, classes)).isEqualTo(togetherOfClasses);
            }
        }
        for (int i = 0; i < 64; i++) {
            var noise = generator.noise(SEED, i);
            assertThat(generator.generate(noise)).isEqualTo(together.range(i, 1));
            assertThat(conditional.generate(noise, new int[] {classes[i]})).isEqualTo(togetherOfClasses.range(i, 1));
        }
        assertThat(generator.generate(1, SEED)).isEqualTo(together.range(0, 1));
    }

    @Test
    void threadsDoNotChangeAPicture() {
        var expected = generator.generate(20, SEED);
        for (int threads : new int[] {1, 2, 4}) {
            for (var spread : Device.Spread.values()) {
                var options = RuntimeOptions.defaults()
                        .withDevice(Device.cpu().withThreads(threads).withSpread(spread))
                        .withBudget(ThreadBudget.of(threads));
                try (var other = SmaltiModel.open(Bundles.GENERATOR, options)) {
                    assertThat(other.generator().generate(20, SEED)).isEqualTo(expected);
                }
            }
        }
    }

    @Test
    void seedsAndPlacesGiveDifferentPictures() {
        var seen = new HashSet<Pixels>();
        for (long seed : new long[] {0, 1, -1, SEED}) {
            var pixels = generator.generate(8, seed);
            for (int i = 0; i < 8; i++) {
                assertThat(seen.add(pixels.range(i, 1)))
                        .as("seed %s picture %s is new", seed, i)
                        .isTrue();
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertThatThrownBy(() -> generator.generate(0, SEED))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("got 0");
        assertThatThrownBy(() -> generator.generate(new float[TinyNets.NOISE + 1]))
                .isInstanceOf(SpecException.class)
                .hasMessage("noise must have 16 numbers for each picture, got 17");
        var infinite = new float[TinyNets.NOISE];
        infinite[3] = Float.NEGATIVE_INFINITY;
        assertThatThrownBy(() -> generator.generate(infinite))
                .isInstanceOf(SpecException.class)
                .hasMessage("noise[3] must be finite, got -Infinity");
    }

    @Test
    void classesThatDoNotFitAreRefused() {
        assertThatThrownBy(() -> generator.generate(2, SEED, 0))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("classes must not be given");
        assertThatThrownBy(() -> conditional.generate(2, SEED))
                .isInstanceOf(SpecException.class)
                .hasMessage("classes must be given, the model is conditional; it has 0 (cat), 1 (dog), 2 (owl)");
        assertThatThrownBy(() -> conditional.generate(SEED, new int[] {0, 3, -1}))
                .isInstanceOf(SpecException.class)
                .hasMessage("a class must be one of 0 (cat), 1 (dog), 2 (owl), got 3\n"
                        + "a class must be one of 0 (cat), 1 (dog), 2 (owl), got -1");
        assertThatThrownBy(() -> conditional.generate(new float[2 * TinyNets.NOISE], new int[] {0}))
                .isInstanceOf(SpecException.class)
                .hasMessage("classes must be one for each of 2 pictures, got 1");
    }

    private static void assertPicture(Pixels pixels, double[][][] levels) {
        var data = pixels.data();
        for (var row : levels) {
            for (var sample : row) {
                for (double level : sample) {
                    // half a level is the rounding; float32 adds less than a thousandth
                    assertThat(Math.abs((data.get() & 0xFF) - level)).isLessThan(0.501);
                }
            }
        }
        assertThat(data.hasRemaining()).isFalse();
    }
}
