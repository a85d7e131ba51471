package smalti.exporter.lowering;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.samediff.SourceOp;

/**
 * Writes one operation as a formula of several operators.
 *
 * <p>16-bit floats are computed in FLOAT32 from the inputs to the result, so that they are rounded once.
 */
record Formula(SourceOp op, Emitter to) {
    /** The input, 16-bit floats as FLOAT32. */
    Piece in(int index) {
        return wide(to.in(op, index));
    }

    Piece wide(Piece piece) {
        boolean half = piece.type() == ValueType.FLOAT16 || piece.type() == ValueType.BFLOAT16;
        return half ? to.cast(op, piece, ValueType.FLOAT32) : piece;
    }

    void give(Piece piece) {
        to.give(op, piece);
    }

    Piece apply(String onnx, Piece... inputs) {
        return to.apply(op, onnx, inputs);
    }

    Piece apply(String onnx, Map<String, Attribute> attributes, Piece... inputs) {
        return to.apply(op, onnx, attributes, inputs);
    }

    Piece number(Piece like, double value) {
        return to.number(op, like.type(), value);
    }

    Piece add(Piece a, Piece b) {
        return apply("Add", a, b);
    }

    Piece add(Piece a, double b) {
        return apply("Add", a, number(a, b));
    }

    Piece sub(Piece a, Piece b) {
        return apply("Sub", a, b);
    }

    Piece sub(double a, Piece b) {
        return apply("Sub", number(b, a), b);
    }

    Piece mul(Piece a, Piece b) {
        return apply("Mul", a, b);
    }

    Piece mul(Piece a, double b) {
        return apply("Mul", a, number(a, b));
    }

    Piece div(Piece a, Piece b) {
        return apply("Div", a, b);
    }

    Piece div(double a, Piece b) {
        return apply("Div", number(b, a), b);
    }

    Piece max(Piece a, double b) {
        return apply("Max", a, number(a, b));
    }

    Piece min(Piece a, double b) {
        return apply("Min", a, number(a, b));
    }

    Piece neg(Piece a) {
        return apply("Neg", a);
    }

    Piece exp(Piece a) {
        return apply("Exp", a);
    }

    Piece log(Piece a) {
        return apply("Log", a);
    }

    Piece sqrt(Piece a) {
        return apply("Sqrt", a);
    }

    Piece abs(Piece a) {
        return apply("Abs", a);
    }

    Piece square(Piece a) {
        return mul(a, a);
    }

    Piece where(Piece condition, Piece yes, Piece no) {
        return apply("Where", condition, yes, no);
    }

    Piece greater(Piece a, double b) {
        return apply("Greater", a, number(a, b));
    }

    Piece atLeast(Piece a, double b) {
        return apply("GreaterOrEqual", a, number(a, b));
    }

    Piece less(Piece a, double b) {
        return apply("Less", a, number(a, b));
    }

    Piece equal(Piece a, double b) {
        return apply("Equal", a, number(a, b));
    }

    /** 1 where the condition holds, else 0. */
    Piece indicator(Piece condition, ValueType type) {
        return to.cast(op, condition, type);
    }

    /** log(1 + exp(x)), which does not overflow. */
    Piece softplus(Piece x) {
        return x.type() == ValueType.FLOAT32 ? apply("Softplus", x) : add(max(x, 0), log(add(exp(neg(abs(x))), 1)));
    }

    Piece sum(Piece x, boolean keep, long... axes) {
        return reduce("ReduceSum", 13, x, keep, axes);
    }

    Piece mean(Piece x, boolean keep, long... axes) {
        return reduce("ReduceMean", 18, x, keep, axes);
    }

    Piece most(Piece x, boolean keep, long... axes) {
        return reduce("ReduceMax", 18, x, keep, axes);
    }

    Piece least(Piece x, boolean keep, long... axes) {
        return reduce("ReduceMin", 18, x, keep, axes);
    }

