package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import smalti.runtime.OnnxModel.Requests;
import smalti.spec.SpecException;
import smalti.spec.bundle.ElementType;

/** A generic model, by the graphs of the test bundles: what the typed faces give is the reference. */
final class OnnxModelTest {
    private static final Path GENERATOR = Bundles.GENERATOR.resolve("generator.onnx");
    private static final Path DETOKENIZE = Bundles.CODEC.resolve("detokenize.onnx");

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(Requests.class)
    void tensorsByNameGiveWhatTheFacesGive(Requests requests) {
        try (var typed = SmaltiModel.open(Bundles.GENERATOR);
                var model = OnnxModel.open(GENERATOR, requests, RuntimeOptions.defaults())) {
            assertThat(model.device()).isEqualTo(Device.cpu());
            var input = model.inputs().get(0).name();
            var output = model.outputs().get(0).name();
            var expected = typed.generator().generate(5, 3);
            var noise = new float[5 * TinyNets.NOISE];
            for (int i = 0; i < 5; i++) {
                System.arraycopy(typed.generator().noise(3, i), 0, noise, i * TinyNets.NOISE, TinyNets.NOISE);
            }
            var tensor = Tensor.of(noise, 5, TinyNets.NOISE);
            var found = named(model.run(Map.of(input, tensor)), output);
            assertThat(found.type()).isEqualTo(ElementType.UINT8);
            assertThat(found.shape()).containsExactly(5L, (long) TinyNets.SIDE, (long) TinyNets.SIDE, 3L);
            assertThat(found.bytes()).isEqualTo(expected.bytes());
            var direct = ByteBuffer.allocateDirect(noise.length * Float.BYTES)
                    .put(tensor.data())
                    .flip();
            var placed = new Tensor(ElementType.FLOAT32, tensor.shape(), direct);
            assertThat(named(model.runAsync(Map.of(input, placed)).join(), output)
                            .bytes())
                    .isEqualTo(expected.bytes());
        }
    }

    /** As of a detector that finds nothing. */
    @Test
    void tensorsMayHaveNoElements() throws Exception {
        var file = Files.write(folder.resolve("places.onnx"), nonZero());
        try (var model = OnnxModel.open(file)) {
            var some = Tensor.of(new float[] {0, 1, 2}, 3);
            assertThat(named(model.run(Map.of("x", some)), "y").longs()).containsExactly(1, 2);
            for (var none : List.of(Tensor.of(new float[3], 3), Tensor.of(new float[0], 0))) {
                var found = named(model.run(Map.of("x", none)), "y");
                assertThat(found.shape()).containsExactly(1L, 0L);
                assertThat(found.longs()).isEmpty();
            }
        }
    }

    /** Negation is its own reference: of any shape, by any rank. */
    /** Names of axes need not be words, and of axes without one no two are the same. */
    @Test
    void axesAreToldApartByWhateverTheyAreCalled() throws Exception {
        var one = new OnnxBytes()
                .node("Add", "x y", "z")
                .input("x", OnnxBytes.FLOAT, "batch-size 2")
                .input("y", OnnxBytes.FLOAT, "batch-size 2")
                .output("z", OnnxBytes.FLOAT, "batch-size 2")
                .file();
        var named = Files.write(folder.resolve("named.onnx"), one);
        try (var model = OnnxModel.open(named, Requests.INDEPENDENT_ROWS, RuntimeOptions.defaults())) {
            var two = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
            assertThat(Objects.requireNonNull(
                                    model.run(Map.of("x", two, "y", two)).get("z"))
                            .floats())
                    .containsExactly(2, 4, 6, 8);
        }
        var other = new OnnxBytes()
                .node("Concat", "x.1 x_1", "z", OnnxBytes.whole("axis", 0))
                .input("x.1", OnnxBytes.FLOAT, "? 2")
                .input("x_1", OnnxBytes.FLOAT, "? 2")
                .output("z", OnnxBytes.FLOAT, "? 2")
                .file();
        var unnamed = Files.write(folder.resolve("alike.onnx"), other);
        try (var model = OnnxModel.open(unnamed)) {
            var inputs = Map.of("x.1", Tensor.of(new float[6], 3, 2), "x_1", Tensor.of(new float[8], 4, 2));
            assertThat(Objects.requireNonNull(model.run(inputs).get("z")).shape())
                    .containsExactly(7L, 2L);
        }
    }

