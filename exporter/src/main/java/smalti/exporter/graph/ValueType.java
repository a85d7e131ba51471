package smalti.exporter.graph;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import smalti.spec.bundle.ElementType;

/** What the elements of a tensor are: ONNX's types of fixed width. */
public enum ValueType {
    FLOAT32(ElementType.FLOAT32),
    UINT8(ElementType.UINT8),
    INT8(ElementType.INT8),
    UINT16(ElementType.UINT16),
    INT16(ElementType.INT16),
    INT32(ElementType.INT32),
    INT64(ElementType.INT64),
    /** one byte each, 0 or 1 */
    BOOL(ElementType.BOOL),
    FLOAT16(ElementType.FLOAT16),
    FLOAT64(ElementType.FLOAT64),
    UINT32(ElementType.UINT32),
    UINT64(ElementType.UINT64),
    COMPLEX64(8, 14),
    COMPLEX128(16, 15),
    BFLOAT16(ElementType.BFLOAT16),
    /** of no fixed width: never in a {@link Tensor} */
    STRING(0, 8);

    private final int bytes;
    private final int onnxCode;
    private final @Nullable ElementType element;

    ValueType(ElementType element) {
        this.bytes = element.bytes();
        this.onnxCode = element.onnxCode();
        this.element = element;
    }

    ValueType(int bytes, int onnxCode) {
        this.bytes = bytes;
        this.onnxCode = onnxCode;
        this.element = null;
    }

    /** The number that ONNX files give the type. */
    public int onnxCode() {
        return onnxCode;
    }

    /** The size of one element; 0 where it is not fixed. */
    public int bytes() {
        return bytes;
    }

    public boolean isFloat() {
        return this == FLOAT32 || this == FLOAT64 || this == FLOAT16 || this == BFLOAT16;
    }

    /** Signed or unsigned whole numbers; not booleans. */
    public boolean isWhole() {
        return switch (this) {
            case UINT8, INT8, UINT16, INT16, INT32, INT64, UINT32, UINT64 -> true;
            default -> false;
        };
    }

    /** Whole numbers from 0 on. */
    public boolean isUnsigned() {
        return this == UINT8 || this == UINT16 || this == UINT32 || this == UINT64;
    }

    /** The type with a number of ONNX's, if it is one of these. */
    public static Optional<ValueType> ofOnnxCode(int code) {
        return Arrays.stream(values()).filter(type -> type.onnxCode == code).findFirst();
    }

    /** As the table of operators writes it, such as {@code tensor(float)}. */
    public String text() {
        var name = switch (this) {
            case FLOAT32 -> "float";
            case FLOAT64 -> "double";
            default -> name().toLowerCase(Locale.ROOT);
        };
        return "tensor(" + name + ")";
    }

    /** The type of a text such as {@code tensor(float)}, if it is one of these. */
    public static Optional<ValueType> ofText(String text) {
        return Arrays.stream(values()).filter(type -> type.text().equals(text)).findFirst();
    }

    public static ValueType of(ElementType type) {
        return valueOf(type.name());
    }

    /** As the ends of a signature name it, if they can. */
    public Optional<ElementType> elementType() {
        return Optional.ofNullable(element);
    }
}
