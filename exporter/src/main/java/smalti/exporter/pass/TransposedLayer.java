package smalti.exporter.pass;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;

/**
 * A ConvTranspose over pictures that a Conv can stand for, with its padding resolved and its kernels without gaps.
 *
 * @param weights [in, out/groups, kernel height, kernel width], dilated already
 * @param taps of the convolution, [height, width]
 * @param beyond rows and columns that the convolution makes beyond the input's, at the end, for a long output padding
 * @param cut rows and columns of the interleaved whole that are no output: [top, left, bottom, right]
 */
record TransposedLayer(
        Node node,
        Tensor weights,
        @Nullable Tensor bias,
        List<Long> strides,
        List<Long> taps,
        List<Long> beyond,
        List<Long> cut) {
    /** What ONNX Runtime's integer kernels take at a time. */
    private static final int LANES = 16;

    static Optional<TransposedLayer> of(Node node, Draft draft) {
        var given = node.is("ConvTranspose") ? draft.constant(node.input(1)) : null;
        var bias = draft.constant(node.input(2));
        var strides = node.wholes("strides").orElse(List.of(1L, 1L));
        long groups = node.whole("group", 1);
        boolean sound = given != null
                && given.rank() == 4
                && given.count() > 0
                && given.type().isFloat()
                && (bias != null || node.input(2).isEmpty())
                && strides.size() == 2
                && groups >= 1
                && given.dims().get(0) % groups == 0;
        if (!sound || given == null) {
            return Optional.empty();
        }
        var weights = dilated(given, node.wholes("dilations").orElse(List.of(1L, 1L)));
        var pads = pads(node, weights, strides, draft).orElse(null);
        if (pads == null) {
            return Optional.empty();
        }
        var more = node.wholes("output_padding").orElse(List.of(0L, 0L));
        var taps = new ArrayList<Long>();
        var end = new ArrayList<Long>();
        var beyond = new ArrayList<Long>();
        for (int axis = 0; axis < 2; axis++) {
            long kernel = weights.dims().get(2 + axis);
            long stride = strides.get(axis);
            long count = (kernel + stride - 1) / stride;
            long spare = stride * count - kernel + pads.get(2 + axis) - more.get(axis);
            long rows = spare < 0 ? (stride - 1 - spare) / stride : 0;
            taps.add(count);
            beyond.add(rows);
            end.add(spare + stride * rows);
        }
        var cut = List.of(pads.get(0), pads.get(1), end.get(0), end.get(1));
        return cut.stream().allMatch(rows -> rows >= 0)
                ? Optional.of(new TransposedLayer(node, weights, bias, strides, taps, beyond, cut))
                : Optional.empty();
    }

    /** Kernels with zeros in their gaps. */
    private static Tensor dilated(Tensor weights, List<Long> dilations) {
        if (dilations.equals(List.of(1L, 1L))) {
            return weights;
        }
        int bytes = weights.type().bytes();
        int height = Math.toIntExact(weights.dims().get(2));
        int width = Math.toIntExact(weights.dims().get(3));
        int down = Math.toIntExact(dilations.get(0));
        int across = Math.toIntExact(dilations.get(1));
        int tall = down * (height - 1) + 1;
        int wide = across * (width - 1) + 1;
        int kernels = weights.count() / (height * width);
        var spread = ByteBuffer.allocate(Math.multiplyExact(Math.multiplyExact(kernels, tall * wide), bytes))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < weights.count(); i++) {
            int at = i % (height * width);
            int target = i / (height * width) * tall * wide + at / width * down * wide + at % width * across;
            spread.position(target * bytes).put(weights.data().slice(i * bytes, bytes));
        }
        return new Tensor(
                weights.type(),
                List.of(weights.dims().get(0), weights.dims().get(1), (long) tall, (long) wide),
                spread.clear());
    }

    /** [top, left, bottom, right]; empty where they hang on sizes that nobody knows. */
    private static Optional<List<Long>> pads(Node node, Tensor weights, List<Long> strides, Draft draft) {
        var way = node.text("auto_pad", "NOTSET");
        var wanted = node.wholes("output_shape").orElse(null);
        if (wanted == null && way.equals("NOTSET")) {
            return Optional.of(node.wholes("pads").orElse(List.of(0L, 0L, 0L, 0L)));
        } else if (wanted == null && way.equals("VALID")) {
            return Optional.of(List.of(0L, 0L, 0L, 0L));
        }
        var input = draft.shapes().shape(node.input(0)).orElse(List.of());
        var more = node.wholes("output_padding").orElse(List.of(0L, 0L));
        var pads = new ArrayList<>(List.of(0L, 0L, 0L, 0L));
        for (int axis = 0; axis < 2; axis++) {
            long stride = strides.get(axis);
            long total = weights.dims().get(2 + axis) + more.get(axis) - stride;
            if (wanted != null) {
                if (input.size() != 4 || !input.get(2 + axis).isFixed()) {
                    return Optional.empty();
                }
                total += stride * input.get(2 + axis).size() - wanted.get(wanted.size() - 2 + axis);
            }
            if (total < 0) {
                return Optional.empty();
            }
            long half = total / 2;
            pads.set(axis, way.equals("SAME_UPPER") ? half : total - half);
            pads.set(2 + axis, way.equals("SAME_UPPER") ? total - half : half);
        }
        return Optional.of(pads);
    }

    long groups() {
        return node.whole("group", 1);
    }

    int phases() {
        return Math.toIntExact(strides.get(0) * strides.get(1));
    }

    /** Of a group. */
    private long channelsOfGroup() {
        return weights.dims().get(1);
    }

    long channels() {
        return channelsOfGroup() * groups();
    }

    /** Whether the convolution alone makes the output. */
    boolean isPlain() {
        return phases() == 1 && padsWithoutCut().stream().allMatch(rows -> rows >= 0);
    }

    /** Of the convolution whose outputs are cut afterwards: [top, left, bottom, right]. */
    List<Long> pads() {
        long top = taps.get(0) - 1;
        long left = taps.get(1) - 1;
        return List.of(top, left, top + beyond.get(0), left + beyond.get(1));
    }

    /** Of a convolution that does not make what would be cut off. */
    List<Long> padsWithoutCut() {
        var pads = new ArrayList<Long>();
        for (int side = 0; side < 4; side++) {
            pads.add(pads().get(side) - cut.get(side));
        }
        return pads;
    }

    /** How many rows or columns more than the input the convolution makes. */
    long grown(int axis) {
        return taps.get(axis) - 1 + beyond.get(axis);
    }

    /** The channels of a group that are computed: one for each that is wanted, and at most a third more. */
    long computed() {
        if (groups() > 1 || phases() == 1) {
            return channelsOfGroup();
        }
        long lanes = LANES
                / BigInteger.valueOf(LANES).gcd(BigInteger.valueOf(phases())).longValue();
        long filled = (channelsOfGroup() + lanes - 1) / lanes * lanes;
        return 3 * filled <= 4 * channelsOfGroup() ? filled : channelsOfGroup();
    }

    /**
     * [groups·phases·computed, in/groups, taps…]: channel (r·s + q)·computed + c of a group makes rows s·t + r, columns
     * s·u + q of c.
     */
    Tensor kernels() {
        int bytes = weights.type().bytes();
        int groups = Math.toIntExact(groups());
        int in = Math.toIntExact(weights.dims().get(0)) / groups;
        int out = Math.toIntExact(channelsOfGroup());
        int kernelHeight = Math.toIntExact(weights.dims().get(2));
        int kernelWidth = Math.toIntExact(weights.dims().get(3));
        int down = Math.toIntExact(strides.get(0));
        int across = Math.toIntExact(strides.get(1));
        int height = Math.toIntExact(taps.get(0));
        int width = Math.toIntExact(taps.get(1));
        int filled = Math.toIntExact(computed());
        int rows = phases() * filled;
        int count = Math.multiplyExact(Math.multiplyExact(groups * rows * height, width), in);
        var kernels = ByteBuffer.allocate(Math.multiplyExact(bytes, count)).order(ByteOrder.LITTLE_ENDIAN);
        for (int row = 0; row < groups * rows; row++) {
            int phase = row % rows / filled;
            int channel = row % filled;
            for (int i = 0; i < in; i++) {
                for (int tap = 0; tap < height * width; tap++) {
                    int y = down * (height - 1 - tap / width) + phase / across;
                    int x = across * (width - 1 - tap % width) + phase % across;
                    if (channel < out && y < kernelHeight && x < kernelWidth) {
                        int input = row / rows * in + i;
                        int source = ((input * out + channel) * kernelHeight + y) * kernelWidth + x;
                        kernels.put(weights.data().slice(source * bytes, bytes));
                    } else {
                        kernels.put(new byte[bytes]);
                    }
                }
            }
        }
        return new Tensor(
                weights.type(), List.of((long) groups * rows, (long) in, (long) height, (long) width), kernels.flip());
    }

    Optional<Tensor> biases() {
        if (bias == null) {
            return Optional.empty();
        }
        int bytes = bias.type().bytes();
        int filled = Math.toIntExact(computed());
        int out = Math.toIntExact(channelsOfGroup());
        int rows = phases() * filled;
        int count = Math.toIntExact(groups()) * rows;
        var repeated = ByteBuffer.allocate(count * bytes);
        for (int row = 0; row < count; row++) {
            int channel = row % filled;
            if (channel < out) {
                repeated.position(row * bytes).put(bias.data().slice((row / rows * out + channel) * bytes, bytes));
            }
        }
        return Optional.of(new Tensor(bias.type(), List.of((long) count), repeated.clear()));
    }
}
