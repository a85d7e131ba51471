package smalti.exporter.lowering;

import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.ValueType;
import smalti.exporter.samediff.SourceOp;

/** Functions of one element. */
final class ActivationLowerings {
    private ActivationLowerings() {}

    static Map<String, Lowering> rows() {
        return Map.of(
                "relu", ActivationLowerings::relu,
                "leakyrelu", ActivationLowerings::leakyRelu);
    }

    private static void relu(SourceOp op, Emitter to) {
        requireFloat(op, to);
        var cutoff = op.scalar();
        if (cutoff != null && cutoff != 0) {
            throw new NotCovered("the cutoff must be 0, got " + cutoff);
        }
        to.finish(op, "Relu", to.input(op, 0));
    }

    private static void leakyRelu(SourceOp op, Emitter to) {
        requireFloat(op, to);
        var slope = op.scalar();
        if (slope == null) {
            throw new NotCovered("the slope is missing");
        }
        to.finish(op, "LeakyRelu", List.of(to.input(op, 0)), Map.of("alpha", Attribute.of(slope.floatValue())));
    }

    private static void requireFloat(SourceOp op, Emitter to) {
        var type = to.value(op, 0).type();
        Emitter.require(type == ValueType.FLOAT32, "the input must be FLOAT32, got %s", type);
    }
}
