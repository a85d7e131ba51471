package smalti.exporter.precision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.proof.ModelSession.Item;
import smalti.spec.SpecException;

/** Layers of every form are quantized, or refused with the reason that is true of them; samples without numbers are named. */
final class RefusalsTest {
    private static Int8Search.Result search(Nets net, List<Map<String, Item>> samples) {
        return Int8Search.search(net.model(), samples, samples.subList(0, 1), Int8Options.defaults(), "net");
    }

    @Test
    void transposedConvolutionsInGroupsAreQuantized() {
        var net = new Nets()
                .input("x", ValueType.FLOAT32, -1, 8, 6, 6)
                .output("y", ValueType.FLOAT32, -1, 6, 12, 12)
                .weights("w", 0.3, 8, 3, 3, 3)
                .weights("b", 0.3, 6)
                .node(
                        "ConvTranspose",
                        "c",
                        Map.of(
                                "group", Attribute.of(2),
                                "strides", Attribute.ints(2, 2),
                                "pads", Attribute.ints(1, 1, 1, 1),
                                "output_padding", Attribute.ints(1, 1)),
                        "x",
                        "w",
                        "b")
                .node("Relu", "y", "c");
        var result = search(net, Nets.floats(4, 3, 1, 4, 8, 6, 6));
        assertThat(result.quantized()).isEqualTo(1);
        assertThat(result.refusals()).isEmpty();
        // 7 bits of weights and 8 of activations leave noise some 40 dB below the signal
        assertThat(result.quality().sqnr()).isGreaterThan(30);
    }

    @Test
    void productsOfEveryFormAreQuantized() {
        var net = new Nets()
                .input("x", ValueType.FLOAT32, 4, 3, 12)
                .output("y", ValueType.FLOAT32, 4, 3, 8)
                .output("z", ValueType.FLOAT32, 4, 5, 12)
                .weights("batched", 0.3, 4, 12, 8)
                .weights("left", 0.3, 5, 3)
                .node("MatMul", "y", "x", "batched")
                .node("MatMul", "z", "left", "x");
        var result = search(net, Nets.floats(4, 3, 1, 4, 3, 12));
        assertThat(result.quantized()).isEqualTo(2);
        assertThat(result.refusals()).isEmpty();
        assertThat(result.quality().sqnr()).isGreaterThan(30);
    }

    @Test
    void layersOfOtherKindsAreNamedWithTheirReason() {
        var inner = new Graph(
                "then",
                List.of(),
                List.of(new Value("t", ValueType.FLOAT32, List.of(), Value.Layout.PLAIN)),
                Map.of(),
                List.of(Node.of("MatMul", List.of("m", "w"), "t", Map.of())));
        var other = new Graph(
                "else",
                List.of(),
                List.of(new Value("e", ValueType.FLOAT32, List.of(), Value.Layout.PLAIN)),
                Map.of(),
                List.of(Node.of("Relu", List.of("m"), "e", Map.of())));
        var net = new Nets()
                .input("x", ValueType.FLOAT32, -1, 6, 6)
                .input("v", ValueType.FLOAT32, 6, 6)
                .input("c", ValueType.BOOL)
                .output("y", ValueType.FLOAT32, -1, 6, 6)
                .output("a", ValueType.FLOAT32, -1, 6, 6)
                .output("u", ValueType.FLOAT32, -1, 6, 12)
                .weights("w", 0.3, 6, 6)
                .weights("k", 0.3, 6, 6, 2)
                .node("MatMul", "m", "x", "w")
                .node(Node.of(
                        "If",
                        List.of("c"),
                        "y",
                        Map.of("then_branch", new Attribute.Body(inner), "else_branch", new Attribute.Body(other))))
                .node("MatMul", "a", "m", "v")
                .node(
                        "ConvTranspose",
                        "u",
                        Map.of("strides", Attribute.ints(2), "pads", Attribute.ints(-1, 1)),
                        "m",
                        "k");
        var refusals = Refusals.of(net.model(), Set.of("m"));
        assertThat(refusals).extracting(Refusal::name).containsExactly("t", "a", "u");
        assertThat(refusals.get(0).reason()).startsWith("stands inside the then_branch of If y:");
        assertThat(refusals.get(1).reason()).isEqualTo("multiplies two values that are both computed");
        assertThat(refusals.get(2).reason()).contains("with paddings of 0 or more");
    }

    @Test
    void layersOfOtherDomainsAreNamedWithTheirReason() {
        var net = new Nets()
                .input("x", ValueType.FLOAT32, -1, 6)
                .output("y", ValueType.FLOAT32, -1, 6)
                .output("z", ValueType.FLOAT32, -1, 6)
                .weights("w", 0.3, 6, 6)
                .node(new Node(
                        "fused", "com.microsoft", "FusedMatMul", List.of("x", "w"), List.of("y"), new TreeMap<>()))
                .node(new Node("norm", "com.microsoft", "QuickGelu", List.of("y"), List.of("q"), new TreeMap<>()))
                .node(new Node("call", "mine", "Block", List.of("q", "w"), List.of("z"), new TreeMap<>()));
        var refusals = Refusals.of(net.model(), Set.of());
        assertThat(refusals).extracting(Refusal::name).containsExactly("fused", "call");
        assertThat(refusals.get(0).reason()).contains("quantize the file from before");
        assertThat(refusals.get(1).reason()).startsWith("is a function of the domain mine");
    }

