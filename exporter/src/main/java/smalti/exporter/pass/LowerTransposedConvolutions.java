package smalti.exporter.pass;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;

/**
 * A ConvTranspose of stride s as a Conv to s² times the channels, whose outputs are then interleaved: the same sums,
 * for which ONNX Runtime has faster kernels, in INT8 the only ones. One of stride 1 is a Conv with its kernels turned.
 *
 * <p>Row {@code s·t + r} of the output without padding takes the inputs {@code t − y} by the weights {@code s·y + r}:
 * a convolution of ⌈k/s⌉ taps for each r. The rows and columns that the padding takes away are cut off at the end. What
 * follows is rearranged as [N,H,W,C], where rows are copied whole. Functions of single elements that follow the layer
 * are taken before the interleaving, so that it moves what they leave, such as bytes.
 *
 * <p>Channels are filled up to where they make a multiple of sixteen outputs, if that is at most a third more (at stride
 * 2, 3 become 4 and 13 become 16): ONNX Runtime's integer kernels and its copies of rows are faster so, even with what
 * was added cut off at the end.
 *
 * <p>Source: Shi et al. 2016, arXiv:1609.07009.
 */
final class LowerTransposedConvolutions extends GraphPass {
    private static final Set<String> OF_SINGLE_ELEMENTS = Set.of(
            "Relu",
            "LeakyRelu",
            "Elu",
            "Selu",
            "Sigmoid",
            "HardSigmoid",
            "HardSwish",
            "Softplus",
            "Softsign",
            "Tanh",
            "Erf",
            "Abs",
            "Neg",
            "Exp",
            "Round",
            "Floor",
            "Ceil",
            "Cast");

    /** Slice takes its bounds as inputs since. */
    private static final int FIRST_OPSET = 10;

    LowerTransposedConvolutions() {
        super("sub-pixels");
    }

    @Override
    void rewrite(GraphEdit draft) {
        if (draft.opset() >= FIRST_OPSET) {
            draft.each(node -> TransposedLayer.of(node, draft).ifPresent(layer -> lower(layer, draft)));
        }
    }

    private static void lower(TransposedLayer layer, GraphEdit draft) {
        var node = layer.node();
        var name = node.output();
        if (layer.isPlain()) {
            var inputs = new ArrayList<>(List.of(node.input(0), draft.add(name + "_weight", layer.kernels())));
            layer.biases().ifPresent(bias -> inputs.add(draft.add(name + "_bias", bias)));
            draft.replace(node, convolution(layer, inputs, name, layer.padsWithoutCut()));
            return;
        }
        var convolved = draft.fresh(name + "_phases");
        var inputs = new ArrayList<>(List.of(node.input(0), draft.add(name + "_weight", layer.kernels())));
        layer.biases().ifPresent(bias -> inputs.add(draft.add(name + "_bias", bias)));
        var nodes = new ArrayList<Node>();
        nodes.add(convolution(layer, inputs, convolved, layer.pads()));

        var now = convolved;
        var last = name;
        for (var after : followers(name, draft)) {
            last = after.output();
            var moved = draft.fresh(last + "_phases");
            var others = new ArrayList<>(after.inputs());
            others.set(0, now);
            nodes.add(new Node(after.name(), "", after.op(), others, List.of(moved), after.attributes()));
            now = moved;
            draft.remove(after);
        }
        interleave(layer, now, last, nodes, draft);
        draft.replace(node, nodes.toArray(Node[]::new));
    }

    private static Node convolution(TransposedLayer layer, List<String> inputs, String output, List<Long> pads) {
        var ones = Attribute.ints(Collections.nCopies(layer.axes(), 1L));
        var attributes = new TreeMap<String, Attribute>(Map.of(
                "kernel_shape",
                Attribute.ints(layer.taps()),
                "strides",
                ones,
                "pads",
                Attribute.ints(pads),
                "dilations",
                ones,
                "group",
                Attribute.of(layer.groups())));
        return new Node(layer.node().name(), "", "Conv", inputs, List.of(output), attributes);
    }

    /** The functions of single elements through which the value goes, and nowhere else. */
    private static List<Node> followers(String value, GraphEdit draft) {
        var followers = new ArrayList<Node>();
        var now = value;
        while (draft.isUsedOnce(now)) {
            var user = draft.users(now).get(0);
            boolean isFunction = user.domain().isEmpty()
                    && user.input(0).equals(now)
                    && user.outputs().size() == 1
                    && (OF_SINGLE_ELEMENTS.contains(user.op()) || isClip(user, draft));
            if (!isFunction) {
                break;
            }
            followers.add(user);
            now = user.output();
        }
        return followers;
    }

    private static boolean isClip(Node node, GraphEdit draft) {
        return node.is("Clip")
                && node.inputs().stream().skip(1).allMatch(bound -> bound.isEmpty() || draft.isPlainInitializer(bound));
    }

    /** From [N, groups·phases·computed, H…] to the output, cut as it must be. */
    private static void interleave(
            TransposedLayer layer, String phases, String output, List<Node> nodes, GraphEdit draft) {
        int axes = layer.axes();
        var last = node("Transpose", List.of(phases), output + "_nhwc", Map.of("perm", channelsLast(axes)));
        last = add(last, nodes, draft);
        var arranged = Arrangement.of(layer);
        var sizesOfParts = draft.add(output + "_split", Tensor.sizes(arranged.split()));
        last = add(node("Reshape", List.of(last.output(), sizesOfParts), output + "_rows", Map.of()), nodes, draft);
        var rows = last.output();
        var order = Attribute.ints(arranged.order());
        last = add(node("Transpose", List.of(rows), output + "_interleaved", Map.of("perm", order)), nodes, draft);
        var sizes = sizes(layer, rows, output, nodes, draft);
        last = add(node("Reshape", List.of(last.output(), sizes), output + "_whole", Map.of()), nodes, draft);
        last = cut(layer, last, output, nodes, draft);
        nodes.add(Node.of("Transpose", List.of(last.output()), output, Map.of("perm", channelsFirst(axes))));
    }

