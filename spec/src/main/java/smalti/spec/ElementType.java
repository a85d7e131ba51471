package smalti.spec;

/** What a tensor holds. */
public enum ElementType {
    FLOAT32(4),
    INT64(8),
    UINT8(1);

    private final int bytes;

    ElementType(int bytes) {
        this.bytes = bytes;
    }

    /** The size of one element. */
    public int bytes() {
        return bytes;
    }
}
