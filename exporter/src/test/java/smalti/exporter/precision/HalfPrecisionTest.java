package smalti.exporter.precision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.exporter.OnnxChecker;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.proof.ModelSession.Item;
import smalti.spec.SpecException;

final class HalfPrecisionTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path temporary;

    private Model checked(Model model) throws IOException {
        var file = temporary.resolve("half.onnx");
        OnnxWriter.write(model, file);
        OnnxChecker.check(file);
        return model;
    }

    @Test
    void picturesComeOutNearlyTheSame() throws IOException {
        var model = Nets.autoencoder();
        var result = HalfPrecision.convert(model, Nets.pixels(3, 1), "net");
        checked(result.model());
        assertThat(result.islands()).isEmpty();
        assertThat(result.model().graph().initializers().values())
                .filteredOn(constant ->
                        constant instanceof Tensor tensor && tensor.type().isFloat())
                .allSatisfy(constant -> assertThat(((Tensor) constant).type()).isEqualTo(ValueType.FLOAT16));
        var samples = Nets.pixels(3, 2);
        assertThat(quality(model, result.model(), samples, "rebuilt").psnr()).isGreaterThan(50);
    }

    private static Quality quality(Model model, Model other, List<Map<String, Item>> samples, String output) {
        return Quality.of(
                samples.stream()
                        .map(batch -> Map.<String, Item>of(output, new Item.Array(Nets.run(model, batch, output))))
                        .toList(),
                samples.stream()
                        .map(batch -> Map.<String, Item>of(output, new Item.Array(Nets.run(other, batch, output))))
                        .toList());
    }

    /** Products beyond 65,504 would be infinite: the nodes that make and take them stay in FP32. */
    @Test
    void numbersBeyondFp16AreAnIsland() throws IOException {
        var model = new Nets()
                .input("x", ValueType.FLOAT32, -1, 16)
                .output("y", ValueType.FLOAT32, -1, 4)
                .weights("w", 1, 16, 16)
                .weights("v", 1, 16, 4)
                .scalar("large", 30000)
                .node("MatMul", "a", "x", "w")
                .node("Elu", "t", "a")
                .node("Mul", "b", "t", "large")
                .node("Abs", "d", "b")
                .node("Sqrt", "c", "d")
                .node("MatMul", "y", "c", "v")
                .model();
        var samples = Nets.floats(3, 4, 1, 5, 16);
        var result = HalfPrecision.convert(model, samples, "net");
        checked(result.model());
        assertThat(result.islands()).contains("b", "d").doesNotContain("a", "t", "y");
        var quality = quality(model, result.model(), samples, "y");
        assertThat(quality.psnr()).isGreaterThan(50);
    }

    /** A CPU does not show what overflows; the greatest number of all samples does, were it of one batch in eight. */
    @Test
    void aSingleLargeSampleMakesAnIsland() {
        var model = new Nets()
                .input("x", ValueType.FLOAT32, -1, 16)
                .output("y", ValueType.FLOAT32, -1, 16)
                .scalar("hundred", 100)
                .scalar("little", 1e-4)
                .node("Mul", "a", "x", "hundred")
                .node("Mul", "b", "a", "a")
                .node("Mul", "y", "b", "little")
                .model();
        var samples = new ArrayList<>(Nets.floats(7, 4, 0.1, 5, 16));
        assertThat(HalfPrecision.convert(model, samples, "net").islands()).isEmpty();
        samples.addAll(Nets.floats(1, 4, 4, 5, 16));
        assertThat(HalfPrecision.convert(model, samples, "net").islands()).contains("b", "y");
    }

    /** The root of negative numbers is NaN in FP32 as well. */
    @Test
    void whatIsNaNInFp32MayBeInFp16() {
        var model = new Nets()
                .input("x", ValueType.FLOAT32, -1, 8)
                .output("y", ValueType.FLOAT32, -1, 8)
                .weights("w", 1, 8, 8)
                .node("MatMul", "q", "x", "w")
                .node("Sqrt", "y", "q")
                .model();
        var samples = Nets.floats(2, 4, 1, 4, 8);
        var result = HalfPrecision.convert(model, samples, "net");
        assertThat(result.islands()).isEmpty();
        var roots = Nets.run(model, samples.get(0), "y").floats();
        assertThat(roots).contains(Float.NaN);
        var judged = Quality.of(
                List.of(Map.of("y", new Item.Array(Nets.run(model, samples.get(0), "y")))),
                List.of(Map.of("y", new Item.Array(Nets.run(result.model(), samples.get(0), "y")))));
        assertThat(judged.lost()).isZero();
        assertThat(judged.psnr()).isGreaterThan(40);
    }

    @Test
    void indicesKeepTheirType() throws IOException {
        var model = new Nets()
                .input("x", ValueType.FLOAT32, 1, 2, 4, 4)
                .output("y", ValueType.FLOAT32, 1, 2, 2, 2)
                .output("places", ValueType.INT64, 1, 2, 2, 2)
                .weights("w", 1, 2, 2, 1, 1)
                .conv("c", 1, "x", "w")
                .node(Node.of(
                        "MaxPool",
                        List.of("c"),
                        List.of("y", "places"),
                        Map.of("kernel_shape", Attribute.ints(2, 2), "strides", Attribute.ints(2, 2))))
                .model();
        var result = checked(HalfPrecision.convert(model, Nets.floats(2, 3, 1, 1, 2, 4, 4), "net")
                .model());
        var sample = Nets.floats(1, 3, 1, 1, 2, 4, 4).get(0);
        assertThat(Nets.run(result, sample, "places")).isEqualTo(Nets.run(model, sample, "places"));
    }

    @Test
    void decisionsAndSumsStayInFp32() throws IOException {
        var model = new Nets()
                .input("x", ValueType.FLOAT32, -1, 12)
                .output("codes", ValueType.INT64, -1)
                .weights("e", 1, 12, 9)
                .weights("norm", 1, 9)
                .weights("w", 1, 12, 12)
                .node("MatMul", "latents", "x", "w")
                .node("Softmax", "soft", Map.of("axis", Attribute.of(-1)), "latents")
                .node("MatMul", "products", "soft", "e")
                .node("Add", "distances", "products", "norm")
                .node("ArgMin", "codes", Map.of("axis", Attribute.of(-1), "keepdims", Attribute.of(0)), "distances")
                .model();
        var result = HalfPrecision.convert(model, List.of(), "net");
        checked(result.model());
        assertThat(Nets.ops(result.model())).containsExactly("Cast", "MatMul", "Cast", "Softmax", "Gemm", "ArgMin");
    }

    @Test
    void whatDoesNotFitIsNamed() {
        for (float number : new float[] {Float.NaN, 1e6f}) {
            var net = new Nets()
                    .input("x", ValueType.FLOAT32, 2)
                    .output("y", ValueType.FLOAT32, 2)
                    .constant("w", Tensor.of(new float[] {1, number}, 2))
                    .node("Mul", "y", "x", "w");
            assertThatThrownBy(() -> HalfPrecision.convert(net.model(), List.of(), "m.onnx"))
                    .isInstanceOf(SpecException.class)
                    .hasMessageStartingWith("m.onnx: FP16 asks for a node that computes in float32 and can be in FP16,")
                    .hasMessageContaining("Mul \"y\" has w, whose numbers are " + (number > 0 ? "1.00e+06" : "NaN"));
        }
    }

    @Test
    void modelsWithoutFloatsAreRefused() {
        var model = new Nets()
                .input("x", ValueType.INT64, -1, 3)
                .output("y", ValueType.INT64, -1, 3)
                .node("Neg", "y", "x")
                .model();
        assertThatThrownBy(() -> HalfPrecision.convert(model, List.of(), "net"))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("net: FP16 asks for a node that computes in float32");
    }
}
