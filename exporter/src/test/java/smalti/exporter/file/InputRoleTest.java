package smalti.exporter.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;

/** What inputs are taken for is found out however many nodes lie between. */
final class InputRoleTest {
    private final List<Node> nodes = new ArrayList<>();

    private Map<String, InputRole> roles(Map<String, Tensor> defaults) {
        var inputs = List.of(
                new Value("x", ValueType.FLOAT32, List.of(Axis.named("N")), Value.Layout.PLAIN),
                new Value("to", ValueType.INT64, List.of(Axis.of(1)), Value.Layout.PLAIN));
        var outputs = List.of(new Value("y", ValueType.FLOAT32, List.of(Axis.named("M")), Value.Layout.PLAIN));
        return InputRole.of(Model.of(new Graph("g", inputs, outputs, Map.copyOf(defaults), nodes), 17, 8));
    }

    private String reshape(String to) {
        nodes.add(Node.of("Reshape", List.of("x", to), "y", Map.of()));
        return to;
    }

    /** Four layers of a hundred nodes that all take one another: each node is looked at once, not each of 10⁸ ways. */
    @Test
    void everyNodeIsLookedAtOnce() {
        var last = "to";
        for (int layer = 0; layer < 4; layer++) {
            var parts = new ArrayList<String>();
            for (int i = 0; i < 100; i++) {
                var part = "p" + layer + "_" + i;
                nodes.add(Node.of("Identity", List.of(last), part, Map.of()));
                parts.add(part);
            }
            last = "c" + layer;
            nodes.add(Node.of("Concat", parts, last, Map.of("axis", Attribute.of(0L))));
        }
        assertThat(roles(Map.of())).isEmpty();
        reshape(last);
        assertThat(roles(Map.of()).get("to")).hasToString("a shape for Reshape \"y\"");
    }

    @Test
    void aUseBehindALongChainIsFound() {
        var last = "to";
        for (int i = 0; i < 20_000; i++) {
            nodes.add(Node.of("Identity", List.of(last), "i" + i, Map.of()));
            last = "i" + i;
        }
        reshape(last);
        assertThat(roles(Map.of()).keySet()).containsExactly("to");
    }

    @Test
    void whatHasADefaultIsLeftToIt() {
        reshape("to");
        assertThat(roles(Map.of("to", Tensor.sizes(List.of(-1L))))).isEmpty();
    }
}
