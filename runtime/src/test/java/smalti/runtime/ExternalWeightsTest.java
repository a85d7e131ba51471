package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.runtime.OnnxModel.Requests;
import smalti.spec.SpecException;

/** y = x + w, where w [2] lies in another file: 4 bytes of something else, then 10 and 20. */
final class ExternalWeightsTest {
    private static final byte[] WEIGHTS = OnnxBytes.little(-1, 10, 20);
    private static final byte[] OTHERS = OnnxBytes.little(-1, 70, 80);

    @TempDir
    Path folder;

    @Test
    void weightsAreReadFromBesideTheModel() throws Exception {
        var model = model("w.data");
        Files.write(folder.resolve("w.data"), WEIGHTS);
        var decoy = Path.of("w.data");
        Files.write(decoy, OTHERS);
        try {
            assertThat(answer(model)).containsExactly(11, 22);
            Files.delete(folder.resolve("w.data"));
            assertThatThrownBy(() -> OnnxModel.open(model))
                    .isInstanceOf(SpecException.class)
                    .hasMessageContaining("the weight \"w\": weights must lie beside the model, and there is no")
                    .hasMessageContaining(folder.resolve("w.data").toString());
        } finally {
            Files.delete(decoy);
        }
    }

    @Test
    void aFolderBelowIsBesideToo() throws Exception {
        Files.createDirectory(folder.resolve("sub"));
        Files.write(folder.resolve("sub/w.data"), WEIGHTS);
        assertThat(answer(model("sub/w.data"))).containsExactly(11, 22);
    }

    @ParameterizedTest
    @ValueSource(strings = {"../w.data", "sub/../../w.data", "/etc/hostname", "..\\w.data", " "})
    void placesElsewhereAreRefused(String place) throws Exception {
        var inner = Files.createDirectory(folder.resolve("inner"));
        Files.createDirectory(inner.resolve("sub"));
        Files.write(folder.resolve("w.data"), WEIGHTS);
        var model = Files.write(inner.resolve("model.onnx"), adding(place));
        assertThatThrownBy(() -> OnnxModel.open(model))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("must lie beside the model, got \"" + place + "\"");
    }

    @Test
    void linksOutOfTheFolderAreRefused() throws Exception {
        var inner = Files.createDirectory(folder.resolve("inner"));
        var outer = Files.write(folder.resolve("w.data"), WEIGHTS);
        Files.createSymbolicLink(inner.resolve("w.data"), outer);
        var model = Files.write(inner.resolve("model.onnx"), adding("w.data"));
        assertThatThrownBy(() -> OnnxModel.open(model)).hasMessageContaining("w.data is a link to");
        Files.createSymbolicLink(inner.resolve("up"), folder);
        var other = Files.write(inner.resolve("other.onnx"), adding("up/w.data"));
        assertThatThrownBy(() -> OnnxModel.open(other)).hasMessageContaining("up/w.data is a link to");
        // within the folder a link is as good as the file
        Files.delete(inner.resolve("w.data"));
        Files.write(inner.resolve("real.data"), WEIGHTS);
        Files.createSymbolicLink(inner.resolve("w.data"), inner.resolve("real.data"));
        assertThat(answer(model)).containsExactly(11, 22);
    }

    @Test
    void filesThatAreTooShortOrTooLongAreRefused() throws Exception {
        var model = model("w.data");
        Files.write(folder.resolve("w.data"), OnnxBytes.little(-1, 10));
        assertThatThrownBy(() -> OnnxModel.open(model))
                .hasMessageContaining("w.data must have 8 bytes from byte 4 on, as the model says, and has 8 in all");
        Files.write(folder.resolve("w.data"), new byte[1 << 16]);
        var large = Files.write(
                folder.resolve("large.onnx"),
                graph().external("w", "w.data", 0, 1 << 16, 1 << 14).file());
        assertThatThrownBy(() -> OnnxModel.open(
                        large, Requests.ALONE, RuntimeOptions.defaults().withMaxFileBytes(1 << 15)))
                .hasMessageContaining("bytes more with its weights, got 65536; RuntimeOptions.maxFileBytes");
    }

