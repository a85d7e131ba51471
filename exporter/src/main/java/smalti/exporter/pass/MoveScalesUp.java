package smalti.exporter.pass;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;

/**
 * Puts a multiplication by constants into the weights of a layer, though offsets and moves lie between them, as LayerScale is
 * parted from the product that it scales:
 *
 * <pre>
 *   Transpose(x·W + b)·s  =  Transpose(x·(W·s) + b·s)
 * </pre>
 */
final class MoveScalesUp extends GraphPass {
    /** Move numbers, wherever; one factor for all of them may go before. */
    private static final Set<String> MOVING =
            Set.of("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Slice", "DepthToSpace", "SpaceToDepth");

    MoveScalesUp() {
        super("distant-scales");
    }

    @Override
    void rewrite(GraphEdit draft) {
        draft.each(node -> {
            if (draft.opset() >= 7 && (node.is("Mul") || node.is("Div"))) {
                for (int side = 0; side < (node.is("Mul") ? 2 : 1); side++) {
                    var way = Way.from(node, side, draft).orElse(null);
                    if (way != null && way.scale(draft)) {
                        if (!draft.bypass(node, node.input(side))) {
                            draft.replace(
                                    node, Node.of("Identity", List.of(node.input(side)), node.output(), Map.of()));
                        }
                        break;
                    }
                }
            }
        });
    }

    /** An addition of constants on the way, and the axis of the channels there; −1 where one factor is for all. */
    private record Offset(Node node, String constant, Tensor numbers, int axis, int rank) {}

    /** @param factor a number a channel of the layer */
    private record Way(Layer layer, List<Offset> offsets, double[] factor) {
        static Optional<Way> from(Node node, int side, GraphEdit draft) {
            var constant = draft.constant(node.input(1 - side));
            var value = node.input(side);
            int rank = draft.shapes().rank(value).orElse(-1);
            if (constant == null || !Layer.isFloat(constant) || constant.count() == 0 || constant.rank() > rank) {
                return Optional.empty();
            }
            int axis = axis(constant, rank).orElse(-2);
            var offsets = new ArrayList<Offset>();
            boolean isApart = false;
            while (axis > -2 && draft.isUsedOnce(value)) {
                var maker = draft.maker(value);
                var layer = Layer.of(maker, draft).orElse(null);
                if (layer != null) {
                    // what is not parted goes into the layer elsewhere
                    return isApart ? to(layer, axis, rank, node, constant, offsets) : Optional.empty();
                }
                var offset = maker == null || axis(value, draft) < 0 ? null : offset(maker, axis, rank, draft);
                if (maker == null) {
                    return Optional.empty();
                } else if (offset != null) {
                    offsets.add(offset);
                    value = maker.input(maker.input(0).equals(offset.constant()) ? 1 : 0);
                } else if (maker.domain().isEmpty() && MOVING.contains(maker.op())) {
                    axis = before(maker, axis, rank);
                    value = maker.input(0);
                    rank = draft.shapes().rank(value).orElse(-1);
                } else {
                    return Optional.empty();
                }
                isApart = true;
            }
            return Optional.empty();
        }

        /** The only axis along which a constant differs, as those of a value are counted; −1 of a single number. */
        private static Optional<Integer> axis(Tensor constant, int rank) {
            int found = -1;
            for (int i = 0; i < constant.rank(); i++) {
                if (constant.dims().get(i) != 1) {
                    if (found >= 0) {
                        return Optional.empty();
                    }
                    found = i + rank - constant.rank();
                }
            }
            return Optional.of(found);
        }

        private static int axis(String value, GraphEdit draft) {
            return draft.shapes().rank(value).orElse(-1);
        }

        private static @Nullable Offset offset(Node node, int axis, int rank, GraphEdit draft) {
            if (!node.is("Add") && !node.is("Sub")) {
                return null;
            }
            for (int side = node.is("Add") ? 0 : 1; side < 2; side++) {
                var numbers = draft.constant(node.input(side));
                boolean fits = numbers != null
                        && Layer.isFloat(numbers)
                        && numbers.rank() <= rank
                        && draft.shapes().surelySameShape(node.input(1 - side), node.output())
                        && (axis < 0
                                || axis(numbers, rank)
                                        .filter(own -> own < 0 || own == axis)
                                        .isPresent());
                if (fits && numbers != null) {
                    return new Offset(node, node.input(side), numbers, axis, rank);
                }
            }
            return null;
        }

        /** The axis of the channels before a node that moves numbers; −2 where it does not tell. */
        private static int before(Node node, int axis, int rank) {
            if (axis < 0) {
                return axis;
            } else if (!node.is("Transpose")) {
                return -2;
            }
            var order = node.wholes("perm");
            return order.isPresent() ? Math.toIntExact(order.get().get(axis)) : rank - 1 - axis;
        }

        private static Optional<Way> to(
                Layer layer, int axis, int rank, Node node, Tensor constant, List<Offset> offsets) {
            boolean fits = constant.type() == layer.weights().type()
                    && (axis < 0
                            || (rank == layer.rank() && axis == layer.axis() && constant.count() == layer.channels()));
            if (!fits) {
                return Optional.empty();
            }
            var factor = new double[layer.channels()];
            for (int i = 0; i < factor.length; i++) {
                double number = constant.number(axis < 0 ? 0 : i);
                factor[i] = node.is("Div") ? 1 / number : number;
            }
            return Optional.of(new Way(layer, offsets, factor));
        }

        boolean scale(GraphEdit draft) {
            var scaled = new ArrayList<Tensor>();
            for (var offset : offsets) {
                var numbers = scaled(offset);
                if (!Arrays.stream(Layer.numbers(numbers)).allMatch(Double::isFinite)) {
                    return false;
                }
                scaled.add(numbers);
            }
            if (!layer.scale(factor, draft)) {
                return false;
            }
            for (int i = 0; i < scaled.size(); i++) {
                var offset = offsets.get(i);
                var name = draft.add(offset.constant() + "_scaled", scaled.get(i));
                draft.replace(
                        offset.node(),
                        offset.node()
                                .withInputs(offset.node().inputs().stream()
                                        .map(input -> input.equals(offset.constant()) ? name : input)
                                        .toList()));
            }
            return true;
        }

        private Tensor scaled(Offset offset) {
            var numbers = offset.numbers();
            if (offset.axis() < 0) {
                var all = Layer.numbers(numbers);
                return Layer.tensor(
                        numbers.type(),
                        numbers.dims(),
                        Arrays.stream(all).map(number -> number * factor[0]).toArray());
            }
            var channels = new double[factor.length];
            for (int i = 0; i < channels.length; i++) {
                channels[i] = numbers.number(numbers.count() == 1 ? 0 : i) * factor[i];
            }
            var dims = new ArrayList<>(List.of((long) channels.length));
            for (int i = offset.axis() + 1; i < offset.rank(); i++) {
                dims.add(1L);
            }
            return Layer.tensor(numbers.type(), dims, channels);
        }
    }
}
