package smalti.exporter.opset;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import smalti.exporter.opset.OpsetConversion.Way;

/**
 * Every rule by which a node goes to another opset, against float64 arithmetic, in ONNX Runtime without its optimizations. Where
 * ONNX Runtime runs the node as it came, it is held against the same numbers.
 */
final class OpsetRulesTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path folder;

    static List<OpsetCase> cases() {
        return Stream.of(
                        AttentionCases.all(),
                        DefinitionCases.all(),
                        PictureCases.all(),
                        FormCases.all(),
                        FirstFormCases.all())
                .flatMap(List::stream)
                .toList();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void computesTheSame(OpsetCase tried) throws IOException {
        tried.check(folder);
    }

    /** Definitions are there to go down, forms go both ways, and all before opset 13 go up. */
    @Test
    void everyRuleHasACase() {
        var asked = new TreeSet<String>();
        OpsetConversion.registered()
                .forEach((way, operators) -> operators.forEach(op -> {
                    if (way == Way.DEFINITION || way == Way.FORM) {
                        asked.add(way + " " + op + " down");
                    }
                    if (way != Way.DEFINITION) {
                        asked.add(way + " " + op + " up");
                    }
                }));
        var tried = new TreeSet<String>();
        for (var one : cases()) {
            for (int target : one.targets()) {
                boolean first = one.source() < OpsetConversion.FIRST;
                var way = OpsetConversion.way(one.node(), one.source(), first ? OpsetConversion.FIRST : target);
                tried.add(way + " " + one.node().op() + (target < one.source() ? " down" : " up"));
            }
        }
        assertThat(tried).containsAll(asked);
    }

    @Test
    void everyAttributeThatMayBeLeftOutHasACase() {
        var tried = new TreeSet<String>();
        for (var one : cases()) {
            for (int target : one.targets()) {
                if (OpsetConversion.way(one.node(), one.source(), target) == Way.FORM) {
                    var left = new TreeSet<>(one.node().attributes().keySet());
                    OpsetConversion.convert(one.model(), target, "m")
                            .graph()
                            .nodes()
                            .forEach(node -> left.removeAll(node.attributes().keySet()));
                    tried.addAll(left);
                }
            }
        }
        assertThat(tried).containsAll(OpsetConversion.neutral());
    }
}
