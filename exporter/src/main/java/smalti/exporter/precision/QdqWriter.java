package smalti.exporter.precision;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Type;
import smalti.exporter.graph.ValueType;
import smalti.exporter.precision.ActivationType.Steps;
import smalti.exporter.precision.QuantizedValues.Held;

/**
 * Writes a model in ONNX's QDQ form: DequantizeLinear before each INT8 layer, QuantizeLinear behind, which consumers
 * fuse to INT8 kernels.
 *
 * <ul>
 *   <li>Weights have a scale for each output channel, biases are INT32 of the input's scale times the weight's.
 *   <li>What only moves numbers moves bytes: a table of code vectors is looked up in bytes.
 *   <li>A ReLU or Clip behind a layer is what QuantizeLinear cuts off anyway.
 *   <li>Pixels that come as bytes are quantized as they are; where 0 is no whole step, the layer's bias takes the rest.
 *   <li>Pixels that leave as bytes are the layer's own steps: Round, Clip and Cast together are one QuantizeLinear.
 * </ul>
 *
 * <p>Source: Jacob et al. 2018, arXiv:1712.05877, equations 1 to 7; Krishnamoorthi 2018, arXiv:1806.08342.
 */
final class QdqWriter {
    /** QuantizeLinear is there since. */
    static final int FIRST_OPSET = 10;

    /** What an offset may be, of a step, that is taken for none. */
    private static final double NEXT_TO_NOTHING = 1e-3;

    private final Model model;
    private final ActivationType type;
    private final Learnt learnt;
    private final QuantizationPlan plan;
    private final Dataflow flow;
    private final QdqBuilder builder;
    private final QuantizedValues values;
    private final Map<String, String> written = new LinkedHashMap<>();

    /** The outputs of nodes that became part of another. */
    private final Set<String> fused = new HashSet<>();

    private QdqWriter(Model model, QuantizationPlan plan, Learnt learnt) {
        this.model = model;
        this.type = plan.type();
        this.learnt = learnt;
        this.plan = plan;
        this.flow = plan.flow();
        this.builder = new QdqBuilder(model.graph(), type);
        this.values = new QuantizedValues(plan, builder);
    }

    /** @param inputs what those layers take that were indeed quantized, by layer: of the others nobody knows the range */
    record Quantized(Model model, Map<String, String> inputs) {
        Quantized {
            inputs = Map.copyOf(inputs);
        }

        Set<String> layers() {
            return inputs.keySet();
        }
    }

    /**
     * The layers that can be quantized: convolutions and products with constant weights, by their first output. Those
     * whose numbers decide something, such as the distances to code vectors, are left out.
     */
    static List<LinearLayer> layers(Model model) {
        var flow = new Dataflow(model.graph());
        var deciding = Decisions.values(model.graph());
        return model.graph().nodes().stream()
                .flatMap(node -> LinearLayer.of(node, flow).stream())
                .filter(layer -> !deciding.contains(layer.name()))
                .toList();
    }

    /**
     * @param layers the names of the layers to quantize, of {@link #layers}
     */
    static Quantized quantize(Model model, ActivationType type, Learnt learnt, Set<String> layers) {
        var quantizer = new QdqWriter(model, new QuantizationPlan(model, type, learnt.ranges(), layers), learnt);
        return new Quantized(quantizer.quantized(), quantizer.written);
    }

    private Model quantized() {
        for (var node : model.graph().nodes()) {
            if (node.outputs().stream().noneMatch(fused::contains)) {
                place(node);
            }
        }
        model.graph().outputs().forEach(output -> values.asFloat(output.name()));
        return model.with(builder.graph());
    }

    private void place(Node node) {
        boolean isPlain = node.domain().isEmpty()
                && node.outputs().size() == 1
                && node.bodies().isEmpty();
        boolean isPlaced = isPlain
                && (layer(node)
                        || pixelsIn(node)
                        || scaled(node)
                        || moved(node)
                        || cut(node)
                        || joined(node)
                        || measured(node)
                        || pixelsOut(node));
        if (!isPlaced) {
            node.uses().forEach(values::asFloat);
            builder.add(node);
        }
    }

    private boolean layer(Node node) {
        var found = plan.layer(node).filter(layer -> plan.range(node.input(0)) != null || values.isHeld(node.input(0)));
        found.ifPresent(this::layer);
        return found.isPresent();
    }

