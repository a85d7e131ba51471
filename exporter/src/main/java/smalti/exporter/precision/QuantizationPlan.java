package smalti.exporter.precision;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;

/**
 * Which nodes of a model work in bytes: the chosen layers, and what only moves or joins numbers between such layers.
 * Nothing is changed here.
 */
final class QuantizationPlan {
    /** Scales for each channel come with it. */
    private static final int PER_CHANNEL_OPSET = 13;

    /** Clip and MaxPool take bytes since. */
    private static final int BYTE_CLIP_OPSET = 12;

    /** Resize says where pixels lie since. */
    private static final int NEAREST_RESIZE_OPSET = 11;

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

    private final Dataflow flow;
    private final int opset;
    private final ActivationType type;
    private final Map<String, ValueRange> ranges;
    private final Set<String> layers;
    private final Epilogues epilogues;

    /** What some layer will take in bytes, perhaps moved or joined with others. */
    private final Set<String> wanted = new HashSet<>();

    /** @param layers the first outputs of those to quantize */
    QuantizationPlan(Model model, ActivationType type, Map<String, ValueRange> ranges, Set<String> layers) {
        this.flow = new Dataflow(model.graph());
        this.opset = model.opset();
        this.type = type;
        this.ranges = ranges;
        this.layers = layers;
        this.epilogues = new Epilogues(flow, type, opset);
        var nodes = model.graph().nodes();
        for (int i = nodes.size() - 1; i >= 0; i--) {
            if (wantsBytes(nodes.get(i))) {
                wanted.addAll(nodes.get(i).inputs());
            }
        }
    }

    /** The values whose ranges a plan goes by. */
    static Set<String> watched(Model model) {
        var watched = new LinkedHashSet<String>();
        for (var node : model.graph().nodes()) {
            if (!node.domain().isEmpty()) {
                continue;
            }
            boolean isLayer = Set.of("Conv", "Gemm", "MatMul").contains(node.op());
            if (isLayer || JOINING.contains(node.op()) || Epilogues.isCut(node)) {
                watched.add(node.input(0));
                watched.add(node.output());
            }
        }
        return Observations.observable(model, watched);
    }

    /** The inputs of layers, with the axis of their channels. */
    static Map<String, Integer> layerInputs(Model model) {
        var inputs = new LinkedHashMap<String, Integer>();
        for (var node : model.graph().nodes()) {
            if (node.is("Conv")) {
                inputs.put(node.input(0), 1);
            } else if (node.is("Gemm") || node.is("MatMul")) {
                inputs.put(node.input(0), -1);
            }
        }
        inputs.keySet().retainAll(Observations.observable(model, inputs.keySet()));
        return inputs;
    }

    Dataflow flow() {
        return flow;
    }

    Epilogues epilogues() {
        return epilogues;
    }

    ActivationType type() {
        return type;
    }

    boolean hasScalesOfChannels() {
        return opset >= PER_CHANNEL_OPSET;
    }

    boolean canClipBytes() {
        return opset >= BYTE_CLIP_OPSET;
    }

    /** Whether a value is taken in bytes, perhaps moved or joined with others. */
    boolean isWanted(String value) {
        return wanted.contains(value);
    }

    @Nullable
    ValueRange range(String value) {
        return ranges.get(value);
    }

    /** The range of what a node makes, without what a ReLU or Clip cuts off. */
    ValueRange rangeOf(Node node) {
        return epilogues.range(node, ranges);
    }

    /** A chosen layer whose output has a range; it is quantized if its input comes in bytes or has a range. */
    Optional<LinearLayer> layer(Node node) {
        return layers.contains(node.output()) && hasEnd(node) ? LinearLayer.of(node, flow) : Optional.empty();
    }

    private boolean hasEnd(Node node) {
        return epilogues.pixels(node.output()) != null
                || ranges.containsKey(epilogues.last(node).output());
    }

    private boolean wantsBytes(Node user) {
        if (layer(user).isPresent()) {
            return true;
        }
        boolean passes = isMoving(user)
                || (user.domain().isEmpty() && JOINING.contains(user.op()))
                || Epilogues.isCut(user)
                || user.is("Sub")
                || user.is("Div");
        return passes && user.outputs().size() == 1 && wanted.contains(user.output());
    }

    /** Whether a node moves the numbers of its first input and does not change them. */
    boolean isMoving(Node node) {
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
                        && opset >= NEAREST_RESIZE_OPSET;
            case "MaxPool" -> canClipBytes();
            default -> true;
        };
    }

    /** Whether a node makes one value of several, and the range of it is known. */
    boolean isJoining(Node node) {
        return node.domain().isEmpty()
                && JOINING.contains(node.op())
                && node.outputs().size() == 1
                && ranges.containsKey(epilogues.last(node).output());
    }

    /** Whether a value, perhaps moved, goes into layers alone: nobody else could take an offset away. */
    boolean onlyLayersTake(String value) {
        return !flow.isOutput(value)
                && flow.users(value).stream()
                        .allMatch(user -> user.input(0).equals(value)
                                && (isMoving(user)
                                        ? onlyLayersTake(user.output())
                                        : layer(user).isPresent()));
    }

    /**
     * The Transpose to [N,H,W,C], behind which floats go on, that alone takes what a pointwise convolution makes.
     *
     * @return null where there is none
     */
    @Nullable
    Node transposeToRows(LinearLayer layer) {
        var user = flow.onlyUser(layer.node().output());
        boolean fits = layer.isPointwise()
                && user != null
                && user.is("Transpose")
                && user.wholes("perm").orElse(List.of()).equals(List.of(0L, 2L, 3L, 1L))
                && !wanted.contains(user.output())
                && hasScalesOfChannels();
        return fits ? user : null;
    }
}
