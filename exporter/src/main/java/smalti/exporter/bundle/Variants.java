package smalti.exporter.bundle;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import smalti.exporter.ExportOptions;
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
import smalti.spec.SpecException;
import smalti.spec.bundle.Precision;
import smalti.spec.bundle.Role;
import smalti.spec.file.NpyArray;

/**
 * Makes the graphs that a service runs in fewer bits, judges each on held-out samples, and keeps those that hold: INT8
 * within 35 dB of FP32 and 97% of its codes, FP16 within 40 dB and 99%.
 */
final class Variants {
    static final int BATCH = 32;
    private static final int TIMED_BATCH = 16;

    /** INT8 changes codes: for that it must be worth it. */
    private static final double LEAST_SPEED_OF_CODES = 1.5;

    private final Map<Role, Model> models;
    private final ExportOptions options;
    private final Map<Role, Samples> samples = new EnumMap<>(Role.class);
    private final Map<Role, List<Variant>> made = new EnumMap<>(Role.class);

    /**
     * @param models in FP32, by role
     */
    Variants(Map<Role, Model> models, ExportOptions options) {
        this.models = models;
        this.options = options;
    }

    /**
     * Batches of a graph's inputs.
     *
     * @param calibration that ranges are learnt from
     * @param heldOut that each precision is judged by
     */
    private record Samples(List<Map<String, Item>> calibration, List<Map<String, Item>> heldOut) {}

    @FunctionalInterface
    private interface Maker {
        Variant make(Role role, Samples samples);
    }

    /** The graph in every precision that is asked for. */
    void make(Role role, List<Map<String, Item>> calibration, List<Map<String, Item>> heldOut) {
        samples.put(role, new Samples(calibration, heldOut));
        var variants = new ArrayList<Variant>();
        variants.add(new Variant(
                Precision.FP32, model(role), null, null, null, null, null, null, null, List.of(), List.of()));
        if (options.precisions().contains(Precision.FP16)) {
            variants.add(made(role, Precision.FP16, this::half));
        }
        if (options.precisions().contains(Precision.INT8)) {
            variants.add(made(role, Precision.INT8, this::int8));
        }
        made.put(role, variants);
    }

    /** Of every role, FP32 first. */
    Map<Role, List<Variant>> all() {
        return made;
    }

    private Samples samples(Role role) {
        var given = samples.get(role);
        if (given == null) {
            throw new IllegalStateException("no samples of " + role);
        }
        return given;
    }

    Model model(Role role) {
        var model = models.get(role);
        if (model == null) {
            throw new IllegalStateException("no graph for " + role);
        }
        return model;
    }

    /** FP32 first. */
    List<Variant> variants(Role role) {
        var variants = made.get(role);
        if (variants == null) {
            throw new IllegalStateException("no variants of " + role);
        }
        return variants;
    }

    /** A graph that cannot be in fewer bits is no reason to have no bundle. */
    private Variant made(Role role, Precision precision, Maker maker) {
        try {
            return maker.make(role, samples(role));
        } catch (SpecException | ProofException e) {
            var why = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
            return new Variant(precision, model(role), why, null, null, null, null, null, null, List.of(), List.of());
        }
    }

    private Variant half(Role role, Samples samples) {
        options.progress().accept(role.fileStem() + " in FP16");
        var result = HalfPrecision.convert(model(role), samples.calibration(), role.fileStem());
        var quality = Quality.of(run(model(role), samples.heldOut()), run(result.model(), samples.heldOut()));
        var least = HalfPrecision.LEAST_QUALITY;
        var why = quality.isAtLeast(least)
                ? null
                : "it must come within " + least.psnr() + " dB of FP32 and " + Math.round(100 * least.agreement())
                        + "% of its codes";
        return new Variant(
                Precision.FP16,
                result.model(),
                why,
                quality,
                null,
                null,
                null,
                null,
                null,
                List.of(),
                result.islands());
    }

