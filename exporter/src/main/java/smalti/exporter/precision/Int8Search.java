package smalti.exporter.precision;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import smalti.exporter.graph.Model;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.pass.Passes;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;
import smalti.exporter.proof.ProofException;
import smalti.spec.SpecException;

/**
 * Makes a model INT8: calibrates it, measures what each layer alone costs, and leaves the costliest in float until the
 * gate holds.
 */
public final class Int8Search {
    /** Sensitivity wants an order, not three digits. */
    private static final int SENSITIVITY_BATCHES = 2;

    private static final int MOST_REASONS = 5;

    private final Model original;
    private final Model prepared;
    private final Map<String, LinearLayer> layers = new LinkedHashMap<>();
    private final List<Refusal> refusals;
    private final Observations observations;
    private final Map<String, double[]> means;
    private final List<Map<String, Item>> heldOut;
    private final List<Map<String, Item>> wanted;
    private final Int8Options options;
    private final String place;

    private Int8Search(
            Model model,
            List<Map<String, Item>> calibration,
            List<Map<String, Item>> heldOut,
            Int8Options options,
            String place) {
        this.original = model;
        this.heldOut = List.copyOf(heldOut);
        this.options = options;
        this.place = place;
        if (model.opset() < Quantizer.FIRST_OPSET) {
            throw new SpecException(
                    place + ": INT8 asks for opset " + Quantizer.FIRST_OPSET + " or later, got " + model.opset());
        }
        this.prepared = Passes.all().apply(model).model();
        Quantizer.layers(prepared).forEach(layer -> layers.put(layer.name(), layer));
        this.refusals = new ArrayList<>(Refusals.of(prepared, layers.keySet()));
        this.observations = Observations.of(
                prepared,
                QuantizationPlan.watched(prepared),
                QuantizationPlan.layerInputs(prepared),
                options.calibrations(),
                calibration);
        this.means = observations.means();
        requireNumbers(calibration);
        this.wanted = run(original, heldOut);
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
     * @param layers in the order of the graph
     * @param refusals the layers that could not be INT8 whatever the gate
     */
    public record Result(
            Model model, Quality quality, Calibration calibration, List<Layer> layers, List<Refusal> refusals) {
        public Result {
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
     * @throws SpecException if the model has no layer that can be INT8, or the opset is too old
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

    private record Candidate(
            Model model, Quality quality, Calibration calibration, Map<String, Range> ranges, Set<String> quantized) {}

    private Result search() {
        if (layers.isEmpty()) {
            throw new SpecException(place
                    + ": INT8 asks for a Conv, ConvTranspose, Gemm or MatMul with constant float32 weights, got "
                    + (refusals.isEmpty() ? "none" : "none that can be: " + text(refusals)));
        }
        Candidate best = null;
        for (var way : options.calibrations()) {
            options.progress().accept("calibrating " + place + ", " + way);
            var candidate = candidate(way, observations.ranges(way), Set.of());
            if (best == null || candidate.quality().isBetterThan(best.quality())) {
                best = candidate;
            }
        }
        if (best == null) {
            throw new IllegalStateException("no calibration was tried");
        }
        var alone = sensitivity(best);
        var chosen = options.isMet(best.quality()) ? best : withFloats(best, alone);
        return new Result(chosen.model(), chosen.quality(), chosen.calibration(), layers(chosen, alone), refusals);
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
    private void requireNumbers(List<Map<String, Item>> calibration) {
        var broken = observations.notFinite();
        var met = layers.values().stream()
                .filter(layer -> broken.contains(layer.input()) || broken.contains(layer.name()))
                .toList();
        if (met.isEmpty()) {
            return;
        }
        var problems = NotNumbers.problems("calibration", calibration);
        if (!problems.isEmpty()) {
            throw new SpecException(
                    problems.stream().map(problem -> place + ": " + problem).toList());
        }
        met.forEach(layer -> {
            layers.remove(layer.name());
            refusals.add(Refusal.of(
                    layer.node(), "takes or makes NaN or infinite numbers in FP32 on the samples: they have no range"));
        });
    }

    private Candidate candidate(Calibration way, Map<String, Range> ranges, Set<String> inFloat) {
        var quantized = new HashSet<>(layers.keySet());
        quantized.removeAll(inFloat);
        // without a layer in INT8 there is nothing to prepare for
        var made = quantized.isEmpty()
                ? null
                : Quantizer.quantize(prepared, options.activations(), ranges, means, quantized);
        if (made == null || made.layers().isEmpty()) {
            var plain = Passes.simplifying().apply(original).model();
            return new Candidate(plain, quality(plain, heldOut.size()), way, ranges, Set.of());
        }
        return new Candidate(made.model(), quality(made.model(), heldOut.size()), way, ranges, made.layers());
    }

    /** Of a model that ONNX Runtime refuses, though it is sound, the worst there is. */
    private Quality quality(Model model, int batches) {
        try {
            return Quality.of(wanted.subList(0, batches), run(model, heldOut.subList(0, batches)));
        } catch (ProofException e) {
            options.progress()
                    .accept(String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
            return Quality.NONE;
        }
    }

    private Map<String, Quality> sensitivity(Candidate best) {
        int batches = Math.min(SENSITIVITY_BATCHES, heldOut.size());
        var alone = new LinkedHashMap<String, Quality>();
        for (var layer : layers.keySet()) {
            options.progress().accept("sensitivity of " + place + " " + (alone.size() + 1) + "/" + layers.size());
            var made = Quantizer.quantize(prepared, options.activations(), best.ranges(), means, Set.of(layer));
            alone.put(layer, quality(made.model(), batches));
        }
        return alone;
    }

    /** The fewest layers that must stay in float, those first that cost the most quality for each product they save. */
    private Candidate withFloats(Candidate best, Map<String, Quality> alone) {
        var products = products(heldOut.get(0));
        var costliest = new ArrayList<>(layers.keySet());
        costliest.sort(Comparator.comparingDouble((String layer) ->
                        error(alone.getOrDefault(layer, best.quality())) / products.getOrDefault(layer, 1L))
                .reversed());
        var tried = new TreeMap<Integer, Candidate>();
        int fails = 0;
        int holds = layers.size();
        for (int count = 1; count < holds; count *= 2) {
            if (isMet(count, costliest, best, tried)) {
                holds = count;
            } else {
                fails = count;
            }
        }
        while (holds - fails > 1) {
            int middle = (fails + holds) / 2;
            if (isMet(middle, costliest, best, tried)) {
                holds = middle;
            } else {
                fails = middle;
            }
        }
        var chosen = tried.get(holds);
        return chosen != null ? chosen : candidate(best.calibration(), best.ranges(), Set.copyOf(layers.keySet()));
    }

    /** 1 for what the gate just allows. */
    private double error(Quality quality) {
        double codes = (1 - quality.agreement()) / Math.max(1e-9, 1 - options.leastAgreement());
        return Math.max(codes, Math.pow(10, (options.leastPsnr() - quality.psnr()) / 10));
    }

    private boolean isMet(int count, List<String> costliest, Candidate best, Map<Integer, Candidate> tried) {
        options.progress().accept("leaving " + count + " of " + layers.size() + " layers of " + place + " in float");
        var candidate = candidate(best.calibration(), best.ranges(), Set.copyOf(costliest.subList(0, count)));
        tried.put(count, candidate);
        return options.isMet(candidate.quality());
    }

    /** How many products each layer makes in a run. */
    private Map<String, Long> products(Map<String, Item> sample) {
        var products = new LinkedHashMap<String, Long>();
        try (var session =
                ModelSession.open(OnnxWriter.bytes(Observations.exposing(prepared, layers.keySet())), "calibration")) {
            var outputs = session.run(sample);
            layers.forEach((name, layer) -> {
                if (outputs.get(name) instanceof Item.Array array) {
                    products.put(name, layer.products(array.tensor().count()));
                }
            });
        }
        return products;
    }

    private List<Layer> layers(Candidate chosen, Map<String, Quality> alone) {
        return layers.values().stream()
                .map(layer -> new Layer(
                        layer.name(),
                        layer.node().op(),
                        alone.getOrDefault(layer.name(), chosen.quality()),
                        chosen.quantized().contains(layer.name())))
                .toList();
    }

    private List<Map<String, Item>> run(Model model, List<Map<String, Item>> batches) {
        try (var session = ModelSession.open(OnnxWriter.bytes(model), place)) {
            return batches.stream().map(session::run).toList();
        }
    }
}
