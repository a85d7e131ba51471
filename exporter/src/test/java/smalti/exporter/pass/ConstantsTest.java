package smalti.exporter.pass;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/** What depends on constants alone, with values computed by hand. */
final class ConstantsTest {
    private static final Passes FOLDING = Passes.of(new FoldConstants(), new RemoveIdentities(), new RemoveDeadNodes());

    /** The passes until nothing changes, as one. */
    private static final Pass FOLD = new Pass() {
        @Override
        public String name() {
            return "fold";
        }

        @Override
        public Model apply(Model model) {
            return FOLDING.apply(model).model();
        }
    };

    private static Tensor scalar(double value) {
        return Tensor.scalar(ValueType.FLOAT32, value);
    }

    /** The only constant that is left. */
    private static Tensor only(Graph graph) {
        assertThat(graph.initializers()).hasSize(1);
        return (Tensor) graph.initializers().values().iterator().next();
    }

    @Test
    void theTypeOfACastLikeIsKnown() {
        var rig = new Rig(18)
                .input("x", 3)
                .output("y", 3)
                .constant("whole", Tensor.of(new long[] {1, -2, 3}, 3))
                .node("CastLike", "real", "whole", "x")
                .node("Mul", "y", "x", "real");
        var after = rig.proven(FOLD).graph();
        assertThat(Rig.ops(after)).containsExactly("Mul");
        assertThat(only(after).floats()).containsExactly(1, -2, 3);
    }

    @Test
    void aCastLikeOfAnInputIsACast() {
        var rig = new Rig(18)
                .input("n", ValueType.INT64, 3)
                .input("x", -1)
                .output("y", 3)
                .node("CastLike", "same", "x", "x")
                .node("CastLike", "real", "n", "same")
                .node("Relu", "y", "real");
        var after = rig.proven(FOLD).graph();
        assertThat(Rig.ops(after)).containsExactly("Cast", "Relu");
        assertThat(after.nodes().get(0).whole("to", 0)).isEqualTo(ValueType.FLOAT32.onnxCode());
    }

    @Test
    void aRangeOfConstantsIsComputed() {
        var up = new Rig(17)
                .input("x", 2, 4)
                .output("y", 2, 4)
                .constant("from", scalar(0.5))
                .constant("to", scalar(2.25))
                .constant("by", scalar(0.5))
                .node("Range", "r", "from", "to", "by")
                .node("Add", "y", "x", "r");
        var after = up.proven(FOLD).graph();
        assertThat(Rig.ops(after)).containsExactly("Add");
        assertThat(only(after).floats()).containsExactly(0.5f, 1, 1.5f, 2);

        var down = new Rig(17)
                .input("x", ValueType.INT64, 3)
                .output("y", ValueType.INT64, 3)
                .constant("from", Tensor.scalar(ValueType.INT64, 5))
                .constant("to", Tensor.scalar(ValueType.INT64, -2))
                .constant("by", Tensor.scalar(ValueType.INT64, -3))
                .node("Range", "r", "from", "to", "by")
                .node("Add", "y", "x", "r");
        assertThat(only(down.proven(FOLD).graph()).longs()).containsExactly(5, 2, -1);
    }

    @Test
    void aRangeOfComputedEndsIsComputed() {
        var rig = new Rig(17)
                .input("x", 2, 3)
                .output("y", 2, 3)
                .constant("zero", scalar(0))
                .constant("one", scalar(1))
                .constant("two", scalar(2))
                .node("Add", "to", "one", "two")
                .node("Range", "r", "zero", "to", "one")
                .node("Add", "y", "x", "r");
        assertThat(only(rig.proven(FOLD).graph()).floats()).containsExactly(0, 1, 2);
    }

    @Test
    void aConstantOfAKnownShapeIsExpanded() {
        var rig = new Rig(17)
                .input("x", 2, 3)
                .output("y", 2, 3)
                .node("Shape", "s", "x")
                .node(
                        "ConstantOfShape",
                        "half",
                        Map.of("value", new Attribute.Array(Tensor.of(new float[] {0.5f}, 1))),
                        "s")
                .constant("row", Tensor.of(new float[] {1, 2, 3}, 3))
                .node("Expand", "rows", "row", "s")
                .node("Add", "sum", "half", "rows")
                .node("Add", "y", "x", "sum");
        var after = rig.proven(FOLD).graph();
        assertThat(Rig.ops(after)).containsExactly("Add");
        assertThat(only(after).floats()).containsExactly(1.5f, 2.5f, 3.5f, 1.5f, 2.5f, 3.5f);
    }

    @Test
    void whatOnlyTheElementsTellTheSizeOfIsComputed() {
        var rig = new Rig(17)
                .input("x", 4)
                .output("y", -1)
                .constant("mask", Tensor.of(new float[] {0, 1, 0, 1}, 4))
                .constant("flat", Tensor.sizes(List.of(-1L)))
                .node("NonZero", "at", "mask")
                .node("Reshape", "list", "at", "flat")
                .node("Gather", "y", "x", "list");
        var after = rig.proven(FOLD).graph();
        assertThat(Rig.ops(after)).containsExactly("Gather");
        assertThat(only(after).longs()).containsExactly(1, 3);
    }

