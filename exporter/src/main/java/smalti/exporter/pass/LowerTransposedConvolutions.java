package smalti.exporter.pass;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/**
 * A ConvTranspose of kernel 4, stride 2 and padding 1 as a Conv of kernel 3 to four times the channels and a
 * DepthToSpace, which gives the same sums: consumers have fast and INT8 kernels for those.
 *
 * <p>Output 2t takes inputs t−1 and t by the weights 3 and 1, output 2t+1 takes t and t+1 by 2 and 0.
 */
final class LowerTransposedConvolutions extends GraphPass {
    /** The weight of the input at t−1, t, t+1 for outputs 2t and 2t+1; −1 for none. */
    private static final int[][] TAPS = {{3, 1, -1}, {-1, 2, 0}};

    /** DepthToSpace has a mode since. */
    private static final int FIRST_OPSET = 11;

    LowerTransposedConvolutions() {
        super("sub-pixels");
    }

    @Override
    void rewrite(Draft draft) {
        if (draft.opset() < FIRST_OPSET) {
            return;
        }
        draft.each(node -> {
            if (node.is("ConvTranspose") && fits(node)) {
                lower(node, draft);
            }
        });
    }

    private static boolean fits(Node node) {
        return is(node, "strides", List.of(2L, 2L), false)
                && is(node, "pads", List.of(1L, 1L, 1L, 1L), false)
                && is(node, "kernel_shape", List.of(4L, 4L), true)
                && is(node, "dilations", List.of(1L, 1L), true)
                && is(node, "output_padding", List.of(0L, 0L), true)
                && !node.attributes().containsKey("output_shape")
                && node.text("auto_pad", "NOTSET").equals("NOTSET");
    }

    private static boolean is(Node node, String attribute, List<Long> wanted, boolean orAbsent) {
        return node.wholes(attribute).map(wanted::equals).orElse(orAbsent);
    }

    private static void lower(Node node, Draft draft) {
        var weights = draft.constant(node.input(1));
        var bias = draft.constant(node.input(2));
        long group = node.whole("group", 1);
        boolean sound = weights != null
                && weights.rank() == 4
                && weights.dims().subList(2, 4).equals(List.of(4L, 4L))
                && group > 0
                && weights.dims().get(0) % group == 0
                && (weights.type() == ValueType.FLOAT32 || weights.type() == ValueType.FLOAT16)
                && (bias != null || node.input(2).isEmpty());
        if (!sound || weights == null) {
            return;
        }
        var name = node.output();
        var w = draft.add(name + "_weight", kernels(weights, (int) group));
        var inputs = bias == null
                ? List.of(node.input(0), w)
                : List.of(node.input(0), w, draft.add(name + "_bias", fourTimes(bias)));
        var channels = draft.fresh(name + "_channels");
        var attributes = new TreeMap<String, Attribute>(Map.of(
                "kernel_shape", Attribute.ints(3, 3),
                "strides", Attribute.ints(1, 1),
                "pads", Attribute.ints(1, 1, 1, 1),
                "dilations", Attribute.ints(1, 1),
                "group", Attribute.of(group)));
        draft.replace(
                node,
                new Node(node.name(), "", "Conv", inputs, List.of(channels), attributes),
                Node.of(
                        "DepthToSpace",
                        List.of(channels),
                        name,
                        Map.of("blocksize", Attribute.of(2L), "mode", Attribute.of("CRD"))));
    }

    /** [in, out/group, 4, 4] to [4·out, in/group, 3, 3], where channel 4·c + 2·r + s makes rows 2t+r, columns 2u+s. */
    private static Tensor kernels(Tensor weights, int group) {
        int bytes = weights.type().bytes();
        int in = Math.toIntExact(weights.dims().get(0)) / group;
        int out = Math.toIntExact(weights.dims().get(1));
        var kernels = ByteBuffer.allocate(Math.multiplyExact(36 * bytes, group * out * in))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int row = 0; row < group * out * 4; row++) {
            int channel = row / 4;
            for (int i = 0; i < in; i++) {
                int source = ((channel / out * in + i) * out + channel % out) * 16;
                for (int tap = 0; tap < 9; tap++) {
                    int y = TAPS[row % 4 / 2][tap / 3];
                    int x = TAPS[row % 2][tap % 3];
                    if (y < 0 || x < 0) {
                        kernels.put(new byte[bytes]);
                    } else {
                        kernels.put(weights.data().slice((source + 4 * y + x) * bytes, bytes));
                    }
                }
            }
        }
        return new Tensor(weights.type(), List.of(4L * group * out, (long) in, 3L, 3L), kernels.flip());
    }

    private static Tensor fourTimes(Tensor bias) {
        int bytes = bias.type().bytes();
        var repeated = ByteBuffer.allocate(4 * bias.data().remaining());
        for (int i = 0; i < 4 * bias.count(); i++) {
            repeated.put(bias.data().slice(i / 4 * bytes, bytes));
        }
        return new Tensor(bias.type(), List.of(4L * bias.count()), repeated.flip());
    }
}
