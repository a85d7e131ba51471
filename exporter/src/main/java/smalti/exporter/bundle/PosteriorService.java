package smalti.exporter.bundle;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import smalti.exporter.ExportOptions;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Tensor;
import smalti.exporter.precision.Quality;
import smalti.exporter.proof.ModelSession.Item;
import smalti.exporter.proof.PixelConversion;
import smalti.exporter.proof.PosteriorProver;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.BundleManifest.Proof;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Contracts;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Precision;
import smalti.spec.bundle.Role;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.file.NpyArray;

/**
 * Pictures to normal distributions of latents, as a VAE has them; the generator makes pictures of latents. In fewer bits,
 * pictures that come back from their means may lose 0.3 dB, and a distribution may be 0.05 nats off for each latent number.
 */
final class PosteriorService implements Service {
    private static final int SHOWN = 8;
    private static final double MOST_LOSS = 0.3;

    /** What a mean that is off by 0.3 standard deviations costs: a sample hardly tells them apart. */
    private static final double MOST_NATS = 0.05;

    @Override
    public Set<Role> sources() {
        return EnumSet.of(Role.DECODER, Role.GENERATOR, Role.POSTERIOR);
    }

    @Override
    public Set<Role> served() {
        return EnumSet.of(Role.POSTERIOR);
    }

    @Override
    public void check(RunRules run) {
        run.pictures();
        var posterior = run.contract(Contract.Posterior.class, Role.POSTERIOR);
        var pixels = run.manifest().pixels();
        if (pixels.lo() != 0 || pixels.hi() != 1) {
            run.problem(
                    "contracts.pixels must be from 0 to 1 where there is graphs.posterior, got %s to %s",
                    pixels.lo(), pixels.hi());
        }
        if (posterior.isEmpty()) {
            return;
        }
        int dim = posterior.get().dim();
        run.manifest().contracts().find(Contract.Noise.class).ifPresent(noise -> {
            if (noise.length() != dim) {
                run.problem(
                        "contracts.noise.length must be contracts.posterior.dim = %s, as latents are what the generator"
                                + " takes for noise, got %s",
                        dim, noise.length());
            }
        });
        var batch = Dimension.free("N");
        var image = run.image("image");
        var label = new TensorSpec("class", ElementType.INT64, List.of(batch));
        boolean conditional = run.manifest().contracts().has(Contract.Classes.class);
        run.ends(
                Role.POSTERIOR,
                conditional ? List.of(image, label) : List.of(image),
                List.of(numbers("mean", dim), numbers("logVariance", dim)));
        run.ends(
                Role.DECODER,
                conditional ? List.of(numbers("latents", dim), label) : List.of(numbers("latents", dim)),
                List.of(image));
        if (!run.isBroken()) {
            run.same(Role.POSTERIOR, "image", Role.DECODER, "image");
            run.same(Role.DECODER, "image", Role.GENERATOR, "image");
        }
    }

    private static TensorSpec numbers(String name, int dim) {
        return new TensorSpec(name, ElementType.FLOAT32, List.of(Dimension.free("N"), Dimension.of(dim)));
    }

    @Override
    public Map<Role, Graph> stitch(Stitcher stitcher, Map<Role, Graph> graphs) {
        return Map.of(Role.POSTERIOR, stitcher.posterior(graphs));
    }

    @Override
    public Contracts contracts(Contracts trained, Map<Role, Model> models) {
        return trained;
    }

    @Override
    public Map<Role, Proof> prove(Trained run, Stitcher stitcher, Map<Role, Graph> graphs, Path folder)
            throws IOException {
        return new PosteriorProver(
                        run.pixels(),
                        dim(run),
                        run.classes(),
                        run.graphs(),
                        run.options().seed())
                .prove(
                        folder,
                        run.heldOut(),
                        run.heldOutClasses(),
                        run.options().progress());
    }

