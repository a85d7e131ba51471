package smalti.exporter.precision;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Shapes;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.precision.ActivationType.Steps;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;

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
final class Quantizer {
    /** QuantizeLinear is there since; scales for each channel come with opset 13. */
    static final int FIRST_OPSET = 10;

    private static final int PER_CHANNEL_OPSET = 13;
    private static final int BYTE_CLIP_OPSET = 12;
    private static final String QUANTIZED = "_quantized";

    /** Take several quantized values and make one. */
    private static final Set<String> JOINING =
            Set.of("Add", "Mul", "Concat", "AveragePool", "GlobalAveragePool", "LeakyRelu", "Sigmoid");

    /** Move numbers and do not change them; only the first input is moved. */
    private static final Set<String> MOVING = Set.of(
            "Transpose",
            "Reshape",
            "Flatten",
            "Squeeze",
            "Unsqueeze",
            "Slice",
            "Gather",
            "DepthToSpace",
            "SpaceToDepth",
            "MaxPool",
            "Resize",
            "Identity");

    /** What a decision may depend on: the layers in front of it stay exact. */
    private static final Set<String> DECIDING = Set.of(
            "ArgMin",
            "ArgMax",
            "TopK",
            "NonMaxSuppression",
            "Greater",
            "GreaterOrEqual",
            "Less",
            "LessOrEqual",
            "Equal",
            "Hardmax");

    private static final Set<String> BEFORE_DECIDING = Set.of(
            "Add",
            "Sub",
            "Mul",
            "Div",
            "Neg",
            "Sqrt",
            "Relu",
            "Softmax",
            "LogSoftmax",
            "Reshape",
            "Transpose",
            "Cast",
            "Round",
            "Floor",
            "Ceil");

    private final Model model;
    private final Graph graph;
    private final ActivationType type;
    private final Map<String, Range> ranges;
    private final Map<String, double[]> means;
    private final Set<String> layers;
    private final Map<String, Node> makers = new HashMap<>();
    private final Map<String, List<Node>> users = new HashMap<>();
    private final Set<String> ends = new HashSet<>();

    /** What some layer will take in bytes, perhaps moved or joined with others. */
    private final Set<String> wanted = new HashSet<>();

    private final Map<String, Held> held = new HashMap<>();
    private final Map<String, Node> deferred = new HashMap<>();
    private final Set<String> written = new LinkedHashSet<>();
    private final Set<String> dropped = new HashSet<>();
    private final Set<String> made = new HashSet<>();
    private final Set<String> taken = new HashSet<>();
    private final List<Node> nodes = new ArrayList<>();
    private final Map<String, Constant> constants = new LinkedHashMap<>();
    private final Map<String, String> scalars = new HashMap<>();

    /** @param value of bytes */
    private record Held(String value, Steps steps) {}

    /** Round, Clip and Cast to bytes, one after the other. */
    private record Tail(Node round, Node clip, Node cast) {}

    private Quantizer(
            Model model,
            ActivationType type,
            Map<String, Range> ranges,
            Map<String, double[]> means,
            Set<String> layers) {
        this.model = model;
        this.graph = model.graph();
        this.type = type;
        this.ranges = ranges;
        this.means = means;
        this.layers = layers;
        for (var node : graph.nodes()) {
            node.outputs().forEach(output -> makers.put(output, node));
            var uses = new ArrayList<>(node.inputs());
            node.bodies().forEach(body -> uses.addAll(body.captured()));
            uses.forEach(use ->
                    users.computeIfAbsent(use, unseen -> new ArrayList<>()).add(node));
            taken.addAll(node.inputs());
            taken.addAll(node.outputs());
            node.bodies().forEach(body -> taken.addAll(names(body)));
        }
        graph.outputs().forEach(output -> ends.add(output.name()));
        graph.inputs().forEach(input -> {
            taken.add(input.name());
            made.add(input.name());
        });
        taken.addAll(graph.initializers().keySet());
        taken.addAll(ends);
        for (int i = graph.nodes().size() - 1; i >= 0; i--) {
            var node = graph.nodes().get(i);
            if (wantsBytes(node)) {
                wanted.addAll(node.inputs());
            }
        }
    }

    static Set<String> names(Graph body) {
        var names = new HashSet<String>(body.initializers().keySet());
        body.inputs().forEach(input -> names.add(input.name()));
        for (var node : body.nodes()) {
            names.addAll(node.outputs());
            node.bodies().forEach(inner -> names.addAll(names(inner)));
        }
        return names;
    }

