package smalti.trainer.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import smalti.spec.CounterRandom;
import smalti.spec.model.Activation;
import smalti.spec.model.Adam;
import smalti.spec.model.BernoulliLikelihood;
import smalti.spec.model.ConstantSchedule;
import smalti.spec.model.ConvolutionalNetwork;
import smalti.spec.model.DataSpec;
import smalti.spec.model.GaussianLikelihood;
import smalti.spec.model.ImageSpec;
import smalti.spec.model.Kl;
import smalti.spec.model.MlpNetwork;
import smalti.spec.model.ModelSpec;
import smalti.spec.model.TrainingSpec;
import smalti.spec.model.VaeFamily;
import smalti.trainer.data.Pictures;
import smalti.trainer.data.ProceduralPictures;
import smalti.trainer.graph.Tensor;

/**
 * A whole step of a VAE, from a state some steps into a training, against equation 10 of Kingma and Welling 2014 in plain
 * float64 loops.
 *
 * <p>Tolerance: sums of some hundred float32 terms, relative to an array's largest value; a wrong factor or sign is
 * wrong by that value itself.
 */
class VaeStepTest {
    private static final int WARM = 3;
    private static final int BATCH = 4;
    private static final int SIZE = 8;
    private static final int DIM = 3;
    private static final int CLASSES = 10;
    private static final int PIXELS = 3 * SIZE * SIZE;
    private static final long SEED = 5;
    private static final double TOLERANCE = 3e-4;
    // an ε at which Adam does not make steps of rounding errors
    private static final Adam ADAM = new Adam(0.01, 0.9, 0.99, 1e-3);

    static List<VaeFamily> families() {
        var mlp = new MlpNetwork(List.of(6, 5), Activation.TANH);
        var convolutional = new ConvolutionalNetwork(List.of(2, 3), 6, Activation.SILU);
        return List.of(
                new VaeFamily(DIM, mlp, new BernoulliLikelihood(true), new Kl(1, 0, 0), false),
                new VaeFamily(DIM, convolutional, new BernoulliLikelihood(true), new Kl(1, 0, 0), false),
                new VaeFamily(DIM, convolutional, new BernoulliLikelihood(false), new Kl(2, 10, 0), true),
                new VaeFamily(DIM, mlp, new GaussianLikelihood(0.2, true), new Kl(1, 0, 0.3), true),
                new VaeFamily(DIM, convolutional, new GaussianLikelihood(0.3, false), new Kl(0.7, 2, 0), false));
    }

    private static ModelSpec spec(VaeFamily family) {
        return new ModelSpec(
                "tiny",
                new ImageSpec(SIZE, SIZE, 3),
                family,
                new TrainingSpec(10, BATCH, ADAM, new ConstantSchedule(), 0, 0, 5, 5, SEED),
                new DataSpec(DataSpec.Fit.CROP, DataSpec.BadImages.FAIL, 0.1, false));
    }

    @ParameterizedTest
    @MethodSource("families")
    void aStepIsThatOfThePaper(VaeFamily family) {
        var pictures = ProceduralPictures.draw(20, SIZE, 3);
        var training = ModelTraining.of(spec(family), pictures, pictures.variance());
        training.begin();
        for (int step = 0; step < WARM; step++) {
            training.step(step);
        }
        var state = new Float64(training.state().snapshot());
        var learned = state.names().stream()
                .filter(name -> state.names().contains(name + "/adam1"))
                .toList();
        var reference = new Reference(state, pictures, family);
        double loss = reference.loss();
        double reconstruction = reference.reconstruction();
        double kl = java.util.Arrays.stream(reference.divergences()).sum();
        var gradients = state.gradients(learned, reference::loss, 1e-5);
        state.adam(ADAM, gradients, WARM);

        var figures = training.step(WARM);
        near(figures.get("loss"), loss);
        near(figures.get("reconstruction"), reconstruction);
        near(figures.get("kl"), kl);
        near(figures.get("negativeElbo"), reconstruction + kl);
        near(figures.get("gradientNorm"), Float64.norm(gradients));
        state.assertEqualTo(training.state().snapshot(), TOLERANCE);
    }

    private static void near(@org.jspecify.annotations.Nullable Double figure, double expected) {
        assertThat(Objects.requireNonNull(figure)).isCloseTo(expected, within(TOLERANCE * Math.abs(expected)));
    }

    private static final class Reference {
        private final Float64 state;
        private final VaeFamily family;
        private final Tensor target = Tensor.zeros(BATCH, 3, SIZE, SIZE);
        private final Tensor labels = Tensor.zeros(BATCH, CLASSES);
        private final Tensor noise = Tensor.zeros(BATCH, DIM);

