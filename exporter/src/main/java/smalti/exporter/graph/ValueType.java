package smalti.exporter.graph;

import smalti.spec.ElementType;

/** What a value inside a graph holds; the ends of a graph are {@link ElementType}s alone. */
public enum ValueType {
    FLOAT32(4, 1),
    UINT8(1, 2),
    INT32(4, 6),
    INT64(8, 7),
    FLOAT64(8, 11),
    BOOL(1, 9);

    private final int bytes;
    private final int onnxCode;

    ValueType(int bytes, int onnxCode) {
        this.bytes = bytes;
        this.onnxCode = onnxCode;
    }

    /** The number that ONNX files give the type. */
    public int onnxCode() {
        return onnxCode;
    }

    /** The size of one element. */
    public int bytes() {
        return bytes;
    }

    public static ValueType of(ElementType type) {
        return switch (type) {
            case FLOAT32 -> FLOAT32;
            case INT64 -> INT64;
            case UINT8 -> UINT8;
        };
    }
}
