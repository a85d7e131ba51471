package smalti.exporter.opset;

import java.util.List;
import smalti.exporter.graph.ValueType;

/** How the table of operators writes types, those of less than a byte and the smallest floats included. */
final class TypeTexts {
    private static final int FIRST_SMALL = 17;

    private static final List<String> SMALL = List.of(
            "float8e4m3fn",
            "float8e4m3fnuz",
            "float8e5m2",
            "float8e5m2fnuz",
            "uint4",
            "int4",
            "float4e2m1",
            "float8e8m0",
            "uint2",
            "int2",
            "float6e2m3",
            "float6e3m2");

    private TypeTexts() {}

    /** @param code ONNX's number of the type */
    static String of(int code) {
        if (code >= FIRST_SMALL && code < FIRST_SMALL + SMALL.size()) {
            return "tensor(" + SMALL.get(code - FIRST_SMALL) + ")";
        }
        return ValueType.ofOnnxCode(code).map(ValueType::text).orElse("tensor(undefined)");
    }
}
