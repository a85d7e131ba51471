package smalti.exporter.pass;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;

/** Scales and offsets before layers, at a distance behind them, in a row, and normalisations behind products. */
final class ScalesTest {
    private static Rig normalised(Rig rig, String value, int channels, long... shape) {
        return rig.positive("scale", channels)
                .weights("shift", channels)
                .weights("mean", channels)
                .positive("variance", channels)
                .node("BatchNormalization", "y", value, "scale", "shift", "mean", "variance")
                .output("y", shape);
    }

    @ParameterizedTest
    @CsvSource({"0,true", "1,true", "1,false"})
    void aBatchNormalizationGoesIntoTheGemmBeforeIt(long turned, boolean bias) {
        var attributes = Map.of("transB", Attribute.of(turned), "alpha", Attribute.of(0.5f), "beta", Attribute.of(3f));
        var rig = new Rig(17).input("x", 3, 4).weights("b", 1, 5);
        rig.weights("w", turned == 1 ? 5 : 4, turned == 1 ? 4 : 5)
                .node("Gemm", "g", attributes, bias ? new String[] {"x", "w", "b"} : new String[] {"x", "w"});
        assertThat(normalised(rig, "g", 5, 3, 5).after(new FoldBatchNormalizations()))
                .containsExactly("Gemm");
    }

    @Test
    void aBatchNormalizationGoesIntoTheProductOfMatricesBeforeIt() {
        var rig = new Rig(17).input("x", 3, 4).weights("w", 4, 5).node("MatMul", "p", "x", "w");
        assertThat(normalised(rig, "p", 5, 3, 5).after(new FoldBatchNormalizations()))
                .containsExactly("Gemm");
        // axis 1 of three is not that of the columns
        var deeper = new Rig(17).input("x", 2, 5, 4).weights("w", 4, 5).node("MatMul", "p", "x", "w");
        assertThat(normalised(deeper, "p", 5, 2, 5, 5).after(new FoldBatchNormalizations()))
                .containsExactly("MatMul", "BatchNormalization");
    }

    @ParameterizedTest
    @CsvSource({"Mul,5", "Div,5", "Mul,1"})
    void aScaleGoesIntoAProductOfAnyRank(String op, long columns) {
        var rig = new Rig(17)
                .input("x", 2, 3, 4)
                .weights("w", 4, 5)
                .positive("number", columns)
                .node("MatMul", "p", "x", "w")
                .node(op, "y", "p", "number")
                .output("y", 2, 3, 5);
        assertThat(rig.after(new FoldScales())).containsExactly("MatMul");
    }

    @Test
    void aScaleOfRowsStaysBehindAProduct() {
        var rig = new Rig(17)
                .input("x", 2, 5, 4)
                .weights("w", 4, 5)
                .positive("number", 5, 1)
                .node("MatMul", "p", "x", "w")
                .node("Mul", "y", "p", "number")
                .output("y", 2, 5, 5);
        assertThat(rig.after(new FoldScales())).containsExactly("MatMul", "Mul");
    }

    private static Map<String, Attribute> conv(int pad, long group) {
        return new TreeMap<>(Map.of(
                "kernel_shape", Attribute.ints(3, 3),
                "pads", Attribute.ints(pad, pad, pad, pad),
                "group", Attribute.of(group)));
    }

    @ParameterizedTest
    @CsvSource({"Mul,1,1", "Div,1,2", "Add,0,2", "Sub,0,1"})
    void aScaleOrOffsetGoesIntoTheConvolutionBehindIt(String op, int pad, long group) {
        var rig = new Rig(17)
                .input("x", 2, 4, 5, 5)
                .positive("number", 4, 1, 1)
                .weights("w", 6, 4 / group, 3, 3)
                .weights("b", 6)
                .node(op, "s", "x", "number")
                .node("Conv", "y", conv(pad, group), "s", "w", "b")
                .output("y", 2, 6, 3 + 2 * pad, 3 + 2 * pad);
        assertThat(rig.after(new FoldInputScales())).containsExactly("Conv");
    }