    @Test
    void whatIsNoFileIsGivenItsWeights() throws Exception {
        var bytes = adding("model.onnx.data");
        assertThatThrownBy(() -> OnnxModel.open("m", bytes, Map.of(), Requests.ALONE, RuntimeOptions.defaults()))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("m: the weight \"w\": the model keeps weights in model.onnx.data, which must be"
                        + " given by that name with a model that is no file, got none");
        var given = Map.of("model.onnx.data", WEIGHTS);
        try (var model = OnnxModel.open("m", bytes, given, Requests.ALONE, RuntimeOptions.defaults())) {
            assertThat(run(model)).containsExactly(11, 22);
        }
        var streams = Map.of("model.onnx.data", new ByteArrayInputStream(WEIGHTS));
        try (var model = OnnxModel.open(
                "m", new ByteArrayInputStream(bytes), streams, Requests.ALONE, RuntimeOptions.defaults())) {
            assertThat(run(model)).containsExactly(11, 22);
        }
    }

    /** A second session is loaded when a model is warmed: not of other weights than the first. */
    @Test
    void weightsThatChangedAreNotLoaded() throws Exception {
        var file = model("w.data");
        Files.write(folder.resolve("w.data"), WEIGHTS);
        var options = RuntimeOptions.defaults().withBudget(ThreadBudget.of(2));
        try (var model = OnnxModel.open(file, Requests.ALONE, options)) {
            Files.write(folder.resolve("w.data"), OTHERS);
            model.warm(Map.of("x", Tensor.of(new float[] {1, 2}, 1, 2)));
            for (int i = 0; i < 10; i++) {
                var later = model.runAsync(Map.of("x", Tensor.of(new float[] {1, 2}, 1, 2)));
                assertThat(Objects.requireNonNull(later.join().get("y")).floats())
                        .containsExactly(11, 22);
            }
        }
    }

    @Test
    void weightsInsideOfBranchesAreFoundToo() throws Exception {
        var then = new OnnxBytes()
                .node("Identity", "t", "t_out")
                .external("t", "w.data", 4, 8, 2)
                .output("t_out", OnnxBytes.FLOAT, "2");
        var otherwise = new OnnxBytes()
                .node("Constant", "", "e_out", OnnxBytes.constant("value", 5))
                .output("e_out", OnnxBytes.FLOAT, "1");
        var file = Files.write(
                folder.resolve("if.onnx"),
                new OnnxBytes()
                        .node("Cast", "flag", "condition", OnnxBytes.whole("to", 9))
                        .node(
                                "If",
                                "condition",
                                "w",
                                OnnxBytes.body("then_branch", then),
                                OnnxBytes.body("else_branch", otherwise))
                        .node("Add", "x w", "y")
                        .longs("flag", new long[] {1}, 1)
                        .input("x", OnnxBytes.FLOAT, "n 2")
                        .output("y", OnnxBytes.FLOAT, "n 2")
                        .file());
        Files.write(folder.resolve("w.data"), WEIGHTS);
        assertThat(SelfContainedOnnx.of("if", Files.readAllBytes(file), ExternalWeights.Beside.of(file), 1 << 20))
                .containsSequence(OnnxBytes.little(10, 20));
    }

    private Path model(String location) throws IOException {
        return Files.write(folder.resolve("model.onnx"), adding(location));
    }

    private static byte[] adding(String location) {
        return graph().external("w", location, 4, 8, 2).file();
    }

    private static OnnxBytes graph() {
        return new OnnxBytes()
                .node("Add", "x w", "y")
                .input("x", OnnxBytes.FLOAT, "n 2")
                .output("y", OnnxBytes.FLOAT, "n 2");
    }

    private static float[] answer(Path file) {
        try (var model = OnnxModel.open(file)) {
            return run(model);
        }
    }

    private static float[] run(OnnxModel model) {
        var outputs = model.run(Map.of("x", Tensor.of(new float[] {1, 2}, 1, 2)));
        return Objects.requireNonNull(outputs.get("y")).floats();
    }
}
