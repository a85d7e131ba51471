package smalti.exporter.precision;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Model;
import smalti.exporter.pass.Passes;
import smalti.exporter.precision.Judge.Verdict;
import smalti.exporter.proof.ModelSession.Item;
import smalti.spec.SpecException;

/**
 * Makes a model INT8: tries each way to calibrate, then equalised layers and corrected biases, and keeps what comes
 * closer to FP32; measures what each layer alone costs, and leaves the costliest in float until the gate holds.
 */
public final class Int8Search {
    /** Sensitivity wants an order, not three digits. */
    private static final int SENSITIVITY_BATCHES = 2;

    private static final int MOST_REASONS = 5;

    /** Biases that are corrected change what the layers behind them take. */
    private static final int CORRECTIONS = 2;

    /** What the goal may cost. */
    private static final double MOST_IN_FLOAT = 0.5;

    /** A goal that stays out of reach must be come nearer by so much, in dB, to be worth layers in float. */
    private static final double WORTHWHILE = 3;

    /** Of the convolutions, those first that gain least by INT8; 0 are those in groups alone. */
    private static final List<Double> SHARES_IN_FLOAT = List.of(0.0, 0.5, 0.75, 1.0);

    private final Model original;
    private final Prepared plain;
    private final List<Refusal> refusals;
    private final List<Map<String, Item>> calibration;
    private final Judge judge;
    private final Int8Options options;
    private final String place;

    private Int8Search(
            Model model,
            List<Map<String, Item>> calibration,
            List<Map<String, Item>> heldOut,
            Int8Options options,
            String place) {
        this.original = model;
        this.calibration = List.copyOf(calibration);
        this.options = options;
        this.place = place;
        if (model.opset() < QdqWriter.FIRST_OPSET) {
            throw new SpecException(
                    place + ": INT8 asks for opset " + QdqWriter.FIRST_OPSET + " or later, got " + model.opset());
        }
        this.plain = Prepared.of(Passes.all().apply(model).model(), calibration, options.calibrations(), place);
        this.refusals =
                new ArrayList<>(Refusals.of(plain.model(), plain.layers().keySet()));
        requireNumbers();
        this.judge = new Judge(original, heldOut, place, options.progress());
    }

    /**
     * A layer and what it costs.
     *
     * @param name its first output
     * @param alone the quality of the model with this layer alone in INT8
     * @param quantized whether it is INT8 in the end
     */
    public record Layer(String name, String op, Quality alone, boolean quantized) {}

    /**
     * @param model with as many layers in INT8 as the gate allows, perhaps none
     * @param quality of the model
     * @param drop in dB, as {@link Drop} has it
     * @param steps what was done besides calibrating, such as "equalized"; in the order it was done in
     * @param layers in the order of the graph
     * @param refusals the layers that could not be INT8 whatever the gate
     */
    public record Result(
            Model model,
            Quality quality,
            double drop,
            Calibration calibration,
            List<String> steps,
            List<Layer> layers,
            List<Refusal> refusals) {
        public Result {
            steps = List.copyOf(steps);
            layers = List.copyOf(layers);
            refusals = List.copyOf(refusals);
        }

        public long quantized() {
            return layers.stream().filter(Layer::quantized).count();
        }
    }

    /**
     * @param calibration inputs of each run that ranges are learnt from
     * @param heldOut inputs of each run that quality is judged on
     * @param place of the model, in errors
     * @throws SpecException if the model has no layer that can be INT8, the opset is too old, or the samples hold NaN or
     *     infinity that reaches a layer
     * @throws smalti.exporter.proof.ProofException if ONNX Runtime cannot run the model on the samples
     */
    public static Result search(
            Model model,
            List<Map<String, Item>> calibration,
            List<Map<String, Item>> heldOut,
            Int8Options options,
            String place) {
        if (calibration.isEmpty() || heldOut.isEmpty()) {
            throw new SpecException(place + ": INT8 asks for samples to calibrate on and to judge by, got "
                    + calibration.size() + " and " + heldOut.size() + " batches");
        }
        return new Int8Search(model, calibration, heldOut, options, place).search();
    }

