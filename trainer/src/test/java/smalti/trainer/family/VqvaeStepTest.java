package smalti.trainer.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import smalti.spec.model.Adam;
import smalti.spec.model.CodebookStart;
import smalti.spec.model.ConstantSchedule;
import smalti.spec.model.DataSpec;
import smalti.spec.model.EmaQuantizer;
import smalti.spec.model.ImageSpec;
import smalti.spec.model.LossQuantizer;
import smalti.spec.model.ModelSpec;
import smalti.spec.model.Quantizer;
import smalti.spec.model.TrainingSpec;
import smalti.spec.model.VqvaeFamily;
import smalti.trainer.data.Pictures;
import smalti.trainer.data.ProceduralPictures;
import smalti.trainer.graph.Tensor;

/**
 * A whole step of a VQ-VAE, from a state some steps into a training, against equation 3 of van den Oord et al. 2017 in
 * plain float64 loops. What the paper puts under a stop gradient is held still here while the rest is varied.
 *
 * <p>Tolerance: sums of some hundred float32 terms, relative to an array's largest value; a wrong factor or sign is
 * wrong by that value itself.
 */
class VqvaeStepTest {
    private static final int WARM = 3;
    private static final int BATCH = 2;
    private static final int SIZE = 8;
    private static final int HIDDEN = 4;
    private static final int INNER = 2;
    private static final int DIM = 2;
    private static final int CODES = 5;
    private static final double COMMITMENT = 0.6;
    private static final double DECAY = 0.8;
    private static final double EPSILON = 1e-3;
    private static final double WEIGHT = 0.7;
    private static final double TOLERANCE = 2e-4;
    // an ε at which Adam does not make steps of rounding errors
    private static final Adam ADAM = new Adam(0.01, 0.9, 0.99, 1e-3);

    static List<Quantizer> quantizers() {
        return List.of(
                new EmaQuantizer(CODES, DIM, DECAY, EPSILON, CodebookStart.KMEANS, 0),
                new EmaQuantizer(CODES, DIM, DECAY, EPSILON, CodebookStart.UNIFORM, 0),
                new LossQuantizer(CODES, DIM, WEIGHT, CodebookStart.KMEANS, 0));
    }

    private static ModelSpec spec(Quantizer quantizer) {
        return new ModelSpec(
                "tiny",
                new ImageSpec(SIZE, SIZE, 3),
                new VqvaeFamily(HIDDEN, 1, INNER, 1, COMMITMENT, quantizer),
                new TrainingSpec(10, BATCH, ADAM, new ConstantSchedule(), 0, 0, 5, 5, 3),
                new DataSpec(DataSpec.Fit.CROP, DataSpec.BadImages.FAIL, 0.1, false));
    }

    @ParameterizedTest
    @MethodSource("quantizers")
    void aStepIsThatOfThePaper(Quantizer quantizer) {
        var spec = spec(quantizer);
        var pictures = ProceduralPictures.draw(12, SIZE, 3);
        var training = ModelTraining.of(spec, pictures, pictures.variance());
        training.begin();
        for (int step = 0; step < WARM; step++) {
            training.step(step);
        }
        var state = new Float64(training.state().snapshot());
        var reference = new Reference(state, images(spec, pictures), pictures.variance(), quantizer);
        var learned = state.names().stream()
                .filter(name -> name.endsWith("/weights") || name.endsWith("/bias"))
                .filter(name -> !name.startsWith("codebook/"))
                .collect(java.util.stream.Collectors.toList());
        if (quantizer instanceof LossQuantizer) {
            learned.add("codebook");
        }
        double loss = reference.loss();
        double nmse = reference.reconstruction();
        double commitment = reference.commitment();
        var gradients = state.gradients(learned, reference::loss);
        state.adam(ADAM, gradients, WARM);
        reference.follow();

        var figures = training.step(WARM);
        assertThat(figure(figures, "loss")).isCloseTo(loss, within(TOLERANCE * loss));
        assertThat(figure(figures, "nmse")).isCloseTo(nmse, within(TOLERANCE * nmse));
        assertThat(figure(figures, "commitment")).isCloseTo(commitment, within(TOLERANCE * commitment));
        double norm = Float64.norm(gradients);
        assertThat(figure(figures, "gradientNorm")).isCloseTo(norm, within(TOLERANCE * norm));
        state.assertEqualTo(training.state().snapshot(), TOLERANCE);
    }

    private static double figure(Map<String, Double> figures, String name) {
        return Objects.requireNonNull(figures.get(name), name);
    }

    /** The pictures of the step in question, [B,3,8,8] in [-0.5, 0.5]. */
    private static Tensor images(ModelSpec spec, Pictures pictures) {
        var source = new BatchSource(pictures, BATCH, false, spec.training().seed());
        var images = Tensor.zeros(BATCH, 3, SIZE, SIZE);
        var indices = source.indices(WARM);
        for (int b = 0; b < BATCH; b++) {
            var picture = pictures.picture(indices[b]);
            for (int c = 0; c < 3; c++) {
                for (int y = 0; y < SIZE; y++) {
                    for (int x = 0; x < SIZE; x++) {
                        images.add(picture.at(y, x, c) / 255.0 - 0.5, b, c, y, x);
                    }
                }
            }
        }
        return images;
    }

