package smalti.exporter.proof;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import smalti.exporter.samediff.SameDiffRunner;
import smalti.spec.CounterRandom;
import smalti.spec.bundle.BundleManifest.Proof;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Role;
import smalti.spec.file.NpyArray;

/**
 * Proves posterior and decoder on seeded noise of every pixel level and on the held-out pictures. The decoder is given
 * SameDiff's means, and latents drawn from its distributions.
 */
public final class PosteriorProver {
    private static final int PICTURE_STREAM = 103;
    private static final int LATENT_STREAM = 104;
    private static final int SEEDED = 2;
    private static final int MOST_BATCH = 32;

    private final Contract.Pixels contract;
    private final int dim;
    private final int classes;
    private final Map<Role, SameDiffRunner> sources;
    private final long seed;

    private final FloatComparison mean = new FloatComparison("posterior.onnx: mean");
    private final FloatComparison logVariance = new FloatComparison("posterior.onnx: logVariance");
    private final FloatComparison image = new FloatComparison("decoder.onnx: image");

    /**
     * @param dim D of the latents [N,D]
     * @param classes how many there are; 0 where no class is an input
     * @param sources of the run folder's graphs
     */
    public PosteriorProver(
            Contract.Pixels contract, int dim, int classes, Map<Role, SameDiffRunner> sources, long seed) {
        this.contract = contract;
        this.dim = dim;
        this.classes = classes;
        this.sources = sources;
        this.seed = seed;
    }

    /**
     * Compares both.
     *
     * @param folder of the exported graphs
     * @param heldOut [M,H,W,C] uint8
     * @param labels [M] int64 of the held-out pictures; null where no class is an input
     * @return the figures by role; those of posterior are of the output that is furthest from its source, measured by
     *     its range
     * @throws ProofException listing every output that is not what its source gives
     */
    public Map<Role, Proof> prove(Path folder, NpyArray heldOut, @Nullable NpyArray labels, Consumer<String> progress) {
        try (var exported = new Sessions(folder, EnumSet.of(Role.POSTERIOR, Role.DECODER))) {
            progress.accept("proving on seeded pictures");
            var random = new CounterRandom(seed, PICTURE_STREAM);
            pictures(
                    exported,
                    new Batch("seeded picture", 0, SEEDED),
                    SeededInputs.pictures(random, 0, SEEDED, contract.height(), contract.width(), contract),
                    classes == 0 ? null : SeededInputs.classes(0, SEEDED, classes));
            int most = Math.toIntExact(heldOut.shape().get(0));
            for (int first = 0; first < most; first += MOST_BATCH) {
                int size = Math.min(MOST_BATCH, most - first);
                progress.accept("proving on held-out pictures " + (first + size) + "/" + most);
                pictures(
                        exported,
                        new Batch("held-out picture", first, size),
                        heldOut.rows(first, size),
                        labels == null ? null : labels.rows(first, size));
            }
        }
        var problems = new ArrayList<String>();
        List.of(mean, logVariance, image).forEach(comparison -> problems.addAll(comparison.problems()));
        if (!problems.isEmpty()) {
            throw new ProofException(problems);
        }
        var figures = new EnumMap<Role, Proof>(Role.class);
        figures.put(Role.POSTERIOR, share(mean) >= share(logVariance) ? mean.proof() : logVariance.proof());
        figures.put(Role.DECODER, image.proof());
        return figures;
    }

    private static double share(FloatComparison comparison) {
        return comparison.range() == 0 ? 0 : comparison.maxDifference() / comparison.range();
    }

    private void pictures(Sessions exported, Batch batch, NpyArray pixels, @Nullable NpyArray labels) {
        var wanted = distributions(pixels, labels);
        var got = exported.run(Role.POSTERIOR, with("pixels", pixels, labels));
        var means = Sessions.output(wanted, "mean");
        var logs = Sessions.output(wanted, "logVariance");
        mean.add(batch, means, Sessions.output(got, "mean"));
        logVariance.add(batch, logs, Sessions.output(got, "logVariance"));
        latents(exported, batch, means, labels);
        latents(exported, batch, drawn(batch, means, logs), labels);
    }

    private void latents(Sessions exported, Batch batch, NpyArray latents, @Nullable NpyArray labels) {
        var inputs = with("latents", latents, labels);
        image.add(
                batch,
                Sessions.output(source(Role.DECODER).run(inputs), "image"),
                Sessions.output(exported.run(Role.DECODER, inputs), "image"));
    }

    private Map<String, NpyArray> distributions(NpyArray pixels, @Nullable NpyArray labels) {
        return source(Role.POSTERIOR).run(with("image", PixelConversion.floats(pixels, contract), labels));
    }

    /** mean + exp(½·logVariance)·noise. */
    private NpyArray drawn(Batch batch, NpyArray means, NpyArray logVariances) {
        var random = new CounterRandom(seed, LATENT_STREAM);
        var mu = means.floats();
        var logs = logVariances.floats();
        var latents = random.normals(batch.first(), batch.size(), dim);
        for (int i = 0; i < latents.length; i++) {
            latents[i] = (float) (mu[i] + Math.exp(logs[i] / 2.0) * latents[i]);
        }
        return NpyArray.of(latents, batch.size(), dim);
    }

    private static Map<String, NpyArray> with(String input, NpyArray values, @Nullable NpyArray labels) {
        var inputs = new LinkedHashMap<String, NpyArray>();
        inputs.put(input, values);
        if (labels != null) {
            inputs.put("class", labels);
        }
        return inputs;
    }

    private SameDiffRunner source(Role role) {
        var source = sources.get(role);
        if (source == null) {
            throw new IllegalStateException("no source for " + role);
        }
        return source;
    }
}
