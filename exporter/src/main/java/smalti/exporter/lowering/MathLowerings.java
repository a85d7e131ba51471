package smalti.exporter.lowering;

import static java.util.Map.entry;

import java.util.Map;
import smalti.exporter.graph.ValueType;
import smalti.exporter.samediff.SourceOp;

/** Products of matrices. */
final class MathLowerings {
    private MathLowerings() {}

    static Map<String, Lowering> rows() {
        return Map.ofEntries(entry("matmul", MatrixLowerings::product), entry("tensordot", MathLowerings::contraction));
    }

    /** nd4j's arguments: how many axes of a, which, how many of b, which. The last of a with the first of b is MatMul. */
    private static void contraction(SourceOp op, Emitter to) {
        int rank = to.value(op, 0).rank();
        Emitter.require(
                op.ints().size() == 4
                        && op.ints().get(0) == 1
                        && op.ints().get(2) == 1
                        && Emitter.axis(op.ints().get(1), rank) == rank - 1
                        && op.ints().get(3) == 0,
                "the last axis of the first input must meet axis 0 of the second, got %s",
                op.ints());
        Emitter.require(!op.flags().contains(true), "no input must be transposed, got %s", op.flags());
        Emitter.require(to.value(op, 1).rank() == 2, "the second input must have 2 axes, got %s", to.value(op, 1));
        requireFloat(op, to, 0);
        requireFloat(op, to, 1);
        to.finish(op, "MatMul", to.input(op, 0), to.input(op, 1));
    }

    private static void requireFloat(SourceOp op, Emitter to, int index) {
        var type = to.value(op, index).type();
        Emitter.require(type == ValueType.FLOAT32, "input %s must be FLOAT32, got %s", index, type);
    }
}
