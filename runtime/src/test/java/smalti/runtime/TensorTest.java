package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import smalti.runtime.OnnxModel.Requests;
import smalti.spec.bundle.ElementType;

/** Tensors of every type, by hand and as ONNX Runtime makes them. */
final class TensorTest {
    @TempDir
    Path folder;

    @Test
    void sizesBeyondAnyMemoryAreBadInput() {
        assertThatThrownBy(() -> Tensor.of(new float[4], 1L << 62, 4))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("shape must be of fewer than 2^63 bytes, got [4611686018427387904, 4]");
        assertThat(Tensor.of(new float[0], 1L << 62, 4, 0).floats()).isEmpty();
    }

    @Test
    void whatIsMadeIsReadBack() {
        assertThat(Tensor.of(new float[] {1.5f, -2}, 2).floats()).containsExactly(1.5f, -2);
        assertThat(Tensor.of(new float[] {1.5f, -2}, 2).doubles()).containsExactly(1.5, -2);
        assertThat(Tensor.of(new double[] {Math.PI}, 1).doubles()).containsExactly(Math.PI);
        assertThat(Tensor.of(new long[] {Long.MIN_VALUE, 7}, 2).longs()).containsExactly(Long.MIN_VALUE, 7);
        assertThat(Tensor.of(new int[] {Integer.MIN_VALUE, 7}, 2).ints()).containsExactly(Integer.MIN_VALUE, 7);
        assertThat(Tensor.of(new int[] {-3}, 1).longs()).containsExactly(-3);
        assertThat(Tensor.of(new short[] {-32768, 5}, 2).ints()).containsExactly(-32768, 5);
        assertThat(Tensor.of(new byte[] {(byte) 200}, 1).ints()).containsExactly(200);
        assertThat(Tensor.ofInt8(new byte[] {(byte) 200}, 1).longs()).containsExactly(-56);
        assertThat(Tensor.of(new boolean[] {true, false}, 2).booleans()).containsExactly(true, false);
        // 1/3 as IEEE half and as bfloat16, to the nearest; both exact as floats
        assertThat(Tensor.ofFloat16(new float[] {1 / 3f, 65504, 1e9f}, 3).floats())
                .containsExactly(0x1.554p-2f, 65504, Float.POSITIVE_INFINITY);
        assertThat(Tensor.ofBfloat16(new float[] {1 / 3f, -1}, 2).doubles()).containsExactly(0x1.56p-2, -1);
    }

    @Test
    void whatWouldBeRoundedOrSignedIsRefused() {
        assertThatThrownBy(() -> Tensor.of(new double[1], 1).floats())
                .hasMessage("a tensor must be of float32, float16, bfloat16 to be read by floats(), got float64");
        assertThatThrownBy(() -> Tensor.of(new long[1], 1).ints()).hasMessageContaining("ints(), got int64");
        assertThatThrownBy(() -> Tensor.of(new long[1], 1).doubles()).hasMessageContaining("got int64");
        var wide = new Tensor(ElementType.UINT64, List.of(1L), ByteBuffer.allocate(8));
        assertThatThrownBy(wide::longs).hasMessageContaining("got uint64; unsignedLongs() reads it");
    }

    /** Casts are to the nearest whole number that the type has, so the values themselves are the reference. */
    @ParameterizedTest
    @EnumSource(Requests.class)
    void unsignedOutputsAreUnsigned(Requests requests) throws Exception {
        output(4, requests, new float[] {40000, 65535, 1, 0}, y -> {
            assertThat(y.type()).isEqualTo(ElementType.UINT16);
            assertThat(y.ints()).containsExactly(40000, 65535, 1, 0);
            assertThat(y.longs()).containsExactly(40000, 65535, 1, 0);
        });
        output(12, requests, new float[] {3e9f, 1, 0, 7}, y -> {
            assertThat(y.type()).isEqualTo(ElementType.UINT32);
            assertThat(y.longs()).containsExactly(3_000_000_000L, 1, 0, 7);
        });
        output(13, requests, new float[] {1e19f, 1, 0, 7}, y -> {
            assertThat(y.type()).isEqualTo(ElementType.UINT64);
            assertThat(Long.toUnsignedString(y.unsignedLongs()[0])).isEqualTo("9999999980506447872");
            assertThat(y.unsignedLongs()[3]).isEqualTo(7);
        });
    }

    private void output(int type, Requests requests, float[] values, Consumer<Tensor> check) throws Exception {
        var file = Files.write(
                folder.resolve("cast" + type + ".onnx"),
                new OnnxBytes()
                        .node("Cast", "x", "y", OnnxBytes.whole("to", type))
                        .input("x", OnnxBytes.FLOAT, "n 2")
                        .output("y", type, "n 2")
                        .file());
        try (var model = OnnxModel.open(file, requests, RuntimeOptions.defaults())) {
            var outputs = model.run(Map.of("x", Tensor.of(values, 2, 2)));
            check.accept(Objects.requireNonNull(outputs.get("y")));
        }
    }

    @ParameterizedTest
    @CsvSource({"4,uint16,int32", "12,uint32,int64", "13,uint64,int64"})
    void unsignedInputsAreRefusedAtOpen(int type, String name, String instead) throws Exception {
        var file = Files.write(folder.resolve("in.onnx"), identity(type));
        assertThatThrownBy(() -> OnnxModel.open(file))
                .hasMessageContaining("in.onnx: x is an input of " + name)
                .hasMessageContaining("let the graph take " + instead + " and cast it");
    }

    @Test
    void textsAreRefusedAtOpen() throws Exception {
        var file = Files.write(folder.resolve("text.onnx"), identity(8));
        assertThatThrownBy(() -> OnnxModel.open(file))
                .hasMessageContaining("x must be a tensor of float32, ")
                .hasMessageContaining("string");
    }

    @Test
    void everyTypeThatCanBeFedComesBackAsItWas() throws Exception {
        feed(1, Tensor.of(new float[] {1, -2}, 1, 2));
        feed(2, Tensor.of(new byte[] {1, -2}, 1, 2));
        feed(3, Tensor.ofInt8(new byte[] {1, -2}, 1, 2));
        feed(5, Tensor.of(new short[] {1, -2}, 1, 2));
        feed(6, Tensor.of(new int[] {1, -2}, 1, 2));
        feed(7, Tensor.of(new long[] {1, -2}, 1, 2));
        feed(9, Tensor.of(new boolean[] {true, false}, 1, 2));
        feed(10, Tensor.ofFloat16(new float[] {1, -2}, 1, 2));
        feed(11, Tensor.of(new double[] {1, -2}, 1, 2));
        feed(16, Tensor.ofBfloat16(new float[] {1, -2}, 1, 2));
    }

    private void feed(int type, Tensor x) throws Exception {
        var file = Files.write(folder.resolve("feed" + type + ".onnx"), identity(type));
        for (var requests : Requests.values()) {
            try (var model = OnnxModel.open(file, requests, RuntimeOptions.defaults())) {
                var y = Objects.requireNonNull(model.run(Map.of("x", x)).get("y"));
                assertThat(y.type()).isEqualTo(x.type());
                assertThat(y.bytes()).isEqualTo(x.bytes());
            }
        }
    }

    private static byte[] identity(int type) {
        return new OnnxBytes()
                .node("Identity", "x", "y")
                .input("x", type, "n 2")
                .output("y", type, "n 2")
                .file();
    }
}
