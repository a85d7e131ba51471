package smalti.exporter.lowering;

import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.samediff.SourceOp;

/** Operations between elements and their places. */
final class IndexLowerings {
    private IndexLowerings() {}

    static Map<String, Lowering> rows() {
        return Map.of(
                "gather", IndexLowerings::gather,
                "onehot", IndexLowerings::oneHot,
                "cast", IndexLowerings::cast);
    }

    /** The indices are an input, or follow the axis in the arguments. */
    private static void gather(SourceOp op, Emitter to) {
        Emitter.require(!op.ints().isEmpty(), "a constant axis is covered, got %s", op.inputs());
        var indices = op.inputs().size() > 1
                ? to.in(op, 1)
                : to.longs(op, op.ints().subList(1, op.ints().size()));
        requireWhole(indices.type());
        long axis = Emitter.axis(op.ints().get(0), to.value(op, 0).rank());
        to.give(op, to.apply(op, "Gather", Map.of("axis", Attribute.of(axis)), to.in(op, 0), indices));
    }

    /** nd4j's arguments: axis and depth; the values on and off. ONNX takes [off, on]. */
    private static void oneHot(SourceOp op, Emitter to) {
        Emitter.require(
                op.inputs().size() == 1 && op.ints().size() == 2 && op.reals().size() == 2,
                "a constant depth and constant values are covered, got %s, %s and %s",
                op.inputs(),
                op.ints(),
                op.reals());
        var indices = to.value(op, 0);
        requireWhole(indices.type());
        Emitter.require(
                to.outputType(op) == ValueType.FLOAT32, "the output must be FLOAT32, got %s", to.outputType(op));
        long axis = Emitter.axis(op.ints().get(0), indices.rank() + 1);
        Emitter.require(
                axis == indices.rank(),
                "the new axis must be the last, got %s",
                op.ints().get(0));
        var values =
                new float[] {op.reals().get(1).floatValue(), op.reals().get(0).floatValue()};
        to.finish(
                op,
                "OneHot",
                List.of(
                        to.input(op, 0),
                        to.constant(
                                op,
                                "depth",
                                Tensor.scalar(ValueType.INT64, op.ints().get(1))),
                        to.constant(op, "values", Tensor.of(values, 2))),
                Map.of("axis", Attribute.of(-1L)));
    }

    /** float to whole numbers truncates on both sides. */
    private static void cast(SourceOp op, Emitter to) {
        to.finish(op, "Cast", List.of(to.input(op, 0)), Map.of("to", Attribute.of((long)
                to.outputType(op).onnxCode())));
    }

    private static void requireWhole(ValueType type) {
        Emitter.require(
                type == ValueType.INT64 || type == ValueType.INT32, "the indices must be INT64 or INT32, got %s", type);
    }
}