    @Test
    void aModelWithoutALayerForInt8SaysWhatItsLayersLack() {
        var net = new Nets()
                .input("x", ValueType.FLOAT32, -1, 6, 6)
                .output("u", ValueType.FLOAT32, -1, 2, 12)
                .weights("k", 0.3, 6, 2, 2)
                .weights("none", 0, 2)
                .node("Add", "b", "none", "shift")
                .input("shift", ValueType.FLOAT32, 2)
                .node("ConvTranspose", "u", Map.of("strides", Attribute.ints(2)), "x", "k", "b");
        assertThatThrownBy(() -> search(net, samplesWithShift()))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("got none that can be: ConvTranspose u there is no INT8 kernel for it");
    }

    @Test
    void aKernelNarrowerThanItsStrideIsNamed() {
        var net = new Nets()
                .input("x", ValueType.FLOAT32, -1, 2, 6, 6)
                .output("y", ValueType.FLOAT32, -1, 3, 12, 12)
                .weights("k", 0.3, 2, 3, 1, 2)
                .node(
                        "ConvTranspose",
                        "y",
                        Map.of("strides", Attribute.ints(2, 2), "auto_pad", Attribute.of("SAME_UPPER")),
                        "x",
                        "k");
        assertThatThrownBy(() -> search(net, Nets.floats(2, 3, 1, 1, 2, 6, 6)))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("auto_pad makes them less where the kernel is narrower than its stride");
    }

    private static List<Map<String, Item>> samplesWithShift() {
        return Nets.floats(2, 3, 1, 2, 6, 6).stream()
                .map(batch -> Map.of("x", new Item.Array(Nets.tensor(batch, "x")), "shift", (Item)
                        new Item.Array(Tensor.of(new float[2], 2))))
                .toList();
    }

    private static List<Map<String, Item>> samples(float at) {
        var numbers = new float[4 * 12];
        numbers[30] = at;
        return List.of(
                Map.of("x", new Item.Array(Tensor.of(new float[48], 4, 12))),
                Map.of("x", new Item.Array(Tensor.of(numbers, 4, 12))));
    }

    @Test
    void samplesThatAreNoNumbersAreNamed() {
        var net = new Nets()
                .input("x", ValueType.FLOAT32, -1, 12)
                .output("y", ValueType.FLOAT32, -1, 8)
                .weights("w", 0.3, 12, 8)
                .node("MatMul", "y", "x", "w");
        assertThatThrownBy(() -> search(net, samples(Float.NaN)))
                .isInstanceOf(SpecException.class)
                .hasMessage("net: calibration batch 1: the input x must hold finite numbers, got 1 NaN in sample 2"
                        + " (counted from 0)");
        assertThatThrownBy(() -> search(net, samples(Float.NEGATIVE_INFINITY)))
                .hasMessageContaining("got 1 infinite in sample 2");
        var many = new float[20];
        Arrays.fill(many, Float.NaN);
        many[0] = Float.POSITIVE_INFINITY;
        assertThat(NotNumbers.in(Tensor.of(many, 10, 2)).orElseThrow().text())
                .isEqualTo("19 NaN and 1 infinite in samples 0, 1, 2, 3, 4, 5, 6, 7 and 2 others (counted from 0)");
        assertThat(NotNumbers.in(Tensor.of(new float[4], 2, 2))).isEmpty();
    }

    /** A mask of −∞ that never reaches a layer hinders none. */
    @Test
    void infinityThatReachesNoLayerIsNoHindrance() {
        var net = new Nets()
                .input("x", ValueType.FLOAT32, -1, 12)
                .output("y", ValueType.FLOAT32, -1, 8)
                .weights("w", 0.3, 12, 8)
                .node("Softmax", "s", "x")
                .node("MatMul", "y", "s", "w");
        assertThat(search(net, samples(Float.NEGATIVE_INFINITY)).quantized()).isEqualTo(1);
    }

    /** FP32 divides by zero inside: that is the model's own, and no fault of the samples. */
    @Test
    void layersWithoutARangeSayThatFp32IsNotFiniteThere() {
        var net = new Nets()
                .input("x", ValueType.FLOAT32, -1, 12)
                .output("y", ValueType.FLOAT32, -1, 8)
                .output("z", ValueType.FLOAT32, -1, 8)
                .weights("w", 0.3, 12, 8)
                .node("MatMul", "y", "x", "w")
                .node("Sqrt", "r", "x")
                .node("MatMul", "z", "r", "w");
        var result = search(net, Nets.floats(3, 5, 1, 4, 12));
        assertThat(result.refusals()).singleElement().satisfies(refusal -> {
            assertThat(refusal.name()).isEqualTo("z");
            assertThat(refusal.reason()).contains("NaN or infinite numbers in FP32");
        });
        assertThat(result.quantized()).isEqualTo(1);
        assertThat(result.quality().psnr()).isGreaterThan(35);
    }
}
