package smalti.exporter.pass;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/** Sub-pixels, layer normalisations and GELUs. */
final class FusingTest {
    private static Map<String, Attribute> transposed(long[] kernel, long[] strides, long[] pads, long[] more) {
        return new TreeMap<>(Map.of(
                "kernel_shape", Attribute.ints(kernel),
                "strides", Attribute.ints(strides),
                "pads", Attribute.ints(pads),
                "output_padding", Attribute.ints(more)));
    }

    private static Map<String, Attribute> doubling() {
        return transposed(new long[] {4, 4}, new long[] {2, 2}, new long[] {1, 1, 1, 1}, new long[] {0, 0});
    }

    /** Kernel, strides, pads and output padding: DCGAN's, the Keras tutorial's, and odd ones. */
    @ParameterizedTest
    @CsvSource({
        "4,4,2,2,1,1,1,1,0,0,true,false",
        "4,4,2,2,1,1,1,1,0,0,false,true",
        "5,5,2,2,2,2,2,2,1,1,true,true",
        "5,5,2,2,1,1,2,2,0,0,true,false",
        "2,2,2,2,0,0,0,0,0,0,true,true",
        "3,3,2,2,1,1,1,1,1,1,true,false",
        "3,3,2,2,0,0,0,0,0,0,false,false",
        "1,1,2,2,0,0,0,0,1,1,true,false",
        "7,4,3,2,2,1,0,1,1,0,true,true",
        "4,2,3,4,0,0,0,0,0,0,true,false"
    })
    void aStridedConvTransposeIsAConvAndRearranging(
            int kh,
            int kw,
            int sh,
            int sw,
            int top,
            int left,
            int bottom,
            int right,
            int mh,
            int mw,
            boolean bias,
            boolean free) {
        int height = sh * 4 + kh - top - bottom + mh;
        int width = sw * 2 + kw - left - right + mw;
        var attributes = transposed(
                new long[] {kh, kw}, new long[] {sh, sw}, new long[] {top, left, bottom, right}, new long[] {mh, mw});
        for (int channels : new int[] {3, 5, 8}) {
            var rig = new Rig(17);
            if (free) {
                rig.input("x", 2, 4, -1, -1).output("z", 2, channels, -1, -1);
            } else {
                rig.input("x", 2, 4, 5, 3).output("z", 2, channels, height, width);
            }
            rig.weights("w", 4, channels, kh, kw);
            if (bias) {
                rig.weights("b", channels);
            }
            rig.node("ConvTranspose", "y", attributes, bias ? new String[] {"x", "w", "b"} : new String[] {"x", "w"})
                    .node("Tanh", "z", "y");
            assertThat(rig.after(new LowerTransposedConvolutions()))
                    .startsWith("Conv", "Tanh", "Transpose", "Reshape", "Transpose")
                    .doesNotContain("ConvTranspose");
        }
    }

    /** Three channels of four phases are computed as sixteen outputs; five are not worth twenty-four more products. */
    @ParameterizedTest
    @CsvSource({"3,16", "4,16", "5,20", "6,32", "8,32", "1,4"})
    void outputsAreFilledToWhatTheKernelsTakeAtATime(int channels, int computed) {
        var rig = new Rig(17)
                .input("x", 1, 2, 3, 3)
                .output("y", 1, channels, 6, 6)
                .weights("w", 2, channels, 4, 4)
                .node("ConvTranspose", "y", doubling(), "x", "w");
        var lowered = new LowerTransposedConvolutions().apply(rig.model()).graph();
        assertThat(lowered.initializers().values())
                .extracting(constant -> List.copyOf(constant.dims()))
                .contains(List.of((long) computed, 2L, 2L, 2L));
    }

    @Test
    void pixelsAreRoundedBeforeTheyAreRearranged() {
        var rig = new Rig(17)
                .input("x", 2, 4, 5, 3)
                .output("p", ValueType.UINT8, 2, 10, 6, 3)
                .weights("w", 4, 3, 4, 4)
                .constant("lo", Tensor.scalar(ValueType.FLOAT32, 0))
                .constant("hi", Tensor.scalar(ValueType.FLOAT32, 255))
                .node("ConvTranspose", "y", doubling(), "x", "w")
                .node("Round", "r", "y")
                .node("Clip", "c", "r", "lo", "hi")
                .node("Cast", "u", Map.of("to", Attribute.of(2)), "c")
                .node("Transpose", "p", Map.of("perm", Attribute.ints(0, 2, 3, 1)), "u");
        assertThat(rig.after(new LowerTransposedConvolutions()))
                .containsExactly(
                        "Conv",
                        "Round",
                        "Clip",
                        "Cast",
                        "Transpose",
                        "Reshape",
                        "Transpose",
                        "Reshape",
                        "Slice",
                        "Transpose",
                        "Transpose");
    }

    @Test
    void otherConvTransposesStay() {
        var old = new Rig(9)
                .input("x", 1, 2, 3, 3)
                .output("y", 1, 2, 6, 6)
                .weights("w", 2, 2, 4, 4)
                .node("ConvTranspose", "y", doubling(), "x", "w");
        assertThat(new LowerTransposedConvolutions().apply(old.model()).graph()).isEqualTo(old.graph());
        var free = new Rig(17)
                .input("x", 1, 2, -1, -1)
                .output("y", 1, 2, 6, 6)
                .weights("w", 2, 2, 4, 4)
                .node(
                        "ConvTranspose",
                        "y",
                        Map.of("strides", Attribute.ints(2, 2), "output_shape", Attribute.ints(6, 6)),
                        "x",
                        "w");
        assertThat(free.after(new LowerTransposedConvolutions())).containsExactly("ConvTranspose");
    }