    /** @param layers those that were indeed quantized: of the others nobody knows the range */
    record Quantized(Model model, Set<String> layers) {
        Quantized {
            layers = Set.copyOf(layers);
        }
    }

    /**
     * The layers that can be quantized: convolutions and products with constant weights, by their first output. Those
     * whose numbers decide something, such as the distances to code vectors, are left out.
     */
    static List<String> layers(Model model) {
        var quantizer = new Quantizer(model, ActivationType.UINT8, Map.of(), Map.of(), Set.of());
        var deciding = deciding(model.graph());
        return model.graph().nodes().stream()
                .filter(node -> quantizer.weights(node) != null && !deciding.contains(node.output()))
                .map(Node::output)
                .toList();
    }

    /** The values whose ranges {@link #quantize} asks for. */
    static Set<String> watched(Model model) {
        var watched = new LinkedHashSet<String>();
        for (var node : model.graph().nodes()) {
            if (!node.domain().isEmpty()) {
                continue;
            }
            boolean isLayer = Set.of("Conv", "Gemm", "MatMul").contains(node.op());
            if (isLayer || JOINING.contains(node.op()) || isCut(node)) {
                watched.add(node.input(0));
                watched.add(node.output());
            }
        }
        watched.removeAll(model.graph().initializers().keySet());
        var shapes = Shapes.of(model);
        watched.removeIf(value -> !shapes.element(value).equals(Optional.of(ValueType.FLOAT32)));
        return watched;
    }

    private static boolean isCut(Node node) {
        return node.is("Relu") || node.is("Clip");
    }

    /**
     * @param layers the first outputs of the layers to quantize, of {@link #layers}
     * @param ranges of {@link #watched} values; a layer without is left in float
     * @param means of the channels of the layers' {@link #inputs}; without, no bias makes up for rounded weights
     */
    static Quantized quantize(
            Model model,
            ActivationType type,
            Map<String, Range> ranges,
            Map<String, double[]> means,
            Set<String> layers) {
        var quantizer = new Quantizer(model, type, ranges, means, layers);
        return new Quantized(quantizer.quantized(), quantizer.written);
    }

    /** How many products each layer makes in a run. */
    static Map<String, Long> products(Model model, List<String> layers, Map<String, Item> sample) {
        var quantizer = new Quantizer(model, ActivationType.UINT8, Map.of(), Map.of(), Set.of());
        var products = new LinkedHashMap<String, Long>();
        try (var session = ModelSession.open(
                OnnxWriter.bytes(Calibration.watched(model, new LinkedHashSet<>(layers))), "calibration")) {
            var outputs = session.run(sample);
            for (var layer : layers) {
                var node = quantizer.makers.get(layer);
                var weights = node == null ? null : quantizer.weights(node);
                if (node != null && weights != null && outputs.get(layer) instanceof Item.Array array) {
                    products.put(layer, (long) array.tensor().count() * weights.count() / channels(node, weights));
                }
            }
        }
        return products;
    }

    /** The inputs of layers, with the axis of their channels. */
    static Map<String, Integer> inputs(Model model) {
        var inputs = new LinkedHashMap<String, Integer>();
        for (var node : model.graph().nodes()) {
            if (node.is("Conv")) {
                inputs.put(node.input(0), 1);
            } else if (node.is("Gemm") || node.is("MatMul")) {
                inputs.put(node.input(0), -1);
            }
        }
        inputs.keySet().removeAll(model.graph().initializers().keySet());
        var shapes = Shapes.of(model);
        inputs.keySet().removeIf(value -> !shapes.element(value).equals(Optional.of(ValueType.FLOAT32)));
        return inputs;
    }

    private Model quantized() {
        for (var node : graph.nodes()) {
            if (node.outputs().stream().noneMatch(dropped::contains)) {
                place(node);
            }
        }
        graph.outputs().forEach(output -> asFloat(output.name()));
        var used = new HashSet<>(ends);
        nodes.forEach(node -> used.addAll(node.uses()));
        var initializers = new LinkedHashMap<String, Constant>();
        graph.initializers().forEach((name, constant) -> {
            if (used.contains(name)
                    || graph.inputs().stream().anyMatch(input -> input.name().equals(name))) {
                initializers.put(name, constant);
            }
        });
        initializers.putAll(constants);
        return model.with(graph.with(initializers, nodes));
    }

