package smalti.exporter.precision;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Names;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Shapes;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.pass.Passes;
import smalti.exporter.proof.ModelSession.Item;
import smalti.spec.SpecException;

/**
 * Turns a model's float32 into FP16, but for islands that stay in FP32: sums over many numbers (normalisations,
 * reductions, exponentials), what a decision rests on (the distances to code vectors), and nodes whose numbers FP16
 * cannot hold. Inputs and outputs keep their types.
 */
public final class HalfPrecision {
    /** FP16 ends at 65,504; samples do not show every number that may come. */
    private static final double MOST = 16_384;

    /** FP16's least normal number: below, digits are lost. */
    private static final double LEAST = 6.104e-5;

    /**
     * The gate, against FP32. 40 dB is an error of 1% of the range. One rounding to FP16's 11 bits lies at least 71 dB below
     * the number (2^-11/√3), and a thousand that add up as noise 41 dB: what falls short has lost more than last digits.
     */
    public static final Quality LEAST_QUALITY = new Quality(40, 0.99);

    private static final Set<String> IN_HALF = Set.of(
            "Conv",
            "ConvTranspose",
            "Gemm",
            "MatMul",
            "Add",
            "Sub",
            "Mul",
            "Div",
            "Neg",
            "Abs",
            "Relu",
            "LeakyRelu",
            "PRelu",
            "Elu",
            "Selu",
            "Sigmoid",
            "HardSigmoid",
            "HardSwish",
            "Tanh",
            "Erf",
            "Clip",
            "Round",
            "Floor",
            "Ceil",
            "MaxPool",
            "AveragePool",
            "GlobalAveragePool",
            "GlobalMaxPool",
            "Concat",
            "Split",
            "Transpose",
            "Reshape",
            "Flatten",
            "Squeeze",
            "Unsqueeze",
            "Slice",
            "Gather",
            "Expand",
            "Tile",
            "DepthToSpace",
            "SpaceToDepth",
            "Pad",
            "Identity");

    private final Model model;
    private final Graph graph;
    private final Map<String, Double> magnitudes;
    private final Shapes shapes;
    private final Set<String> deciding;
    private final Set<String> overridable = new HashSet<>();
    private final Names names;
    private final Set<String> full = new HashSet<>();
    private final Map<String, String> halves = new HashMap<>();
    private final List<Node> nodes = new ArrayList<>();
    private final Map<String, Constant> constants = new LinkedHashMap<>();
    private final List<String> islands = new ArrayList<>();
    private final List<String> unfit = new ArrayList<>();

    private HalfPrecision(Model model, Map<String, Double> magnitudes) {
        this.model = model;
        this.graph = model.graph();
        this.magnitudes = magnitudes;
        this.shapes = Shapes.of(model);
        this.deciding = Decisions.values(graph);
        this.names = Names.of(graph);
        graph.inputs().forEach(input -> {
            overridable.add(input.name());
            full.add(input.name());
        });
    }

    /**
     * @param islands the first outputs of the nodes that stay in FP32 because of their range
     * @param nodes of the model in FP16, as far as they compute with floats
     */
    public record Result(Model model, List<String> islands, int nodes) {
        public Result {
            islands = List.copyOf(islands);
        }
    }

    /**
     * @param samples inputs of runs that show what numbers the values take; may be empty
     * @param place of the model, in errors
     * @throws SpecException if no node of the model can be in FP16
     */
    public static Result convert(Model model, List<Map<String, Item>> samples, String place) {
        var prepared = Passes.simplifying().apply(model).model();
        var magnitudes = samples.isEmpty()
                ? Map.<String, Double>of()
                : Observations.of(prepared, watched(prepared), Map.of(), Set.of(), samples, place)
                        .magnitudes();
        return new HalfPrecision(prepared, magnitudes).convert(place);
    }

    private static Set<String> watched(Model model) {
        var watched = new LinkedHashSet<String>();
        for (var node : model.graph().nodes()) {
            if (node.domain().isEmpty() && IN_HALF.contains(node.op())) {
                watched.addAll(node.inputs());
                watched.addAll(node.outputs());
            }
        }
        return Observations.observable(model, watched);
    }

