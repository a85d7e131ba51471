package smalti.exporter.pass;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Tensor;

/** Transposes and reshapes. */
final class LayoutTest {
    private static final Map<String, Attribute> LAST = Map.of("perm", Attribute.ints(0, 2, 3, 1));
    private static final Map<String, Attribute> FIRST = Map.of("perm", Attribute.ints(0, 3, 1, 2));

    private static Rig rig() {
        return new Rig(17).input("x", 2, 3, 4, 5).output("y", 2, 3, 4, 5);
    }

    @Test
    void twoTransposesAreOne() {
        var rig = rig().node("Transpose", "a", LAST, "x")
                .node("Transpose", "b", LAST, "a")
                .node("Transpose", "c", LAST, "b")
                .node("Transpose", "d", FIRST, "c")
                .node("Transpose", "e", LAST, "d")
                .node("Relu", "y", "e");
        var after = Passes.of(new CancelTransposes(), new RemoveDeadNodes());
        assertThat(rig.after(new Settled(after))).containsExactly("Relu");
    }

    private record Settled(Passes passes) implements Pass {
        @Override
        public String name() {
            return "settled";
        }

        @Override
        public Model apply(Model model) {
            return passes.apply(model).model();
        }
    }

    private static List<String> after(Rig rig) {
        return rig.after(new Settled(Passes.of(new CancelTransposes(), new RemoveDeadNodes())));
    }

    @Test
    void transposesThatUndoOneAnotherGo() {
        var rig = rig().weights("offset", 3)
                .node("Transpose", "a", LAST, "x")
                .node("Add", "b", "a", "offset")
                .node("Relu", "c", "b")
                .node("Transpose", "d", LAST, "x")
                .node("Mul", "e", "c", "d")
                .node("Transpose", "y", FIRST, "e");
        assertThat(after(rig)).containsExactlyInAnyOrder("Add", "Relu", "Mul");
    }

    @Test
    void concatenationMovesItsAxis() {
        var rig = new Rig(17)
                .input("x", 2, 3, 4, 5)
                .output("y", 2, 6, 4, 5)
                .node("Transpose", "a", LAST, "x")
                .node("Transpose", "b", LAST, "x")
                .node("Sigmoid", "c", "b")
                .node("Concat", "d", Map.of("axis", Attribute.of(-1L)), "a", "c")
                .node("Transpose", "y", FIRST, "d");
        assertThat(after(rig)).containsExactlyInAnyOrder("Sigmoid", "Concat");
    }

    @Test
    void transposesStayWhereNothingIsWon() {
        var taken = rig().output("z", 2, 4, 5, 3)
                .node("Transpose", "a", LAST, "x")
                .node("Relu", "z", "a")
                .node("Transpose", "y", FIRST, "z");
        assertThat(after(taken)).containsExactly("Transpose", "Relu", "Transpose");
        var softmax = rig().node("Transpose", "a", LAST, "x")
                .node("Softmax", "b", Map.of("axis", Attribute.of(-1L)), "a")
                .node("Transpose", "y", FIRST, "b");
        assertThat(after(softmax)).containsExactly("Transpose", "Softmax", "Transpose");
        var other = new Rig(17)
                .input("x", 2, 3, 4, 5)
                .output("y", 2, 5, 3, 4)
                .node("Transpose", "a", LAST, "x")
                .node("Relu", "b", "a")
                .node("Transpose", "y", LAST, "b");
        assertThat(after(other)).containsExactly("Transpose", "Relu", "Transpose");
    }

    @Test
    void reshapesInARowAreOne() {
        var rig = new Rig(17)
                .input("x", -1, 3, 4)
                .output("y", -1, 2, 6)
                .constant("flat", Tensor.sizes(List.of(0L, -1L)))
                .constant("apart", Tensor.sizes(List.of(-1L, 2L, 6L)))
                .node("Reshape", "a", "x", "flat")
                .node("Reshape", "y", "a", "apart");
        assertThat(rig.after(new MergeReshapes())).containsExactly("Reshape");
    }

    @ParameterizedTest
    @ValueSource(ints = {11, 13, 17})
    void squeezesAndFlattensAreReshapesToo(int opset) {
        var rig = new Rig(opset).input("x", -1, 3, 4).output("y", -1, 1, 12).node("Flatten", "a", "x");
        if (opset < 13) {
            rig.node("Unsqueeze", "y", Map.of("axes", Attribute.ints(1)), "a");
        } else {
            rig.constant("axes", Tensor.sizes(List.of(1L))).node("Unsqueeze", "y", "a", "axes");
        }
        assertThat(rig.after(new MergeReshapes())).containsExactly("Reshape");
    }

    @Test
    void reshapesStayWhereTheShapeIsNotKnown() {
        // two free sizes: the second reshape copies one of the first's
        var free = new Rig(17)
                .input("x", -1, -1, 4)
                .output("y", -1, -1, 2, 2)
                .constant("flat", Tensor.sizes(List.of(0L, 0L, 2L, 2L)))
                .constant("same", Tensor.sizes(List.of(0L, 0L, 4L)))
                .node("Reshape", "a", "x", "same")
                .node("Reshape", "y", "a", "flat");
        assertThat(free.after(new MergeReshapes())).containsExactly("Reshape", "Reshape");
        var taken = new Rig(17)
                .input("x", 2, 6)
                .output("y", 3, 4)
                .output("z", 12)
                .constant("flat", Tensor.sizes(List.of(12L)))
                .constant("apart", Tensor.sizes(List.of(3L, 4L)))
                .node("Reshape", "z", "x", "flat")
                .node("Reshape", "y", "z", "apart");
        assertThat(taken.after(new MergeReshapes())).containsExactly("Reshape", "Reshape");
    }
}
