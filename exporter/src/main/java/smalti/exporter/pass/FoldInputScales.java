package smalti.exporter.pass;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import smalti.exporter.graph.Node;

/**
 * Puts a multiplication or addition by constants, or a BatchNormalization, into the weights of the layers that alone take
 * what it makes.
 */
final class FoldInputScales extends GraphPass {
    FoldInputScales() {
        super("input-scales");
    }

    @Override
    void rewrite(GraphEdit draft) {
        draft.each(node -> {
            boolean isScale = node.domain().isEmpty() && FoldScales.SCALES.contains(node.op()) && draft.opset() >= 7;
            if (node.is("BatchNormalization")) {
                fold(node, 0, draft);
            } else if (isScale && !fold(node, 0, draft)) {
                fold(node, 1, draft);
            }
        });
    }

    private static boolean fold(Node node, int side, GraphEdit draft) {
        var layers = layers(node, draft);
        var affines = new ArrayList<Affine>();
        for (var layer : layers) {
            var affine = affine(node, side, layer, draft);
            if (affine.isEmpty() || !layer.takes(affine.get())) {
                return false;
            }
            affines.add(affine.get());
        }
        for (int i = 0; i < layers.size(); i++) {
            layers.get(i).absorbBefore(node.input(side), affines.get(i), draft);
        }
        if (!layers.isEmpty()) {
            draft.remove(node);
        }
        return !layers.isEmpty();
    }

    /** All that take what a node makes; empty if there are others. */
    private static List<Layer> layers(Node node, GraphEdit draft) {
        var layers = new ArrayList<Layer>();
        if (draft.isOutput(node.output())) {
            return layers;
        }
        for (var user : draft.users(node.output())) {
            var layer = Layer.of(user, draft);
            if (layer.isEmpty() || !user.input(0).equals(node.output())) {
                return List.of();
            }
            layers.add(layer.get());
        }
        return layers;
    }

    private static Optional<Affine> affine(Node node, int side, Layer layer, GraphEdit draft) {
        var value = node.input(side);
        if (node.is("BatchNormalization")) {
            return layer.inputAxis() == 1
                    ? Affine.ofNormalization(node, layer.inputChannels(), draft)
                    : Optional.empty();
        }
        var constant = draft.constant(node.input(1 - side));
        // a constant may make more of the value
        boolean fits = constant != null
                && constant.type() == layer.weights().type()
                && draft.shapes().rank(value).isPresent()
                && (constant.count() == 1 || draft.shapes().surelySameShape(value, node.output()));
        return fits
                ? Layer.perChannel(constant, layer.rank(), layer.inputAxis(), layer.inputChannels())
                        .flatMap(numbers -> Affine.of(node, side, numbers))
                : Optional.empty();
    }
}
