package smalti.exporter.graph;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Networks that go along a sequence. */
final class RecurrentShapes {
    private RecurrentShapes() {}

    static Map<String, ShapeRule> rows() {
        var rule = ShapeRule.of(RecurrentShapes::recurrent).andThen(RecurrentShapes::states);
        return Map.of("GRU", rule, "LSTM", rule, "RNN", rule);
    }

    private static @Nullable List<Axis> recurrent(KnownNode node) {
        var input = node.shape(0);
        long hidden = node.whole("hidden_size", -1);
        if (input == null || input.size() != 3 || hidden < 0 || node.whole("layout", 0) != 0) {
            return null;
        }
        long directions = node.text("direction", "forward").equals("bidirectional") ? 2 : 1;
        return List.of(input.get(0), Axis.of(directions), input.get(1), Axis.of(hidden));
    }

    /** The last states are those of one step. */
    private static void states(KnownNode node) {
        var given = node.outputShape(0);
        var shape = given == null ? recurrent(node) : given;
        for (int i = 1; i < node.outputs() && shape != null && shape.size() == 4; i++) {
            node.give(i, shape.subList(1, 4));
        }
    }
}