    private void layer(LinearLayer layer) {
        var input = values.asBytes(layer.input());
        var x = values.dequantized(layer.input());
        written.put(layer.name(), x);
        var quantized =
                QuantizedWeights.of(layer, input.steps(), learnt, plan.hasScalesOfChannels() && !layer.isBatched());
        var rows = plan.transposeToRows(layer);
        var weights = rows == null ? quantized.weights() : quantized.weights().asColumns();
        var w = builder.dequantized(layer.name() + "_weight", weights);
        var b = quantized.bias() == null ? null : builder.dequantized(layer.name() + "_bias", quantized.bias());
        if (rows != null) {
            rows(rows, input, w, b);
            return;
        }
        var node = layer.node();
        // what only floats take need not be rounded again
        boolean isRounded = node.is("Conv")
                || plan.epilogues().pixels(layer.name()) != null
                || plan.isWanted(plan.epilogues().last(node).output());
        var sum = isRounded ? builder.fresh(layer.name() + "_sum") : layer.name();
        if (node.is("MatMul")) {
            product(layer.name(), x, w, b, sum);
        } else {
            var inputs = b == null ? List.of(x, w) : List.of(x, w, b);
            builder.add(Node.of(node.op(), inputs, sum, node.attributes()));
        }
        if (isRounded) {
            finish(node, sum);
        }
    }

    /**
     * A pointwise convolution as a product of [N,H,W,in] and [in,out], for which alone there are kernels that give floats:
     * codes rest on them.
     */
    private void rows(Node transpose, Held source, String columns, @Nullable String bias) {
        var name = transpose.output();
        var bytes = builder.fresh(name + QuantizedValues.SUFFIX);
        builder.add(Node.of("Transpose", List.of(source.bytes()), bytes, transpose.attributes()));
        var x = builder.fresh(name + "_dequantized");
        builder.dequantize(bytes, source.steps(), x);
        product(name, x, columns, bias, name);
        fused.add(name);
    }

    /** A product has no bias of its own. */
    private void product(String hint, String x, String weights, @Nullable String bias, String output) {
        var product = bias == null ? output : builder.fresh(hint + "_product");
        builder.add(Node.of("MatMul", List.of(x, weights), product, Map.of()));
        if (bias != null) {
            builder.add(Node.of("Add", List.of(product, bias), output, Map.of()));
        }
    }

    /** Quantizes what a node makes, a ReLU or the rounding to pixels behind it included. */
    private void finish(Node node, String sum) {
        var pixels = plan.epilogues().pixels(node.output());
        if (pixels != null) {
            pixels(pixels, sum);
            return;
        }
        var last = plan.epilogues().last(node);
        if (!last.output().equals(node.output())) {
            fused.add(last.output());
        }
        values.quantize(last.output(), sum, type.covering(plan.rangeOf(last)));
    }

    private void pixels(Epilogues.Pixels pixels, String source) {
        pixels.nodes().forEach(node -> fused.add(node.output()));
        builder.quantize(source, Steps.WHOLE, pixels.cast().output());
    }

    /** The rounding to pixels behind what stays in float. */
    private boolean pixelsOut(Node node) {
        var pixels = node.is("Round") ? plan.epilogues().pixels(node.input(0)) : null;
        if (pixels == null) {
            return false;
        }
        values.asFloat(node.input(0));
        pixels(pixels, node.input(0));
        return true;
    }

    /** Bytes as floats: each is its own step. */
    private boolean pixelsIn(Node node) {
        boolean isByte = type == ActivationType.UINT8
                && node.is("Cast")
                && node.whole("to", 0) == ValueType.FLOAT32.onnxCode()
                && isByteInput(node.input(0));
        if (!isByte || !plan.isWanted(node.output())) {
            return false;
        }
        values.hold(node, node.input(0), Steps.WHOLE);
        return true;
    }

    private boolean isByteInput(String value) {
        return model.graph().inputs().stream()
                .anyMatch(input -> input.name().equals(value)
                        && input.type() instanceof Type.OfTensor tensor
                        && tensor.element() == ValueType.UINT8);
    }

