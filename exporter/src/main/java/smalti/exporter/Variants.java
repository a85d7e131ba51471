package smalti.exporter;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Tensor;
import smalti.exporter.precision.HalfPrecision;
import smalti.exporter.precision.Int8Options;
import smalti.exporter.precision.Int8Search;
import smalti.exporter.precision.Quality;
import smalti.exporter.precision.Speed;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;
import smalti.exporter.proof.ProofException;
import smalti.exporter.report.ExportReport.LayerReport;
import smalti.spec.CounterRandom;
import smalti.spec.NpyArray;
import smalti.spec.Precision;
import smalti.spec.Role;
import smalti.spec.SpecException;

/**
 * Makes the graphs that serve pictures in fewer bits, judges each on held-out samples, and keeps those that hold: INT8
 * within 35 dB of FP32 and 97% of its codes, FP16 within 40 dB and 99%; pictures may lose 0.3 dB against their originals.
 */
final class Variants {
    /** The graphs that services run. */
    static final Set<Role> ROLES = Set.of(Role.TOKENIZE, Role.DETOKENIZE, Role.GENERATOR);

    private static final int BATCH = 32;
    private static final int NOISES = 128;
    private static final int SHOWN = 8;
    private static final int TIMED_BATCH = 16;
    private static final double MOST_LOSS = 0.3;

    /** Encoding in INT8 changes codes: for that it must be worth it. */
    private static final double LEAST_SPEED_OF_TOKENIZE = 1.5;

    private final Map<Role, Model> models;
    private final ExportOptions options;
    private final @Nullable NpyArray originals;
    private final Map<Role, List<Map<String, Item>>> calibration = new EnumMap<>(Role.class);
    private final Map<Role, List<Map<String, Item>>> heldOut = new EnumMap<>(Role.class);
    private final Map<Role, List<Variant>> made = new EnumMap<>(Role.class);

    private Variants(Map<Role, Model> models, ExportOptions options, @Nullable NpyArray originals) {
        this.models = models;
        this.options = options;
        this.originals = originals;
    }

    /**
     * A graph in one precision.
     *
     * @param why it is not kept; null where it is
     * @param quality against FP32; null for FP32 itself
     * @param loss in dB that reconstructions lose with it; null where nothing is reconstructed
     * @param speed null where it was not measured
     * @param timesAsFast as FP32; null where it was not measured
     */
    record Variant(
            Precision precision,
            Model model,
            @Nullable String why,
            @Nullable Quality quality,
            @Nullable Double loss,
            @Nullable Speed speed,
            @Nullable Double timesAsFast,
            @Nullable String calibration,
            List<LayerReport> layers,
            List<String> islands) {
        boolean isKept() {
            return why == null;
        }

        private Variant judged(@Nullable Double otherLoss, @Nullable String reason) {
            return new Variant(
                    precision,
                    model,
                    why == null ? reason : why,
                    quality,
                    otherLoss,
                    speed,
                    timesAsFast,
                    calibration,
                    layers,
                    islands);
        }

        private Variant timed(Speed measured, @Nullable Double ratio, @Nullable String reason) {
            return new Variant(
                    precision,
                    model,
                    why == null ? reason : why,
                    quality,
                    loss,
                    measured,
                    ratio,
                    calibration,
                    layers,
                    islands);
        }
    }

    /**
     * @param variants of each role that can have any, FP32 first
     * @param reconstruction PSNR of held-out pictures by the precisions used; null without a codec
     * @param heldOut how many pictures that PSNR is of
     * @param shown rows of pictures: held-out ones and what FP32 and then the kept INT8 graphs make of them, or
     *     generated ones
     */
    record Result(
            Map<Role, List<Variant>> variants,
            @Nullable Map<String, Double> reconstruction,
            int heldOut,
            List<NpyArray> shown) {
        /** The figures of what is kept. */
        Map<String, Double> kept() {
            var kept = new LinkedHashMap<String, Double>();
            if (reconstruction != null) {
                reconstruction.forEach((way, psnr) -> {
                    if (isKept(Role.TOKENIZE, way, 0) && isKept(Role.DETOKENIZE, way, 1)) {
                        kept.put(way, psnr);
                    }
                });
            }
            return kept;
        }

        /** Of a way such as {@code fp32 tokenize, int8 detokenize}, or of one precision for both. */
        private boolean isKept(Role role, String way, int part) {
            var parts = way.split(", ", -1);
            var precision = parts[Math.min(part, parts.length - 1)].split(" ", 2)[0];
            return variants.getOrDefault(role, List.of()).stream()
                    .anyMatch(variant -> variant.precision().key().equals(precision) && variant.isKept());
        }
    }