        Reference(Float64 state, Pictures pictures, VaeFamily family) {
            this.state = state;
            this.family = family;
            var indices = new BatchSource(pictures, BATCH, false, SEED).indices(WARM);
            var drawn = new float[BATCH * DIM];
            new CounterRandom(SEED, 9).normals(WARM, drawn, 0, drawn.length);
            var pixels = new CounterRandom(SEED, 8);
            boolean binarize = family.likelihood() instanceof BernoulliLikelihood bernoulli && bernoulli.binarize();
            for (int b = 0; b < BATCH; b++) {
                labels.add(1, b, pictures.label(indices[b]));
                for (int d = 0; d < DIM; d++) {
                    noise.add(drawn[b * DIM + d], b, d);
                }
                var picture = pictures.picture(indices[b]);
                for (int c = 0; c < 3; c++) {
                    for (int y = 0; y < SIZE; y++) {
                        for (int x = 0; x < SIZE; x++) {
                            double brightness = picture.at(y, x, c) / 255.0;
                            int place = ((b * 3 + c) * SIZE + y) * SIZE + x;
                            double drawnPixel = pixels.uniform(WARM, place) < brightness ? 1 : 0;
                            target.add(binarize ? drawnPixel : brightness, b, c, y, x);
                        }
                    }
                }
            }
        }

        double loss() {
            double counted = 0;
            for (double divergence : divergences()) {
                counted += Math.max(divergence, family.kl().freeBits());
            }
            int warmup = family.kl().warmupSteps();
            double share = warmup == 0 ? 1 : Math.min(1, (WARM + 1.0) / warmup);
            return reconstruction() + family.kl().weight() * share * counted;
        }

        /** Appendix B, the mean over the batch for each latent. */
        double[] divergences() {
            var mean = mean();
            var logVariance = logVariance();
            var divergences = new double[DIM];
            for (int b = 0; b < BATCH; b++) {
                for (int d = 0; d < DIM; d++) {
                    double log = logVariance.at(b, d);
                    divergences[d] -= 0.5 * (1 + log - mean.at(b, d) * mean.at(b, d) - Math.exp(log)) / BATCH;
                }
            }
            return divergences;
        }

        /** −E ln p(x|z) with the step's one draw. */
        double reconstruction() {
            var deviation = logVariance().map(v -> Math.exp(v / 2));
            var latents = mean().with(deviation.with(noise, (s, e) -> s * e), Double::sum);
            var decoded = decoded(latents);
            double nats = 0;
            for (int i = 0; i < BATCH * PIXELS; i++) {
                nats += pixel(decoded.values()[i], target.values()[i]) / BATCH;
            }
            return nats;
        }

        private double pixel(double decoded, double x) {
            if (family.likelihood() instanceof GaussianLikelihood gaussian) {
                double deviation =
                        gaussian.learned() ? Math.exp(state.of("likelihood/logDeviation")[0]) : gaussian.deviation();
                double distance = (x - decoded) / deviation;
                return distance * distance / 2 + Math.log(deviation * Math.sqrt(2 * Math.PI));
            }
            double p = 1 / (1 + Math.exp(-decoded));
            return -x * Math.log(p) - (1 - x) * Math.log(1 - p);
        }

        private Tensor mean() {
            return dense("encoder/mean", features(), DIM);
        }

        private Tensor logVariance() {
            return dense("encoder/logVariance", features(), DIM);
        }

        private Tensor dense(String name, Tensor x, int out) {
            var product = x.product(state.tensor(name + "/weights", x.size(1), out));
            return product.with(state.tensor(name + "/bias", out), Double::sum);
        }

        private Tensor joined(Tensor row) {
            if (!family.conditional()) {
                return row;
            }
            var joined = Tensor.zeros(BATCH, row.size(1) + CLASSES);
            for (int b = 0; b < BATCH; b++) {
                for (int i = 0; i < row.size(1); i++) {
                    joined.add(row.at(b, i), b, i);
                }
                for (int k = 0; k < CLASSES; k++) {
                    joined.add(labels.at(b, k), b, row.size(1) + k);
                }
            }
            return joined;
        }

        private static double silu(double x) {
            return x / (1 + Math.exp(-x));
        }

        private Tensor features() {
            if (family.network() instanceof MlpNetwork) {
                var first = dense("encoder/hidden1", joined(target.reshaped(BATCH, PIXELS)), 6)
                        .map(Math::tanh);
                return dense("encoder/hidden2", first, 5).map(Math::tanh);
            }
            var h = convolved("encoder/down1", target, 3, 2).map(Reference::silu);
            h = convolved("encoder/down2", h, 2, 3).map(Reference::silu);
            return dense("encoder/dense", joined(h.reshaped(BATCH, 12)), 6).map(Reference::silu);
        }

        private Tensor convolved(String name, Tensor x, int in, int out) {
            return x.convolved(state.tensor(name + "/weights", 4, 4, in, out), state.tensor(name + "/bias", out), 2, 1);
        }

        private Tensor decoded(Tensor latents) {
            if (family.network() instanceof MlpNetwork) {
                var first = dense("decoder/hidden1", joined(latents), 5).map(Math::tanh);
                var second = dense("decoder/hidden2", first, 6).map(Math::tanh);
                return dense("decoder/image", second, PIXELS);
            }
            var h = dense("decoder/dense", joined(latents), 6).map(Reference::silu);
            h = dense("decoder/spread", h, 12).map(Reference::silu).reshaped(BATCH, 3, 2, 2);
            h = doubled("decoder/up1", h, 3, 2).map(Reference::silu);
            return doubled("decoder/image", h, 2, 3);
        }

        private Tensor doubled(String name, Tensor x, int in, int out) {
            return x.transposedConvolved(
                    state.tensor(name + "/weights", 4, 4, out, in), state.tensor(name + "/bias", out), 2, 1);
        }
    }
}