    private void place(Node node) {
        boolean isPlain = node.domain().isEmpty()
                && node.outputs().size() == 1
                && node.bodies().isEmpty();
        boolean placed = isPlain
                && (layer(node)
                        || byteInput(node)
                        || scaled(node)
                        || moved(node)
                        || cut(node)
                        || joined(node)
                        || measured(node)
                        || byteOutput(node));
        if (!placed) {
            node.uses().forEach(this::asFloat);
            emit(node);
        }
    }

    private void emit(Node node) {
        nodes.add(node);
        made.addAll(node.outputs());
    }

    // ---- layers

    /** The constant weights of a node that is a layer in float32. */
    private @Nullable Tensor weights(Node node) {
        boolean fits = node.domain().isEmpty()
                && switch (node.op()) {
                    case "Conv" -> true;
                    case "MatMul" -> true;
                    case "Gemm" ->
                        node.whole("transA", 0) == 0 && node.real("alpha", 1) == 1 && node.real("beta", 1) == 1;
                    default -> false;
                };
        var weights = fits ? constant(node.input(1)) : null;
        if (weights == null || weights.type() != ValueType.FLOAT32 || weights.count() == 0) {
            return null;
        }
        boolean ranks = node.is("Conv") ? weights.rank() >= 3 : weights.rank() == 2;
        var bias = constant(node.input(2));
        boolean biased = node.input(2).isEmpty()
                || (bias != null && bias.type() == ValueType.FLOAT32 && isRow(bias.dims(), channels(node, weights)));
        return ranks && biased ? weights : null;
    }

    /** A number for each column; [M,1] would be one for each row. */
    private static boolean isRow(List<Long> dims, int channels) {
        return !dims.isEmpty()
                && dims.get(dims.size() - 1) == channels
                && dims.subList(0, dims.size() - 1).stream().allMatch(size -> size == 1);
    }

    private static int channelAxis(Node node) {
        return node.is("Conv") || (node.is("Gemm") && node.whole("transB", 0) == 1) ? 0 : 1;
    }

    private static int channels(Node node, Tensor weights) {
        return weights.rank() < 2 ? 0 : Math.toIntExact(weights.dims().get(channelAxis(node)));
    }

    private @Nullable Tensor constant(String value) {
        boolean overridable =
                graph.inputs().stream().anyMatch(input -> input.name().equals(value));
        return !overridable && graph.initializers().get(value) instanceof Tensor tensor ? tensor : null;
    }

    private boolean isLayer(Node node) {
        return layers.contains(node.output())
                && weights(node) != null
                && (ranges.containsKey(node.input(0)) || held.containsKey(node.input(0)))
                && (tail(node.output()) != null || ranges.containsKey(end(node).output()));
    }

    private boolean layer(Node node) {
        if (!isLayer(node)) {
            return false;
        }
        var weights = weights(node);
        if (weights == null) {
            return false;
        }
        written.add(node.output());
        var input = asBytes(node.input(0));
        var x = dequantized(node.input(0), input);
        var name = node.output();
        int channels = channels(node, weights);
        ToIntFunction<Integer> channelOf = channelOf(node, weights);
        boolean perChannel = model.opset() >= PER_CHANNEL_OPSET;

        var bias = new double[channels];
        var given = constant(node.input(2));
        for (int channel = 0; given != null && channel < channels; channel++) {
            bias[channel] = given.number(channel);
        }
        var largest = new double[channels];
        for (int i = 0; i < weights.count(); i++) {
            int channel = channelOf.applyAsInt(i);
            double weight = weights.number(i);
            largest[channel] = Math.max(largest[channel], Math.abs(weight));
            bias[channel] += input.steps().offset() * weight;
        }
        var scales = scales(largest, bias, input.steps().scale(), perChannel);
        var bytes = ByteBuffer.allocate(weights.count());
        for (int i = 0; i < weights.count(); i++) {
            long step = Math.round(weights.number(i) / scales[channelOf.applyAsInt(i)]);
            bytes.put((byte) Math.max(-ActivationType.GREATEST_WEIGHT, Math.min(ActivationType.GREATEST_WEIGHT, step)));
        }
        boolean corrected = correct(
                bias,
                node,
                weights,
                bytes.duplicate().flip(),
                scales,
                input.steps().offset());
        var axis = perChannel ? channelAxis(node) : -1;
        var inputs = new ArrayList<>(List.of(
                x,
                constantLayer(
                        name + "_weight", new Tensor(ValueType.INT8, weights.dims(), bytes.flip()), scales, axis)));
        boolean hasBias = given != null || input.steps().offset() != 0 || (corrected && !node.is("MatMul"));
        if (hasBias) {
            var whole = new int[channels];
            var biasScales = new float[channels];
            for (int channel = 0; channel < channels; channel++) {
                biasScales[channel] = input.steps().scale() * scales[channel];
                whole[channel] = (int) Math.round(bias[channel] / biasScales[channel]);
            }
            inputs.add(constantLayer(name + "_bias", Tensor.of(whole, channels), biasScales, perChannel ? 0 : -1));
        }
        var last = asProduct(node);
        if (last != null) {
            product(node, last, inputs, hasBias);
            return true;
        }
        // what only floats take need not be rounded again
        boolean rounded = node.is("Conv")
                || tail(name) != null
                || wanted.contains(end(node).output());
        var sum = rounded ? fresh(name + "_sum") : name;
        // a product has no bias of its own
        if (node.is("MatMul") && hasBias) {
            var product = fresh(name + "_product");
            emit(Node.of("MatMul", inputs.subList(0, 2), product, node.attributes()));
            emit(Node.of("Add", List.of(product, inputs.get(2)), sum, Map.of()));
        } else {
            emit(Node.of(node.op(), inputs, sum, node.attributes()));
        }
        if (rounded) {
            finish(node, sum);
        }
        return true;
    }