    private Result convert(String place) {
        int count = 0;
        for (var node : graph.nodes()) {
            if (isHalf(node)) {
                half(node);
                count++;
            } else {
                node.uses().forEach(this::full);
                nodes.add(node);
                full.addAll(node.outputs());
            }
        }
        if (count == 0) {
            throw new SpecException(place + ": FP16 asks for a node that computes in float32 and can be in FP16, got "
                    + (unfit.isEmpty() ? "none" : "none whose numbers it holds: " + unfit.get(0)));
        }
        graph.outputs().forEach(output -> full(output.name()));
        var initializers = new LinkedHashMap<String, Constant>(graph.initializers());
        initializers.putAll(constants);
        // casts that meet, and constants in FP32 that nobody takes any more, go
        var converted = model.with(graph.with(initializers, nodes));
        return new Result(Passes.simplifying().apply(converted).model(), islands, count);
    }

    private boolean isFloat(String value) {
        return shapes.element(value).equals(Optional.of(ValueType.FLOAT32));
    }

    private boolean isKnown(String value) {
        return shapes.element(value).isPresent();
    }

    /** Whether every float that the node takes or makes can be in FP16. */
    private boolean isHalf(Node node) {
        boolean fits = node.domain().isEmpty()
                && IN_HALF.contains(node.op())
                && node.bodies().isEmpty()
                && !node.output().isEmpty()
                && isFloat(node.output())
                && node.outputs().stream().noneMatch(deciding::contains)
                && (node.outputs().size() == 1 || node.is("Split"))
                && node.inputs().stream().allMatch(input -> input.isEmpty() || isKnown(input))
                && !(node.is("Clip") && model.opset() < 12);
        if (!fits) {
            return false;
        }
        var floats = new ArrayList<>(node.inputs());
        floats.addAll(node.outputs());
        for (var value : floats) {
            if (value.isEmpty() || !isFloat(value)) {
                continue;
            }
            double magnitude = magnitude(value);
            // of NaN too
            if (!(magnitude <= MOST && (magnitude == 0 || magnitude >= LEAST))) {
                islands.add(node.output());
                unfit.add(String.format(
                        Locale.ROOT,
                        "%s \"%s\" has %s, whose numbers are %s at most (from %.1e to %.0f hold)",
                        node.op(),
                        node.output(),
                        value,
                        Double.isFinite(magnitude) ? String.format(Locale.ROOT, "%.3g", magnitude) : magnitude,
                        LEAST,
                        MOST));
                return false;
            }
        }
        return true;
    }

    /** How far from zero its numbers lie, as far as is known; NaN if one is. */
    private double magnitude(String value) {
        var constant = overridable.contains(value) ? null : graph.initializers().get(value);
        if (!(constant instanceof Tensor tensor)) {
            return magnitudes.getOrDefault(value, 0.0);
        }
        double magnitude = 0;
        for (int i = 0; i < tensor.count(); i++) {
            magnitude = Math.max(magnitude, Math.abs(tensor.number(i)));
        }
        return magnitude;
    }

    private void half(Node node) {
        var inputs = node.inputs().stream()
                .map(input -> input.isEmpty() || !isFloat(input) ? whole(input) : half(input))
                .toList();
        var outputs = node.outputs().stream()
                .map(output -> output.isEmpty() ? output : names.fresh(output + "_half"))
                .toList();
        nodes.add(Node.of(node.op(), inputs, outputs, node.attributes()));
        for (int i = 0; i < outputs.size(); i++) {
            halves.put(node.outputs().get(i), outputs.get(i));
        }
    }

    /** Sizes and indices; never in FP16. */
    private String whole(String value) {
        full(value);
        return value;
    }

    private String half(String value) {
        var there = halves.get(value);
        if (there != null) {
            return there;
        }
        var half = names.fresh(value + "_half");
        if (!overridable.contains(value) && graph.initializers().get(value) instanceof Tensor tensor) {
            constants.put(half, tensor.cast(ValueType.FLOAT16));
        } else {
            full(value);
            nodes.add(cast(value, half, ValueType.FLOAT16));
        }
        halves.put(value, half);
        return half;
    }

    /** Makes sure that a value is there in its own type and under its own name. */
    private void full(String value) {
        var half = halves.get(value);
        boolean isThere = full.contains(value) || graph.initializers().containsKey(value);
        if (half != null && !isThere) {
            nodes.add(cast(half, value, ValueType.FLOAT32));
            full.add(value);
        }
    }

    private static Node cast(String from, String to, ValueType type) {
        return Node.of("Cast", List.of(from), to, Map.of("to", Attribute.of(type.onnxCode())));
    }
}