    /** Over all axes where none is given. */
    private Piece reduce(String onnx, int axesAreInput, Piece x, boolean keep, long... axes) {
        var attributes = new HashMap<String, Attribute>();
        attributes.put("keepdims", Attribute.of(keep));
        if (axes.length == 0) {
            return apply(onnx, attributes, x);
        }
        if (to.opset() >= axesAreInput) {
            return apply(onnx, attributes, x, longs(axes));
        }
        attributes.put("axes", Attribute.ints(axes));
        return apply(onnx, attributes, x);
    }

    Piece longs(long... values) {
        return to.longs(op, values);
    }

    Piece constant(Tensor tensor) {
        return to.constant(op, tensor);
    }

    /** A constant of a piece's type. */
    Piece constant(Piece like, double[] values, long... sizes) {
        return constant(Tensor.of(values, sizes).cast(like.type()));
    }

    Piece transpose(Piece x, int... order) {
        boolean same = true;
        for (int axis = 0; axis < order.length; axis++) {
            same &= order[axis] == axis;
        }
        return same ? x : apply("Transpose", Map.of("perm", ints(order)), x);
    }

    private static Attribute ints(int... values) {
        return Attribute.ints(Arrays.stream(values).asLongStream().toArray());
    }

    /** Sizes of 0 stay as they are; one of -1 takes the rest. */
    Piece reshape(Piece x, long... sizes) {
        return apply("Reshape", x, longs(sizes));
    }

    Piece unsqueeze(Piece x, long... axes) {
        return apply("Unsqueeze", x, longs(axes));
    }

    Piece squeeze(Piece x, long... axes) {
        return apply("Squeeze", x, longs(axes));
    }

    Piece concat(long axis, List<Piece> pieces) {
        return apply("Concat", Map.of("axis", Attribute.of(axis)), pieces.toArray(Piece[]::new));
    }

    /** Equal parts. */
    List<Piece> split(Piece x, long axis, int parts) {
        if (parts == 1) {
            return List.of(x);
        }
        var attributes = new HashMap<String, Attribute>();
        attributes.put("axis", Attribute.of(axis));
        if (to.opset() >= 18) {
            attributes.put("num_outputs", Attribute.of((long) parts));
        }
        return to.applyAll(op, parts, "Split", attributes, x);
    }

    Piece slice(Piece x, long axis, long from, long end) {
        return apply("Slice", x, longs(from), longs(end), longs(axis));
    }

    /** Backwards along an axis. */
    Piece reversed(Piece x, long axis) {
        return apply("Slice", x, longs(-1), longs(Long.MIN_VALUE + 1), longs(axis), longs(-1));
    }

    Piece gather(Piece x, long axis, long... places) {
        return apply("Gather", Map.of("axis", Attribute.of(axis)), x, longs(places));
    }

    Piece shape(Piece x) {
        return apply("Shape", x);
    }

    Piece matmul(Piece a, Piece b) {
        return apply("MatMul", a, b);
    }

    Piece softmax(Piece x, long axis) {
        return apply("Softmax", Map.of("axis", Attribute.of(axis)), x);
    }

    Piece logSoftmax(Piece x, long axis) {
        return apply("LogSoftmax", Map.of("axis", Attribute.of(axis)), x);
    }

    int rank(int input) {
        return to.value(op, input).rank();
    }

    /** The size of an input's axis, which must be the same in every run. */
    long size(int input, int axis) {
        var value = to.value(op, input);
        Emitter.require(
                value.fixed().get(axis), "axis %s of input %s must be of a fixed size, got %s", axis, input, value);
        return value.sampleShape().get(axis);
    }

    boolean isFixed(int input, int axis) {
        return to.value(op, input).fixed().get(axis);
    }

    /** A whole-number argument. */
    long integer(int index) {
        Emitter.require(op.ints().size() > index, "argument %s is needed, got %s", index, op.ints());
        return op.ints().get(index);
    }

    double real(int index) {
        Emitter.require(op.reals().size() > index, "number %s is needed, got %s", index, op.reals());
        return op.reals().get(index);
    }

    double scalar() {
        var scalar = op.scalar();
        if (scalar == null) {
            throw new NotCovered("the number is missing");
        }
        return scalar;
    }
}
