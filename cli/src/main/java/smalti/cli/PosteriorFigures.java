package smalti.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import smalti.runtime.OnnxModel;
import smalti.runtime.Pixels;
import smalti.runtime.SmaltiModel;
import smalti.runtime.Tensor;
import smalti.spec.CounterRandom;
import smalti.spec.bundle.Contract;
import smalti.trainer.data.Pictures;

/**
 * Bounds on the likelihood of pictures under a VAE, in nats a picture, with the standard errors of their means.
 *
 * @param measuredOn held-out or all
 * @param negativeElbo minus the evidence lower bound: distortion and divergence together
 * @param distortion E_q[−log p(x|z)]
 * @param divergence KL(q(z|x) ‖ N(0, 1))
 * @param bitsPerDimension of the bound, a pixel's channel being a dimension; null where there is no probability
 * @param importanceSamples K
 * @param negativeImportanceWeighted minus the importance-weighted bound of K samples
 * @param likelihood bernoulli or gaussian
 * @param binarized whether pictures were made of 0 and 1 once, by their brightness. A bernoulli likelihood of brightness
 *     itself is no probability: its figures compare with those of the same kind alone
 */
record PosteriorFigures(
        String measuredOn,
        int pictures,
        double negativeElbo,
        double negativeElboError,
        double distortion,
        double divergence,
        @Nullable Double bitsPerDimension,
        int importanceSamples,
        double negativeImportanceWeighted,
        double negativeImportanceWeightedError,
        String likelihood,
        boolean binarized,
        double samplesPerSecond)
        implements Figures {
    /** Keeps the draws of 0 and 1 apart from those of latents. */
    private static final int BINARY_STREAM = 33;
    /** One for all runs: figures of one set of pictures can be compared. */
    private static final long BINARY_SEED = 0;

    private static final int DECODED = 256;

    /**
     * How it is measured.
     *
     * @param samples of each picture, K
     * @param seed of the draws of latents
     */
    record Effort(int samples, long seed) {}

    /**
     * @param decoder the bundle's generator with floats out
     * @param places of the pictures in the whole set, by which their pixels and latents are drawn: the same picture is
     *     the same whatever else is measured
     * @param classes of the pictures; null where the model has none
     */
    static PosteriorFigures measure(
            SmaltiModel model,
            OnnxModel decoder,
            String measuredOn,
            Pictures pictures,
            int[] places,
            int @Nullable [] classes,
            Effort effort) {
        var contract = model.manifest().contracts().get(Contract.Posterior.class);
        var likelihood = PosteriorBounds.Likelihood.of(contract);
        int count = pictures.count();
        var elbos = new double[count];
        var weighted = new double[count];
        double distortion = 0;
        double divergence = 0;
        long started = System.nanoTime();
        for (int i = 0; i < count; i++) {
            var original = pictures.picture(i);
            var pixels = contract.ofBinaryPixels() ? binary(original.pixels(), places[i]) : original.pixels();
            var bounds = bounds(
                    model,
                    decoder,
                    PictureBatches.pixels(List.of(smalti.pictures.Picture.of(
                            original.height(), original.width(), original.channels(), pixels))),
                    classes == null ? -1 : classes[i],
                    likelihood,
                    places[i],
                    effort);
            elbos[i] = -bounds.evidence();
            weighted[i] = -bounds.importanceWeighted();
            distortion -= bounds.logLikelihood();
            divergence += bounds.divergence();
        }
        double seconds = (System.nanoTime() - started) / 1e9;
        double elbo = mean(elbos);
        double dimensions = pictures.picture(0).pixels().length;
        boolean binary = contract.ofBinaryPixels();
        boolean density = contract.deviation() != null;
        // a density over [0, 1] counts as that of levels 1/255 wide
        double levels = density ? Math.log(255) / Math.log(2) : 0;
        return new PosteriorFigures(
                measuredOn,
                count,
                elbo,
                error(elbos),
                distortion / count,
                divergence / count,
                binary || density ? (Double) (elbo / dimensions / Math.log(2) + levels) : null,
                effort.samples(),
                mean(weighted),
                error(weighted),
                contract.likelihood(),
                binary,
                (double) count * effort.samples() / seconds);
    }

    /** Each byte 0 or 255, white as often as it is bright. */
    static byte[] binary(byte[] pixels, long picture) {
        var random = new CounterRandom(BINARY_SEED, BINARY_STREAM);
        var drawn = new byte[pixels.length];
        for (int i = 0; i < pixels.length; i++) {
            drawn[i] = (byte) (255 * random.uniform(picture, i) < (pixels[i] & 0xFF) ? 255 : 0);
        }
        return drawn;
    }

    private static PosteriorBounds bounds(
            SmaltiModel model,
            OnnxModel decoder,
            Pixels pixels,
            int label,
            PosteriorBounds.Likelihood likelihood,
            long index,
            Effort effort) {
        var posterior = label < 0 ? model.posterior() : model.posterior().ofClass(label);
        var distribution = posterior.encode(pixels);
        int dim = distribution.dim();
        var bounds = new PosteriorBounds(distribution.means(), distribution.logVariances());
        var random = new CounterRandom(effort.seed(), CounterRandom.POSTERIOR);
        var picture = channelsFirst(pixels);
        for (int first = 0; first < effort.samples(); first += DECODED) {
            int size = Math.min(DECODED, effort.samples() - first);
            var latents = new float[size * dim];
            for (int k = 0; k < size; k++) {
                random.normals(index << 32 | (first + k), latents, k * dim, dim);
            }
            for (int at = 0; at < latents.length; at++) {
                latents[at] = (float) (distribution.means()[at % dim]
                        + Math.exp(distribution.logVariances()[at % dim] / 2.0) * latents[at]);
            }
            var images = decoded(decoder, latents, size, dim, label);
            for (int k = 0; k < size; k++) {
                bounds.add(latents, k * dim, likelihood.log(picture, images, k * picture.length));
            }
        }
        return bounds;
    }

    private static float[] decoded(OnnxModel decoder, float[] latents, int size, int dim, int label) {
        var inputs = new LinkedHashMap<String, Tensor>();
        inputs.put("noise", Tensor.of(latents, size, dim));
        if (label >= 0) {
            var labels = new long[size];
            java.util.Arrays.fill(labels, label);
            inputs.put("class", Tensor.of(labels, size));
        }
        return Objects.requireNonNull(decoder.run(inputs).get("image")).floats();
    }

    /** [C,H,W] in [0, 1]. */
    private static float[] channelsFirst(Pixels pixels) {
        var bytes = pixels.bytes();
        int area = pixels.height() * pixels.width();
        var image = new float[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            image[i % pixels.channels() * area + i / pixels.channels()] = (bytes[i] & 0xFF) / 255f;
        }
        return image;
    }

    private static double mean(double[] numbers) {
        double sum = 0;
        for (double number : numbers) {
            sum += number;
        }
        return sum / numbers.length;
    }

    /** The standard error of the mean; 0 of one number. */
    static double error(double[] numbers) {
        double mean = mean(numbers);
        double squares = 0;
        for (double number : numbers) {
            squares += (number - mean) * (number - mean);
        }
        int count = numbers.length;
        return count < 2 ? 0 : Math.sqrt(squares / (count - 1) / count);
    }

    @Override
    public List<Line> lines() {
        var lines = new ArrayList<Line>();
        lines.add(new Line(
                "-ELBO",
                text(
                        "%.2f ± %.2f nats a picture, lower is better (%s)",
                        negativeElbo, negativeElboError, likelihoodInWords())));
        lines.add(new Line("  distortion", text("%.2f nats, -log p(x|z)", distortion)));
        lines.add(new Line("  divergence", text("%.2f nats, KL of q(z|x) from N(0, 1)", divergence)));
        if (bitsPerDimension != null) {
            lines.add(new Line("bits/dim", text("%.4f, lower is better", bitsPerDimension)));
        }
        lines.add(new Line(
                isProbability() ? "-log p(x)" : "-IWAE",
                text(
                        (isProbability() ? "at most " : "")
                                + "%.2f ± %.2f nats a picture, by %d importance-weighted samples",
                        negativeImportanceWeighted,
                        negativeImportanceWeightedError,
                        importanceSamples)));
        lines.add(new Line("speed", text("%.0f samples a second, decoded and weighed", samplesPerSecond)));
        return lines;
    }

    private boolean isProbability() {
        return bitsPerDimension != null;
    }

    private String likelihoodInWords() {
        return likelihood
                + (isProbability()
                        ? " likelihood"
                        : " loss of grey pixels, no probability: compare with the same alone");
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
