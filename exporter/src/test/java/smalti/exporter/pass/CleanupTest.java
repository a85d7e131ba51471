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
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;

/** Dead nodes, identities, constants and common nodes. */
final class CleanupTest {
    private static final Attribute FLOAT = Attribute.of(1L);

    private static Rig rig() {
        return new Rig(17).input("x", 2, 3).output("y", 2, 3);
    }

    @Test
    void whatNoOutputNeedsGoes() {
        var rig = rig().weights("unused", 4)
                .weights("forDead", 3)
                .node("Add", "dead", "x", "forDead")
                .node("Relu", "deader", "dead")
                .node("Relu", "y", "x");
        assertThat(rig.after(new RemoveDeadNodes())).containsExactly("Relu");
        assertThat(rig.proven(new RemoveDeadNodes()).graph().initializers()).isEmpty();
    }

    @Test
    void aValueThatOnlyABodyTakesIsNotDead() {
        assertThat(branching().after(new RemoveDeadNodes())).containsExactly("Tanh", "If");
    }

    /** y = c ? relu(tanh x) : −tanh x, where both branches take tanh x from around them. */
    private static Rig branching() {
        var result = List.of(Rig.value("out", ValueType.FLOAT32, 2, 3));
        var yes = new Graph(
                "yes",
                List.of(),
                result,
                Map.of(),
                List.of(
                        Node.of("Identity", List.of("t"), "t2", Map.of()),
                        Node.of("Relu", List.of("t2"), "out", Map.of())));
        var no = new Graph(
                "no",
                List.of(),
                List.of(Rig.value("out2", ValueType.FLOAT32, 2, 3)),
                Map.of(),
                List.of(Node.of("Neg", List.of("t"), "out2", Map.of())));
        return rig().input("c", ValueType.BOOL)
                .node("Tanh", "t", "x")
                .node(
                        "If",
                        "y",
                        Map.of("then_branch", new Attribute.Body(yes), "else_branch", new Attribute.Body(no)),
                        "c");
    }

    @Test
    void bodiesAreRewrittenToo() {
        var after = branching().proven(new RemoveIdentities()).graph();
        var bodies = after.nodes().get(1).bodies();
        assertThat(bodies.stream().map(Rig::ops)).containsExactlyInAnyOrder(List.of("Relu"), List.of("Neg"));
    }

    @Test
    void aValueThatABodyTakesIsRenamedThere() {
        var rig = branching();
        var graph = rig.graph();
        var identity = Node.of("Identity", List.of("x"), "t", Map.of());
        var changed = new Rig(17)
                .input("x", 2, 3)
                .input("c", ValueType.BOOL)
                .output("y", 2, 3)
                .node(identity)
                .node(graph.nodes().get(1));
        var after = changed.proven(new RemoveIdentities()).graph();
        assertThat(Rig.ops(after)).containsExactly("If");
        assertThat(after.nodes().get(0).uses()).contains("x").doesNotContain("t");
    }

    @Test
    void whatChangesNothingGoes() {
        var rig = rig().constant("same", Tensor.sizes(List.of(2L, 3L)))
                .constant("none", Tensor.sizes(List.of(0L, 0L, 0L, 0L)))
                .constant("from", Tensor.sizes(List.of(0L)))
                .constant("to", Tensor.sizes(List.of(Long.MAX_VALUE)))
                .constant("one", Tensor.scalar(ValueType.FLOAT32, 1))
                .node("Identity", "a", "x")
                .node("Cast", "b", Map.of("to", FLOAT), "a")
                .node("Reshape", "c", "b", "same")
                .node("Transpose", "d", Map.of("perm", Attribute.ints(0, 1)), "c")
                .node("Pad", "e", "d", "none")
                .node("Slice", "f", "e", "from", "to")
                .node("Mul", "g", "f", "one")
                .node("Dropout", "h", "g")
                .node("Concat", "i", Map.of("axis", Attribute.of(1L)), "h")
                .node("Relu", "j", "i")
                .node("Identity", "y", "j");
        assertThat(rig.after(new RemoveIdentities())).containsExactly("Relu");
    }

    @Test
    void whatChangesSomethingStays() {
        var rig = rig().constant("turned", Tensor.sizes(List.of(3L, 2L)))
                .constant("back", Tensor.sizes(List.of(2L, 3L)))
                .constant("pads", Tensor.sizes(List.of(0L, 1L, 0L, 0L)))
                .constant("from", Tensor.sizes(List.of(1L)))
                .constant("to", Tensor.sizes(List.of(4L)))
                .constant("axis", Tensor.sizes(List.of(1L)))
                .constant("ones", Tensor.of(new float[] {1, 1}, 2, 1, 1))
                .constant("first", Tensor.scalar(ValueType.INT64, 0))
                .node("Reshape", "a", "x", "turned")
                .node("Reshape", "b", "a", "back")
                .node("Pad", "c", "b", "pads")
                .node("Slice", "d", "c", "from", "to", "axis")
                // ones of more axes repeat
                .node("Mul", "e", "d", "ones")
                .node("Gather", "y", "e", "first");
        assertThat(rig.after(new RemoveIdentities()))
                .containsExactly("Reshape", "Reshape", "Pad", "Slice", "Mul", "Gather");
    }

    @Test
    void anInputThatIsAnOutputKeepsItsIdentity() {
        assertThat(rig().node("Identity", "y", "x").after(new RemoveIdentities()))
                .containsExactly("Identity");
    }