    private Variant int8(Role role, Samples samples) {
        // pixels are judged by their PSNR, and by what pictures lose
        var int8 = Int8Options.defaults().withGoalSqnr(0).withProgress(options.progress());
        var result = Int8Search.search(model(role), samples.calibration(), samples.heldOut(), int8, role.fileStem());
        var why = result.quantized() > 0
                ? null
                : "no layer could be INT8 within " + int8.leastPsnr() + " dB of FP32 and "
                        + Math.round(100 * int8.leastAgreement()) + "% of its codes";
        boolean codes = Variant.givesCodes(model(role));
        var layers = result.layers().stream()
                .map(layer -> new LayerReport(
                        layer.name(),
                        layer.op(),
                        Variant.finite(layer.alone().psnr()),
                        codes ? layer.alone().agreement() : null,
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
                null,
                result.calibration().name(),
                layers,
                List.of());
    }

    /** Measures each beside FP32; what is INT8 and too slow is not kept. */
    void time() {
        for (var role : made.keySet()) {
            options.progress().accept("timing " + role.fileStem());
            var variants = variants(role);
            var sample = samples(role).heldOut().get(0);
            var speeds = Speed.compare(
                    variants.stream().map(Variant::model).toList(),
                    List.of(rows(sample, 1), rows(sample, TIMED_BATCH)));
            for (int i = 0; i < speeds.size(); i++) {
                var variant = variants.get(i);
                Double ratio = i == 0 ? null : speeds.get(i).timesAsFastAs(speeds.get(0));
                variants.set(i, variant.timed(speeds.get(i), ratio, tooSlow(variant, ratio)));
            }
        }
    }

    private @Nullable String tooSlow(Variant variant, @Nullable Double ratio) {
        // FP16 is for GPUs and for smaller files: a CPU's time does not judge it
        if (ratio == null || options.keepsSlow() || variant.precision() != Precision.INT8) {
            return null;
        }
        double least = variant.givesCodes() ? LEAST_SPEED_OF_CODES : 1;
        return ratio >= least
                ? null
                : String.format(
                        java.util.Locale.ROOT,
                        "it must be %.1f times as fast as FP32, and is %.2f times",
                        least,
                        ratio);
    }

    /**
     * Why a graph is not kept, of what pictures lose with it; null where it is.
     *
     * @param loss in dB
     */
    static @Nullable String tooMuch(double loss, double most) {
        return loss <= most
                ? null
                : String.format(
                        java.util.Locale.ROOT,
                        "reconstructions must lose at most %.1f dB against their originals, and lose %.2f",
                        most,
                        loss);
    }

    // ---- samples

    static NpyArray plain(Map<String, Item> batch, String name) {
        if (batch.get(name) instanceof Item.Array array) {
            return array.tensor().npy();
        }
        throw new IllegalStateException("no array " + name);
    }

    static List<Map<String, Item>> run(Model model, List<Map<String, Item>> batches) {
        try (var session = ModelSession.open(model, model.graph().name())) {
            return batches.stream().map(session::run).toList();
        }
    }

    static List<Map<String, Item>> batches(NpyArray pictures) {
        var all = Tensor.of(pictures);
        var batches = new ArrayList<Map<String, Item>>();
        int count = Math.toIntExact(all.dims().get(0));
        for (int first = 0; first < count; first += BATCH) {
            batches.add(Map.of("pixels", new Item.Array(all.rows(first, Math.min(BATCH, count - first)))));
        }
        return batches;
    }

    static Map<String, Item> rows(Map<String, Item> batch, int count) {
        var first = new LinkedHashMap<String, Item>();
        batch.forEach((name, item) -> {
            if (item instanceof Item.Array array) {
                int size = Math.toIntExact(Math.min(count, array.tensor().dims().get(0)));
                first.put(name, new Item.Array(array.tensor().rows(0, size)));
            }
        });
        return first;
    }
}