    /** The Transpose to [N,H,W,C], behind which floats go on, that alone takes what a convolution of one pixel makes. */
    private @Nullable Node asProduct(Node node) {
        var weights = weights(node);
        var user = onlyUser(node.output());
        boolean fits = node.is("Conv")
                && weights != null
                && weights.rank() == 4
                && weights.dims().subList(2, 4).equals(List.of(1L, 1L))
                && node.whole("group", 1) == 1
                && node.text("auto_pad", "NOTSET").equals("NOTSET")
                && node.wholes("strides").orElse(List.of(1L, 1L)).equals(List.of(1L, 1L))
                && node.wholes("pads").orElse(List.of(0L, 0L, 0L, 0L)).equals(List.of(0L, 0L, 0L, 0L))
                && user != null
                && user.is("Transpose")
                && user.wholes("perm").orElse(List.of()).equals(List.of(0L, 2L, 3L, 1L))
                && !wanted.contains(user.output())
                && model.opset() >= PER_CHANNEL_OPSET;
        return fits ? user : null;
    }

    /**
     * A convolution of one pixel as a product of [N,H,W,in] and [in,out], for which alone there are kernels that give
     * floats: codes rest on them.
     *
     * @param inputs of the convolution: the value, weights [out,in,1,1] and perhaps a bias, in float
     */
    private void product(Node conv, Node transpose, List<String> inputs, boolean hasBias) {
        var name = transpose.output();
        var source = asBytes(conv.input(0));
        var bytes = fresh(name + QUANTIZED);
        emit(Node.of("Transpose", List.of(source.value()), bytes, transpose.attributes()));
        var x = fresh(name + "_dequantized");
        dequantize(bytes, source.steps(), x);
        emit(Node.of(
                "MatMul", List.of(x, columns(inputs.get(1))), hasBias ? fresh(name + "_product") : name, Map.of()));
        if (hasBias) {
            var product = nodes.get(nodes.size() - 1).output();
            emit(Node.of("Add", List.of(product, inputs.get(2)), name, Map.of()));
        }
        dropped.add(name);
    }

    /** The weights of a layer that was just written, [out,in,1,1], as [in,out]. */
    private String columns(String weights) {
        for (int i = nodes.size() - 1; i >= 0; i--) {
            var node = nodes.get(i);
            if (node.output().equals(weights) && constants.get(node.input(0)) instanceof Tensor steps) {
                long out = steps.dims().get(0);
                long in = steps.dims().get(1);
                constants.put(node.input(0), steps.reshaped(List.of(out, in)).permuted(1, 0));
                nodes.set(i, node.withAttributes(Map.of("axis", Attribute.of(1))));
                return weights;
            }
        }
        throw new IllegalStateException("no weights " + weights);
    }

