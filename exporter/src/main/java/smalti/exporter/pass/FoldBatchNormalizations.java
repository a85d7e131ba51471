package smalti.exporter.pass;

import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;

/** Puts a BatchNormalization outside of training into the weights of the Conv or ConvTranspose before it. */
final class FoldBatchNormalizations extends GraphPass {
    FoldBatchNormalizations() {
        super("batch-norms");
    }

    @Override
    void rewrite(Draft draft) {
        draft.each(node -> {
            if (node.is("BatchNormalization") && isInference(node, draft)) {
                fold(node, draft);
            }
        });
    }

    private static boolean isInference(Node node, Draft draft) {
        if (!draft.onlyFirstUsed(node) || node.whole("training_mode", 0) != 0 || node.whole("spatial", 1) != 1) {
            return false;
        }
        return draft.opset() >= 7 || node.whole("is_test", 0) == 1;
    }

    private static void fold(Node node, Draft draft) {
        var layer = Layer.of(draft.maker(node.input(0)), draft).orElse(null);
        if (layer == null || !draft.isUsedOnce(node.input(0))) {
            return;
        }
        var parts = new Tensor[4];
        for (int i = 0; i < parts.length; i++) {
            var part = draft.constant(node.input(i + 1));
            if (part == null || !Layer.isFloat(part) || part.count() != layer.channels()) {
                return;
            }
            parts[i] = part;
        }
        double epsilon = node.real("epsilon", 1e-5f);
        var factor = new double[layer.channels()];
        var shift = new double[layer.channels()];
        for (int i = 0; i < factor.length; i++) {
            factor[i] = parts[0].number(i) / Math.sqrt(parts[3].number(i) + epsilon);
            shift[i] = parts[1].number(i) - parts[2].number(i) * factor[i];
        }
        layer.absorb(node, factor, shift, draft);
    }
}