    /** 40 MB lie between two numbers. */
    @Test
    void whatLiesBetweenMayBeLarge() {
        var rig = new Rig(17)
                .input("x", 2)
                .output("y", 2)
                .constant("size", Tensor.sizes(List.of(10_000_000L)))
                .node(
                        "ConstantOfShape",
                        "halves",
                        Map.of("value", new Attribute.Array(Tensor.of(new float[] {0.5f}, 1))),
                        "size")
                .node("ReduceMax", "half", "halves")
                .node("Mul", "y", "x", "half");
        var after = rig.proven(FOLD).graph();
        assertThat(Rig.ops(after)).containsExactly("Mul");
        assertThat(only(after).floats()).containsExactly(0.5f);
    }

    /** Each step doubles: 2²⁴ elements of one. */
    @Test
    void stepsThatDoubleDoNotExplodeAFile() {
        var rig = new Rig(17).input("x", 1).output("y", 1 << 24).constant("c0", Tensor.of(new float[] {2}, 1));
        for (int i = 0; i < 24; i++) {
            rig.node("Concat", "c" + (i + 1), Map.of("axis", Attribute.of(0L)), "c" + i, "c" + i);
        }
        rig.node("Add", "y", "x", "c24");
        var after = FOLD.apply(rig.model()).graph();
        long bytes = after.initializers().values().stream()
                .mapToLong(constant -> ((Tensor) constant).data().remaining())
                .sum();
        assertThat(bytes).isLessThanOrEqualTo(1 << 17);
        assertThat(after.nodes()).hasSizeLessThan(12);
    }

    /** Its weights are 128 KB, more than a result may grow by, and let the normalisation be folded. */
    @Test
    void theParameterOfALayerMayGrow() {
        var rig = new Rig(17)
                .input("x", 1, 64, 1, 1)
                .output("y", 1, 512, 1, 1)
                .constant("quarter", scalar(0.25))
                .constant("sizes", Tensor.sizes(List.of(512L, 64L, 1L, 1L)))
                .positive("scale", 512)
                .weights("shift", 512)
                .weights("mean", 512)
                .positive("variance", 512)
                .node("Expand", "w", "quarter", "sizes")
                .node("Conv", "c", Map.of("kernel_shape", Attribute.ints(1, 1)), "x", "w")
                .node("BatchNormalization", "y", "c", "scale", "shift", "mean", "variance");
        var after = Passes.simplifying().apply(rig.model()).model().graph();
        assertThat(Rig.ops(after)).containsExactly("Conv");
    }

    @Test
    void anOutputThatIsConstantIsOneNode() {
        var rig = new Rig(17)
                .input("x", 2)
                .output("y", 2)
                .output("z", 2)
                .constant("a", Tensor.of(new float[] {1, 2}, 2))
                .constant("b", Tensor.of(new float[] {3, 5}, 2))
                .node("Mul", "c", "a", "b")
                .node("Sub", "z", "c", "b")
                .node("Relu", "y", "x");
        var after = rig.proven(FOLD).graph();
        assertThat(Rig.ops(after)).containsExactlyInAnyOrder("Relu", "Constant");
        var made = after.nodes().stream().filter(node -> node.is("Constant")).findFirst();
        assertThat(((Tensor) Objects.requireNonNull(GraphEdit.ofNode(made.orElseThrow()))).floats())
                .containsExactly(0, 5);
    }

    /** ONNX Runtime refuses to gather what is not there: the two around it are computed all the same. */
    @Test
    void whatOnnxRuntimeRefusesStaysAlone() {
        var rig = new Rig(17)
                .input("x", 2)
                .output("y", 2)
                .output("z", 2)
                .output("bad", 2)
                .constant("a", Tensor.of(new float[] {1, 2}, 2))
                .constant("nine", Tensor.scalar(ValueType.INT64, 9))
                .node("Neg", "minus", "a")
                .node("Gather", "outside", "a", "nine")
                .node("Exp", "e", "outside")
                .node("Add", "twice", "a", "a")
                .node("Mul", "y", "x", "minus")
                .node("Mul", "z", "x", "twice")
                .node("Mul", "bad", "x", "e");
        var after = FOLD.apply(rig.model()).graph();
        assertThat(Rig.ops(after)).containsExactly("Gather", "Exp", "Mul", "Mul", "Mul");
    }

    @Test
    void aValueThatABodyTakesIsComputed() {
        var yes = new Graph(
                "yes",
                List.of(),
                List.of(Rig.value("out", ValueType.FLOAT32, 2)),
                Map.of(),
                List.of(Node.of("Add", List.of("x", "twice"), "out", Map.of())));
        var no = new Graph(
                "no",
                List.of(),
                List.of(Rig.value("out2", ValueType.FLOAT32, 2)),
                Map.of(),
                List.of(Node.of("Neg", List.of("x"), "out2", Map.of())));
        var rig = new Rig(17)
                .input("x", 2)
                .input("c", ValueType.BOOL)
                .output("y", 2)
                .constant("a", Tensor.of(new float[] {1, 2}, 2))
                .node("Add", "twice", "a", "a")
                .node(
                        "If",
                        "y",
                        Map.of("then_branch", new Attribute.Body(yes), "else_branch", new Attribute.Body(no)),
                        "c");
        var after = rig.proven(FOLD).graph();
        assertThat(Rig.ops(after)).containsExactly("If");
        assertThat(only(after).floats()).containsExactly(2, 4);
    }
}