    private static Rig layerNorm(int opset, boolean power) {
        var rig = new Rig(opset)
                .input("x", -1, 5, 8)
                .output("y", -1, 5, 8)
                .constant("two", Tensor.scalar(ValueType.FLOAT32, 2))
                .constant("epsilon", Tensor.scalar(ValueType.FLOAT32, 1e-5))
                .constant("axes", Tensor.sizes(List.of(-1L)))
                .weights("scale", 8)
                .weights("shift", 8);
        Map<String, Attribute> axes = opset < 18 ? Map.of("axes", Attribute.ints(-1)) : Map.of();
        rig.node("ReduceMean", "m", axes, opset < 18 ? new String[] {"x"} : new String[] {"x", "axes"})
                .node("Sub", "d", "x", "m");
        if (power) {
            rig.node("Pow", "q", "d", "two");
        } else {
            rig.node("Mul", "q", "d", "d");
        }
        return rig.node("ReduceMean", "v", axes, opset < 18 ? new String[] {"q"} : new String[] {"q", "axes"})
                .node("Add", "e", "v", "epsilon")
                .node("Sqrt", "r", "e")
                .node("Div", "n", "d", "r");
    }

    @ParameterizedTest
    @CsvSource({"17,true", "17,false", "18,true", "20,false"})
    void aLayerNormalisationIsOneNode(int opset, boolean power) {
        var rig = layerNorm(opset, power).node("Mul", "s", "n", "scale").node("Add", "y", "shift", "s");
        var settled = Passes.of(new FuseLayerNormalizations(), new RemoveDeadNodes());
        var model = rig.model();
        assertThat(Rig.ops(rig.proven(new FuseLayerNormalizations()).graph())).contains("LayerNormalization");
        assertThat(Rig.ops(settled.apply(model).model().graph())).containsExactly("LayerNormalization");
    }

    @Test
    void aLayerNormalisationStaysWhereItDoesNotFit() {
        var old = layerNorm(16, true)
                .node("Mul", "s", "n", "scale")
                .node("Add", "y", "shift", "s")
                .model();
        assertThat(new FuseLayerNormalizations().apply(old)).isSameAs(old);
        var scalar = layerNorm(17, true)
                .constant("half", Tensor.scalar(ValueType.FLOAT32, 0.5))
                .node("Mul", "y", "n", "half")
                .model();
        assertThat(new FuseLayerNormalizations().apply(scalar)).isSameAs(scalar);
    }

    private static Rig gelu(int opset) {
        return new Rig(opset)
                .input("x", 3, 7)
                .output("y", 3, 7)
                .constant("half", Tensor.scalar(ValueType.FLOAT32, 0.5))
                .constant("one", Tensor.scalar(ValueType.FLOAT32, 1))
                .constant("root", Tensor.scalar(ValueType.FLOAT32, Math.sqrt(2)))
                .node("Div", "a", "x", "root")
                .node("Erf", "b", "a")
                .node("Add", "c", "b", "one");
    }

    @Test
    void anErfGeluIsOneNode() {
        var settled = Passes.of(new FuseGelus(), new RemoveDeadNodes());
        var first = gelu(20).node("Mul", "d", "x", "c").node("Mul", "y", "d", "half");
        assertThat(Rig.ops(first.proven(new FuseGelus()).graph())).contains("Gelu");
        assertThat(Rig.ops(settled.apply(first.model()).model().graph())).containsExactly("Gelu");
        var other = gelu(20).node("Mul", "d", "half", "x").node("Mul", "y", "d", "c");
        assertThat(Rig.ops(settled.apply(other.model()).model().graph())).containsExactly("Gelu");
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.044715})
    void aTanhGeluIsOneNode(double cubic) {
        var rig = new Rig(20)
                .input("x", 3, 7)
                .output("y", 3, 7)
                .constant("half", Tensor.scalar(ValueType.FLOAT32, 0.5))
                .constant("one", Tensor.scalar(ValueType.FLOAT32, 1))
                .constant("three", Tensor.scalar(ValueType.FLOAT32, 3))
                .constant("cubic", Tensor.scalar(ValueType.FLOAT32, cubic))
                .constant("root", Tensor.scalar(ValueType.FLOAT32, Math.sqrt(2 / Math.PI)))
                .node("Pow", "a", "x", "three")
                .node("Mul", "b", "a", "cubic")
                .node("Add", "c", "x", "b")
                .node("Mul", "d", "c", "root")
                .node("Tanh", "e", "d")
                .node("Add", "f", "e", "one")
                .node("Mul", "g", "half", "x")
                .node("Mul", "y", "g", "f");
        var after = rig.proven(new FuseGelus());
        assertThat(Rig.ops(new RemoveDeadNodes().apply(after).graph())).containsExactly("Gelu");
    }

    @Test
    void aGeluStaysWhereItIsNone() {
        var old = gelu(19).node("Mul", "d", "x", "c")
                .node("Mul", "y", "d", "half")
                .model();
        assertThat(new FuseGelus().apply(old)).isSameAs(old);
        var unhalved =
                gelu(20).node("Mul", "d", "x", "c").node("Mul", "y", "d", "one").model();
        assertThat(new FuseGelus().apply(unhalved)).isSameAs(unhalved);
        var other = gelu(20).input("z", 3, 7)
                .node("Mul", "d", "z", "c")
                .node("Mul", "y", "d", "half")
                .model();
        assertThat(new FuseGelus().apply(other)).isSameAs(other);
    }
}
