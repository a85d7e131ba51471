package smalti.exporter.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class NamesTest {
    @Test
    void whatIsTakenGetsANumber() {
        var names = new Names();
        assertThat(names.fresh("x")).isEqualTo("x");
        assertThat(names.take("x_2")).isTrue();
        assertThat(names.take("x_2")).isFalse();
        assertThat(names.fresh("x")).isEqualTo("x_3");
    }

    /** A name inside a body would hide one around it. */
    @Test
    void namesOfNodesAndOfBodiesAreTakenToo() {
        var inner = new Graph(
                "inner",
                List.of(),
                List.of(new Value("b", ValueType.FLOAT32, List.of(), Value.Layout.PLAIN)),
                Map.of("c", Tensor.scalar(ValueType.FLOAT32, 1)),
                List.of(Node.of("Neg", List.of("c"), "b", Map.of())));
        var branch = new Attribute.Body(inner);
        var node = Node.of("If", List.of("x"), "y", Map.of("then_branch", branch, "else_branch", branch));
        var graph = new Graph(
                "outer",
                List.of(new Value("x", ValueType.BOOL, List.of(), Value.Layout.PLAIN)),
                List.of(new Value("y", ValueType.FLOAT32, List.of(), Value.Layout.PLAIN)),
                Map.of("w", Tensor.scalar(ValueType.FLOAT32, 1)),
                List.of(new Node("choice", "", "If", node.inputs(), node.outputs(), node.attributes())));
        var names = Names.of(graph);
        for (var taken : List.of("x", "y", "w", "b", "c", "choice")) {
            assertThat(names.fresh(taken)).isEqualTo(taken + "_2");
        }
        assertThat(names.fresh("inner")).isEqualTo("inner");
    }
}