    /**
     * @param calibration [M,H,W,C] uint8
     * @param heldOut [M,H,W,C] uint8
     */
    static Result ofCodec(Map<Role, Model> models, NpyArray calibration, NpyArray heldOut, ExportOptions options) {
        var variants = new Variants(models, options, heldOut);
        var learnt = batches(calibration);
        var judged = batches(heldOut);
        variants.calibration.put(Role.TOKENIZE, learnt);
        variants.heldOut.put(Role.TOKENIZE, judged);
        variants.calibration.put(Role.DETOKENIZE, run(variants.model(Role.TOKENIZE), learnt));
        variants.heldOut.put(Role.DETOKENIZE, run(variants.model(Role.TOKENIZE), judged));
        return variants.make();
    }

    /** @param classes how many there are; 0 where the generator takes none */
    static Result ofGenerator(Map<Role, Model> models, int length, int classes, ExportOptions options) {
        var variants = new Variants(models, options, null);
        variants.calibration.put(Role.GENERATOR, noise(0, length, classes, options.seed()));
        variants.heldOut.put(Role.GENERATOR, noise(NOISES, length, classes, options.seed()));
        return variants.make();
    }

    private Result make() {
        for (var role : heldOut.keySet()) {
            var variants = new ArrayList<Variant>();
            variants.add(
                    new Variant(Precision.FP32, model(role), null, null, null, null, null, null, List.of(), List.of()));
            if (options.precisions().contains(Precision.FP16)) {
                variants.add(made(role, Precision.FP16, this::half));
            }
            if (options.precisions().contains(Precision.INT8)) {
                variants.add(made(role, Precision.INT8, this::int8));
            }
            made.put(role, variants);
        }
        var reconstruction = originals == null ? null : reconstruction(originals);
        time();
        return new Result(
                made,
                reconstruction,
                originals == null ? 0 : Math.toIntExact(originals.shape().get(0)),
                originals == null ? generated() : rebuilt(originals));
    }

    /** The first held-out pictures, what FP32 makes of them and, where both graphs are kept, what INT8 does. */
    private List<NpyArray> rebuilt(NpyArray pictures) {
        var first = List.of(rows(batches(pictures).get(0), SHOWN));
        var rows = new ArrayList<NpyArray>();
        rows.add(plain(first.get(0), "pixels"));
        rows.add(plain(
                run(model(Role.DETOKENIZE), run(model(Role.TOKENIZE), first)).get(0), "pixels"));
        var tokenize = int8IfKept(Role.TOKENIZE);
        var detokenize = int8IfKept(Role.DETOKENIZE);
        if (tokenize != null || detokenize != null) {
            var codes = run(tokenize == null ? model(Role.TOKENIZE) : tokenize, first);
            rows.add(plain(
                    run(detokenize == null ? model(Role.DETOKENIZE) : detokenize, codes)
                            .get(0),
                    "pixels"));
        }
        return rows;
    }

    private @Nullable Model int8IfKept(Role role) {
        return variants(role).stream()
                .filter(variant -> variant.precision() == Precision.INT8 && variant.isKept())
                .map(Variant::model)
                .findFirst()
                .orElse(null);
    }

    private List<NpyArray> generated() {
        var noise = samples(heldOut, Role.GENERATOR).subList(0, 2).stream()
                .map(batch -> rows(batch, SHOWN))
                .toList();
        return run(model(Role.GENERATOR), noise).stream()
                .map(batch -> plain(batch, "pixels"))
                .toList();
    }

