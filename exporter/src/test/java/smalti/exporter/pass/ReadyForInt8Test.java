package smalti.exporter.pass;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/** Layers brought into the forms that INT8 kernels take: the reference is ONNX Runtime with the layer as it was. */
final class ReadyForInt8Test {
    /** Groups, kernel, stride, dilation, pads and output padding, with free sizes or fixed ones. */
    @ParameterizedTest
    @CsvSource({
        "2,3,3,2,2,1,1,1,1,1,1,1,true",
        "2,4,4,2,2,1,1,1,1,0,0,1,false",
        "4,3,3,2,1,1,1,1,1,1,0,1,true",
        "8,3,3,2,2,1,1,1,1,1,1,1,true",
        "1,3,3,2,2,2,2,1,1,0,0,1,true",
        "2,3,2,2,3,2,1,1,0,1,2,3,false",
        "1,3,3,1,1,1,1,1,1,0,0,1,true",
        "2,3,3,1,1,2,2,1,1,0,0,1,false",
        "1,3,3,1,2,1,1,1,1,0,0,2,true",
        "1,2,2,3,3,2,2,0,0,2,2,1,true",
        "1,1,1,2,2,1,1,0,0,1,1,1,true",
        "1,3,3,1,1,1,1,3,3,0,0,1,false"
    })
    void aConvTransposeOfAnyPaddingIsAConv(
            int groups,
            int kh,
            int kw,
            int sh,
            int sw,
            int dh,
            int dw,
            int top,
            int left,
            int mh,
            int mw,
            int channelsOfGroup,
            boolean free) {
        long height = sh * 6L + dh * (kh - 1L) + 1 - 2L * top + mh;
        long width = sw * 8L + dw * (kw - 1L) + 1 - 2L * left + mw;
        var attributes = new TreeMap<>(Map.of(
                "group", Attribute.of(groups),
                "kernel_shape", Attribute.ints(kh, kw),
                "strides", Attribute.ints(sh, sw),
                "dilations", Attribute.ints(dh, dw),
                "pads", Attribute.ints(top, left, top, left),
                "output_padding", Attribute.ints(mh, mw)));
        int channels = groups * channelsOfGroup;
        var rig = new Rig(17);
        if (free) {
            rig.input("x", 2, 8, -1, -1).output("z", 2, channels, -1, -1);
        } else {
            rig.input("x", 2, 8, 7, 9).output("z", 2, channels, height, width);
        }
        rig.weights("w", 8, channelsOfGroup, kh, kw)
                .weights("b", channels)
                .node("ConvTranspose", "y", attributes, "x", "w", "b")
                .node("Tanh", "z", "y");
        assertThat(rig.after(new LowerTransposedConvolutions()))
                .contains("Conv")
                .doesNotContain("ConvTranspose");
    }

    @ParameterizedTest
    @CsvSource({"1,1,2,1,0", "1,2,3,2,1", "1,1,1,1,0", "3,1,2,1,1", "3,2,2,1,0", "3,1,1,2,0", "3,1,3,1,2"})
    void aConvTransposeOfOneAxisOrThreeIsAConv(int axes, int groups, int stride, int dilation, int more) {
        var attributes = new TreeMap<>(Map.of(
                "group", Attribute.of(groups),
                "strides", Attribute.ints(Collections.nCopies(axes, (long) stride)),
                "dilations", Attribute.ints(Collections.nCopies(axes, (long) dilation)),
                "pads", Attribute.ints(Collections.nCopies(2 * axes, 1L)),
                "output_padding", Attribute.ints(Collections.nCopies(axes, (long) more))));
        var shape = new long[] {2, 4, 5, 3, 4};
        var kernel = new long[] {4, 6 / groups, 3, 3, 2};
        var unknown = new long[2 + axes];
        Arrays.fill(unknown, -1);
        var rig = new Rig(17)
                .input("x", Arrays.copyOf(shape, 2 + axes))
                .output("z", unknown)
                .weights("w", Arrays.copyOf(kernel, 2 + axes))
                .weights("b", 6)
                .node("ConvTranspose", "y", attributes, "x", "w", "b")
                .node("Relu", "z", "y");
        assertThat(rig.after(new LowerTransposedConvolutions()))
                .contains("Conv")
                .doesNotContain("ConvTranspose");
    }

    @ParameterizedTest
    @CsvSource({"SAME_UPPER,false", "SAME_LOWER,false", "VALID,false", "SAME_UPPER,true", "NOTSET,true"})
    void paddingsThatOnnxWorksOutAreWorkedOut(String way, boolean shaped) {
        var attributes = new TreeMap<>(Map.of(
                "kernel_shape", Attribute.ints(4, 3),
                "strides", Attribute.ints(2, 2),
                "auto_pad", Attribute.of(way)));
        if (shaped) {
            attributes.put("output_shape", Attribute.ints(9, 12));
        }
        var rig = new Rig(17)
                .input("x", 2, 4, 5, 6)
                .output("y", 2, 3, -1, -1)
                .weights("w", 4, 3, 4, 3)
                .node("ConvTranspose", "y", attributes, "x", "w");
        assertThat(rig.after(new LowerTransposedConvolutions()))
                .contains("Conv")
                .doesNotContain("ConvTranspose");
    }

