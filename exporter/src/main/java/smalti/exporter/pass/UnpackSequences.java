package smalti.exporter.pass;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/**
 * Takes tensors straight from where they come from, and not by way of a sequence:
 *
 * <pre>
 *   x ─ SplitToSequence ─┬ SequenceAt(0) ─▶      becomes   x ─ Split ─┬─▶
 *                        └ SequenceAt(1) ─▶                           └─▶
 *   a, b ─ SequenceConstruct ─ SequenceAt(0)     becomes   a
 *   a, b ─ SequenceConstruct ─ ConcatFromSequence becomes  a, b ─ Concat
 * </pre>
 */
final class UnpackSequences extends GraphPass {
    /** Pieces of one Split. */
    private static final int MOST_PIECES = 4096;

    UnpackSequences() {
        super("sequences");
    }

    @Override
    void rewrite(GraphEdit draft) {
        draft.each(node -> {
            switch (node.domain().isEmpty() ? node.op() : "") {
                case "SplitToSequence" -> split(node, draft);
                case "SequenceAt" -> take(node, draft);
                case "ConcatFromSequence" -> join(node, draft);
                default -> {}
            }
        });
    }

    private static void take(Node node, GraphEdit draft) {
        var made = draft.maker(node.input(0), "SequenceConstruct");
        var index = index(node, draft);
        if (made != null && index != null) {
            int at = index < 0 ? index + made.inputs().size() : index;
            if (at >= 0 && at < made.inputs().size()) {
                draft.bypass(node, made.inputs().get(at));
            }
        }
    }

    /** A SequenceAt's constant place. */
    private static @Nullable Integer index(Node node, GraphEdit draft) {
        var index = draft.constant(node.input(1));
        return index != null && index.count() == 1 ? Integer.valueOf((int) index.number(0)) : null;
    }

    private static void join(Node node, GraphEdit draft) {
        var made = draft.maker(node.input(0), "SequenceConstruct");
        if (made != null && node.whole("new_axis", 0) == 0) {
            var axis = new TreeMap<String, Attribute>(Map.of("axis", Attribute.of(node.whole("axis", 0))));
            draft.replace(node, new Node(node.name(), "", "Concat", made.inputs(), node.outputs(), axis));
        }
    }

    private static void split(Node node, GraphEdit draft) {
        var takers = draft.users(node.output());
        var sizes = sizes(node, draft);
        if (takers.isEmpty() || draft.isOutput(node.output()) || sizes == null || draft.opset() < 13) {
            return;
        }
        var places = new ArrayList<Integer>();
        for (var taker : takers) {
            var index = taker.is("SequenceAt") ? index(taker, draft) : null;
            int at = index == null ? -1 : index < 0 ? index + sizes.size() : index;
            if (at < 0 || at >= sizes.size()) {
                return;
            }
            places.add(at);
        }
        var pieces = new ArrayList<String>();
        for (int i = 0; i < sizes.size(); i++) {
            pieces.add(draft.fresh(node.output() + "_" + i));
        }
        var split = draft.add(node.output() + "_split", Tensor.sizes(sizes));
        var axis = new TreeMap<String, Attribute>(Map.of("axis", Attribute.of(node.whole("axis", 0))));
        draft.replace(node, new Node(node.name(), "", "Split", List.of(node.input(0), split), pieces, axis));
        for (int i = 0; i < takers.size(); i++) {
            var piece = List.of(pieces.get(places.get(i)));
            var taker = takers.get(i);
            draft.replace(taker, new Node(taker.name(), "", "Identity", piece, taker.outputs(), new TreeMap<>()));
        }
    }

    /** How long each piece is; null where that is unknown, or the pieces lose the axis. */
    private static @Nullable List<Long> sizes(Node node, GraphEdit draft) {
        if (node.input(1).isEmpty() && node.whole("keepdims", 1) == 0) {
            return null;
        }
        var given = draft.constant(node.input(1));
        if (given != null && given.rank() == 1 && given.count() <= MOST_PIECES) {
            return Arrays.stream(given.cast(ValueType.INT64).longs()).boxed().toList();
        }
        if (given == null && !node.input(1).isEmpty()) {
            return null;
        }
        var shape = draft.shapes().shape(node.input(0)).orElse(List.of());
        long axis = node.whole("axis", 0);
        int at = (int) (axis < 0 ? axis + shape.size() : axis);
        if (at < 0 || at >= shape.size() || !shape.get(at).isFixed()) {
            return null;
        }
        long step = given == null ? 1 : (long) given.number(0);
        if (step <= 0 || shape.get(at).size() / step >= MOST_PIECES) {
            return null;
        }
        var sizes = new ArrayList<Long>();
        for (long left = shape.get(at).size(); left > 0; left -= step) {
            sizes.add(Math.min(step, left));
        }
        return sizes.isEmpty() ? null : sizes;
    }
}