    private static NpyArray plain(Map<String, Item> batch, String name) {
        if (batch.get(name) instanceof Item.Array array) {
            return array.tensor().npy();
        }
        throw new IllegalStateException("no array " + name);
    }

    private Model model(Role role) {
        var model = models.get(role);
        if (model == null) {
            throw new IllegalStateException("no graph for " + role);
        }
        return model;
    }

    private List<Map<String, Item>> samples(Map<Role, List<Map<String, Item>>> of, Role role) {
        return of.getOrDefault(role, List.of());
    }

    /** A graph that cannot be in fewer bits is no reason to have no bundle. */
    private Variant made(Role role, Precision precision, Function<Role, Variant> maker) {
        try {
            return maker.apply(role);
        } catch (SpecException | ProofException e) {
            var why = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
            return new Variant(precision, model(role), why, null, null, null, null, null, List.of(), List.of());
        }
    }

    private Variant half(Role role) {
        options.progress().accept(role.fileStem() + " in FP16");
        var result = HalfPrecision.convert(model(role), samples(calibration, role), role.fileStem());
        var quality = Quality.of(run(model(role), samples(heldOut, role)), run(result.model(), samples(heldOut, role)));
        var least = HalfPrecision.LEAST_QUALITY;
        var why = quality.isAtLeast(least)
                ? null
                : "it must come within " + least.psnr() + " dB of FP32 and " + Math.round(100 * least.agreement())
                        + "% of its codes";
        return new Variant(
                Precision.FP16, result.model(), why, quality, null, null, null, null, List.of(), result.islands());
    }

    private Variant int8(Role role) {
        // pixels are judged by their PSNR, and by what pictures lose
        var int8 = Int8Options.defaults().withGoalSqnr(0).withProgress(options.progress());
        var result = Int8Search.search(
                model(role), samples(calibration, role), samples(heldOut, role), int8, role.fileStem());
        var why = result.quantized() > 0
                ? null
                : "no layer could be INT8 within " + int8.leastPsnr() + " dB of FP32 and "
                        + Math.round(100 * int8.leastAgreement()) + "% of its codes";
        var layers = result.layers().stream()
                .map(layer -> new LayerReport(
                        layer.name(),
                        layer.op(),
                        finite(layer.alone().psnr()),
                        hasCodes(role) ? layer.alone().agreement() : null,
                        layer.quantized()))
                .toList();
        return new Variant(
                Precision.INT8,
                result.model(),
                why,
                result.quality(),
                null,
                null,
                null,
                result.calibration().name(),
                layers,
                List.of());
    }

    static boolean hasCodes(Role role) {
        return role == Role.TOKENIZE;
    }

    static @Nullable Double finite(double number) {
        return Double.isFinite(number) ? number : null;
    }

    /** How pictures come back from each precision; a variant that costs them too much is not kept. */
    private Map<String, Double> reconstruction(NpyArray pictures) {
        var figures = new LinkedHashMap<String, Double>();
        double full = psnr(pictures, model(Role.TOKENIZE), model(Role.DETOKENIZE));
        figures.put("fp32", full);
        for (int i = 1; i < variants(Role.TOKENIZE).size(); i++) {
            var tokenize = variants(Role.TOKENIZE).get(i);
            var detokenize = variants(Role.DETOKENIZE).get(i);
            var key = tokenize.precision().key();
            options.progress().accept("reconstructing in " + tokenize.precision());
            double tokenized = psnr(pictures, tokenize.model(), model(Role.DETOKENIZE));
            double detokenized = psnr(pictures, model(Role.TOKENIZE), detokenize.model());
            double both = psnr(pictures, tokenize.model(), detokenize.model());
            figures.put(key + " tokenize, fp32 detokenize", tokenized);
            figures.put("fp32 tokenize, " + key + " detokenize", detokenized);
            figures.put(key, both);
            variants(Role.DETOKENIZE).set(i, detokenize.judged(full - detokenized, tooMuch(full - detokenized)));
            // a detokenize that is kept is what the codes will meet
            double met = detokenize.isKept() ? Math.min(tokenized, both) : tokenized;
            variants(Role.TOKENIZE).set(i, tokenize.judged(full - met, tooMuch(full - met)));
        }
        return figures;
    }