    /**
     * Takes from the bias what the rounding of the weights adds on average: rounded weights times inputs that are
     * positive on the whole, as they are behind a ReLU, shift a channel.
     *
     * <p>Source: Nagel et al. 2019, arXiv:1906.04721, section 4.2.
     */
    private boolean correct(double[] bias, Node node, Tensor weights, ByteBuffer steps, float[] scales, double offset) {
        var mean = means.get(node.input(0));
        if (mean == null) {
            return false;
        }
        ToIntFunction<Integer> channelOf = channelOf(node, weights);
        boolean isConv = node.is("Conv");
        int inner = 1;
        for (int axis = 2; isConv && axis < weights.rank(); axis++) {
            inner *= Math.toIntExact(weights.dims().get(axis));
        }
        int groups = isConv ? Math.toIntExact(node.whole("group", 1)) : 1;
        int second = Math.toIntExact(weights.dims().get(1));
        int perGroup = Math.max(1, bias.length / groups);
        boolean transposed = node.is("Gemm") && node.whole("transB", 0) == 1;
        int taken = isConv
                ? second * groups
                : transposed ? second : Math.toIntExact(weights.dims().get(0));
        if (mean.length != taken) {
            return false;
        }
        for (int i = 0; i < weights.count(); i++) {
            int channel = channelOf.applyAsInt(i);
            int from = isConv ? channel / perGroup * second + i / inner % second : transposed ? i % second : i / second;
            double error = steps.get(i) * (double) scales[channel] - weights.number(i);
            bias[channel] -= error * (mean[from] - offset);
        }
        return true;
    }

    /** The channel that each element of the weights makes. */
    private static ToIntFunction<Integer> channelOf(Node node, Tensor weights) {
        int axis = channelAxis(node);
        int inner = 1;
        for (int i = axis + 1; i < weights.rank(); i++) {
            inner *= Math.toIntExact(weights.dims().get(i));
        }
        int step = inner;
        int channels = channels(node, weights);
        return i -> i / step % channels;
    }

    /** Of the weights; large enough for the bias to fit 32 bits. */
    private float[] scales(double[] largest, double[] bias, double inputScale, boolean perChannel) {
        var scales = new float[largest.length];
        float greatest = 0;
        for (int channel = 0; channel < scales.length; channel++) {
            double scale = Math.max(
                    largest[channel] / ActivationType.GREATEST_WEIGHT,
                    Math.abs(bias[channel]) / inputScale / (1 << 30));
            scales[channel] = scale >= Float.MIN_NORMAL ? (float) scale : 1;
            greatest = Math.max(greatest, scale >= Float.MIN_NORMAL ? (float) scale : 0);
        }
        if (!perChannel) {
            java.util.Arrays.fill(scales, greatest > 0 ? greatest : 1);
        }
        return scales;
    }

    /** @param axis of the scales; −1 for one scale in all */
    private String constantLayer(String name, Tensor steps, float[] scales, int axis) {
        var zeros = new double[axis < 0 ? 1 : scales.length];
        var value = add(name + QUANTIZED, steps);
        var scale =
                add(name + "_scale", axis < 0 ? Tensor.of(new float[] {scales[0]}) : Tensor.of(scales, scales.length));
        var zero = add(
                name + "_zero_point",
                (axis < 0 ? Tensor.of(zeros) : Tensor.of(zeros, zeros.length)).cast(steps.type()));
        var output = fresh(name);
        Map<String, Attribute> attributes = axis < 0 ? Map.of() : Map.of("axis", Attribute.of(axis));
        emit(Node.of("DequantizeLinear", List.of(value, scale, zero), output, attributes));
        return output;
    }

    /** The node itself, or the ReLU or Clip that alone takes what it makes and cuts no more than QuantizeLinear does. */
    private Node end(Node node) {
        var users = this.users.getOrDefault(node.output(), List.of());
        if (users.size() == 1
                && !ends.contains(node.output())
                && isPlainCut(users.get(0))
                && tail(node.output()) == null) {
            return users.get(0);
        }
        return node;
    }

    private boolean isPlainCut(Node node) {
        if (node.is("Relu")) {
            return true;
        }
        if (!node.is("Clip") || model.opset() < 11) {
            return false;
        }
        var low = constant(node.input(1));
        var high = constant(node.input(2));
        return low != null
                && high != null
                && low.type() == ValueType.FLOAT32
                && low.number(0) <= 0
                && high.number(0) >= 0;
    }

    /** The range that a ReLU or Clip leaves, whose edges QuantizeLinear must not pass. */
    private Range rangeOf(Node node) {
        var range = ranges.get(node.output());
        if (range == null) {
            throw new IllegalStateException("no range of " + node.output());
        }
        if (node.is("Relu")) {
            return new Range(0, Math.max(0, range.greatest()));
        } else if (isPlainCut(node)) {
            var low = constant(node.input(1));
            var high = constant(node.input(2));
            if (low != null && high != null) {
                return new Range(Math.max(range.least(), low.number(0)), Math.min(range.greatest(), high.number(0)));
            }
        }
        return range;
    }