    /** A held value times or plus a number: the same bytes of other steps. */
    private boolean scaled(Node node) {
        boolean commutes = node.is("Mul") || node.is("Add");
        if (!(commutes || node.is("Div") || node.is("Sub")) || !plan.isWanted(node.output())) {
            return false;
        }
        boolean isSwapped = commutes && !values.isHeld(node.input(0));
        var before = values.held(node.input(isSwapped ? 1 : 0));
        var constant = flow.constant(node.input(isSwapped ? 0 : 1));
        if (before == null
                || constant == null
                || constant.type() != ValueType.FLOAT32
                || constant.count() != 1
                || constant.rank() > 1) {
            return false;
        }
        var after = scaled(node, before.steps(), constant.number(0)).orElse(null);
        if (after == null || Math.abs(after.offset()) > after.scale()) {
            return false;
        }
        boolean hasOffset = !(Math.abs(after.offset()) < NEXT_TO_NOTHING * after.scale());
        if (hasOffset && !plan.onlyLayersTake(node.output())) {
            return false;
        }
        values.hold(node, before.bytes(), after);
        return true;
    }

    private Optional<Steps> scaled(Node node, Steps steps, double number) {
        if (node.is("Add") || node.is("Sub")) {
            return Optional.of(type.plus(steps, node.is("Add") ? number : -number));
        }
        double factor = node.is("Mul") ? number : 1 / number;
        return factor > 0 && !Double.isInfinite(factor) ? Optional.of(steps.times(factor)) : Optional.empty();
    }

    private boolean moved(Node node) {
        if (!plan.isMoving(node) || !plan.isWanted(node.output())) {
            return false;
        }
        var source = values.held(node.input(0));
        if (source == null) {
            source = table(node.input(0));
        }
        if (source == null) {
            return false;
        }
        var bytes = builder.fresh(node.output() + QuantizedValues.SUFFIX);
        var inputs = new ArrayList<>(node.inputs());
        inputs.set(0, source.bytes());
        inputs.subList(1, inputs.size()).forEach(values::asFloat);
        builder.add(Node.of(node.op(), inputs, bytes, node.attributes()));
        values.hold(node.output(), bytes, source.steps());
        return true;
    }

    /** A constant in bytes, such as the code vectors. */
    private @Nullable Held table(String value) {
        var table = flow.constant(value);
        if (table == null || table.type() != ValueType.FLOAT32 || table.count() == 0) {
            return null;
        }
        var range = range(table).orElse(null);
        if (range == null) {
            return null;
        }
        var steps = type.covering(range);
        return new Held(builder.constant(value + QuantizedValues.SUFFIX, type.rounded(table, steps)), steps);
    }

    private static Optional<ValueRange> range(Tensor table) {
        double least = Double.POSITIVE_INFINITY;
        double greatest = Double.NEGATIVE_INFINITY;
        for (float number : table.floats()) {
            least = Math.min(least, number);
            greatest = Math.max(greatest, number);
        }
        boolean isFinite = least <= greatest && !Double.isInfinite(least) && !Double.isInfinite(greatest);
        return isFinite ? Optional.of(new ValueRange(least, greatest)) : Optional.empty();
    }

    /** Sizes, which are those of the bytes. */
    private boolean measured(Node node) {
        var source = node.is("Shape") && !builder.isMade(node.input(0)) ? values.held(node.input(0)) : null;
        if (source == null) {
            return false;
        }
        builder.add(node.withInputs(List.of(source.bytes())));
        return true;
    }

    /** A ReLU on bytes that others take as well: no step below zero's. */
    private boolean cut(Node node) {
        var source = node.is("Relu") ? values.held(node.input(0)) : null;
        if (source == null || source.hasOffset() || !plan.canClipBytes() || !plan.isWanted(node.output())) {
            return false;
        }
        var bytes = builder.fresh(node.output() + QuantizedValues.SUFFIX);
        builder.add(Node.of("Clip", List.of(source.bytes(), builder.zeroPoint(source.steps())), bytes, Map.of()));
        values.hold(node.output(), bytes, source.steps());
        return true;
    }

    private boolean joined(Node node) {
        boolean fits = plan.isJoining(node)
                && plan.isWanted(node.output())
                && node.inputs().stream().allMatch(input -> {
                    var source = values.held(input);
                    return source != null && !source.hasOffset();
                });
        if (!fits) {
            return false;
        }
        var inputs = node.inputs().stream().map(values::dequantized).toList();
        var sum = builder.fresh(node.output() + "_sum");
        builder.add(Node.of(node.op(), inputs, sum, node.attributes()));
        finish(node, sum);
        return true;
    }
}