    @ParameterizedTest
    @CsvSource({
        "0.5,1,0,1,1,4",
        "1,2,0,0,1,4",
        "1,1,1,0,1,4",
        "0.25,3,1,1,1,4",
        "1,1,0,0,5,4",
        "1,0.5,0,1,5,1",
        "2,1,1,1,1,1"
    })
    void aGemmIsAProductPlusABiasOfItsColumns(
            float alpha, float beta, int turned, int weightsTurned, int biasRows, int biasColumns) {
        var attributes = new TreeMap<>(Map.of(
                "alpha", Attribute.of(alpha),
                "beta", Attribute.of(beta),
                "transA", Attribute.of(turned),
                "transB", Attribute.of(weightsTurned)));
        var rig = new Rig(17).output("y", 5, 4);
        rig.input("x", turned == 1 ? new long[] {6, 5} : new long[] {5, 6})
                .weights("w", weightsTurned == 1 ? new long[] {4, 6} : new long[] {6, 4})
                .weights("b", biasRows, biasColumns)
                .node("Gemm", "y", attributes, "x", "w", "b");
        var proven = rig.proven(new PlainProducts()).graph();
        assertThat(proven.nodes())
                .filteredOn(node -> node.is("Gemm"))
                .hasSize(1)
                .allSatisfy(node -> {
                    assertThat(node.attributes()).doesNotContainKeys("alpha", "beta", "transA");
                    assertThat(node.inputs().size()).isEqualTo(biasRows == 1 ? 3 : 2);
                });
    }

    @Test
    void aComputedBiasIsAddedBehind() {
        var rig = new Rig(17)
                .input("x", 5, 6)
                .input("c", 4)
                .output("y", 5, 4)
                .weights("w", 6, 4)
                .node("Gemm", "y", Map.of("beta", Attribute.of(0.5f)), "x", "w", "c");
        assertThat(rig.after(new PlainProducts())).containsExactly("Gemm", "Mul", "Add");
    }

    @Test
    void aConstantOnTheLeftComesToTheRight() {
        for (int rank = 2; rank <= 4; rank++) {
            var before = new ArrayList<>(List.of(2L, 3L)).subList(0, rank - 2);
            var in = new ArrayList<>(before);
            in.addAll(List.of(6L, 5L));
            var out = new ArrayList<>(before);
            out.addAll(List.of(4L, 5L));
            var rig = new Rig(17)
                    .input("x", in.stream().mapToLong(Long::longValue).toArray())
                    .output("y", out.stream().mapToLong(Long::longValue).toArray())
                    .weights("w", 4, 6)
                    .node("MatMul", "y", "w", "x");
            assertThat(rig.after(new PlainProducts())).containsExactly("Transpose", "MatMul", "Transpose");
        }
    }

    @ParameterizedTest
    @CsvSource({"3,1", "3,3", "1,3"})
    void constantsInABatchComeToTheRight(long batch, long others) {
        var rig = new Rig(17)
                .input("x", others, 6, 5)
                .output("y", Math.max(batch, others), 4, 5)
                .weights("w", batch, 4, 6)
                .node("MatMul", "y", "w", "x");
        assertThat(rig.after(new PlainProducts())).containsExactly("Transpose", "MatMul", "Transpose");
        var deeper = new Rig(17)
                .input("x", 6, 5)
                .output("y", batch, 4, 5)
                .weights("w", batch, 4, 6)
                .node("MatMul", "y", "w", "x");
        assertThat(deeper.after(new PlainProducts())).containsExactly("Transpose", "MatMul", "Transpose");
    }

    @Test
    void aMatrixWithAxesOfOneIsAMatrix() {
        var rig = new Rig(17)
                .input("x", 2, 3, 5, 6)
                .output("y", 2, 3, 5, 4)
                .weights("w", 1, 1, 6, 4)
                .node("MatMul", "y", "x", "w");
        assertThat(rig.proven(new PlainProducts()).graph().initializers().values())
                .extracting(constant -> constant.dims().size())
                .contains(2);
        // the product would have fewer axes
        var narrow = new Rig(17)
                .input("x", 5, 6)
                .output("y", 1, 5, 4)
                .weights("w", 1, 6, 4)
                .node("MatMul", "y", "x", "w");
        assertThat(new PlainProducts().apply(narrow.model()).graph()).isEqualTo(narrow.graph());
    }

    @Test
    void whatIsPlainStays() {
        var rig = new Rig(17)
                .input("x", 5, 6)
                .output("y", 5, 4)
                .weights("w", 6, 4)
                .constant("b", Tensor.of(new float[] {1, 2, 3, 4}, 4))
                .node("Gemm", "y", "x", "w", "b");
        assertThat(new PlainProducts().apply(rig.model()).graph()).isEqualTo(rig.graph());
        var whole = new Rig(17)
                .input("x", ValueType.FLOAT32, 5, 6)
                .input("v", 6, 4)
                .output("y", 5, 4)
                .node("MatMul", "y", "x", "v");
        assertThat(new PlainProducts().apply(whole.model()).graph()).isEqualTo(whole.graph());
    }
}
