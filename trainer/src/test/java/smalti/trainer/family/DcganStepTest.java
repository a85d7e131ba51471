package smalti.trainer.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.spec.CounterRandom;
import smalti.spec.model.Adam;
import smalti.spec.model.ConstantSchedule;
import smalti.spec.model.DataSpec;
import smalti.spec.model.DcganFamily;
import smalti.spec.model.ImageSpec;
import smalti.spec.model.ModelSpec;
import smalti.spec.model.TrainingSpec;
import smalti.trainer.data.Pictures;
import smalti.trainer.data.ProceduralPictures;
import smalti.trainer.graph.Tensor;

/**
 * A whole step of a DCGAN, from a state some steps into a training, against the losses of Goodfellow et al. 2014 in
 * plain float64 loops: first the discriminator on real and made pictures, then the generator on the new discriminator.
 *
 * <p>Tolerance: sums of some hundred float32 terms through batch normalisations, relative to an array's largest value; a
 * wrong factor or sign is wrong by that value itself.
 */
class DcganStepTest {
    private static final int WARM = 3;
    private static final int BATCH = 4;
    private static final int SIZE = 16;
    private static final int NOISE = 3;
    private static final int CHANNELS = 2;
    private static final int WIDE = 2 * CHANNELS;
    private static final int CLASSES = 10;
    // one at which no activation lies so near its kink that a difference crosses it
    private static final long SEED = 5;
    private static final double MOMENTUM = 0.7;
    private static final double WEIGHTS_EMA = 0.5;
    private static final double TOLERANCE = 2e-4;
    // an ε at which Adam does not make steps of rounding errors
    private static final Adam GENERATOR = new Adam(0.01, 0.5, 0.99, 1e-3);
    private static final Adam DISCRIMINATOR = new Adam(0.005, 0.6, 0.98, 1e-3);