    @Test
    void shapesThatTheFileDoesNotSay() throws Exception {
        var unranked = new OnnxBytes()
                .node("Neg", "x", "y")
                .input("x", OnnxBytes.FLOAT, "...")
                .output("y", OnnxBytes.FLOAT, "...")
                .file();
        var file = Files.write(folder.resolve("unranked.onnx"), unranked);
        try (var model = OnnxModel.open(file)) {
            for (long[] shape : new long[][] {{}, {3}, {2, 3}, {1, 2, 3, 4}, {0, 3}}) {
                negates(model, shape);
            }
        }
        assertThatThrownBy(() -> OnnxModel.open(file, Requests.INDEPENDENT_ROWS, RuntimeOptions.defaults()))
                .isInstanceOf(LoadException.class)
                .hasMessageContaining("of x not even the rank is said; open it with Requests.ALONE")
                .hasMessageContaining("of y not even the rank is said");
        var unnamed = new OnnxBytes()
                .node("Neg", "x", "y")
                .input("x", OnnxBytes.FLOAT, "? 3 ?")
                .output("y", OnnxBytes.FLOAT, "? 3 ?")
                .file();
        var free = Files.write(folder.resolve("unnamed.onnx"), unnamed);
        try (var model = OnnxModel.open(free)) {
            negates(model, 2, 3, 5);
            negates(model, 4, 3, 1);
            var wrong = Map.of("x", Tensor.of(new float[4], 2, 2));
            assertThatThrownBy(() -> model.run(wrong))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("it must have 3 axes, got 2");
        }
        assertThatThrownBy(() -> OnnxModel.open(free, Requests.INDEPENDENT_ROWS, RuntimeOptions.defaults()))
                .isInstanceOf(LoadException.class)
                .hasMessageContaining("must be free and of one name, got [free_x_0, free_y_0]; open it with");
    }

    @Test
    void aFixedSizeOfNothingIsNothing() throws Exception {
        var nothing = new OnnxBytes()
                .node("Neg", "x", "y")
                .input("x", OnnxBytes.FLOAT, "n 0")
                .output("y", OnnxBytes.FLOAT, "n 0")
                .file();
        try (var model = OnnxModel.open(Files.write(folder.resolve("nothing.onnx"), nothing))) {
            assertThat(model.inputs()).hasToString("[x [n,0] float32]");
            negates(model, 3, 0);
            var one = Map.of("x", Tensor.of(new float[3], 3, 1));
            assertThatThrownBy(() -> model.run(one))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("axis 1 must be 0, got 1");
        }
    }