    /** How a model is made INT8, except the layers that stay in float. */
    private record Recipe(Prepared prepared, Calibration calibration, Learnt learnt, List<String> steps) {
        Recipe with(String step, Prepared otherPrepared, Learnt otherLearnt) {
            var more = new ArrayList<>(steps);
            more.add(step);
            return new Recipe(otherPrepared, calibration, otherLearnt, more);
        }
    }

    /** @param inputs of the layers in INT8, by layer */
    private record Candidate(Recipe recipe, Model model, Verdict verdict, Map<String, String> inputs) {
        Quality quality() {
            return verdict.quality();
        }
    }

    private Result search() {
        if (plain.layers().isEmpty()) {
            throw new SpecException(place
                    + ": INT8 asks for a Conv, ConvTranspose, Gemm or MatMul with constant float32 weights, got "
                    + (refusals.isEmpty() ? "none" : "none that can be: " + text(refusals)));
        }
        Candidate best = null;
        for (var way : options.calibrations()) {
            options.progress().accept("calibrating " + place + ", " + way.text());
            var recipe = new Recipe(plain, way, plain.learnt(way), List.of());
            best = better(best, candidate(recipe, Set.of()));
        }
        if (best == null) {
            throw new IllegalStateException("no calibration was tried");
        }
        best = corrected(equalized(best));
        var alone = sensitivity(best.recipe());
        var products = plain.products(judge.sample());
        var costliest = costliest(alone, products);
        var chosen = isMet(best) ? best : withFloats(best, costliest, costliest.size(), this::isMet);
        var closer = withoutSlowLayers(towardsGoal(chosen, costliest, products), products);
        return new Result(
                closer.model(),
                closer.quality(),
                closer.verdict().drop(),
                closer.recipe().calibration(),
                closer.recipe().steps(),
                layers(closer, alone),
                refusals);
    }

    private static Candidate better(@Nullable Candidate one, Candidate other) {
        return one == null || other.quality().isBetterThan(one.quality()) ? other : one;
    }

    private boolean isMet(Candidate candidate) {
        return options.isMet(candidate.quality(), candidate.verdict().drop());
    }

    private static String text(List<Refusal> refusals) {
        return refusals.stream()
                        .limit(MOST_REASONS)
                        .map(refusal -> refusal.op() + " " + refusal.name() + " " + refusal.reason())
                        .collect(Collectors.joining("; "))
                + (refusals.size() > MOST_REASONS ? "; and " + (refusals.size() - MOST_REASONS) + " others" : "");
    }

    /**
     * Layers whose numbers were NaN or infinite stay in float, with that as the reason.
     *
     * @throws SpecException if the samples themselves are what is not finite
     */
    private void requireNumbers() {
        var broken = plain.observations().notFinite();
        var met = plain.layers().values().stream()
                .filter(layer -> broken.contains(layer.input()) || broken.contains(layer.name()))
                .toList();
        if (met.isEmpty()) {
            return;
        }
        NotNumbers.refuse(place, "calibration", calibration);
        met.forEach(layer -> {
            plain.layers().remove(layer.name());
            refusals.add(Refusal.of(
                    layer.node(), "takes or makes NaN or infinite numbers in FP32 on the samples: they have no range"));
        });
    }

    private Candidate candidate(Recipe recipe, Set<String> inFloat) {
        var quantized = new HashSet<>(plain.layers().keySet());
        quantized.removeAll(inFloat);
        // without a layer in INT8 there is nothing to prepare for
        var made = quantized.isEmpty()
                ? null
                : QdqWriter.quantize(recipe.prepared().model(), options.activations(), recipe.learnt(), quantized);
        if (made == null || made.layers().isEmpty()) {
            var simple = Passes.simplifying().apply(original).model();
            return new Candidate(recipe, simple, judge.verdict(simple), Map.of());
        }
        return new Candidate(recipe, made.model(), judge.verdict(made.model()), made.inputs());
    }

    /** The same with scale shifted between layers, if that comes closer. */
    private Candidate equalized(Candidate best) {
        var model = CrossLayerEqualization.apply(
                plain.model(), List.copyOf(plain.layers().values()));
        if (model.graph().equals(plain.model().graph())) {
            return best;
        }
        options.progress().accept("equalizing layers of " + place);
        var way = best.recipe().calibration();
        var prepared = Prepared.of(model, calibration, Set.of(way), place);
        return better(
                best, candidate(best.recipe().with("layers equalized", prepared, prepared.learnt(way)), Set.of()));
    }

