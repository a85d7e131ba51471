package smalti.exporter.lowering;

import static smalti.exporter.graph.ValueType.*;

import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import smalti.exporter.graph.ValueType;

/** The types in which ONNX Runtime's CPU provider computes an operator; measured, operator by operator, on 1.30. */
final class Kernels {
    private static final Map<String, Set<ValueType>> TYPES = new HashMap<>();

    static {
        add(
                "Ceil Cos Exp Floor Gemm IsNaN LeakyRelu Log LogSoftmax Reciprocal Round Sigmoid Sin Softmax Sqrt Sum Tanh",
                FLOAT32,
                FLOAT64,
                FLOAT16);
        add(
                "Acos Acosh Asin Asinh Atan Atanh Cosh Elu Erf HardSigmoid Mean Selu Sinh Softplus Softsign Tan",
                FLOAT32,
                FLOAT16);
        add(
                "CumSum MatMul PRelu Pow ReduceL1 ReduceL2 ReduceLogSumExp ReduceMean ReduceProd ReduceSum ReduceSumSquare",
                FLOAT32,
                FLOAT64,
                FLOAT16,
                INT32,
                INT64);
        add(
                "Abs Add Div Greater GreaterOrEqual Less LessOrEqual Mod Mul Sub TopK",
                FLOAT32,
                FLOAT64,
                FLOAT16,
                INT8,
                INT16,
                INT32,
                INT64,
                UINT8);
        add("ArgMax ArgMin Max Min ReduceMax ReduceMin", FLOAT32, FLOAT64, FLOAT16, INT8, INT32, INT64, UINT8);
        add("And Not Or Xor", BOOL);
        add("Equal Expand Size Tile", FLOAT32, FLOAT64, FLOAT16, INT8, INT16, INT32, INT64, UINT8, BOOL);
        add("BitwiseAnd BitwiseOr BitwiseXor", INT8, INT16, INT32, INT64, UINT8);
        add("Clip Sign", FLOAT32, FLOAT64, FLOAT16, BFLOAT16, INT8, INT16, INT32, INT64, UINT8);
        add("DepthToSpace SpaceToDepth", FLOAT32, FLOAT64, FLOAT16, INT8, UINT8);
        add("NonZero", FLOAT32, FLOAT16, INT32, INT64, UINT8, BOOL);
        add("OneHot", FLOAT32, FLOAT16, INT64);
        add("IsInf", FLOAT32, FLOAT64);
        add("Trilu", FLOAT32, FLOAT64, FLOAT16, INT32, INT64, BOOL);
        add("Where", FLOAT32, FLOAT64, FLOAT16, INT32, INT64, UINT8);
        add("Neg", FLOAT32, FLOAT64, FLOAT16, INT8, INT16, INT32, INT64);
        add("Relu", FLOAT32, FLOAT64, FLOAT16, INT8, INT32);
        add("Pad", FLOAT32, FLOAT64, FLOAT16, INT8, INT32, INT64, UINT8, BOOL);
        add("BitShift", UINT8);
        add("Unique", FLOAT32, FLOAT64, INT64, INT8);
        add("AveragePool BatchNormalization Conv ConvTranspose Det GRU LRN LSTM", FLOAT32);
        add("MaxPool", FLOAT32, FLOAT64, INT8, UINT8);
        add("Resize", FLOAT32, INT32, INT8, UINT8);
    }

    /** Those for which ONNX Runtime 1.29 has no kernel beyond an opset, and the last that it has. */
    private static final Map<String, Integer> LAST_OPSETS =
            Map.of("Multinomial", 21, "RandomNormal", 21, "RandomUniform", 21, "RandomUniformLike", 21);

    private Kernels() {}

    /** The last opset in which there is a kernel at all. */
    static int lastOpset(String operator) {
        return LAST_OPSETS.getOrDefault(operator, Integer.MAX_VALUE);
    }

    private static void add(String operators, ValueType... types) {
        for (var operator : operators.split(" ", -1)) {
            TYPES.put(operator, EnumSet.copyOf(List.of(types)));
        }
    }

    /**
     * The type to compute in.
     *
     * @return the type itself where there is a kernel, else the nearest other one that there is, if any
     */
    static Optional<ValueType> nearest(String operator, ValueType type) {
        var types = TYPES.get(operator);
        if (types == null || types.contains(type)) {
            return Optional.of(type);
        }
        var others = switch (type) {
            case FLOAT64, FLOAT16, BFLOAT16 -> List.of(FLOAT32);
            case BOOL, UINT8, INT8 -> List.of(UINT8, INT32, INT64, FLOAT32);
            case INT16, UINT16 -> List.of(INT32, INT64, FLOAT32);
            case INT32 -> List.of(INT64, FLOAT64);
            case INT64 -> List.of(FLOAT64);
            default -> List.<ValueType>of();
        };
        return others.stream()
                .filter(types::contains)
                .filter(other -> type != INT8 || other != UINT8)
                .findFirst();
    }

    /** Whether every value of the first type has a value of its own in the second. */
    static boolean isExact(ValueType from, ValueType to) {
        return !(from == FLOAT64 && to != FLOAT64) && !(from == INT64 && to != INT64);
    }
}
