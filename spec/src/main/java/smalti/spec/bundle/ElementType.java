package smalti.spec.bundle;

import java.util.Locale;

/** What a tensor holds. */
public enum ElementType {
    FLOAT32(4, 1),
    INT64(8, 7),
    UINT8(1, 2),
    FLOAT64(8, 11),
    FLOAT16(2, 10),
    BFLOAT16(2, 16),
    INT8(1, 3),
    INT16(2, 5),
    INT32(4, 6),
    UINT16(2, 4),
    UINT32(4, 12),
    UINT64(8, 13),
    /** one byte each, 0 or 1 */
    BOOL(1, 9);

    private final int bytes;
    private final int onnxCode;

    ElementType(int bytes, int onnxCode) {
        this.bytes = bytes;
        this.onnxCode = onnxCode;
    }

    /** The size of one element. */
    public int bytes() {
        return bytes;
    }

    /** The number that ONNX files give the type. */
    public int onnxCode() {
        return onnxCode;
    }

    /** As it is written everywhere: float32. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