    @Override
    public Map<String, NpyArray> paritySamples(Trained run) throws IOException {
        var pixels = run.firstHeldOut(PARITY_SAMPLES);
        var inputs = new LinkedHashMap<String, NpyArray>();
        inputs.put("image", PixelConversion.floats(pixels, run.pixels()));
        var samples = new LinkedHashMap<String, NpyArray>();
        samples.put("posterior.pixels", pixels);
        var classes = run.heldOutClasses();
        if (classes != null) {
            var labels = classes.rows(0, Math.toIntExact(pixels.shape().get(0)));
            inputs.put("class", labels);
            samples.put("posterior.class", labels);
        }
        var distributions = run.graph(Role.POSTERIOR).run(inputs);
        for (var output : List.of("mean", "logVariance")) {
            samples.put("posterior." + output, Objects.requireNonNull(distributions.get(output), output));
        }
        return samples;
    }

    private static int dim(Trained run) {
        return run.contract(Contract.Posterior.class).dim();
    }

    @Override
    public ServedGraphs variants(Trained run, Map<Role, Model> models) throws IOException {
        var heldOut = run.heldOut();
        var judged = labelled(Variants.batches(heldOut), run.heldOutClasses());
        var variants = new Variants(models, run.options());
        variants.make(Role.POSTERIOR, labelled(Variants.batches(run.calibration()), run.calibrationClasses()), judged);
        var psnr = judge(variants, judged, run.options());
        variants.time();
        var kept = new LinkedHashMap<>(psnr);
        variants.variants(Role.POSTERIOR).stream()
                .filter(variant -> !variant.isKept())
                .forEach(variant -> kept.remove(variant.precision().key()));
        return new ServedGraphs(
                variants.all(),
                new Reconstruction(psnr, kept, Math.toIntExact(heldOut.shape().get(0))),
                List.of(rebuilt(variants, judged), between(variants, judged)));
    }

    /** Batches with the classes of their pictures, where there are classes. */
    private static List<Map<String, Item>> labelled(List<Map<String, Item>> batches, @Nullable NpyArray classes) {
        if (classes == null) {
            return batches;
        }
        var labels = Tensor.of(classes);
        var all = new ArrayList<Map<String, Item>>();
        int first = 0;
        for (var batch : batches) {
            int count = Math.toIntExact(array(batch, "pixels").dims().get(0));
            var with = new LinkedHashMap<>(batch);
            with.put("class", new Item.Array(labels.rows(first, count)));
            all.add(with);
            first += count;
        }
        return all;
    }

    /** How pictures come back by the means of each precision; what moves distributions too far is not kept. */
    private static Map<String, Double> judge(
            Variants variants, List<Map<String, Item>> pictures, ExportOptions options) {
        var figures = new LinkedHashMap<String, Double>();
        var all = variants.variants(Role.POSTERIOR);
        var wanted = Variants.run(all.get(0).model(), pictures);
        double full = psnr(variants, pictures, wanted);
        figures.put(Precision.FP32.key(), full);
        for (int i = 1; i < all.size(); i++) {
            var variant = all.get(i);
            options.progress().accept("reconstructing in " + variant.precision());
            var got = Variants.run(variant.model(), pictures);
            double found = psnr(variants, pictures, got);
            figures.put(variant.precision().key(), found);
            double nats = divergence(wanted, got);
            double numbers = array(wanted.get(0), "mean").dims().get(1);
            all.set(
                    i,
                    variant.judged(full - found, Variants.tooMuch(full - found, MOST_LOSS))
                            .moved(nats, tooFar(nats, numbers)));
        }
        return figures;
    }

    private static @Nullable String tooFar(double nats, double numbers) {
        return nats <= MOST_NATS * numbers
                ? null
                : String.format(
                        Locale.ROOT,
                        "distributions must be within %.2f nats for each latent number of those in FP32, and are %.2g"
                                + " from them",
                        MOST_NATS,
                        nats / numbers);
    }

    private static double psnr(
            Variants variants, List<Map<String, Item>> pictures, List<Map<String, Item>> distributions) {
        var originals = pictures.stream()
                .map(batch -> Map.<String, Item>of("pixels", new Item.Array(array(batch, "pixels"))))
                .toList();
        return Quality.of(originals, decoded(variants, pictures, distributions)).psnr();
    }

    /** What the generator makes of means. */
    private static List<Map<String, Item>> decoded(
            Variants variants, List<Map<String, Item>> pictures, List<Map<String, Item>> distributions) {
        var latents = new ArrayList<Map<String, Item>>();
        for (int i = 0; i < pictures.size(); i++) {
            latents.add(noise(array(distributions.get(i), "mean"), pictures.get(i)));
        }
        return Variants.run(variants.model(Role.GENERATOR), latents);
    }

