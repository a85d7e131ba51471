package smalti.exporter;

import java.nio.file.Path;
import org.bytedeco.onnx.global.onnx;

/** The ONNX project's own checker, with shape inference. */
public final class OnnxChecker {
    private OnnxChecker() {}

    public static void check(Path file) {
        onnx.check_model(file.toString(), true, false, true);
    }
}
