package smalti.spec.onnx;

import java.util.regex.Pattern;

/** What ONNX Runtime says of an error. */
public final class EngineText {
    /** Its names of kinds of errors, and the places in its sources. */
    private static final Pattern FORMALITIES = Pattern.compile(
            "^Error code - \\w+ - message: |\\[ONNXRuntimeError\\] : \\d+ : \\w+ : |/onnxruntime_src/\\S+ (?=\\S)");

    private EngineText() {}

    /** Without formalities, in one line: several would read as several problems. */
    public static String plain(String message) {
        return FORMALITIES.matcher(message).replaceAll("").strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