    /** Latents as the generator takes them, with the classes of a batch. */
    private static Map<String, Item> noise(Tensor latents, Map<String, Item> pictures) {
        var inputs = new LinkedHashMap<String, Item>();
        inputs.put("noise", new Item.Array(latents));
        if (pictures.get("class") instanceof Item.Array labels) {
            inputs.put("class", labels);
        }
        return inputs;
    }

    /**
     * In nats a picture: KL(p‖q) of normal distributions is the sum of ½·(σₚ²/σ_q² + (μₚ − μ_q)²/σ_q² − 1 + ln σ_q²/σₚ²).
     *
     * @param wanted p
     * @param got q
     */
    static double divergence(List<Map<String, Item>> wanted, List<Map<String, Item>> got) {
        double sum = 0;
        long pictures = 0;
        for (int batch = 0; batch < wanted.size(); batch++) {
            var means = array(wanted.get(batch), "mean");
            var logs = array(wanted.get(batch), "logVariance");
            var otherMeans = array(got.get(batch), "mean");
            var otherLogs = array(got.get(batch), "logVariance");
            for (int i = 0; i < means.count(); i++) {
                double log = logs.number(i);
                double otherLog = otherLogs.number(i);
                double gap = means.number(i) - otherMeans.number(i);
                sum += (Math.exp(log - otherLog) + gap * gap * Math.exp(-otherLog) - 1 + otherLog - log) / 2;
            }
            pictures += means.dims().get(0);
        }
        return sum / pictures;
    }

    /** The first held-out pictures, and what their means make. */
    private static ServedGraphs.Sheet rebuilt(Variants variants, List<Map<String, Item>> pictures) {
        var first = List.of(Variants.rows(pictures.get(0), SHOWN));
        var distributions = Variants.run(variants.model(Role.POSTERIOR), first);
        return new ServedGraphs.Sheet(
                "Held-out pictures, and below each what the mean of its latents makes.",
                List.of(
                        Variants.plain(first.get(0), "pixels"),
                        Variants.plain(decoded(variants, first, distributions).get(0), "pixels")));
    }

    /** From the mean of one held-out picture to that of another, each row between two others. */
    private static ServedGraphs.Sheet between(Variants variants, List<Map<String, Item>> pictures) {
        var first = Variants.rows(pictures.get(0), SHOWN);
        var means = array(
                Variants.run(variants.model(Role.POSTERIOR), List.of(first)).get(0), "mean");
        int count = Math.toIntExact(means.dims().get(0));
        int dim = Math.toIntExact(means.dims().get(1));
        var rows = new ArrayList<NpyArray>();
        for (int from = 0; from + 1 < count && rows.size() < 3; from += 2) {
            var latents = new float[SHOWN * dim];
            for (int step = 0; step < SHOWN; step++) {
                double share = (double) step / (SHOWN - 1);
                for (int d = 0; d < dim; d++) {
                    latents[step * dim + d] = (float)
                            ((1 - share) * means.number(from * dim + d) + share * means.number((from + 1) * dim + d));
                }
            }
            var inputs = new LinkedHashMap<String, Item>();
            inputs.put("noise", new Item.Array(Tensor.of(latents, SHOWN, dim)));
            if (first.get("class") instanceof Item.Array labels) {
                // of the picture that it begins with
                var label = new long[SHOWN];
                java.util.Arrays.fill(label, labels.tensor().longs()[from]);
                inputs.put("class", new Item.Array(Tensor.of(label, SHOWN)));
            }
            rows.add(Variants.plain(
                    Variants.run(variants.model(Role.GENERATOR), List.of(inputs))
                            .get(0),
                    "pixels"));
        }
        return rows.isEmpty()
                ? rebuilt(variants, pictures)
                : new ServedGraphs.Sheet(
                        "From one held-out picture to another in seven steps of equal length between their means.",
                        rows);
    }

    private static Tensor array(Map<String, Item> batch, String name) {
        if (batch.get(name) instanceof Item.Array array) {
            return array.tensor();
        }
        throw new IllegalStateException("no array " + name);
    }

    @Override
    public CardSection card(BundleManifest manifest) {
        return new PosteriorCard(manifest);
    }
}