    /** Equation 3, term by term; the latents and codes that stop gradients hold still are those of the beginning. */
    private static final class Reference {
        private final Float64 state;
        private final Tensor image;
        private final double variance;
        private final Quantizer quantizer;
        private final Tensor stillLatents;
        private final int[] codes;
        private final Tensor stillQuantized;

        Reference(Float64 state, Tensor image, double variance, Quantizer quantizer) {
            this.state = state;
            this.image = image;
            this.variance = variance;
            this.quantizer = quantizer;
            stillLatents = latents();
            codes = nearest();
            stillQuantized = quantized();
        }

        double loss() {
            double loss = reconstruction() + COMMITMENT * commitment();
            return quantizer instanceof LossQuantizer ? loss + WEIGHT * meanSquare(quantized(), stillLatents) : loss;
        }

        double reconstruction() {
            var moved = latents().with(stillLatents, (now, then) -> now - then);
            return meanSquare(decoded(stillQuantized.with(moved, Double::sum)), image) / variance;
        }

        double commitment() {
            return meanSquare(latents(), stillQuantized);
        }

        private static double meanSquare(Tensor a, Tensor b) {
            var squares = a.with(b, (p, q) -> (p - q) * (p - q));
            return squares.sum() / squares.values().length;
        }

        private Tensor convolved(String name, Tensor x, int in, int out, int kernel, int stride, int padding) {
            return x.convolved(
                    state.tensor(name + "/weights", kernel, kernel, in, out),
                    state.tensor(name + "/bias", out),
                    stride,
                    padding);
        }

        private static Tensor relu(Tensor x) {
            return x.map(value -> Math.max(0, value));
        }

        private Tensor residual(String name, Tensor x) {
            var narrow = convolved(name + "/residual1/conv3", relu(x), HIDDEN, INNER, 3, 1, 1);
            var wide = convolved(name + "/residual1/conv1", relu(narrow), INNER, HIDDEN, 1, 1, 0);
            return relu(x.with(wide, Double::sum));
        }

        /** [B,D,4,4]. */
        private Tensor latents() {
            var h = relu(convolved("encoder/down1", image, 3, HIDDEN, 4, 2, 1));
            h = relu(convolved("encoder/conv", h, HIDDEN, HIDDEN, 3, 1, 1));
            return convolved("encoder/latents", residual("encoder", h), HIDDEN, DIM, 1, 1, 0);
        }

        private Tensor decoded(Tensor quantized) {
            var h = residual("decoder", convolved("decoder/conv", quantized, DIM, HIDDEN, 3, 1, 1));
            return h.transposedConvolved(
                    state.tensor("decoder/image/weights", 4, 4, 3, HIDDEN),
                    state.tensor("decoder/image/bias", 3),
                    2,
                    1);
        }

        /** The code at each place, in the order of [B,4,4]. */
        private int[] nearest() {
            var table = state.of("codebook");
            var found = new int[BATCH * 16];
            for (int i = 0; i < found.length; i++) {
                double least = Double.POSITIVE_INFINITY;
                for (int k = 0; k < CODES; k++) {
                    double distance = 0;
                    for (int d = 0; d < DIM; d++) {
                        double difference = latent(i, d) - table[k * DIM + d];
                        distance += difference * difference;
                    }
                    if (distance < least) {
                        least = distance;
                        found[i] = k;
                    }
                }
            }
            return found;
        }

        private double latent(int place, int d) {
            return stillLatents.at(place / 16, d, place / 4 % 4, place % 4);
        }

        private Tensor quantized() {
            var table = state.of("codebook");
            var quantized = Tensor.zeros(BATCH, DIM, 4, 4);
            for (int i = 0; i < codes.length; i++) {
                for (int d = 0; d < DIM; d++) {
                    quantized.add(table[codes[i] * DIM + d], i / 16, d, i / 4 % 4, i % 4);
                }
            }
            return quantized;
        }

        /** Appendix A.1, each average freed of the zero that it began with; and how long each code was not used. */
        void follow() {
            for (var count : List.of(state.of("codebook/unused"), state.of("codebook/idle"))) {
                for (int k = 0; k < CODES; k++) {
                    count[k]++;
                }
                Arrays.stream(codes).forEach(code -> count[code] = 0);
            }
            if (quantizer instanceof LossQuantizer) {
                return;
            }
            var counts = state.of("codebook/counts");
            var sums = state.of("codebook/sums");
            var bias = state.of("codebook/bias");
            for (int k = 0; k < CODES; k++) {
                counts[k] *= DECAY;
                for (int d = 0; d < DIM; d++) {
                    sums[k * DIM + d] *= DECAY;
                }
            }
            for (int i = 0; i < codes.length; i++) {
                counts[codes[i]] += 1 - DECAY;
                for (int d = 0; d < DIM; d++) {
                    sums[codes[i] * DIM + d] += (1 - DECAY) * latent(i, d);
                }
            }
            bias[0] *= DECAY;
            double total = Arrays.stream(counts).sum() / (1 - bias[0]);
            var table = state.of("codebook");
            for (int k = 0; k < CODES; k++) {
                double smoothed = (counts[k] / (1 - bias[0]) + EPSILON) / (total + CODES * EPSILON) * total;
                for (int d = 0; d < DIM; d++) {
                    table[k * DIM + d] = sums[k * DIM + d] / (1 - bias[0]) / smoothed;
                }
            }
        }
    }
}