    private static ModelSpec spec(boolean conditional) {
        return new ModelSpec(
                "tiny",
                new ImageSpec(SIZE, SIZE, 3),
                new DcganFamily(NOISE, CHANNELS, CHANNELS, conditional, MOMENTUM, DISCRIMINATOR),
                new TrainingSpec(10, BATCH, GENERATOR, new ConstantSchedule(), 0, WEIGHTS_EMA, 5, 5, SEED),
                new DataSpec(DataSpec.Fit.CROP, DataSpec.BadImages.FAIL, 0.1, false));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aStepIsThatOfThePaper(boolean conditional) {
        var pictures = ProceduralPictures.draw(20, SIZE, 3);
        var training = ModelTraining.of(spec(conditional), pictures, pictures.variance());
        training.begin();
        for (int step = 0; step < WARM; step++) {
            training.step(step);
        }
        var state = new Float64(training.state().snapshot());
        var parameters = state.names().stream()
                .filter(name -> state.names().contains(name + "/adam1"))
                .toList();
        var reference = new Reference(state, pictures, conditional);

        var fake = reference.generated(0);
        double discriminatorLoss = reference.discriminatorLoss(fake);
        var ofDiscriminator =
                state.gradients(of(parameters, "discriminator/"), () -> reference.discriminatorLoss(fake));
        state.adam(DISCRIMINATOR, ofDiscriminator, WARM);
        double generatorLoss = reference.generatorLoss();
        var ofGenerator = state.gradients(of(parameters, "generator/"), reference::generatorLoss);
        reference.followStatistics();
        state.adam(GENERATOR, ofGenerator, WARM);
        average(state, of(parameters, "generator/"));

        var figures = training.step(WARM);
        near(figures, "discriminatorLoss", discriminatorLoss);
        near(figures, "generatorLoss", generatorLoss);
        near(figures, "discriminatorGradientNorm", Float64.norm(ofDiscriminator));
        near(figures, "generatorGradientNorm", Float64.norm(ofGenerator));
        state.assertEqualTo(training.state().snapshot(), TOLERANCE);
    }

    private static List<String> of(List<String> names, String prefix) {
        return names.stream().filter(name -> name.startsWith(prefix)).toList();
    }

    private static void near(Map<String, Double> figures, String name, double expected) {
        assertThat(Objects.requireNonNull(figures.get(name), name))
                .as(name)
                .isCloseTo(expected, within(TOLERANCE * Math.abs(expected)));
    }

    /** The moving average after step t keeps min(decay, (1 + t)/(10 + t)) of itself. */
    private static void average(Float64 state, List<String> names) {
        double keep = Math.min(WEIGHTS_EMA, (1.0 + WARM) / (10.0 + WARM));
        for (var name : names) {
            var average = state.of(name + "/ema");
            for (int i = 0; i < average.length; i++) {
                average[i] = keep * average[i] + (1 - keep) * state.of(name)[i];
            }
        }
    }

    private static final class Reference {
        private final Float64 state;
        private final Tensor real;
        private final boolean conditional;
        private final int[] realClasses = new int[BATCH];

        Reference(Float64 state, Pictures pictures, boolean conditional) {
            this.state = state;
            this.conditional = conditional;
            var indices = new BatchSource(pictures, BATCH, false, SEED).indices(WARM);
            real = Tensor.zeros(BATCH, 3, SIZE, SIZE);
            for (int b = 0; b < BATCH; b++) {
                realClasses[b] = pictures.label(indices[b]);
                var picture = pictures.picture(indices[b]);
                for (int c = 0; c < 3; c++) {
                    for (int y = 0; y < SIZE; y++) {
                        for (int x = 0; x < SIZE; x++) {
                            real.add(picture.at(y, x, c) / 127.5 - 1, b, c, y, x);
                        }
                    }
                }
            }
        }

        double discriminatorLoss(Tensor fake) {
            double loss = 0;
            for (double logit : logits(real, realClasses).values()) {
                loss += softplus(-logit) / BATCH;
            }
            for (double logit : logits(fake, fakeClasses(0)).values()) {
                loss += softplus(logit) / BATCH;
            }
            return loss;
        }

        double generatorLoss() {
            double loss = 0;
            for (double logit : logits(generated(1), fakeClasses(1)).values()) {
                loss += softplus(-logit) / BATCH;
            }
            return loss;
        }

        private static double softplus(double x) {
            return Math.log1p(Math.exp(x));
        }

        /** Where the noise of a use in this step begins: a place for each picture, and one for the classes. */
        private static long first(int use) {
            return (2L * WARM + use) * (BATCH + 1L);
        }

        private static int[] fakeClasses(int use) {
            var random = new CounterRandom(SEED, 6);
            var classes = new int[BATCH];
            for (int b = 0; b < BATCH; b++) {
                classes[b] = (int) (random.uniform(first(use) + BATCH, b) * CLASSES);
            }
            return classes;
        }

        /** [B, Z], or [B, Z + classes]. */
        private Tensor noise(int use) {
            var random = new CounterRandom(SEED, 6);
            var noise = Tensor.zeros(BATCH, NOISE + (conditional ? CLASSES : 0));
            for (int b = 0; b < BATCH; b++) {
                var normals = new float[NOISE];
                random.normals(first(use) + b, normals, 0, NOISE);
                for (int z = 0; z < NOISE; z++) {
                    noise.add(normals[z], b, z);
                }
                if (conditional) {
                    noise.add(1, b, NOISE + fakeClasses(use)[b]);
                }
            }
            return noise;
        }

        private Tensor projected(int use) {
            var noise = noise(use);
            return noise.product(state.tensor("generator/project", noise.size(1), WIDE * 16))
                    .reshaped(BATCH, WIDE, 4, 4);
        }

        private Tensor up(Tensor projected) {
            var h = relu(normalized("generator/norm0", projected, WIDE));
            return h.transposedConvolved(
                    state.tensor("generator/up1/weights", 4, 4, CHANNELS, WIDE), Tensor.zeros(CHANNELS), 2, 1);
        }

        Tensor generated(int use) {
            var h = relu(normalized("generator/norm1", up(projected(use)), CHANNELS));
            return h.transposedConvolved(
                            state.tensor("generator/image/weights", 4, 4, 3, CHANNELS),
                            state.tensor("generator/image/bias", 3),
                            2,
                            1)
                    .map(Math::tanh);
        }

        private static Tensor relu(Tensor x) {
            return x.map(value -> Math.max(0, value));
        }

        private static Tensor leaky(Tensor x) {
            return x.map(value -> value < 0 ? 0.2 * value : value);
        }

        private static Tensor variances(Tensor x) {
            return x.with(x.channelMeans(), (value, mean) -> (value - mean) * (value - mean))
                    .channelMeans();
        }

        /** Ioffe and Szegedy 2015, algorithm 1. */
        private Tensor normalized(String name, Tensor x, int channels) {
            return x.with(x.channelMeans(), (value, mean) -> value - mean)
                    .with(variances(x), (value, variance) -> value / Math.sqrt(variance + 1e-5))
                    .with(state.tensor(name + "/gamma", 1, channels, 1, 1), (value, gamma) -> value * gamma)
                    .with(state.tensor(name + "/beta", 1, channels, 1, 1), Double::sum);
        }

        /** [B, 1]. */
        private Tensor logits(Tensor picture, int[] classes) {
            var h = leaky(picture.convolved(
                    state.tensor("discriminator/down0/weights", 4, 4, 3, CHANNELS),
                    state.tensor("discriminator/down0/bias", CHANNELS),
                    2,
                    1));
            h = h.convolved(
                    state.tensor("discriminator/down1/weights", 4, 4, CHANNELS, WIDE), Tensor.zeros(WIDE), 2, 1);
            var features = leaky(normalized("discriminator/norm1", h, WIDE)).reshaped(BATCH, WIDE * 16);
            var logits = features.product(state.tensor("discriminator/logit", WIDE * 16, 1));
            if (conditional) {
                var byClass = features.product(state.tensor("discriminator/classes", WIDE * 16, CLASSES));
                for (int b = 0; b < BATCH; b++) {
                    logits.add(byClass.at(b, classes[b]), b, 0);
                }
            }
            return logits;
        }

        /** The running statistics keep their momentum of themselves and take the rest from the generator's own pass. */
        void followStatistics() {
            follow("generator/norm0", projected(1));
            follow("generator/norm1", up(projected(1)));
        }

        private void follow(String name, Tensor x) {
            blend(state.of(name + "/mean"), x.channelMeans());
            blend(state.of(name + "/variance"), variances(x));
        }

        private static void blend(double[] running, Tensor batch) {
            for (int i = 0; i < running.length; i++) {
                running[i] = MOMENTUM * running[i] + (1 - MOMENTUM) * batch.values()[i];
            }
        }
    }
}
