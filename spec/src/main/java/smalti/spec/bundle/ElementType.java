package smalti.spec.bundle;

import java.util.Locale;

/** What a tensor holds. */
public enum ElementType {
    FLOAT32(4),
    INT64(8),
    UINT8(1),
    FLOAT64(8),
    FLOAT16(2),
    BFLOAT16(2),
    INT8(1),
    INT16(2),
    INT32(4),
    UINT16(2),
    UINT32(4),
    UINT64(8),
    /** one byte each, 0 or 1 */
    BOOL(1);

    private final int bytes;

    ElementType(int bytes) {
        this.bytes = bytes;
    }

    /** The size of one element. */
    public int bytes() {
        return bytes;
    }

    /** As it is written everywhere: float32. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
