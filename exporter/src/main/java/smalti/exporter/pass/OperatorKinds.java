package smalti.exporter.pass;

import java.util.Set;
import smalti.exporter.graph.Node;

/** Kinds of operators of ONNX's own. */
final class OperatorKinds {
    /** Give other values each time, or may. */
    private static final Set<String> RANDOM = Set.of(
            "RandomNormal",
            "RandomUniform",
            "RandomNormalLike",
            "RandomUniformLike",
            "Multinomial",
            "Bernoulli",
            "Dropout");

    /** One element in, one out, of the first input alone; further inputs are scalars. */
    static final Set<String> UNARY = Set.of(
            "Abs",
            "Cast",
            "Ceil",
            "Celu",
            "Clip",
            "Cos",
            "Elu",
            "Erf",
            "Exp",
            "Floor",
            "Gelu",
            "HardSigmoid",
            "HardSwish",
            "Identity",
            "LeakyRelu",
            "Log",
            "Mish",
            "Neg",
            "Not",
            "Reciprocal",
            "Relu",
            "Round",
            "Selu",
            "Sigmoid",
            "Sign",
            "Sin",
            "Softplus",
            "Softsign",
            "Sqrt",
            "Swish",
            "Tan",
            "Tanh",
            "ThresholdedRelu");

    /** Broadcast two inputs since opset 7. */
    static final Set<String> BINARY =
            Set.of("Add", "And", "Div", "Equal", "Greater", "Less", "Mul", "Or", "Pow", "Sub", "Xor");

    private OperatorKinds() {}

    /** Whether the same inputs surely give the same outputs, and nothing else matters. */
    static boolean isRepeatable(Node node) {
        return node.domain().isEmpty()
                && !RANDOM.contains(node.op())
                && node.bodies().isEmpty();
    }
}
