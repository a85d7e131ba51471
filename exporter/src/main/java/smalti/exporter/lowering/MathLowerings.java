package smalti.exporter.lowering;

import static java.util.Map.entry;

import java.util.Map;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.samediff.SourceOp;

/** Arithmetic of two arrays (broadcast as in NumPy on both sides), of an array and a number, and matrix products. */
final class MathLowerings {
    private MathLowerings() {}

    static Map<String, Lowering> rows() {
        return Map.ofEntries(
                entry("add", pair("Add", false)),
                entry("subtract", pair("Sub", false)),
                entry("multiply", pair("Mul", false)),
                entry("divide", pair("Div", false)),
                entry("reversesubtract", pair("Sub", true)),
                entry("reversedivide", pair("Div", true)),
                entry("add_scalar", scalar("Add", false)),
                entry("sub_scalar", scalar("Sub", false)),
                entry("mul_scalar", scalar("Mul", false)),
                entry("div_scalar", scalar("Div", false)),
                entry("rsub_scalar", scalar("Sub", true)),
                entry("rdiv_scalar", scalar("Div", true)),
                entry("matmul", MatrixLowerings::product),
                entry("tensordot", MathLowerings::contraction));
    }

    private static Lowering pair(String onnx, boolean reversed) {
        return (op, to) -> {
            Emitter.require(op.inputs().size() == 2, "two inputs are covered, got %s", op.inputs());
            for (int i = 0; i < 2; i++) {
                requireFloat(op, to, i);
            }
            to.finish(op, onnx, to.input(op, reversed ? 1 : 0), to.input(op, reversed ? 0 : 1));
        };
    }

    private static Lowering scalar(String onnx, boolean reversed) {
        return (op, to) -> {
            var number = op.scalar();
            if (number == null || op.inputs().size() != 1) {
                throw new NotCovered("one input and one number are covered, got " + op.inputs() + " and " + number);
            }
            requireFloat(op, to, 0);
            var scalar = to.constant(op, "scalar", Tensor.scalar(ValueType.FLOAT32, number));
            var input = to.input(op, 0);
            to.finish(op, onnx, reversed ? scalar : input, reversed ? input : scalar);
        };
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
