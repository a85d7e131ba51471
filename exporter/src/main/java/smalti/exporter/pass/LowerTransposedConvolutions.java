package smalti.exporter.pass;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;

/**
 * A ConvTranspose of stride s as a Conv to s² times the channels, whose outputs are then interleaved: the same sums,
 * for which ONNX Runtime has faster kernels, in INT8 the only ones.
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

    /** What ONNX Runtime's integer kernels take at a time. */
    private static final int LANES = 16;

    LowerTransposedConvolutions() {
        super("sub-pixels");
    }

    @Override
    void rewrite(Draft draft) {
        if (draft.opset() >= FIRST_OPSET) {
            draft.each(node -> Transposed.of(node, draft).ifPresent(layer -> lower(layer, draft)));
        }
    }

    /**
     * A ConvTranspose that can be lowered.
     *
     * @param weights [in, out, kernel height, kernel width]
     * @param taps of the convolution, [height, width]
     * @param cut rows and columns of the interleaved whole that are no output: [top, left, bottom, right]
     */
    private record Transposed(
            Node node, Tensor weights, @Nullable Tensor bias, List<Long> strides, List<Long> taps, List<Long> cut) {

        static Optional<Transposed> of(Node node, Draft draft) {
            var weights = draft.constant(node.input(1));
            var bias = draft.constant(node.input(2));
            var strides = node.wholes("strides").orElse(List.of(1L, 1L));
            boolean sound = node.is("ConvTranspose")
                    && weights != null
                    && weights.rank() == 4
                    && weights.type().isFloat()
                    && (bias != null || node.input(2).isEmpty())
                    && node.whole("group", 1) == 1
                    && strides.size() == 2
                    && strides.stream().allMatch(stride -> stride >= 2)
                    && node.wholes("dilations").orElse(List.of(1L, 1L)).equals(List.of(1L, 1L))
                    && !node.attributes().containsKey("output_shape")
                    && node.text("auto_pad", "NOTSET").equals("NOTSET");
            if (!sound || weights == null) {
                return Optional.empty();
            }
            var pads = node.wholes("pads").orElse(List.of(0L, 0L, 0L, 0L));
            var more = node.wholes("output_padding").orElse(List.of(0L, 0L));
            var taps = new ArrayList<Long>();
            var end = new ArrayList<Long>();
            for (int axis = 0; axis < 2; axis++) {
                long kernel = weights.dims().get(2 + axis);
                long stride = strides.get(axis);
                long count = (kernel + stride - 1) / stride;
                taps.add(count);
                end.add(stride * count - kernel + pads.get(2 + axis) - more.get(axis));
            }
            var cut = List.of(pads.get(0), pads.get(1), end.get(0), end.get(1));
            return cut.stream().allMatch(rows -> rows >= 0)
                    ? Optional.of(new Transposed(node, weights, bias, strides, taps, cut))
                    : Optional.empty();
        }

        int phases() {
            return Math.toIntExact(strides.get(0) * strides.get(1));
        }

        long channels() {
            return weights.dims().get(1);
        }

        /** The channels that are computed: one for each that is wanted, and at most a third more. */
        long computed() {
            long lanes = LANES
                    / BigInteger.valueOf(LANES)
                            .gcd(BigInteger.valueOf(phases()))
                            .longValue();
            long filled = (channels() + lanes - 1) / lanes * lanes;
            return 3 * filled <= 4 * channels() ? filled : channels();
        }

        /** [phases·computed, in, taps…]: channel (r·s + q)·computed + c makes rows s·t + r, columns s·u + q of c. */
        Tensor kernels() {
            int bytes = weights.type().bytes();
            int in = Math.toIntExact(weights.dims().get(0));
            int out = Math.toIntExact(channels());
            int kernelHeight = Math.toIntExact(weights.dims().get(2));
            int kernelWidth = Math.toIntExact(weights.dims().get(3));
            int down = Math.toIntExact(strides.get(0));
            int across = Math.toIntExact(strides.get(1));
            int height = Math.toIntExact(taps.get(0));
            int width = Math.toIntExact(taps.get(1));
            int filled = Math.toIntExact(computed());
            int count = Math.multiplyExact(Math.multiplyExact(phases() * height * width, filled), in);
            var kernels = ByteBuffer.allocate(Math.multiplyExact(bytes, count)).order(ByteOrder.LITTLE_ENDIAN);
            for (int row = 0; row < phases() * filled; row++) {
                int phase = row / filled;
                int channel = row % filled;
                for (int i = 0; i < in; i++) {
                    for (int tap = 0; tap < height * width; tap++) {
                        int y = down * (height - 1 - tap / width) + phase / across;
                        int x = across * (width - 1 - tap % width) + phase % across;
                        if (channel < out && y < kernelHeight && x < kernelWidth) {
                            int source = ((i * out + channel) * kernelHeight + y) * kernelWidth + x;
                            kernels.put(weights.data().slice(source * bytes, bytes));
                        } else {
                            kernels.put(new byte[bytes]);
                        }
                    }
                }
            }
            return new Tensor(
                    weights.type(),
                    List.of(phases() * computed(), (long) in, (long) height, (long) width),
                    kernels.flip());
        }

        Optional<Tensor> biases() {
            if (bias == null) {
                return Optional.empty();
            }
            int bytes = bias.type().bytes() * Math.toIntExact(computed());
            var repeated = ByteBuffer.allocate(phases() * bytes);
            for (int phase = 0; phase < phases(); phase++) {
                repeated.position(phase * bytes).put(bias.data().duplicate());
            }
            return Optional.of(new Tensor(bias.type(), List.of(phases() * computed()), repeated.clear()));
        }
    }

    private static void lower(Transposed layer, Draft draft) {
        var node = layer.node();
        var name = node.output();
        var convolved = draft.fresh(name + "_phases");
        var inputs = new ArrayList<>(List.of(node.input(0), draft.add(name + "_weight", layer.kernels())));
        layer.biases().ifPresent(bias -> inputs.add(draft.add(name + "_bias", bias)));
        long top = layer.taps().get(0) - 1;
        long left = layer.taps().get(1) - 1;
        var attributes = new TreeMap<String, Attribute>(Map.of(
                "kernel_shape", Attribute.ints(layer.taps()),
                "strides", Attribute.ints(1, 1),
                "pads", Attribute.ints(top, left, top, left),
                "dilations", Attribute.ints(1, 1),
                "group", Attribute.of(1)));
        var nodes = new ArrayList<Node>();
        nodes.add(new Node(node.name(), "", "Conv", inputs, List.of(convolved), attributes));

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

    /** The functions of single elements through which the value goes, and nowhere else. */
    private static List<Node> followers(String value, Draft draft) {
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

    private static boolean isClip(Node node, Draft draft) {
        return node.is("Clip")
                && node.inputs().stream().skip(1).allMatch(bound -> bound.isEmpty() || draft.isPlainInitializer(bound));
    }

    /** From [N, phases·computed, H, W] to the output, cut as it must be. */
    private static void interleave(Transposed layer, String phases, String output, List<Node> nodes, Draft draft) {
        long computed = layer.computed();
        long down = layer.strides().get(0);
        long across = layer.strides().get(1);
        var last = node("Transpose", List.of(phases), output + "_nhwc", Map.of("perm", Attribute.ints(0, 2, 3, 1)));
        last = add(last, nodes, draft);
        var split = draft.add(output + "_split", Tensor.sizes(List.of(0L, 0L, 0L, down, across * computed)));
        last = add(node("Reshape", List.of(last.output(), split), output + "_rows", Map.of()), nodes, draft);
        var rows = last.output();
        last = node("Transpose", List.of(rows), output + "_interleaved", Map.of("perm", Attribute.ints(0, 1, 3, 2, 4)));
        last = add(last, nodes, draft);
        var sizes = sizes(layer, rows, output, nodes, draft);
        last = add(node("Reshape", List.of(last.output(), sizes), output + "_whole", Map.of()), nodes, draft);
        var starts = new ArrayList<Long>();
        var ends = new ArrayList<Long>();
        var axes = new ArrayList<Long>();
        for (int axis = 0; axis < 2; axis++) {
            long before = layer.cut().get(axis);
            long after = layer.cut().get(2 + axis);
            if (before > 0 || after > 0) {
                starts.add(before);
                ends.add(after == 0 ? Long.MAX_VALUE : -after);
                axes.add(1L + axis);
            }
        }
        if (computed > layer.channels()) {
            starts.add(0L);
            ends.add(layer.channels());
            axes.add(3L);
        }
        if (!axes.isEmpty()) {
            var bounds = List.of(
                    last.output(),
                    draft.add(output + "_starts", Tensor.sizes(starts)),
                    draft.add(output + "_ends", Tensor.sizes(ends)),
                    draft.add(output + "_axes", Tensor.sizes(axes)));
            last = add(node("Slice", bounds, output + "_cut", Map.of()), nodes, draft);
        }
        nodes.add(Node.of("Transpose", List.of(last.output()), output, Map.of("perm", Attribute.ints(0, 3, 1, 2))));
    }

    /** [N, s·H, s·W, computed] of rows [N, H, W, s, s·C]; a constant where H and W are known. */
    private static String sizes(Transposed layer, String rows, String output, List<Node> nodes, Draft draft) {
        long computed = layer.computed();
        long down = layer.strides().get(0);
        long across = layer.strides().get(1);
        var input = draft.shapes().shape(layer.node().input(0));
        if (input.isPresent() && input.get().subList(2, 4).stream().allMatch(Axis::isFixed)) {
            long height = input.get().get(2).size() + layer.taps().get(0) - 1;
            long width = input.get().get(3).size() + layer.taps().get(1) - 1;
            return draft.add(output + "_sizes", Tensor.sizes(List.of(0L, down * height, across * width, computed)));
        }
        var shape = add(node("Shape", List.of(rows), output + "_shape", Map.of()), nodes, draft);
        var from = draft.add(output + "_from", Tensor.sizes(List.of(0L)));
        var to = draft.add(output + "_to", Tensor.sizes(List.of(3L)));
        var first = add(node("Slice", List.of(shape.output(), from, to), output + "_nhw", Map.of()), nodes, draft);
        var factors = draft.add(output + "_factors", Tensor.sizes(List.of(1L, down, across)));
        var scaled = add(node("Mul", List.of(first.output(), factors), output + "_scaled", Map.of()), nodes, draft);
        var depth = draft.add(output + "_depth", Tensor.sizes(List.of(computed)));
        var sizes = node("Concat", List.of(scaled.output(), depth), output + "_sizes", Map.of("axis", Attribute.of(0)));
        return add(sizes, nodes, draft).output();
    }

    private static Node node(String op, List<String> inputs, String output, Map<String, Attribute> attributes) {
        return Node.of(op, inputs, output, attributes);
    }

    private static Node add(Node node, List<Node> nodes, Draft draft) {
        var added = Node.of(node.op(), node.inputs(), draft.fresh(node.output()), node.attributes());
        nodes.add(added);
        return added;
    }
}