    /** Quantizes what a node makes, a ReLU or the rounding to pixels behind it included. */
    private void finish(Node node, String sum) {
        var tail = tail(node.output());
        if (tail != null) {
            pixels(tail, sum);
            return;
        }
        var end = end(node);
        if (!end.output().equals(node.output())) {
            dropped.add(end.output());
        }
        hold(end.output(), sum, type.covering(rangeOf(end)));
    }

    private void dequantize(String bytes, Steps steps, String output) {
        emit(Node.of("DequantizeLinear", List.of(bytes, scale(steps), zeroPoint(steps)), output, Map.of()));
    }

    private void hold(String value, String source, Steps steps) {
        var bytes = fresh(value + QUANTIZED);
        emit(Node.of("QuantizeLinear", List.of(source, scale(steps), zeroPoint(steps)), bytes, Map.of()));
        held.put(value, new Held(bytes, steps));
    }

    // ---- pixels

    /** Round, Clip to [0, 255] and Cast to bytes: one QuantizeLinear of scale 1, which rounds halves to even as well. */
    private @Nullable Tail tail(String value) {
        if (type != ActivationType.UINT8 || ends.contains(value)) {
            return null;
        }
        var round = onlyUser(value);
        var clip = round != null && round.is("Round") ? onlyUser(round.output()) : null;
        var cast = clip != null && clip.is("Clip") ? onlyUser(clip.output()) : null;
        if (round == null || clip == null || cast == null || !cast.is("Cast") || model.opset() < 11) {
            return null;
        }
        boolean isByte = cast.whole("to", 0) == ValueType.UINT8.onnxCode()
                && isNumber(clip.input(1), 0)
                && isNumber(clip.input(2), 255);
        return isByte ? new Tail(round, clip, cast) : null;
    }

    private boolean isNumber(String value, double number) {
        var constant = constant(value);
        return constant != null
                && constant.type() == ValueType.FLOAT32
                && constant.count() == 1
                && constant.number(0) == number;
    }

    private @Nullable Node onlyUser(String value) {
        var users = this.users.getOrDefault(value, List.of());
        return users.size() == 1 && !ends.contains(value) ? users.get(0) : null;
    }

    private void pixels(Tail tail, String source) {
        List.of(tail.round(), tail.clip(), tail.cast()).forEach(node -> dropped.add(node.output()));
        var steps = new Steps(1, 0, 0);
        emit(Node.of(
                "QuantizeLinear",
                List.of(source, scale(steps), zeroPoint(steps)),
                tail.cast().output(),
                Map.of()));
    }

    /** Round behind what stays in float. */
    private boolean byteOutput(Node node) {
        var tail = node.is("Round") ? tail(node.input(0)) : null;
        if (tail == null) {
            return false;
        }
        asFloat(node.input(0));
        pixels(tail, node.input(0));
        return true;
    }

    /** Bytes as floats: each is its own step. */
    private boolean byteInput(Node node) {
        boolean isByte = type == ActivationType.UINT8
                && node.is("Cast")
                && node.whole("to", 0) == ValueType.FLOAT32.onnxCode()
                && graph.inputs().stream()
                        .anyMatch(input -> input.name().equals(node.input(0))
                                && input.type() instanceof smalti.exporter.graph.Type.OfTensor tensor
                                && tensor.element() == ValueType.UINT8);
        if (!isByte || !wanted.contains(node.output())) {
            return false;
        }
        deferred.put(node.output(), node);
        held.put(node.output(), new Held(node.input(0), new Steps(1, 0, 0)));
        return true;
    }

