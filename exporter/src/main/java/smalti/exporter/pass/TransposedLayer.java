package smalti.exporter.pass;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;

/**
 * A ConvTranspose that a Conv can stand for, with its padding resolved and its kernels without gaps.
 *
 * @param weights [in, out/groups, kernel…], dilated already
 * @param strides one for each axis but the first two, as all that follows
 * @param taps of the convolution
 * @param beyond rows that the convolution makes beyond the input's, at the end, for a long output padding
 * @param cut rows of the interleaved whole that are no output, at the start of each axis, then at the end of each
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

    static Optional<TransposedLayer> of(Node node, GraphEdit draft) {
        var given = node.is("ConvTranspose") ? draft.constant(node.input(1)) : null;
        var bias = draft.constant(node.input(2));
        if (given == null || given.rank() < 3) {
            return Optional.empty();
        }
        int axes = given.rank() - 2;
        var strides = node.wholes("strides").orElse(Collections.nCopies(axes, 1L));
        long groups = node.whole("group", 1);
        boolean sound = given.count() > 0
                && given.type().isFloat()
                && (bias != null || node.input(2).isEmpty())
                && strides.size() == axes
                && groups >= 1
                && given.dims().get(0) % groups == 0;
        if (!sound) {
            return Optional.empty();
        }
        var weights = dilated(given, node.wholes("dilations").orElse(Collections.nCopies(axes, 1L)));
        var pads = pads(node, weights, strides, draft).orElse(null);
        if (pads == null) {
            return Optional.empty();
        }
        var more = node.wholes("output_padding").orElse(Collections.nCopies(axes, 0L));
        var taps = new ArrayList<Long>();
        var cut = new ArrayList<>(pads.subList(0, axes));
        var beyond = new ArrayList<Long>();
        for (int axis = 0; axis < axes; axis++) {
            long kernel = weights.dims().get(2 + axis);
            long stride = strides.get(axis);
            long count = (kernel + stride - 1) / stride;
            long spare = stride * count - kernel + pads.get(axes + axis) - more.get(axis);
            long rows = spare < 0 ? (stride - 1 - spare) / stride : 0;
            taps.add(count);
            beyond.add(rows);
            cut.add(spare + stride * rows);
        }
        return cut.stream().allMatch(rows -> rows >= 0)
                ? Optional.of(new TransposedLayer(node, weights, bias, strides, taps, beyond, cut))
                : Optional.empty();
    }

    /** Kernels with zeros in their gaps. */
    private static Tensor dilated(Tensor weights, List<Long> dilations) {
        if (dilations.stream().allMatch(dilation -> dilation == 1)) {
            return weights;
        }
        int bytes = weights.type().bytes();
        var dims = new ArrayList<>(weights.dims());
        for (int axis = 2; axis < dims.size(); axis++) {
            dims.set(axis, dilations.get(axis - 2) * (dims.get(axis) - 1) + 1);
        }
        int count = 1;
        for (long size : dims) {
            count = Math.multiplyExact(count, Math.toIntExact(size));
        }
        var spread = ByteBuffer.allocate(Math.multiplyExact(count, bytes)).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < weights.count(); i++) {
            int target = 0;
            int step = 1;
            int rest = i;
            for (int axis = dims.size() - 1; axis >= 0; axis--) {
                int size = Math.toIntExact(weights.dims().get(axis));
                int gap = axis < 2 ? 1 : Math.toIntExact(dilations.get(axis - 2));
                target += rest % size * gap * step;
                rest /= size;
                step = Math.toIntExact(step * dims.get(axis));
            }
            spread.position(target * bytes).put(weights.data().slice(i * bytes, bytes));
        }
        return new Tensor(weights.type(), dims, spread.clear());
    }

    /** At the start of each axis, then at the end; empty where they hang on sizes that nobody knows. */
    private static Optional<List<Long>> pads(Node node, Tensor weights, List<Long> strides, GraphEdit draft) {
        int axes = strides.size();
        var none = Collections.nCopies(2 * axes, 0L);
        var way = node.text("auto_pad", "NOTSET");
        var wanted = node.wholes("output_shape").orElse(null);
        if (wanted == null && way.equals("NOTSET")) {
            return Optional.of(node.wholes("pads").orElse(none));
        } else if (wanted == null && way.equals("VALID")) {
            return Optional.of(none);
        }
        var input = draft.shapes().shape(node.input(0)).orElse(List.of());
        var more = node.wholes("output_padding").orElse(none);
        var pads = new ArrayList<>(none);
        for (int axis = 0; axis < axes; axis++) {
            long stride = strides.get(axis);
            long total = weights.dims().get(2 + axis) + more.get(axis) - stride;
            if (wanted != null) {
                if (input.size() != 2 + axes || !input.get(2 + axis).isFixed()) {
                    return Optional.empty();
                }
                total += stride * input.get(2 + axis).size() - wanted.get(wanted.size() - axes + axis);
            }
            if (total < 0) {
                return Optional.empty();
            }
            long half = total / 2;
            pads.set(axis, way.equals("SAME_UPPER") ? half : total - half);
            pads.set(axes + axis, way.equals("SAME_UPPER") ? total - half : half);
        }
        return Optional.of(pads);
    }

    /** How many axes there are but the first two. */
    int axes() {
        return strides.size();
    }

    long groups() {
        return node.whole("group", 1);
    }

    int phases() {
        return product(strides);
    }

    private static int product(List<Long> sizes) {
        return sizes.stream().mapToInt(Math::toIntExact).reduce(1, Math::multiplyExact);
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

    /** Of the convolution whose outputs are cut afterwards. */
    List<Long> pads() {
        var pads = new ArrayList<Long>();
        taps.forEach(count -> pads.add(count - 1));
        for (int axis = 0; axis < axes(); axis++) {
            pads.add(taps.get(axis) - 1 + beyond.get(axis));
        }
        return pads;
    }

    /** Of a convolution that does not make what would be cut off. */
    List<Long> padsWithoutCut() {
        var pads = new ArrayList<Long>();
        for (int side = 0; side < cut.size(); side++) {
            pads.add(pads().get(side) - cut.get(side));
        }
        return pads;
    }

    /** How many rows more than the input the convolution makes. */
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
     * [groups·phases·computed, in/groups, taps…]: channel p·computed + c of a group makes phase p of c, the phases of the
     * last axis first: of two axes, p = s·r + q makes rows s·t + r, columns s·u + q.
     */
    Tensor kernels() {
        int bytes = weights.type().bytes();
        int groups = Math.toIntExact(groups());
        int in = Math.toIntExact(weights.dims().get(0)) / groups;
        int out = Math.toIntExact(channelsOfGroup());
        int filled = Math.toIntExact(computed());
        int rows = phases() * filled;
        int window = product(taps);
        int count = Math.multiplyExact(Math.multiplyExact(groups * rows, window), in);
        var kernels = ByteBuffer.allocate(Math.multiplyExact(bytes, count)).order(ByteOrder.LITTLE_ENDIAN);
        for (int row = 0; row < groups * rows; row++) {
            int channel = row % filled;
            for (int i = 0; i < in; i++) {
                int kernel = (row / rows * in + i) * out + channel;
                for (int tap = 0; tap < window; tap++) {
                    int place = channel < out ? place(row % rows / filled, tap) : -1;
                    if (place >= 0) {
                        kernels.put(weights.data().slice((kernel * product(kernel()) + place) * bytes, bytes));
                    } else {
                        kernels.put(new byte[bytes]);
                    }
                }
            }
        }
        var dims = new ArrayList<>(List.of((long) groups * rows, (long) in));
        dims.addAll(taps);
        return new Tensor(weights.type(), dims, kernels.flip());
    }

    private List<Long> kernel() {
        return weights.dims().subList(2, weights.rank());
    }

    /** Where in its kernel the weight lies that a tap takes in a phase; −1 of none. */
    private int place(int phase, int tap) {
        int place = 0;
        int step = 1;
        for (int axis = axes() - 1; axis >= 0; axis--) {
            int stride = Math.toIntExact(strides.get(axis));
            int count = Math.toIntExact(taps.get(axis));
            int size = Math.toIntExact(kernel().get(axis));
            int at = stride * (count - 1 - tap % count) + phase % stride;
            if (at >= size) {
                return -1;
            }
            place += at * step;
            step *= size;
            tap /= count;
            phase /= stride;
        }
        return place;
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
