package smalti.spec.onnx;

import java.util.Arrays;
import java.util.Optional;
import smalti.spec.bundle.ElementType;

/** Element types as ONNX Runtime's Java API has them. Its numbers for them are its own, not ONNX's. */
public final class EngineTypes {
    private EngineTypes() {}

    /** The constant of {@code OnnxTensorType} that is the type, which unlike {@code OnnxJavaType} tells unsigned from signed. */
    public static String name(ElementType type) {
        return "ONNX_TENSOR_ELEMENT_DATA_TYPE_"
                + switch (type) {
                    case FLOAT32 -> "FLOAT";
                    case FLOAT64 -> "DOUBLE";
                    default -> type.name();
                };
    }

    /** The type of a constant of {@code OnnxTensorType}, if it is one of these. */
    public static Optional<ElementType> ofName(String constant) {
        return Arrays.stream(ElementType.values())
                .filter(type -> name(type).equals(constant))
                .findFirst();
    }

    /** Whether a tensor of the type can be made from Java, and so be an input. Outputs may be of any. */
    public static boolean areMade(ElementType type) {
        return switch (type) {
            case UINT16, UINT32, UINT64 -> false;
            default -> true;
        };
    }
}
