package smalti.exporter.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.TensorSpec;

final class GraphCheckTest {
    private static final Value X = value("x");
    private static final Value Y = value("y");

    private final List<Node> nodes = new ArrayList<>();
    private final Map<String, Tensor> initializers = new LinkedHashMap<>();

    private static Value value(String name) {
        return Value.of(TensorSpec.of(name, ElementType.FLOAT32, "N 3"));
    }

    private void node(String op, String output, Map<String, Attribute> attributes, String... inputs) {
        nodes.add(Node.of(op, List.of(inputs), output, attributes));
    }

    private List<String> problems() {
        return GraphCheck.problems(new Graph("g", List.of(X), List.of(Y), initializers, nodes), 17);
    }

    @Test
    void aSoundGraphHasNoProblems() {
        initializers.put("one", Tensor.scalar(ValueType.FLOAT32, 1));
        node("Add", "sum", Map.of(), "x", "one");
        node("LeakyRelu", "y", Map.of("alpha", Attribute.of(0.2f)), "sum");
        assertThat(problems()).isEmpty();
    }

    @Test
    void allProblemsAreToldAtOnce() {
        initializers.put("unused", Tensor.scalar(ValueType.FLOAT32, 1));
        initializers.put("x", Tensor.scalar(ValueType.FLOAT32, 1));
        node("Relu", "early", Map.of(), "late");
        node("Relu", "late", Map.of(), "x");
        node("Relu", "late", Map.of(), "x");
        node("Tanh", "t", Map.of("alpha", Attribute.of(1L)), "x", "x");
        node("Einsun", "e", Map.of(), "x");
        node("Conv", "c", Map.of("auto_pad", Attribute.ints(1), "pads", Attribute.of(1L)), "x", "unused");
        assertThat(problems())
                .contains(
                        "the value \"x\" is made twice: by an input and by an initializer",
                        "node \"early\" takes \"late\", which nothing before it makes",
                        "the value \"late\" is made twice: by node \"late\" and by node \"late\"",
                        "two nodes are named \"late\"",
                        "node \"t\": Tanh takes 1 to 1 inputs, got 2",
                        "node \"t\": Tanh must not have the attribute alpha",
                        "node \"e\": Einsun is no operator of opset 17",
                        "node \"c\": Conv must not have the attribute auto_pad",
                        "node \"c\": pads of Conv is of the wrong kind: Int[value=1]",
                        "node \"c\": Conv must have the attribute strides",
                        "output \"y\" must come from a node, but is missing");
    }

    @Test
    void anUnusedInitializerAndAForeignOpsetAreProblems() {
        initializers.put("unused", Tensor.scalar(ValueType.FLOAT32, 1));
        node("Relu", "y", Map.of(), "x");
        assertThat(GraphCheck.problems(new Graph("g", List.of(X), List.of(Y), initializers, nodes), 23))
                .containsExactly("opset must be from 13 to 22, got 23", "initializer \"unused\" is used by no node");
    }

    @Test
    void whatNoOutputNeedsIsDropped() {
        var builder = new GraphAssembler();
        builder.reserve("x");
        var one = builder.constant("one", Tensor.scalar(ValueType.FLOAT32, 1));
        var two = builder.constant("two", Tensor.scalar(ValueType.FLOAT32, 2));
        var sum = builder.node("sum", "Add", "x", one);
        builder.node("dead", "Mul", sum, two);
        var graph = builder.build("g", List.of(X), Map.of(Y, sum));
        assertThat(graph.nodes()).extracting(Node::op).containsExactly("Add");
        assertThat(graph.nodes()).extracting(Node::name).containsExactly("y");
        assertThat(graph.initializers()).containsOnlyKeys("one");
        assertThat(GraphCheck.problems(graph, 17)).isEmpty();
    }

    @Test
    void namesStayUnique() {
        var builder = new GraphAssembler();
        builder.reserve("x");
        assertThat(builder.node("x", "Relu", "x")).isEqualTo("x_2");
        assertThat(builder.node("x", "Relu", "x")).isEqualTo("x_3");
    }

    @Test
    void tensorsPermuteAsNumPyDoes() {
        // numpy.arange(6).reshape(1, 2, 3).transpose(2, 0, 1).ravel() = 0 3 1 4 2 5
        var tensor = Tensor.of(new float[] {0, 1, 2, 3, 4, 5}, 1, 2, 3).permuted(2, 0, 1);
        assertThat(tensor.dims()).containsExactly(3L, 1L, 2L);
        assertThat(tensor.floats()).containsExactly(0, 3, 1, 4, 2, 5);
    }
}
