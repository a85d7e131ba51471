package smalti.runtime;

import java.util.Set;
import smalti.spec.bundle.ElementType;
import smalti.spec.onnx.OnnxFile;

/** What ONNX's operators do to the rows of a batch, as far as that is the same wherever they stand. */
final class RowOperators {
    /** Each row by itself, its axis where it was. */
    static final Set<String> KEEPING = Set.of(
            "Abs",
            "Acos",
            "Acosh",
            "Asin",
            "Asinh",
            "Atan",
            "Atanh",
            "AveragePool",
            "BatchNormalization",
            "BitwiseNot",
            "Cast",
            "Ceil",
            "Celu",
            "Clip",
            "Conv",
            "ConvTranspose",
            "Cos",
            "Cosh",
            "DepthToSpace",
            "Dropout",
            "Elu",
            "Erf",
            "Exp",
            "Floor",
            "Gelu",
            "GlobalAveragePool",
            "GlobalLpPool",
            "GlobalMaxPool",
            "GroupNormalization",
            "HardSigmoid",
            "HardSwish",
            "Identity",
            "InstanceNormalization",
            "IsInf",
            "IsNaN",
            "LRN",
            "LayerNormalization",
            "LeakyRelu",
            "Log",
            "LpPool",
            "MaxPool",
            "Mish",
            "Neg",
            "Not",
            "RMSNormalization",
            "Reciprocal",
            "Relu",
            "Resize",
            "Round",
            "Selu",
            "Shrink",
            "Sigmoid",
            "Sign",
            "Sin",
            "Sinh",
            "Softplus",
            "Softsign",
            "SpaceToDepth",
            "Sqrt",
            "Swish",
            "Tan",
            "Tanh",
            "ThresholdedRelu",
            "Upsample");

    /** Elements of several inputs that stand in the same place. */
    static final Set<String> PAIRING = Set.of(
            "Add",
            "And",
            "Div",
            "Equal",
            "Greater",
            "GreaterOrEqual",
            "Less",
            "LessOrEqual",
            "Max",
            "Mean",
            "Min",
            "Mod",
            "Mul",
            "Or",
            "PRelu",
            "Pow",
            "Sub",
            "Sum",
            "Where",
            "Xor");

    /** To 8 bits or fewer. */
    private static final Set<String> ROUNDING = Set.of(
            "QuantizeLinear",
            "DequantizeLinear",
            "QLinearConv",
            "QLinearMatMul",
            "MatMulInteger",
            "ConvInteger",
            "DynamicQuantizeLinear",
            "MatMulNBits");

    /** By the largest element of all rows. */
    static final Set<String> SCALING = Set.of("DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM");

    private RowOperators() {}

    /** Whether a file rounds to 8 or 16 bits somewhere. */
    static boolean isCoarse(OnnxFile file) {
        return file.graph().nodes().stream()
                        .anyMatch(node -> ROUNDING.contains(node.op())
                                || (node.is("Cast") && Set.of(10L, 16L).contains(node.whole("to", 0))))
                || file.graph().initializers().stream()
                        .anyMatch(tensor -> tensor.type()
                                .filter(type -> type == ElementType.FLOAT16 || type == ElementType.BFLOAT16)
                                .isPresent());
    }
}
