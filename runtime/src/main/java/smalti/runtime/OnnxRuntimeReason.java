package smalti.runtime;

import ai.onnxruntime.OrtException;
import java.util.Map;
import smalti.spec.onnx.EngineText;

/** Why ONNX Runtime refused something, in a user's words, and in its own where they say more. */
final class OnnxRuntimeReason {
    private static final String DAMAGED = "it is no ONNX file, or not a whole one";

    private static final Map<OrtException.OrtErrorCode, String> WORDS = Map.of(
            OrtException.OrtErrorCode.ORT_INVALID_ARGUMENT, "what it is given does not fit",
            OrtException.OrtErrorCode.ORT_NO_SUCHFILE, "a file is missing",
            OrtException.OrtErrorCode.ORT_NO_MODEL, "there is no model in it",
            OrtException.OrtErrorCode.ORT_NOT_IMPLEMENTED, "it lacks an operator, or a form of one",
            OrtException.OrtErrorCode.ORT_INVALID_GRAPH, "the graph breaks a rule of ONNX",
            OrtException.OrtErrorCode.ORT_EP_FAIL, "the device failed");

    private OnnxRuntimeReason() {}

    static String of(OrtException e) {
        if (e.getCode() == OrtException.OrtErrorCode.ORT_INVALID_PROTOBUF) {
            // its own words are those of the library that it reads files with
            return DAMAGED;
        }
        var own = EngineText.plain(String.valueOf(e.getMessage()));
        var words = WORDS.get(e.getCode());
        return words == null ? own : own.isEmpty() ? words : words + ": " + own;
    }
}
