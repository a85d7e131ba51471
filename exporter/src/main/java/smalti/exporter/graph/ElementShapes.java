package smalti.exporter.graph;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Functions of single elements: of one input, whose shape stays, or of several, which broadcast. */
final class ElementShapes {
    /** The first output has the shape of the first input. */
    private static final Set<String> UNARY = Set.of(
            "Abs",
            "Acos",
            "Acosh",
            "Asin",
            "Asinh",
            "Atan",
            "Atanh",
            "Bernoulli",
            "BitCast",
            "BitwiseNot",
            "Cast",
            "CastLike",
            "Ceil",
            "Celu",
            "Clip",
            "Cos",
            "Cosh",
            "CumProd",
            "CumSum",
            "Elu",
            "Erf",
            "Exp",
            "Floor",
            "Gelu",
            "HardSigmoid",
            "HardSwish",
            "Identity",
            "IsInf",
            "IsNaN",
            "LeakyRelu",
            "Log",
            "Mish",
            "Neg",
            "Not",
            "PRelu",
            "Reciprocal",
            "Relu",
            "Round",
            "Selu",
            "Shrink",
            "Sigmoid",
            "Sign",
            "Sin",
            "Sinh",
            "Softplus",
            "Softsign",
            "Sqrt",
            "Swish",
            "Tan",
            "Tanh",
            "TensorScatter",
            "ThresholdedRelu",
            "Trilu");

    /** Since opset 7. */
    private static final Set<String> BROADCAST = Set.of(
            "Add",
            "And",
            "BitShift",
            "BitwiseAnd",
            "BitwiseOr",
            "BitwiseXor",
            "Div",
            "Equal",
            "Greater",
            "GreaterOrEqual",
            "Less",
            "LessOrEqual",
            "Mod",
            "Mul",
            "Or",
            "Pow",
            "Sub",
            "Where",
            "Xor");

    /** Since opset 8. */
    private static final Set<String> BROADCAST_LATER = Set.of("Max", "Mean", "Min", "Sum");

    private ElementShapes() {}

    static Map<String, ShapeRule> rows() {
        var rows = new HashMap<String, ShapeRule>();
        UNARY.forEach(op -> rows.put(op, ShapeRule.SAME));
        BROADCAST.forEach(op -> rows.put(op, node -> broadcast(node, 7)));
        BROADCAST_LATER.forEach(op -> rows.put(op, node -> broadcast(node, 8)));
        rows.put("Dropout", ShapeRule.SAME.andThen(KnownNode::giveSecondLikeFirst));
        return rows;
    }

    private static @Nullable List<Axis> broadcast(KnownNode node, int since) {
        if (node.opset() < since) {
            return node.shape(0);
        }
        @Nullable List<Axis> all = List.of();
        for (int i = 0; i < node.inputs() && all != null; i++) {
            all = Axes.broadcast(all, node.shape(i));
        }
        return all;
    }
}
