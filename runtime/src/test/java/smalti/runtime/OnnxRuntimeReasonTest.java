package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtException.OrtErrorCode;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import smalti.spec.SpecException;

/** ONNX Runtime's errors in a user's words. */
class OnnxRuntimeReasonTest {
    private static final Pattern FORMAL = Pattern.compile("ORT_|Error code|ONNXRuntimeError|[Pp]rotobuf");

    @ParameterizedTest
    @EnumSource(OrtErrorCode.class)
    void whatIsFormalIsLeftOutAndWhatIsSaidIsKept(OrtErrorCode code) {
        var reason = OnnxRuntimeReason.of(
                new OrtException(
                        code,
                        "/onnxruntime_src/core/graph.cc:12 [ONNXRuntimeError] : 2 : INVALID_ARGUMENT : node n9\n has no input"));
        assertThat(reason).doesNotContainPattern(FORMAL).doesNotContain("INVALID_ARGUMENT", "onnxruntime_src");
        if (code != OrtErrorCode.ORT_INVALID_PROTOBUF) {
            assertThat(reason).endsWith("node n9 has no input").doesNotContain("\n");
        }
    }

    @Test
    void aFileThatIsNoneIsSaidSo() {
        for (var bytes : new byte[][] {{1, 2, 3}, new byte[0], "no model at all".getBytes(StandardCharsets.UTF_8)}) {
            assertThatThrownBy(() -> OnnxModel.open(
                            "m.onnx", bytes, Map.of(), OnnxModel.Requests.ALONE, RuntimeOptions.defaults()))
                    .isInstanceOf(SpecException.class)
                    .satisfies(e ->
                            assertThat(e.getMessage()).startsWith("m.onnx: ").doesNotContainPattern(FORMAL));
        }
    }

    /** A device that is not there: its provider's own words stay. */
    @Test
    void aDeviceThatIsMissingIsSaidSo() {
        assertThatThrownBy(() -> OnnxModel.open(
                        Bundles.GENERATOR.resolve("generator.onnx"),
                        OnnxModel.Requests.ALONE,
                        RuntimeOptions.defaults().withDevice(Device.cuda(0))))
                .isInstanceOf(SpecException.class)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContainPattern(FORMAL));
    }
}