    @Test
    void zerosAroundAPictureAreNoOffset() {
        var rig = new Rig(17)
                .input("x", 2, 4, 5, 5)
                .positive("number", 4, 1, 1)
                .weights("w", 6, 4, 3, 3)
                .node("Add", "s", "x", "number")
                .node("Conv", "y", conv(1, 1), "s", "w")
                .output("y", 2, 6, 5, 5);
        assertThat(rig.after(new FoldInputScales())).containsExactly("Add", "Conv");
        var same = new Rig(17)
                .input("x", 2, 4, 5, 5)
                .positive("number", 4, 1, 1)
                .weights("w", 6, 4, 3, 3)
                .node("Add", "s", "x", "number")
                .node("Conv", "y", Map.of("auto_pad", Attribute.of("SAME_UPPER")), "s", "w")
                .output("y", 2, 6, 5, 5);
        assertThat(same.after(new FoldInputScales())).containsExactly("Add", "Conv");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void aScaleGoesIntoTheTransposedConvolutionBehindIt(long group) {
        var rig = new Rig(17)
                .input("x", 2, 4, 5, 5)
                .positive("number", 4, 1, 1)
                .weights("w", 4, 3, 3, 3)
                .node("Mul", "s", "number", "x")
                .node("ConvTranspose", "y", Map.of("group", Attribute.of(group)), "s", "w")
                .output("y", 2, 3 * group, 7, 7);
        assertThat(rig.after(new FoldInputScales())).containsExactly("ConvTranspose");
        var offset = new Rig(17)
                .input("x", 2, 4, 5, 5)
                .positive("number", 4, 1, 1)
                .weights("w", 4, 3, 3, 3)
                .node("Add", "s", "number", "x")
                .node("ConvTranspose", "y", Map.of("group", Attribute.of(group)), "s", "w")
                .output("y", 2, 3 * group, 7, 7);
        assertThat(offset.after(new FoldInputScales())).containsExactly("Add", "ConvTranspose");
    }

    @ParameterizedTest
    @CsvSource({"Mul,0", "Add,1", "Sub,1", "Div,0"})
    void aScaleOrOffsetGoesIntoTheGemmBehindIt(String op, long turned) {
        var attributes = Map.of("transB", Attribute.of(turned), "alpha", Attribute.of(0.5f), "beta", Attribute.of(2f));
        var rig = new Rig(17).input("x", 3, 4).weights("b", 5).positive("number", 4);
        rig.weights("w", turned == 1 ? 5 : 4, turned == 1 ? 4 : 5)
                .node(op, "s", "x", "number")
                .node("Gemm", "y", attributes, "s", "w", "b")
                .output("y", 3, 5);
        assertThat(rig.after(new FoldInputScales())).containsExactly("Gemm");
    }

    @Test
    void aScaleOfTheRowsOfATurnedInputGoesIntoAGemm() {
        var rig = new Rig(17)
                .input("x", 4, 3)
                .positive("number", 4, 1)
                .weights("w", 4, 5)
                .node("Mul", "s", "x", "number")
                .node("Gemm", "y", Map.of("transA", Attribute.of(1)), "s", "w")
                .output("y", 3, 5);
        assertThat(rig.after(new FoldInputScales())).containsExactly("Gemm");
    }

    @Test
    void aScaleGoesIntoAllProductsThatTakeIt() {
        var rig = new Rig(17)
                .input("x", 2, 3, 4)
                .positive("number", 4)
                .weights("q", 4, 5)
                .weights("k", 4, 5)
                .node("Mul", "s", "x", "number")
                .node("MatMul", "a", "s", "q")
                .node("MatMul", "b", "s", "k")
                .node("Add", "y", "a", "b")
                .output("y", 2, 3, 5);
        assertThat(rig.after(new FoldInputScales())).containsExactly("MatMul", "MatMul", "Add");
        var shared = new Rig(17)
                .input("x", 2, 3, 4)
                .positive("number", 4)
                .weights("q", 4, 4)
                .node("Mul", "s", "x", "number")
                .node("MatMul", "a", "s", "q")
                .node("Add", "y", "a", "s")
                .output("y", 2, 3, 4);
        assertThat(shared.after(new FoldInputScales())).containsExactly("Mul", "MatMul", "Add");
    }

    @Test
    void aScaleThatMakesMoreOfItsInputStays() {
        var rig = new Rig(17)
                .input("x", 2, 1, 5, 5)
                .positive("number", 4, 1, 1)
                .weights("w", 6, 4, 3, 3)
                .node("Mul", "s", "x", "number")
                .node("Conv", "y", conv(1, 1), "s", "w")
                .output("y", 2, 6, 5, 5);
        assertThat(rig.after(new FoldInputScales())).containsExactly("Mul", "Conv");
    }

    @Test
    void aBatchNormalizationGoesIntoTheLayersBehindIt() {
        var rig = new Rig(17)
                .input("x", 2, 4, 5, 5)
                .positive("scale", 4)
                .weights("shift", 4)
                .weights("mean", 4)
                .positive("variance", 4)
                .weights("w", 6, 4, 3, 3)
                .node("BatchNormalization", "s", "x", "scale", "shift", "mean", "variance")
                .node("Conv", "y", conv(0, 1), "s", "w")
                .output("y", 2, 6, 3, 3);
        assertThat(rig.after(new FoldInputScales())).containsExactly("Conv");
    }

    @Test
    void theScaleOfALayerGoesPastOffsetAndTransposition() {
        var rig = new Rig(17)
                .input("x", 2, 3, 3, 4)
                .weights("w", 4, 5)
                .weights("b", 5)
                .positive("scale", 5, 1, 1)
                .node("MatMul", "p", "x", "w")
                .node("Add", "a", "b", "p")
                .node("Transpose", "t", Map.of("perm", Attribute.ints(0, 3, 1, 2)), "a")
                .node("Mul", "y", "scale", "t")
                .output("y", 2, 5, 3, 3);
        assertThat(rig.after(new MoveScalesUp())).containsExactly("MatMul", "Add", "Transpose");
        var ofRows = new Rig(17)
                .input("x", 2, 5, 3, 4)
                .weights("w", 4, 5)
                .positive("scale", 5, 1, 1)
                .node("MatMul", "p", "x", "w")
                .node("Transpose", "t", Map.of("perm", Attribute.ints(0, 1, 3, 2)), "p")
                .node("Mul", "y", "scale", "t")
                .output("y", 2, 5, 5, 3);
        assertThat(ofRows.after(new MoveScalesUp())).containsExactly("MatMul", "Transpose", "Mul");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Mul", "Div"})
    void aNumberGoesPastWhatMovesNumbers(String op) {
        var rig = new Rig(17)
                .input("x", 2, 3, 4)
                .weights("w", 4, 6)
                .weights("b", 2, 1, 6)
                .positive("number")
                .constant("heads", Tensor.of(new long[] {2, 3, 2, 3}, 4))
                .node("MatMul", "p", "x", "w")
                .node("Sub", "a", "p", "b")
                .node("Reshape", "r", "a", "heads")
                .node("Transpose", "t", Map.of("perm", Attribute.ints(0, 2, 1, 3)), "r")
                .node(op, "y", "t", "number")
                .output("y", 2, 2, 3, 3);
        assertThat(rig.after(new MoveScalesUp())).containsExactly("MatMul", "Sub", "Reshape", "Transpose");
        var shared = new Rig(17)
                .input("x", 2, 3, 4)
                .weights("w", 4, 6)
                .positive("number")
                .node("MatMul", "p", "x", "w")
                .node("Transpose", "t", "p")
                .node(op, "m", "t", "number")
                .node("Sub", "y", "m", "t")
                .output("y", 6, 3, 2);
        assertThat(shared.after(new MoveScalesUp())).containsExactly("MatMul", "Transpose", op, "Sub");
    }

    /** {@code last} divided by a constant on the left would be no scale. */
    @ParameterizedTest
    @CsvSource({"Add,Sub,Add", "Sub,Sub,Add", "Mul,Div,Mul", "Div,Div,Mul"})
    void scalesInARowAreOne(String first, String last, String left) {
        var rig = new Rig(17)
                .input("x", 2, 4, 3)
                .constant("one", Tensor.of(new float[] {1, 2, 3, 4}, 4, 1))
                .constant("other", Tensor.of(new float[] {-9, -8, -7, -16}, 4, 1))
                .node(first, "a", "x", first.equals("Add") ? "other" : "one")
                .node(last, "y", "a", first.equals("Add") ? "one" : last.equals("Sub") ? "one" : "other")
                .output("y", 2, 4, 3);
        assertThat(rig.after(new MergeScales())).containsExactly(left);
    }

    @Test
    void aSumThatRoundsOnPurposeStays() {
        var rig = new Rig(17)
                .input("x", 2, 3)
                .constant("large", Tensor.of(new float[] {1 << 23}))
                .node("Add", "a", "x", "large")
                .node("Sub", "y", "a", "large")
                .output("y", 2, 3);
        assertThat(rig.after(new MergeScales())).containsExactly("Add", "Sub");
    }

    @Test
    void aProductOutOfReachStays() {
        var rig = new Rig(17)
                .input("x", 2, 3)
                .constant("large", Tensor.of(new float[] {1e30f}))
                .node("Mul", "a", "x", "large")
                .node("Mul", "y", "a", "large")
                .output("y", 2, 3);
        var after = new MergeScales().apply(rig.model());
        assertThat(Rig.ops(after.graph())).containsExactly("Mul", "Mul");
    }

    /** The new weights are the old ones times the factors in float64, rounded once. */
    @Test
    void weightsAreRoundedOnce() {
        var rig = new Rig(17)
                .input("x", 2, 4)
                .weights("w", 4, 3)
                .positive("before", 4)
                .positive("behind", 3)
                .node("Mul", "s", "x", "before")
                .node("MatMul", "p", "s", "w")
                .node("Mul", "y", "p", "behind")
                .output("y", 2, 3);
        var model = rig.model();
        var w = (Tensor) Objects.requireNonNull(model.graph().initializers().get("w"));
        var before =
                (Tensor) Objects.requireNonNull(model.graph().initializers().get("before"));
        var after = rig.proven(new FoldInputScales());
        var node = after.graph().nodes().get(0);
        var now = (Tensor) Objects.requireNonNull(after.graph().initializers().get(node.input(1)));
        for (int row = 0; row < 4; row++) {
            for (int column = 0; column < 3; column++) {
                assertThat(now.floats()[row * 3 + column])
                        .isEqualTo((float) (w.number(row * 3 + column) * before.number(row)));
            }
        }
        assertThat(Passes.simplifying().apply(model).model().graph().nodes()).hasSize(1);
    }
}