    private static @Nullable String tooMuch(double loss) {
        return loss <= MOST_LOSS
                ? null
                : String.format(
                        java.util.Locale.ROOT,
                        "reconstructions must lose at most %.1f dB against their originals, and lose %.2f",
                        MOST_LOSS,
                        loss);
    }

    private List<Variant> variants(Role role) {
        var variants = made.get(role);
        if (variants == null) {
            throw new IllegalStateException("no variants of " + role);
        }
        return variants;
    }

    private double psnr(NpyArray pictures, Model tokenize, Model detokenize) {
        var rebuilt = run(detokenize, run(tokenize, batches(pictures)));
        var wanted = new ArrayList<Map<String, Item>>(batches(pictures));
        return Quality.of(wanted, rebuilt).psnr();
    }

    private void time() {
        for (var role : made.keySet()) {
            options.progress().accept("timing " + role.fileStem());
            var variants = variants(role);
            var sample = samples(heldOut, role).get(0);
            var speeds = Speed.compare(
                    variants.stream().map(Variant::model).toList(),
                    List.of(rows(sample, 1), rows(sample, TIMED_BATCH)));
            for (int i = 0; i < speeds.size(); i++) {
                var variant = variants.get(i);
                Double ratio = i == 0 ? null : speeds.get(i).timesAsFastAs(speeds.get(0));
                variants.set(i, variant.timed(speeds.get(i), ratio, tooSlow(role, variant.precision(), ratio)));
            }
        }
    }

    private @Nullable String tooSlow(Role role, Precision precision, @Nullable Double ratio) {
        // FP16 is for GPUs and for smaller files: a CPU's time does not judge it
        if (ratio == null || options.keepsSlow() || precision != Precision.INT8) {
            return null;
        }
        double least = role == Role.TOKENIZE ? LEAST_SPEED_OF_TOKENIZE : 1;
        return ratio >= least
                ? null
                : String.format(
                        java.util.Locale.ROOT,
                        "it must be %.1f times as fast as FP32, and is %.2f times",
                        least,
                        ratio);
    }

    // ---- samples

    private static List<Map<String, Item>> run(Model model, List<Map<String, Item>> batches) {
        try (var session = ModelSession.open(model, model.graph().name())) {
            return batches.stream().map(session::run).toList();
        }
    }

    private static List<Map<String, Item>> batches(NpyArray pictures) {
        var all = Tensor.of(pictures);
        var batches = new ArrayList<Map<String, Item>>();
        int count = Math.toIntExact(all.dims().get(0));
        for (int first = 0; first < count; first += BATCH) {
            batches.add(Map.of("pixels", new Item.Array(all.rows(first, Math.min(BATCH, count - first)))));
        }
        return batches;
    }

    private static Map<String, Item> rows(Map<String, Item> batch, int count) {
        var first = new LinkedHashMap<String, Item>();
        batch.forEach((name, item) -> {
            if (item instanceof Item.Array array) {
                int size = Math.toIntExact(Math.min(count, array.tensor().dims().get(0)));
                first.put(name, new Item.Array(array.tensor().rows(0, size)));
            }
        });
        return first;
    }

    private static List<Map<String, Item>> noise(int start, int length, int classes, long seed) {
        var random = new CounterRandom(seed, CounterRandom.GENERATION);
        var choice = new SplittableRandom(seed);
        var batches = new ArrayList<Map<String, Item>>();
        for (int first = start; first < start + NOISES; first += BATCH) {
            var noise = new float[BATCH * length];
            var labels = new long[BATCH];
            for (int i = 0; i < BATCH; i++) {
                random.normals(first + i, noise, i * length, length);
                labels[i] = classes == 0 ? 0 : choice.nextInt(classes);
            }
            var batch = new LinkedHashMap<String, Item>();
            batch.put("noise", new Item.Array(Tensor.of(noise, BATCH, length)));
            if (classes > 0) {
                batch.put("class", new Item.Array(Tensor.of(labels, BATCH)));
            }
            batches.add(batch);
        }
        return batches;
    }
}
