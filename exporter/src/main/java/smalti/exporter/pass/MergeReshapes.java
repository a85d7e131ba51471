package smalti.exporter.pass;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;

/**
 * Gives a Reshape constant sizes where one at most is unknown, and makes two nodes in a row that only change the shape
 * one Reshape.
 */
final class MergeReshapes extends GraphPass {
    private static final Set<String> VIEWS = Set.of("Reshape", "Flatten", "Squeeze", "Unsqueeze");

    MergeReshapes() {
        super("reshapes");
    }

    @Override
    void rewrite(GraphEdit draft) {
        // before, the shape was an attribute
        if (draft.opset() < 5) {
            return;
        }
        draft.each(node -> {
            if (node.is("Reshape") && draft.constant(node.input(1)) == null) {
                fix(node, draft);
            }
        });
        draft.each(node -> {
            var before = isView(node) ? draft.maker(node.input(0)) : null;
            if (before == null || !isView(before) || !draft.isUsedOnce(node.input(0))) {
                return;
            }
            var sizes = sizes(node, draft);
            if (sizes.isPresent()) {
                var shape = draft.add(node.output() + "_shape", Tensor.sizes(sizes.get()));
                draft.replace(
                        node,
                        new Node(
                                node.name(),
                                "",
                                "Reshape",
                                List.of(before.input(0), shape),
                                node.outputs(),
                                new TreeMap<String, Attribute>()));
                draft.remove(before);
            }
        });
    }

    /** Exporters compute the sizes, most from those of the input. */
    private static void fix(Node node, GraphEdit draft) {
        var asked = draft.shapes().sizes(node.input(1)).orElse(null);
        if (asked == null) {
            return;
        }
        boolean zeros = node.whole("allowzero", 0) != 0;
        var input = draft.shapes().shape(node.input(0)).orElse(List.of());
        var sizes = new ArrayList<Long>();
        int free = 0;
        int copied = 0;
        boolean computed = false;
        for (int i = 0; i < asked.size(); i++) {
            var axis = asked.get(i);
            if (axis.isFixed()) {
                sizes.add(axis.size());
            } else if (i < input.size() && axis.surelyEquals(input.get(i))) {
                sizes.add(0L);
                copied++;
            } else {
                sizes.add(-1L);
                free++;
                // what is known and no size is the -1 of the file itself
                computed |= !draft.shapes().isKnown(node.input(1), i);
            }
        }
        boolean empty = asked.stream().anyMatch(axis -> axis.isFixed() && axis.size() == 0);
        // where the copied size is 0, an empty batch, -1 beside it has no meaning
        if (free > 1 || empty || (computed && copied > 0)) {
            return;
        }
        // what follows from the others is what most readers understand
        if (free == 0 && copied == 1) {
            sizes.replaceAll(size -> size == 0 ? -1L : size);
        }
        var attributes = new TreeMap<>(node.attributes());
        if (zeros) {
            attributes.remove("allowzero");
        }
        var shape = draft.add(node.output() + "_shape", Tensor.sizes(sizes));
        draft.replace(node, node.withInputs(List.of(node.input(0), shape)).withAttributes(attributes));
    }

    private static boolean isView(Node node) {
        return node.domain().isEmpty() && VIEWS.contains(node.op());
    }

    /** Sizes that do not lean on the input's: no 0 copies one, and one is −1 at most. */
    private static Optional<List<Long>> sizes(Node node, GraphEdit draft) {
        var asked = node.is("Reshape") ? draft.shapes().longs(node.input(1)) : Optional.<List<Long>>empty();
        if (asked.isPresent() && asked.get().stream().noneMatch(size -> size == 0)) {
            return asked;
        }
        var shape = draft.shapes().shape(node.output()).orElse(null);
        if (shape == null || shape.stream().filter(axis -> !axis.isFixed()).count() > 1) {
            return Optional.empty();
        }
        var sizes = new ArrayList<Long>();
        for (Axis axis : shape) {
            if (axis.size() == 0) {
                return Optional.empty();
            }
            sizes.add(axis.size());
        }
        return Optional.of(sizes);
    }
}