    /** A held value times or plus a number: the same bytes of other steps. */
    private boolean scaled(Node node) {
        boolean fits = (node.is("Mul") || node.is("Div") || node.is("Add") || node.is("Sub"));
        if (!fits || !wanted.contains(node.output())) {
            return false;
        }
        boolean swapped = held.get(node.input(0)) == null && (node.is("Mul") || node.is("Add"));
        var before = held.get(node.input(swapped ? 1 : 0));
        var constant = constant(node.input(swapped ? 0 : 1));
        if (before == null
                || constant == null
                || constant.type() != ValueType.FLOAT32
                || constant.count() != 1
                || constant.rank() > 1) {
            return false;
        }
        double number = constant.number(0);
        var steps = before.steps();
        Steps after;
        if (node.is("Mul") || node.is("Div")) {
            double factor = node.is("Mul") ? number : 1 / number;
            if (!(factor > 0) || Double.isInfinite(factor)) {
                return false;
            }
            after = new Steps((float) (steps.scale() * factor), steps.zeroPoint(), steps.offset() * factor);
        } else {
            double shift = steps.offset() + (node.is("Add") ? number : -number);
            double zero = steps.zeroPoint() - shift / steps.scale();
            int whole = (int) Math.max(type.least(), Math.min(type.greatest(), Math.rint(zero)));
            after = new Steps(steps.scale(), whole, (whole - zero) * steps.scale());
        }
        boolean nextToNothing = Math.abs(after.offset()) < 1e-3 * after.scale();
        if (Math.abs(after.offset()) > after.scale() || (!nextToNothing && !onlyLayersTake(node.output()))) {
            return false;
        }
        deferred.put(node.output(), node);
        held.put(node.output(), new Held(before.value(), after));
        return true;
    }

    /** Nobody else could take an offset away. */
    private boolean onlyLayersTake(String value) {
        return !ends.contains(value)
                && users.getOrDefault(value, List.of()).stream()
                        .allMatch(user -> user.input(0).equals(value)
                                && (isMoving(user) ? onlyLayersTake(user.output()) : isQuantizedLater(user)));
    }

    /** A layer whose input is held by then. */
    private boolean isQuantizedLater(Node node) {
        return layers.contains(node.output())
                && weights(node) != null
                && (tail(node.output()) != null || ranges.containsKey(end(node).output()));
    }

    // ---- what is not a layer

    private boolean isMoving(Node node) {
        if (!node.domain().isEmpty()
                || !MOVING.contains(node.op())
                || node.outputs().size() != 1) {
            return false;
        }
        return switch (node.op()) {
            case "Resize" ->
                node.text("mode", "nearest").equals("nearest")
                        && !node.text("coordinate_transformation_mode", "half_pixel")
                                .equals("tf_crop_and_resize")
                        && model.opset() >= 11;
            case "MaxPool" -> model.opset() >= BYTE_CLIP_OPSET;
            default -> true;
        };
    }

    private boolean moved(Node node) {
        if (!isMoving(node) || !wanted.contains(node.output())) {
            return false;
        }
        var source = held.get(node.input(0));
        if (source == null) {
            source = table(node.input(0));
        }
        if (source == null) {
            return false;
        }
        var bytes = fresh(node.output() + QUANTIZED);
        var inputs = new ArrayList<>(node.inputs());
        inputs.set(0, source.value());
        inputs.subList(1, inputs.size()).forEach(this::asFloat);
        emit(Node.of(node.op(), inputs, bytes, node.attributes()));
        held.put(node.output(), new Held(bytes, source.steps()));
        return true;
    }

    /** Sizes, which are those of the bytes. */
    private boolean measured(Node node) {
        var source = node.is("Shape") && !made.contains(node.input(0)) ? held.get(node.input(0)) : null;
        if (source == null) {
            return false;
        }
        emit(node.withInputs(List.of(source.value())));
        return true;
    }