    @Test
    void aCastThereAndBackGoesWhereNothingIsLost() {
        var wide = Map.of("to", Attribute.of((long) ValueType.FLOAT64.onnxCode()));
        var narrow = Map.of("to", Attribute.of((long) ValueType.INT32.onnxCode()));
        var back = Map.of("to", FLOAT);
        assertThat(rig().node("Cast", "a", wide, "x")
                        .node("Cast", "b", back, "a")
                        .node("Relu", "y", "b")
                        .after(new Twice(new RemoveIdentities(), new RemoveDeadNodes())))
                .containsExactly("Relu");
        assertThat(rig().node("Cast", "a", narrow, "x")
                        .node("Cast", "b", back, "a")
                        .node("Relu", "y", "b")
                        .after(new Twice(new RemoveIdentities(), new RemoveDeadNodes())))
                .containsExactly("Cast", "Cast", "Relu");
    }

    /** Two passes until nothing changes. */
    private record Twice(Pass first, Pass second) implements Pass {
        @Override
        public String name() {
            return first.name();
        }

        @Override
        public Model apply(Model model) {
            return Passes.of(first, second).apply(model).model();
        }
    }

    @Test
    void whatDependsOnConstantsAloneIsComputed() {
        var rig = rig().weights("a", 3)
                .weights("b", 3)
                .node("Constant", "two", Map.of("value_float", Attribute.of(2f)))
                .node("Mul", "c", "a", "two")
                .node("Add", "d", "b", "c")
                .node("Shape", "s", "x")
                .node("Expand", "e", "d", "s")
                .node("Add", "y", "x", "e");
        var after = rig.proven(new Twice(new FoldConstants(), new RemoveDeadNodes()));
        assertThat(Rig.ops(after.graph())).containsExactly("Add");
        var a = ((Tensor) Objects.requireNonNull(rig.graph().initializers().get("a"))).floats();
        var b = ((Tensor) Objects.requireNonNull(rig.graph().initializers().get("b"))).floats();
        var folded = (Tensor) after.graph().initializers().values().iterator().next();
        assertThat(folded.floats()[4]).isEqualTo(b[1] + 2 * a[1]);
    }

    @Test
    void anInputsDefaultIsNoConstant() {
        var rig = rig().input("scale", 3)
                .weights("scale", 3)
                .weights("a", 3)
                .node("Mul", "b", "a", "scale")
                .node("Add", "y", "x", "b");
        assertThat(rig.after(new FoldConstants())).containsExactly("Mul", "Add");
    }

    @Test
    void randomNumbersAreNotComputedOnce() {
        var model = rig().constant("a", Tensor.of(new float[6], 2, 3))
                .node("RandomNormalLike", "r", "a")
                .node("RandomNormalLike", "q", "a")
                .node("Add", "s", "r", "q")
                .node("Add", "y", "x", "s")
                .model();
        assertThat(new FoldConstants().apply(model)).isSameAs(model);
        assertThat(new MergeCommonNodes().apply(model)).isSameAs(model);
    }

    @Test
    void constantsDoNotExplodeAFile() {
        var model = new Rig(17)
                .input("x", 1)
                .output("y", 1, 30_000_000)
                .constant("size", Tensor.sizes(List.of(1L, 30_000_000L)))
                .node("ConstantOfShape", "zeros", "size")
                .node("Add", "y", "x", "zeros")
                .model();
        assertThat(new FoldConstants().apply(model)).isSameAs(model);
    }

    @Test
    void beforeInitializersWereFreeAConstantStaysANode() {
        var rig = rig().node(
                        "Constant", "two", Map.of("value", new Attribute.Array(Tensor.scalar(ValueType.FLOAT32, 2))))
                .node("Neg", "minus", "two")
                .node("Mul", "y", "x", "minus");
        var old = new Model(
                rig.graph(),
                rig.model().opsets(),
                3,
                "",
                "",
                rig.model().metadata(),
                rig.model().rest());
        var after = new FoldConstants().apply(old).graph();
        assertThat(Rig.ops(after)).containsExactly("Constant", "Constant", "Mul");
        assertThat(after.initializers()).isEmpty();
    }

    @Test
    void whatIsComputedTwiceIsComputedOnce() {
        var rig = rig().constant("a", Tensor.of(new float[] {1, 2, 3}, 3))
                .constant("b", Tensor.of(new float[] {1, 2, 3}, 3))
                .node("Add", "c", "x", "a")
                .node("Add", "d", "x", "b")
                .node("LeakyRelu", "e", Map.of("alpha", Attribute.of(0.1f)), "c")
                .node("LeakyRelu", "f", Map.of("alpha", Attribute.of(0.1f)), "d")
                .node("LeakyRelu", "g", Map.of("alpha", Attribute.of(0.2f)), "d")
                .node("Sum", "y", "e", "f", "g");
        assertThat(rig.after(new Twice(new MergeCommonNodes(), new RemoveDeadNodes())))
                .containsExactly("Add", "LeakyRelu", "LeakyRelu", "Sum");
    }

    @Test
    void equalOutputsStayTwo() {
        var rig = rig().output("z", 2, 3).node("Relu", "y", "x").node("Relu", "z", "x");
        assertThat(rig.after(new MergeCommonNodes())).containsExactly("Relu", "Relu");
    }

    @Test
    void anOutputKeepsItsNameWhereItIsTheSecond() {
        var rig = rig().output("z", 2, 3)
                .node("Relu", "a", "x")
                .node("Neg", "y", "a")
                .node("Relu", "z", "x");
        var after = rig.proven(new MergeCommonNodes()).graph();
        assertThat(Rig.ops(after)).containsExactly("Relu", "Neg");
        assertThat(after.outputs()).extracting(Value::name).containsExactly("y", "z");
    }
}