    private static Attribute channelsLast(int axes) {
        var order = new ArrayList<>(List.of(0L));
        for (long axis = 2; axis < 2 + axes; axis++) {
            order.add(axis);
        }
        order.add(1L);
        return Attribute.ints(order);
    }

    private static Attribute channelsFirst(int axes) {
        var order = new ArrayList<>(List.of(0L, 1L + axes));
        for (long axis = 1; axis <= axes; axis++) {
            order.add(axis);
        }
        return Attribute.ints(order);
    }

    /**
     * How [N, H…, groups·phases·computed] is split into parts, and in which order they make the whole.
     *
     * @param split sizes of a Reshape, 0 for what stays
     */
    private record Arrangement(List<Long> split, List<Long> order) {
        static Arrangement of(TransposedLayer layer) {
            int axes = layer.axes();
            var strides = layer.strides();
            var split = new ArrayList<>(Collections.nCopies(1 + axes, 0L));
            var order = new ArrayList<>(List.of(0L));
            // of several groups each has its phases; of one the last axis' phases lie beside their channels already
            boolean isGrouped = layer.groups() > 1;
            if (isGrouped) {
                split.add(layer.groups());
            }
            int moved = isGrouped ? axes : axes - 1;
            for (int axis = 0; axis < axes; axis++) {
                order.add(1L + axis);
                if (axis < moved) {
                    order.add((long) split.size());
                    split.add(strides.get(axis));
                }
            }
            if (isGrouped) {
                order.add(1L + axes);
            }
            order.add((long) split.size());
            split.add(isGrouped ? layer.computed() : strides.get(axes - 1) * layer.computed());
            return new Arrangement(split, order);
        }
    }

    private static Node cut(TransposedLayer layer, Node whole, String output, List<Node> nodes, GraphEdit draft) {
        var starts = new ArrayList<Long>();
        var ends = new ArrayList<Long>();
        var axes = new ArrayList<Long>();
        for (int axis = 0; axis < layer.axes(); axis++) {
            long before = layer.cut().get(axis);
            long after = layer.cut().get(layer.axes() + axis);
            if (before > 0 || after > 0) {
                starts.add(before);
                ends.add(after == 0 ? Long.MAX_VALUE : -after);
                axes.add(1L + axis);
            }
        }
        if (layer.groups() * layer.computed() > layer.channels()) {
            starts.add(0L);
            ends.add(layer.channels());
            axes.add(1L + layer.axes());
        }
        if (axes.isEmpty()) {
            return whole;
        }
        var bounds = List.of(
                whole.output(),
                draft.add(output + "_starts", Tensor.sizes(starts)),
                draft.add(output + "_ends", Tensor.sizes(ends)),
                draft.add(output + "_axes", Tensor.sizes(axes)));
        return add(node("Slice", bounds, output + "_cut", Map.of()), nodes, draft);
    }

    /** [N, s·H, …, channels] of rows [N, H, …]; a constant where the sizes are known. */
    private static String sizes(TransposedLayer layer, String rows, String output, List<Node> nodes, GraphEdit draft) {
        int axes = layer.axes();
        long computed = layer.groups() * layer.computed();
        var input = draft.shapes().shape(layer.node().input(0));
        if (input.isPresent() && input.get().subList(2, 2 + axes).stream().allMatch(Axis::isFixed)) {
            var sizes = new ArrayList<>(List.of(0L));
            for (int axis = 0; axis < axes; axis++) {
                long size = input.get().get(2 + axis).size() + layer.grown(axis);
                sizes.add(layer.strides().get(axis) * size);
            }
            sizes.add(computed);
            return draft.add(output + "_sizes", Tensor.sizes(sizes));
        }
        var shape = add(node("Shape", List.of(rows), output + "_shape", Map.of()), nodes, draft);
        var from = draft.add(output + "_from", Tensor.sizes(List.of(0L)));
        var to = draft.add(output + "_to", Tensor.sizes(List.of(1L + axes)));
        var first = add(node("Slice", List.of(shape.output(), from, to), output + "_nhw", Map.of()), nodes, draft);
        var growth = new ArrayList<>(List.of(1L));
        growth.addAll(layer.strides());
        var factors = draft.add(output + "_factors", Tensor.sizes(growth));
        var scaled = add(node("Mul", List.of(first.output(), factors), output + "_scaled", Map.of()), nodes, draft);
        var depth = draft.add(output + "_depth", Tensor.sizes(List.of(computed)));
        var sizes = node("Concat", List.of(scaled.output(), depth), output + "_sizes", Map.of("axis", Attribute.of(0)));
        return add(sizes, nodes, draft).output();
    }

    private static Node node(String op, List<String> inputs, String output, Map<String, Attribute> attributes) {
        return Node.of(op, inputs, output, attributes);
    }

    private static Node add(Node node, List<Node> nodes, GraphEdit draft) {
        var added = Node.of(node.op(), node.inputs(), draft.fresh(node.output()), node.attributes());
        nodes.add(added);
        return added;
    }
}