    /** A constant in bytes, such as the code vectors. */
    private @Nullable Held table(String value) {
        var table = constant(value);
        if (table == null || table.type() != ValueType.FLOAT32 || table.count() == 0) {
            return null;
        }
        double least = Double.POSITIVE_INFINITY;
        double greatest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < table.count(); i++) {
            least = Math.min(least, table.number(i));
            greatest = Math.max(greatest, table.number(i));
        }
        if (!(least <= greatest) || Double.isInfinite(least) || Double.isInfinite(greatest)) {
            return null;
        }
        var steps = type.covering(new Range(least, greatest));
        var bytes = ByteBuffer.allocate(table.count());
        for (int i = 0; i < table.count(); i++) {
            long step = Math.round(table.number(i) / steps.scale()) + steps.zeroPoint();
            bytes.put((byte) Math.max(type.least(), Math.min(type.greatest(), step)));
        }
        var name = add(value + QUANTIZED, new Tensor(type.element(), table.dims(), bytes.flip()));
        return new Held(name, steps);
    }

    /** A ReLU on bytes that others take as well: no step below zero's. */
    private boolean cut(Node node) {
        var source = node.is("Relu") ? held.get(node.input(0)) : null;
        if (source == null
                || source.steps().offset() != 0
                || model.opset() < BYTE_CLIP_OPSET
                || !wanted.contains(node.output())) {
            return false;
        }
        var bytes = fresh(node.output() + QUANTIZED);
        emit(Node.of("Clip", List.of(source.value(), zeroPoint(source.steps())), bytes, Map.of()));
        held.put(node.output(), new Held(bytes, source.steps()));
        return true;
    }

    private boolean isJoining(Node node) {
        return node.domain().isEmpty()
                && JOINING.contains(node.op())
                && node.outputs().size() == 1
                && ranges.containsKey(end(node).output());
    }

    private boolean joined(Node node) {
        boolean fits = isJoining(node)
                && wanted.contains(node.output())
                && node.inputs().stream().allMatch(input -> {
                    var source = held.get(input);
                    return source != null && source.steps().offset() == 0;
                });
        if (!fits) {
            return false;
        }
        var inputs = node.inputs().stream()
                .map(input -> dequantized(input, asBytes(input)))
                .toList();
        var sum = fresh(node.output() + "_sum");
        emit(Node.of(node.op(), inputs, sum, node.attributes()));
        finish(node, sum);
        return true;
    }

    private boolean wantsBytes(Node user) {
        if (isQuantizedLater(user)) {
            return true;
        }
        boolean passes = isMoving(user)
                || (user.domain().isEmpty() && JOINING.contains(user.op()))
                || isCut(user)
                || user.is("Sub")
                || user.is("Div");
        return passes && user.outputs().size() == 1 && wanted.contains(user.output());
    }

    /** Floats as whole numbers, but for bytes, which are pixels. */
    private static boolean isIndex(Node node) {
        return node.is("Cast")
                && ValueType.ofOnnxCode((int) node.whole("to", 0))
                        .filter(to -> to.isWhole() && to != ValueType.UINT8)
                        .isPresent();
    }

    /** The values on which a decision rests, through functions of single elements. */
    static Set<String> deciding(Graph graph) {
        var deciding = new HashSet<String>();
        for (int i = graph.nodes().size() - 1; i >= 0; i--) {
            var node = graph.nodes().get(i);
            boolean passes = BEFORE_DECIDING.contains(node.op())
                    && node.outputs().stream().anyMatch(deciding::contains);
            if (node.domain().isEmpty() && (DECIDING.contains(node.op()) || isIndex(node) || passes)) {
                deciding.addAll(node.inputs());
            }
        }
        return deciding;
    }

    // ---- values in both forms

    private Held asBytes(String value) {
        var there = held.get(value);
        if (there != null) {
            return there;
        }
        asFloat(value);
        var range = ranges.get(value);
        if (range == null) {
            throw new IllegalStateException("no range of " + value);
        }
        var maker = makers.get(value);
        hold(value, value, type.covering(maker != null && isCut(maker) ? rangeOf(maker) : range));
        return asBytes(value);
    }

    /** The value in float with the rounding to bytes, from which consumers fuse INT8 kernels. */
    private String dequantized(String value, Held source) {
        // an offset is in the bias, and the value itself may be there unrounded
        boolean isItself = source.steps().offset() == 0
                && !made.contains(value)
                && !deferred.containsKey(value)
                && makers.containsKey(value);
        var key = value + " " + source.value() + " in float";
        var there = scalars.get(key);
        if (there != null) {
            return there;
        }
        var output = isItself ? value : fresh(value + "_dequantized");
        dequantize(source.value(), source.steps(), output);
        scalars.put(key, output);
        return output;
    }

    /** Makes sure that a value is there in float, under its own name, if it ever was. */
    private void asFloat(String value) {
        if (made.contains(value)) {
            return;
        }
        var node = deferred.remove(value);
        if (node != null) {
            node.uses().forEach(this::asFloat);
            emit(node);
            return;
        }
        var source = held.get(value);
        if (source != null) {
            dequantize(source.value(), source.steps(), value);
        }
    }

    private String scale(Steps steps) {
        return shared("scale of " + steps.scale(), "scale", Tensor.of(new float[] {steps.scale()}));
    }

    private String zeroPoint(Steps steps) {
        return shared(
                "zero point " + steps.zeroPoint(), "zero_point", Tensor.scalar(type.element(), steps.zeroPoint()));
    }

    private String shared(String key, String hint, Tensor tensor) {
        return scalars.computeIfAbsent(key, unseen -> add(hint, tensor));
    }

    private String add(String hint, Tensor tensor) {
        var name = fresh(hint);
        constants.put(name, tensor);
        return name;
    }

    private String fresh(String hint) {
        var name = hint;
        for (int i = 2; !taken.add(name); i++) {
            name = hint + "_" + i;
        }
        return name;
    }
}