    /** The same with biases that take away what INT8 layers shift in those before, if that comes closer. */
    private Candidate corrected(Candidate best) {
        var steps = best.recipe().steps();
        var now = best;
        for (int round = 0; round < CORRECTIONS && !now.inputs().isEmpty(); round++) {
            options.progress().accept("correcting biases of " + place);
            var recipe = now.recipe();
            var other = new Recipe(
                    recipe.prepared(), recipe.calibration(), recipe.learnt().withMet(met(now)), steps);
            now = candidate(
                    other.with("biases corrected by what INT8 shifts", other.prepared(), other.learnt()), Set.of());
            best = better(best, now);
            now = new Candidate(other, now.model(), now.verdict(), now.inputs());
        }
        return best;
    }

    /** The means of what the layers take in INT8, by layer. */
    private Map<String, double[]> met(Candidate candidate) {
        var axes = new LinkedHashMap<String, Integer>();
        candidate.inputs().forEach((layer, input) -> {
            var node = plain.layers().get(layer);
            if (node != null) {
                axes.put(input, node.node().is("Conv") ? 1 : -1);
            }
        });
        var means = Observations.of(candidate.model(), Set.of(), axes, Set.of(), calibration, place)
                .means();
        var met = new LinkedHashMap<String, double[]>();
        candidate.inputs().forEach((layer, input) -> {
            var mean = means.get(input);
            if (mean != null) {
                met.put(layer, mean);
            }
        });
        return met;
    }

    private Map<String, Quality> sensitivity(Recipe recipe) {
        var alone = new LinkedHashMap<String, Quality>();
        // with other layers in float nothing shifts their inputs
        var learnt = recipe.learnt().withMet(Map.of());
        for (var layer : plain.layers().keySet()) {
            options.progress()
                    .accept("sensitivity of " + place + " " + (alone.size() + 1) + "/"
                            + plain.layers().size());
            var made = QdqWriter.quantize(recipe.prepared().model(), options.activations(), learnt, Set.of(layer));
            alone.put(layer, judge.verdict(made.model(), SENSITIVITY_BATCHES).quality());
        }
        return alone;
    }

    /** The layers, those first that cost the most quality for each product they save. */
    private List<String> costliest(Map<String, Quality> alone, Map<String, Long> products) {
        var costliest = new ArrayList<>(plain.layers().keySet());
        costliest.sort(Comparator.comparingDouble((String layer) ->
                        error(alone.getOrDefault(layer, Quality.NONE)) / products.getOrDefault(layer, 1L))
                .reversed());
        return costliest;
    }

    /** 1 for what the gate just allows. */
    private double error(Quality quality) {
        double codes = (1 - quality.agreement()) / Math.max(1e-9, 1 - options.leastAgreement());
        return Math.max(codes, Math.pow(10, (options.leastPsnr() - quality.psnr()) / 10));
    }

    /** With the fewest of the costliest layers in float with which a candidate holds; with the most where none does. */
    private Candidate withFloats(Candidate best, List<String> costliest, int most, Predicate<Candidate> holds) {
        var tried = new TreeMap<Integer, Candidate>();
        int fails = 0;
        int enough = most;
        for (int count = 1; count < enough; count *= 2) {
            if (holds.test(tried(count, costliest, best, tried))) {
                enough = count;
            } else {
                fails = count;
            }
        }
        while (enough - fails > 1) {
            int middle = (fails + enough) / 2;
            if (holds.test(tried(middle, costliest, best, tried))) {
                enough = middle;
            } else {
                fails = middle;
            }
        }
        return tried(enough, costliest, best, tried);
    }

    private Candidate tried(int count, List<String> costliest, Candidate best, Map<Integer, Candidate> tried) {
        var known = tried.get(count);
        if (known != null) {
            return known;
        }
        options.progress().accept("leaving " + count + " of " + costliest.size() + " layers of " + place + " in float");
        var candidate = candidate(best.recipe(), new LinkedHashSet<>(costliest.subList(0, count)));
        tried.put(count, candidate);
        return candidate;
    }

