package smalti.exporter.pass;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxReader;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.opset.OpsetConversion;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;
import smalti.exporter.proto.AttributeProto;
import smalti.exporter.proto.FunctionProto;
import smalti.exporter.proto.ModelProto;
import smalti.exporter.proto.NodeProto;
import smalti.exporter.proto.OperatorSetIdProto;

/** Branches, loops, functions and sequences that need not be; values by hand. */
final class InliningTest {
    private static final Value OUT = Rig.value("out", ValueType.FLOAT32, 2);

    /** out = x + 10, or x − 1; the constant has the same name in both. */
    private static Graph branch(String op, float number) {
        return new Graph(
                op,
                List.of(),
                List.of(OUT),
                Map.of("k", Tensor.of(new float[] {number}, 1)),
                List.of(
                        Node.of(op, List.of("x", "k"), "inner", Map.of()),
                        Node.of("Identity", List.of("inner"), "out", Map.of())));
    }

    private static Map<String, Attribute> branches() {
        return Map.of(
                "then_branch", new Attribute.Body(branch("Add", 10)),
                "else_branch", new Attribute.Body(branch("Sub", 1)));
    }

    private static float[] run(Model model) {
        try (var session = ModelSession.open(model, "inlined")) {
            var given = Map.<String, Item>of("x", new Item.Array(Tensor.of(new float[] {1, -2}, 2)));
            return ((Item.Array) session.run(given).values().iterator().next())
                    .tensor()
                    .floats();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theBranchThatIsTakenStandsForTheIf(boolean condition) {
        var rig = new Rig(17)
                .input("x", 2)
                .output("y", 2)
                .constant("c", Tensor.scalar(ValueType.BOOL, condition ? 1 : 0))
                .node("If", "i", branches(), "c")
                .node("If", "j", branches(), "c")
                .node("Add", "y", "i", "j");
        var after = rig.proven(new InlineBranches());
        assertThat(Rig.ops(after.graph())).doesNotContain("If");
        // 2·(1 + 10), 2·(−2 + 10) or 2·(1 − 1), 2·(−2 − 1)
        assertThat(run(after)).containsExactly(condition ? new float[] {22, 16} : new float[] {0, -6});
        assertThat(run(Passes.simplifying().apply(after).model())).containsExactly(run(after));
    }

    /** As the format allows, and ONNX Runtime refuses. */
    @Test
    void aBranchThatGivesWhatLiesAroundItIsInlined() {
        var plain = new Graph("plain", List.of(), List.of(Rig.value("t", ValueType.FLOAT32, 2)), Map.of(), List.of());
        var rig = new Rig(17)
                .input("x", 2)
                .output("y", 2)
                .constant("c", Tensor.scalar(ValueType.BOOL, 1))
                .node("Neg", "t", "x")
                .node(
                        "If",
                        "y",
                        Map.of(
                                "then_branch", new Attribute.Body(plain),
                                "else_branch", new Attribute.Body(branch("Sub", 1))),
                        "c");
        var after = new InlineBranches().apply(rig.model());
        assertThat(Rig.ops(after.graph())).containsExactly("Neg", "Identity");
        assertThat(run(after)).containsExactly(-1, 2);
    }

    @Test
    void aConditionThatACallerGivesStays() {
        var rig = new Rig(17)
                .input("x", 2)
                .input("c", ValueType.BOOL)
                .output("y", 2)
                .node("If", "y", branches(), "c");
        assertThat(rig.after(new InlineBranches())).containsExactly("If");
    }

    /** Each trip doubles what is carried, and gathers it. */
    private static Rig loop(long trips) {
        var body = new Graph(
                "body",
                List.of(
                        Rig.value("trip", ValueType.INT64),
                        Rig.value("going", ValueType.BOOL),
                        Rig.value("state", ValueType.FLOAT32, 2)),
                List.of(
                        Rig.value("goes", ValueType.BOOL),
                        Rig.value("next", ValueType.FLOAT32, 2),
                        Rig.value("seen", ValueType.FLOAT32, 2)),
                Map.of(),
                List.of(
                        Node.of("Identity", List.of("going"), "goes", Map.of()),
                        Node.of("Add", List.of("state", "state"), "next", Map.of()),
                        Node.of("Sub", List.of("next", "x"), "seen", Map.of())));
        return new Rig(17)
                .input("x", 2)
                .output("y", 2)
                .constant("trips", Tensor.scalar(ValueType.INT64, (double) trips))
                .node(new Node(
                        "loop",
                        "",
                        "Loop",
                        List.of("trips", "", "x"),
                        List.of("y", "all"),
                        new TreeMap<>(Map.of("body", new Attribute.Body(body)))));
    }

    @Test
    void aLoopOfOneTripIsItsBody() {
        var rig = loop(1).output("all", 1, 2);
        var after = rig.proven(new InlineBranches());
        assertThat(Rig.ops(after.graph())).containsExactly("Identity", "Add", "Sub", "Unsqueeze");
        assertThat(run(after)).containsExactly(2, -4);
        assertThat(Rig.ops(Passes.simplifying().apply(after).model().graph()))
                .containsExactly("Add", "Sub", "Unsqueeze");
    }

    @Test
    void aLoopOfMoreTripsStays() {
        assertThat(loop(3).output("all", 3, 2).after(new InlineBranches())).containsExactly("Loop");
    }

    private static NodeProto.Builder node(String domain, String op, String output, String... inputs) {
        return NodeProto.newBuilder()
                .setDomain(domain)
                .setOpType(op)
                .addAllInput(List.of(inputs))
                .addOutput(output);
    }

    private static AttributeProto reference(String name, String to) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setRefAttrName(to)
                .setType(AttributeProto.AttributeType.FLOAT)
                .build();
    }

    private static OperatorSetIdProto opset(String domain, int version) {
        return OperatorSetIdProto.newBuilder()
                .setDomain(domain)
                .setVersion(version)
                .build();
    }

    /** Leaky(x; slope = 0.5) = LeakyRelu(x, alpha = slope), and Twice(x; by) = Leaky(Leaky(x; by)). */
    private static ByteBuffer functions(int version) {
        var leaky = FunctionProto.newBuilder()
                .setDomain("own")
                .setName("Leaky")
                .addInput("a")
                .addOutput("b")
                .addAttributeProto(AttributeProto.newBuilder()
                        .setName("slope")
                        .setType(AttributeProto.AttributeType.FLOAT)
                        .setF(0.5f))
                .addNode(node("", "LeakyRelu", "b", "a").addAttribute(reference("alpha", "slope")))
                .addOpsetImport(opset("", version));
        var twice = FunctionProto.newBuilder()
                .setDomain("own")
                .setName("Twice")
                .addInput("a")
                .addOutput("c")
                .addAttribute("by")
                .addNode(node("own", "Leaky", "b", "a").addAttribute(reference("slope", "by")))
                .addNode(node("own", "Leaky", "c", "b"))
                .addOpsetImport(opset("", version))
                .addOpsetImport(opset("own", 1));
        return ModelProto.newBuilder()
                .addFunctions(leaky)
                .addFunctions(twice)
                .build()
                .toByteString()
                .asReadOnlyByteBuffer();
    }

    private static Model calling(int version) {
        var graph = new Rig(17)
                .input("x", 2)
                .output("y", 2)
                .node(new Node(
                        "call",
                        "own",
                        "Twice",
                        List.of("x"),
                        List.of("b"),
                        new TreeMap<>(Map.of("by", Attribute.of(0.25f)))))
                .node("Neg", "y", "b")
                .graph();
        return new Model(
                graph, new TreeMap<>(Map.of("", 17, "own", 1)), 8, "", "", new TreeMap<>(), functions(version));
    }

    /** −2 · ¼ · ½ = −¼, and its negative. */
    @Test
    void functionsAreInlinedWithTheirAttributes() {
        var model = calling(17);
        assertThat(run(model)).containsExactly(-1, 0.25f);
        var after = new InlineFunctions().apply(model);
        assertThat(Rig.ops(after.graph())).containsExactly("LeakyRelu", "LeakyRelu", "Neg");
        assertThat(after.opsets()).containsOnlyKeys("");
        assertThat(after.rest().remaining()).isZero();
        assertThat(run(after)).containsExactly(-1, 0.25f);
        assertThat(new InlineFunctions().apply(after)).isSameAs(after);
    }

    /** Nodes of a function that is called twice; the same at another opset. */
    @Test
    void namedNodesAreWrittenOutUnderNamesOfTheirOwn() {
        var functions = ModelProto.newBuilder()
                .addFunctions(FunctionProto.newBuilder()
                        .setDomain("own")
                        .setName("Half")
                        .addInput("a")
                        .addOutput("b")
                        .addNode(node("", "LeakyRelu", "b", "a")
                                .setName("leaky")
                                .addAttribute(AttributeProto.newBuilder()
                                        .setName("alpha")
                                        .setType(AttributeProto.AttributeType.FLOAT)
                                        .setF(0.5f)))
                        .addOpsetImport(opset("", 17)))
                .build();
        var graph = new Rig(17)
                .input("x", 2)
                .output("y", 2)
                .node(new Node("leaky_2", "own", "Half", List.of("x"), List.of("h"), new TreeMap<>()))
                .node(new Node("leaky_3", "own", "Half", List.of("h"), List.of("y"), new TreeMap<>()))
                .graph();
        var model = new Model(
                graph,
                new TreeMap<>(Map.of("", 17, "own", 1)),
                8,
                "",
                "",
                new TreeMap<>(),
                functions.toByteString().asReadOnlyByteBuffer());
        var after = new InlineFunctions().apply(model);
        assertThat(after.graph().nodes()).extracting(Node::name).doesNotHaveDuplicates();
        assertThat(run(after)).containsExactly(1, -0.5f);
        assertThat(run(OpsetConversion.convert(model, 13, "m"))).containsExactly(1, -0.5f);
    }

    private static FunctionProto.Builder overload(String overload, String op) {
        return FunctionProto.newBuilder()
                .setDomain("own")
                .setName("F")
                .setOverload(overload)
                .addInput("a")
                .addOutput("b")
                .addNode(node("", op, "b", "a"))
                .addOpsetImport(opset("", 17));
    }

    /** F:minus(F:plus(x)) = −relu(x), with a function of the name that one of them gets. */
    @Test
    void overloadsOfAFunctionAreToldApart() throws IOException {
        var graph = new Rig(17)
                .input("x", 2)
                .output("y", 2)
                .node("Neg", "unused", "x")
                .graph();
        var proto = ModelProto.parseFrom(OnnxWriter.bytes(new Model(
                graph,
                new TreeMap<>(Map.of("", 17, "own", 1)),
                10,
                "",
                "",
                new TreeMap<>(),
                ModelProto.newBuilder()
                        .addFunctions(overload("plus", "Relu"))
                        .addFunctions(overload("minus", "Neg"))
                        .addFunctions(overload("", "Abs").setName("F_plus"))
                        .build()
                        .toByteString()
                        .asReadOnlyByteBuffer())));
        var calls = proto.toBuilder();
        calls.getGraphBuilder()
                .clearNode()
                .addNode(node("own", "F", "r", "x").setOverload("plus"))
                .addNode(node("own", "F", "y", "r").setOverload("minus"));
        var model = OnnxReader.parse(calls.build().toByteArray(), "overloads");
        var after = new InlineFunctions().apply(model);
        assertThat(Rig.ops(after.graph())).containsExactly("Relu", "Neg");
        assertThat(run(after)).containsExactly(-1, -0f);
        assertThat(run(model)).containsExactly(-1, -0f);
        calls.getGraphBuilder().getNodeBuilder(1).setOverload("other");
        assertThatThrownBy(() -> OnnxReader.parse(calls.build().toByteArray(), "overloads"))
                .hasMessageContaining("the overload must be one that a function of the file has, got \"other\"");
    }

    /** LeakyRelu is the same at 16 as at 17, and another at 15. */
    @Test
    void aFunctionOfAnotherOpsetIsInlinedWhereItsOperatorsAreTheSame() {
        assertThat(Rig.ops(new InlineFunctions().apply(calling(16)).graph()))
                .containsExactly("LeakyRelu", "LeakyRelu", "Neg");
        assertThat(Rig.ops(new InlineFunctions().apply(calling(15)).graph()))
                .contains("Neg")
                .doesNotContain("LeakyRelu");
    }

    @Test
    void piecesAreTakenFromASplit() {
        var rig = new Rig(17)
                .input("x", 2, 5)
                .output("y", 2, 2)
                .constant("two", Tensor.scalar(ValueType.INT64, 2))
                .constant("first", Tensor.scalar(ValueType.INT64, 0))
                .constant("last", Tensor.scalar(ValueType.INT64, -2))
                .node("SplitToSequence", "s", Map.of("axis", Attribute.of(1L)), "x", "two")
                .node("SequenceAt", "a", "s", "first")
                .node("SequenceAt", "b", "s", "last")
                .node("Sub", "y", "a", "b");
        var after = rig.proven(new UnpackSequences()).graph();
        assertThat(Rig.ops(after)).containsExactly("Split", "Identity", "Identity", "Sub");
        assertThat(((Tensor) Objects.requireNonNull(after.initializers().get("s_split"))).longs())
                .containsExactly(2, 2, 1);
    }

    @Test
    void aSequenceThatIsTakenApartIsNone() {
        var rig = new Rig(17)
                .input("x", 2)
                .input("z", 2)
                .output("y", 2)
                .output("w", 4)
                .constant("one", Tensor.scalar(ValueType.INT64, 1))
                .node("SequenceConstruct", "s", "x", "z")
                .node("SequenceAt", "b", "s", "one")
                .node("ConcatFromSequence", "w", Map.of("axis", Attribute.of(0L)), "s")
                .node("Neg", "y", "b");
        var after = Passes.simplifying().apply(rig.model()).model();
        assertThat(Rig.ops(after.graph())).containsExactlyInAnyOrder("Concat", "Neg");
        assertThat(after.graph().nodes().get(1).input(0)).isEqualTo("z");
    }

    @Test
    void aReshapeByComputedSizesHasFixedOnes() {
        var rig = new Rig(17)
                .constant("first", Tensor.sizes(List.of(0L)))
                .constant("six", Tensor.sizes(List.of(6L)))
                .output("y", -1, 6)
                .node("Shape", "s", "x")
                .node("Gather", "n", "s", "first")
                .node("Concat", "to", Map.of("axis", Attribute.of(0L)), "n", "six")
                .node("Reshape", "y", Map.of("allowzero", Attribute.of(1L)), "x", "to");
        var after = rig.input("x", -1, 2, 3).proven(new MergeReshapes()).graph();
        var sizes = (Tensor) Objects.requireNonNull(after.initializers().get("y_shape"));
        assertThat(sizes.longs()).containsExactly(-1, 6);
    }

    /** In ONNX Runtime a size of 0 and one of -1 do not go together, so an empty batch would fail. */
    @Test
    void aReshapeThatWouldFailOnAnEmptyBatchIsLeft() {
        var model = reshaping(new Rig(17)
                .constant("two", Tensor.sizes(List.of(2L)))
                .node("Shape", "s", "x")
                .node("Gather", "n", "s", "first")
                .node("Gather", "a", "s", "second")
                .node("Mul", "rest", "a", "two"));
        assertThat(new MergeReshapes().apply(model)).isSameAs(model);
        var simplified = Passes.simplifying().apply(model).model();
        try (var session = ModelSession.open(simplified, "empty")) {
            var y = session.run(Map.of("x", new Item.Array(Tensor.of(new float[0], 0, 4, 6))))
                    .get("y");
            assertThat(((Item.Array) Objects.requireNonNull(y)).tensor().dims()).containsExactly(0L, 8L, 3L);
        }
    }

    /** There the file itself has the -1, and its own end on an empty batch. */
    @Test
    void aFreeSizeOfTheFileItselfMayStandBesideACopiedOne() {
        var model = reshaping(new Rig(17)
                .constant("rest", Tensor.sizes(List.of(-1L)))
                .node("Shape", "s", "x")
                .node("Gather", "n", "s", "first"));
        var sizes = (Tensor) Objects.requireNonNull(
                new MergeReshapes().apply(model).graph().initializers().get("y_shape"));
        assertThat(sizes.longs()).containsExactly(0, -1, 3);
    }

    /** Brings x [N, A, 6] to [n, rest, 3]. */
    private static Model reshaping(Rig rig) {
        var graph = rig.constant("first", Tensor.sizes(List.of(0L)))
                .constant("second", Tensor.sizes(List.of(1L)))
                .constant("three", Tensor.sizes(List.of(3L)))
                .node("Concat", "to", Map.of("axis", Attribute.of(0L)), "n", "rest", "three")
                .node("Reshape", "y", "x", "to")
                .output("y", -1, -1, 3)
                .graph();
        var x = new Value(
                "x", ValueType.FLOAT32, List.of(Axis.named("N"), Axis.named("A"), Axis.of(6)), Value.Layout.PLAIN);
        return Model.of(
                new Graph("reshaping", List.of(x), graph.outputs(), graph.initializers(), graph.nodes()), 17, 8);
    }
}