    private static void negates(OnnxModel model, long... shape) {
        var values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
        var negated = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = i + 1;
            negated[i] = -values[i];
        }
        var found = named(model.run(Map.of("x", Tensor.of(values, shape))), "y");
        assertThat(found.shape()).isEqualTo(Arrays.stream(shape).boxed().toList());
        assertThat(found.floats()).isEqualTo(negated);
    }

    /** Where x [n] is not 0, as y [1,m]. */
    private static byte[] nonZero() {
        return new OnnxBytes()
                .node("NonZero", "x", "y")
                .input("x", OnnxBytes.FLOAT, "n")
                .output("y", OnnxBytes.INT64, "1 m")
                .file();
    }

    @ParameterizedTest
    @EnumSource(Requests.class)
    void callersDoNotMix(Requests requests) {
        try (var model =
                OnnxModel.open(GENERATOR, requests, RuntimeOptions.defaults().withMaxBatch(4))) {
            var input = model.inputs().get(0).name();
            var output = model.outputs().get(0).name();
            var expected = new ArrayList<byte[]>();
            var futures = new ArrayList<CompletableFuture<Map<String, Tensor>>>();
            for (int i = 0; i < 30; i++) {
                var noise = new float[(1 + i % 3) * TinyNets.NOISE];
                Arrays.fill(noise, i / 10f);
                var inputs = Map.of(input, Tensor.of(noise, 1 + i % 3, TinyNets.NOISE));
                expected.add(named(model.run(inputs), output).bytes());
                futures.add(model.runAsync(inputs));
            }
            for (int i = 0; i < 30; i++) {
                assertThat(named(futures.get(i).join(), output).bytes()).isEqualTo(expected.get(i));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Requests.class)
    void aModelIsReadyOnceItIsWarm(Requests requests) {
        var options = RuntimeOptions.defaults().withReadyWhenWarm(true).withMaxBatch(4);
        var model = OnnxModel.open(GENERATOR, requests, options);
        try (model) {
            assertThat(model.health()).hasToString("live, not ready: not warm yet");
            var inputs =
                    Map.of(model.inputs().get(0).name(), Tensor.of(new float[2 * TinyNets.NOISE], 2, TinyNets.NOISE));
            model.warm(inputs);
            assertThat(model.health()).hasToString("ready");
            assertThat(model.run(inputs)).hasSize(1);
            assertThatThrownBy(() -> model.warm(Map.of())).isInstanceOf(SpecException.class);
        }
        assertThat(model.health()).hasToString("closed");
    }

    @Test
    void allThatIsWrongWithTheInputsIsSaid() {
        try (var model = OnnxModel.open(GENERATOR)) {
            assertThatThrownBy(() -> model.run(Map.of("nois", Tensor.of(new float[16], 1, 16))))
                    .isInstanceOfSatisfying(
                            SpecException.class, e -> assertThat(e.problems()).hasSize(2))
                    .hasMessageContaining("got nois")
                    .hasMessageContaining("is missing");
            var input = model.inputs().get(0).name();
            assertThatThrownBy(() -> model.run(Map.of(input, Tensor.of(new long[16], 1, 16))))
                    .hasMessageContaining("must be float32, got int64");
            assertThatThrownBy(() -> model.run(Map.of(input, Tensor.of(new float[17], 1, 17))))
                    .isInstanceOf(SpecException.class)
                    .hasMessageContaining("axis 1 must be 16, got 17");
        }
        assertThatThrownBy(() -> Tensor.of(new float[3], 2, 2)).hasMessageContaining("16 bytes");
    }

    @Test
    void aModelThatIsClosedSaysSo() {
        var model = OnnxModel.open(DETOKENIZE);
        var input = Map.of(model.inputs().get(0).name(), Tensor.of(new long[4], 1, 2, 2));
        assertThat(model.with(RequestOptions.defaults().withPriority(Priority.HIGH))
                        .run(input))
                .hasSize(1);
        model.close();
        model.close();
        assertThatThrownBy(() -> model.run(input))
                .isInstanceOf(ModelClosedException.class)
                .hasMessageContaining("is closed");
        assertThat(model.runAsync(input)).isCompletedExceptionally();
    }

    @Test
    void filesThatDoNotFitAreRefused() throws Exception {
        var broken = Files.write(folder.resolve("broken.onnx"), new byte[] {1, 2, 3});
        assertThatThrownBy(() -> OnnxModel.open(broken))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("broken.onnx: is no ONNX file, or a damaged one");
        assertThatThrownBy(() -> OnnxModel.open(folder.resolve("none.onnx")))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("none.onnx: cannot be read");
        var small = RuntimeOptions.defaults().withMaxFileBytes(1024);
        assertThatThrownBy(() -> OnnxModel.open(GENERATOR, Requests.ALONE, small))
                .hasMessageContaining("at most 1024 bytes");
    }

    private static Tensor named(Map<String, Tensor> outputs, String name) {
        return Objects.requireNonNull(outputs.get(name), name);
    }
}
