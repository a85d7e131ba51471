package smalti.exporter.pass;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/** Normalisations, scales and offsets that go into weights. */
final class FoldingTest {
    private static Map<String, Attribute> conv(int kernel, int stride, long group) {
        return new TreeMap<>(Map.of(
                "kernel_shape", Attribute.ints(kernel, kernel),
                "strides", Attribute.ints(stride, stride),
                "pads", Attribute.ints(1, 1, 1, 1),
                "group", Attribute.of(group)));
    }

    private static Rig normalised(String op, long group, boolean bias) {
        var rig = new Rig(17).input("x", 2, 4, 5, 5);
        rig.weights("w", op.equals("Conv") ? 6 : 4, op.equals("Conv") ? 4 / group : 6 / group, 3, 3);
        rig.positive("scale", 6).weights("shift", 6).weights("mean", 6).positive("variance", 6);
        if (bias) {
            rig.weights("bias", 6);
        }
        rig.node(op, "c", conv(3, 1, group), bias ? new String[] {"x", "w", "bias"} : new String[] {"x", "w"});
        return rig;
    }

    @ParameterizedTest
    @CsvSource({"Conv,1,true", "Conv,2,false", "ConvTranspose,1,false", "ConvTranspose,2,true"})
    void aBatchNormalizationGoesIntoTheWeights(String op, long group, boolean bias) {
        var rig = normalised(op, group, bias)
                .node(
                        "BatchNormalization",
                        "y",
                        Map.of("epsilon", Attribute.of(1e-3f)),
                        "c",
                        "scale",
                        "shift",
                        "mean",
                        "variance")
                .output("y", 2, 6, 5, 5);
        assertThat(rig.after(new FoldBatchNormalizations())).containsExactly(op);
    }

    @Test
    void aBatchNormalizationStaysWhereOthersTakeTheConvolution() {
        var rig = normalised("Conv", 1, true)
                .node("BatchNormalization", "n", "c", "scale", "shift", "mean", "variance")
                .node("Add", "y", "n", "c")
                .output("y", 2, 6, 5, 5);
        assertThat(rig.after(new FoldBatchNormalizations())).containsExactly("Conv", "BatchNormalization", "Add");
    }

    @Test
    void weightsThatACallerMayOverrideStay() {
        var rig = normalised("Conv", 1, true)
                .input("w", 6, 4, 3, 3)
                .node("BatchNormalization", "y", "c", "scale", "shift", "mean", "variance")
                .output("y", 2, 6, 5, 5);
        assertThat(rig.after(new FoldBatchNormalizations())).containsExactly("Conv", "BatchNormalization");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Add", "Sub", "Mul", "Div"})
    void aScaleOrOffsetGoesIntoTheWeights(String op) {
        for (var layer : new String[] {"Conv", "ConvTranspose"}) {
            var rig = normalised(layer, 2, op.equals("Mul"))
                    .positive("number", 6, 1, 1)
                    .node(op, "y", "c", "number")
                    .output("y", 2, 6, 5, 5);
            assertThat(rig.after(new FoldScales())).containsExactly(layer);
        }
    }

    @Test
    void aConstantLessTheConvolutionGoesIntoTheWeights() {
        var rig = normalised("Conv", 1, true)
                .constant("number", Tensor.scalar(ValueType.FLOAT32, 3))
                .node("Sub", "y", "number", "c")
                .output("y", 2, 6, 5, 5);
        assertThat(rig.after(new FoldScales())).containsExactly("Conv");
    }

    @Test
    void whatIsNoNumberAChannelStays() {
        var byColumn = normalised("Conv", 1, true).weights("number", 5).node("Mul", "y", "c", "number");
        assertThat(byColumn.output("y", 2, 6, 5, 5).after(new FoldScales())).containsExactly("Conv", "Mul");
        var divided = normalised("Conv", 1, true).positive("number", 6, 1, 1).node("Div", "y", "number", "c");
        assertThat(divided.output("y", 2, 6, 5, 5).after(new FoldScales())).containsExactly("Conv", "Div");
        var deeper =
                normalised("Conv", 1, true).weights("number", 1, 1, 6, 1, 1).node("Mul", "y", "c", "number");
        assertThat(deeper.output("y", 1, 2, 6, 5, 5).after(new FoldScales())).containsExactly("Conv", "Mul");
    }

    @Test
    void matMulAndAddOfMatricesAreOneGemm() {
        var rig = new Rig(17)
                .input("x", -1, 4)
                .weights("w", 4, 3)
                .weights("b", 3)
                .node("MatMul", "p", "x", "w")
                .node("Add", "y", "b", "p")
                .output("y", -1, 3);
        assertThat(rig.after(new FoldScales())).containsExactly("Gemm");
        var deeper = new Rig(17)
                .input("x", 2, 5, 4)
                .weights("w", 4, 3)
                .weights("b", 3)
                .node("MatMul", "p", "x", "w")
                .node("Add", "y", "b", "p")
                .output("y", 2, 5, 3);
        assertThat(deeper.after(new FoldScales())).containsExactly("MatMul", "Add");
        var column = new Rig(17)
                .input("x", 3, 4)
                .weights("w", 4, 3)
                .weights("b", 3, 1)
                .node("MatMul", "p", "x", "w")
                .node("Add", "y", "b", "p")
                .output("y", 3, 3);
        assertThat(column.after(new FoldScales())).containsExactly("MatMul", "Add");
    }

    @ParameterizedTest
    @CsvSource({"Mul,0", "Add,1", "Sub,1", "Div,0"})
    void aScaleGoesIntoAGemm(String op, long turned) {
        var attributes = Map.of("transB", Attribute.of(turned), "alpha", Attribute.of(0.5f), "beta", Attribute.of(2f));
        var rig = new Rig(17).input("x", 3, 4).weights("b", 3).positive("number", 1, 3);
        rig.weights("w", turned == 1 ? 3 : 4, turned == 1 ? 4 : 3)
                .node("Gemm", "g", attributes, "x", "w", "b")
                .node(op, "y", "g", "number")
                .output("y", 3, 3);
        assertThat(rig.after(new FoldScales())).containsExactly("Gemm");
    }
}