    /** Leaves more in float while that is cheap and floats are further from FP32 than they should be. */
    private Candidate towardsGoal(Candidate chosen, List<String> costliest, Map<String, Long> products) {
        if (chosen.quality().sqnr() >= options.goalSqnr() || chosen.inputs().isEmpty()) {
            return chosen;
        }
        long all = products.values().stream().mapToLong(Long::longValue).sum();
        long inFloat = 0;
        int most = 0;
        for (var layer : costliest) {
            inFloat += products.getOrDefault(layer, 0L);
            if (inFloat > MOST_IN_FLOAT * all) {
                break;
            }
            most++;
        }
        if (most == 0) {
            return chosen;
        }
        var closer = withFloats(
                chosen,
                costliest,
                most,
                candidate -> isMet(candidate) && candidate.quality().sqnr() >= options.goalSqnr());
        boolean isWorthIt = isMet(closer)
                && (closer.quality().sqnr() >= options.goalSqnr()
                        || closer.quality().sqnr() >= chosen.quality().sqnr() + WORTHWHILE);
        return isWorthIt ? closer : chosen;
    }

    /**
     * Convolutions of a few channels each gain least by INT8, and may lose; so do small ones, for the casts around them.
     * Where a model that has such is not faster for INT8, more and more of its convolutions are left in float, and what is
     * fastest is kept.
     */
    private Candidate withoutSlowLayers(Candidate chosen, Map<String, Long> products) {
        var convolutions = plain.layers().values().stream()
                .filter(layer -> chosen.inputs().containsKey(layer.name()))
                .filter(layer -> layer.node().is("Conv"))
                .sorted(Comparator.comparing((LinearLayer layer) -> !layer.isGrouped())
                        .thenComparing(layer -> products.getOrDefault(layer.name(), 0L)))
                .toList();
        int grouped = (int) convolutions.stream().filter(LinearLayer::isGrouped).count();
        if (grouped == 0) {
            return chosen;
        }
        options.progress().accept("timing " + place + " beside FP32");
        var speeds = Speed.compare(List.of(chosen.model(), original), List.of(judge.sample()), Speed.THOROUGH);
        if (speeds.get(0).comparedWith(speeds.get(1)).isFaster()) {
            return chosen;
        }
        var candidates = new ArrayList<Candidate>();
        SHARES_IN_FLOAT.stream()
                .map(share -> (int) Math.max(grouped, share * convolutions.size()))
                .filter(count -> count < chosen.inputs().size())
                .distinct()
                .forEach(count -> candidates.add(inFloat(chosen, convolutions.subList(0, count))));
        candidates.removeIf(candidate -> !isMet(candidate));
        return candidates.isEmpty() ? chosen : fastest(chosen, candidates);
    }

    private Candidate inFloat(Candidate chosen, List<LinearLayer> slow) {
        options.progress().accept("leaving " + slow.size() + " slow convolutions of " + place + " in float");
        var inFloat = new LinkedHashSet<>(plain.layers().keySet());
        inFloat.removeAll(chosen.inputs().keySet());
        slow.forEach(layer -> inFloat.add(layer.name()));
        var recipe = chosen.recipe();
        return candidate(
                recipe.with(
                        slow.size() + " convolutions left in float, as INT8 makes them slower",
                        recipe.prepared(),
                        recipe.learnt()),
                inFloat);
    }

    /** One of the others if it is faster than what was chosen beyond doubt. */
    private Candidate fastest(Candidate chosen, List<Candidate> others) {
        var models = new ArrayList<>(List.of(chosen.model()));
        others.forEach(candidate -> models.add(candidate.model()));
        options.progress().accept("timing " + place + " with more and more layers in float");
        var speeds = Speed.compare(models, List.of(judge.sample()), Speed.THOROUGH);
        var best = chosen;
        double most = 1;
        for (int i = 0; i < others.size(); i++) {
            var ratio = speeds.get(i + 1).comparedWith(speeds.get(0));
            if (ratio.isFaster() && ratio.median() > most) {
                best = others.get(i);
                most = ratio.median();
            }
        }
        return best;
    }

    private List<Layer> layers(Candidate chosen, Map<String, Quality> alone) {
        return plain.layers().values().stream()
                .map(layer -> new Layer(
                        layer.name(),
                        layer.node().op(),
                        alone.getOrDefault(layer.name(), chosen.quality()),
                        chosen.inputs().containsKey(layer.name())))
                .toList();
    }
}
