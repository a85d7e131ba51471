package smalti.exporter.pass;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;

/** Makes two additions of constants in a row one, and two multiplications: (x + a) + b = x + (a + b). */
final class MergeScales extends GraphPass {
    /** A sum that is smaller than what it is made of rounds on purpose, as (x + 2²³) − 2²³ does. */
    private static final double LEAST_SUM = 0.5;

    MergeScales() {
        super("scales-in-a-row");
    }

    @Override
    void rewrite(GraphEdit draft) {
        if (draft.opset() >= 7) {
            draft.each(node -> merge(node, draft));
        }
    }

    /** {@code value ∘ numbers}, where ∘ is the addition or the multiplication. */
    private record Step(String value, Tensor constant, double[] numbers, boolean isSum) {
        static @Nullable Step of(@Nullable Node node, GraphEdit draft) {
            if (node == null || !node.domain().isEmpty() || !FoldScales.SCALES.contains(node.op())) {
                return null;
            }
            boolean commutes = node.is("Add") || node.is("Mul");
            for (int side = 1; side >= (commutes ? 0 : 1); side--) {
                var constant = draft.constant(node.input(side));
                if (constant != null && Layer.isFloat(constant)) {
                    var numbers = Layer.numbers(constant);
                    for (int i = 0; i < numbers.length; i++) {
                        numbers[i] = node.is("Sub") ? -numbers[i] : node.is("Div") ? 1 / numbers[i] : numbers[i];
                    }
                    return new Step(node.input(1 - side), constant, numbers, node.is("Add") || node.is("Sub"));
                }
            }
            return null;
        }
    }

    private static void merge(Node node, GraphEdit draft) {
        var second = Step.of(node, draft);
        var maker = second == null ? null : draft.maker(second.value());
        var first = Step.of(maker, draft);
        if (second == null
                || first == null
                || maker == null
                || first.isSum() != second.isSum()
                || first.constant().type() != second.constant().type()
                || !draft.isUsedOnce(second.value())) {
            return;
        }
        joined(first, second).ifPresent(constant -> {
            var name = draft.add(node.output() + (first.isSum() ? "_offset" : "_factor"), constant);
            var op = first.isSum() ? "Add" : "Mul";
            draft.remove(maker);
            draft.replace(node, Node.of(op, List.of(first.value(), name), node.output(), Map.of()));
        });
    }

    /** Of constants of one shape, or of a number and any constant. */
    private static Optional<Tensor> joined(Step first, Step second) {
        boolean isLarge = first.numbers().length >= second.numbers().length
                && first.constant().rank() >= second.constant().rank();
        var large = isLarge ? first : second;
        var small = isLarge ? second : first;
        boolean fits = large.constant().dims().equals(small.constant().dims())
                || (small.numbers().length == 1
                        && small.constant().rank() <= large.constant().rank());
        if (!fits) {
            return Optional.empty();
        }
        var joined = new double[large.numbers().length];
        for (int i = 0; i < joined.length; i++) {
            double one = large.numbers()[i];
            double other = small.numbers()[small.numbers().length == 1 ? 0 : i];
            joined[i] = first.isSum() ? one + other : one * other;
            boolean isSound = first.isSum()
                    ? Math.abs(joined[i]) >= LEAST_SUM * Math.max(Math.abs(one), Math.abs(other))
                    : Float.MIN_NORMAL <= Math.abs(joined[i]);
            if (!isSound || Math.abs(joined[i]) > Float.MAX_VALUE) {
                return Optional.empty();
            }
        }
        return Optional.of(Layer.tensor(
                large.constant().type(), new ArrayList<>(large.constant().dims()), joined));
    }
}
