package smalti.exporter.pass;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.ValueType;

/**
 * Makes the nodes that normalise the last axes one LayerNormalization, which opset 17 brought:
 *
 * <pre>
 *   d = x − ReduceMean(x),  y = d / √(ReduceMean(d²) + ε) · scale [+ shift]
 * </pre>
 */
final class FuseLayerNormalizations extends GraphPass {
    private static final int FIRST_OPSET = 17;

    FuseLayerNormalizations() {
        super("layer-norms");
    }

    @Override
    void rewrite(GraphEdit draft) {
        if (draft.opset() >= FIRST_OPSET) {
            draft.each(node -> {
                if (node.is("Mul")) {
                    fuse(node, draft);
                }
            });
        }
    }

    private static void fuse(Node mul, GraphEdit draft) {
        for (int side = 0; side < 2; side++) {
            var scale = mul.input(1 - side);
            var quotient = draft.maker(mul.input(side), "Div");
            var norm = quotient == null ? null : norm(quotient, draft);
            if (norm == null || !draft.isUsedOnce(mul.input(side)) || !isOfAxes(scale, norm, draft)) {
                continue;
            }
            var add = draft.isUsedOnce(mul.output()) ? draft.users(mul.output()).get(0) : null;
            var shift = add == null || !add.is("Add")
                    ? ""
                    : add.input(0).equals(mul.output()) ? add.input(1) : add.input(0);
            var last = add != null && isOfAxes(shift, norm, draft) ? add : mul;
            boolean shifts = last.is("Add");
            var inputs = shifts ? List.of(norm.value(), scale, shift) : List.of(norm.value(), scale);
            var attributes = new TreeMap<String, Attribute>(
                    Map.of("axis", Attribute.of((long) -norm.axes()), "epsilon", Attribute.of(norm.epsilon())));
            draft.replace(
                    last, new Node(last.name(), "", "LayerNormalization", inputs, List.of(last.output()), attributes));
            if (shifts) {
                draft.remove(mul);
            }
            return;
        }
    }

    /** @param axes how many of the last ones are normalised */
    private record Norm(String value, int axes, float epsilon, List<Long> sizes) {}

    /** A constant of exactly the sizes of the normalised axes. */
    private static boolean isOfAxes(String value, Norm norm, GraphEdit draft) {
        var constant = draft.constant(value);
        return constant != null && constant.dims().equals(norm.sizes()) && constant.type() == ValueType.FLOAT32;
    }

    private static @Nullable Norm norm(Node quotient, GraphEdit draft) {
        var root = draft.maker(quotient.input(1), "Sqrt");
        var difference = draft.maker(quotient.input(0), "Sub");
        if (root == null || difference == null || !draft.isUsedOnce(root.output())) {
            return null;
        }
        var sum = draft.maker(root.input(0), "Add");
        var mean = draft.maker(difference.input(1), "ReduceMean");
        if (sum == null || mean == null || !mean.input(0).equals(difference.input(0))) {
            return null;
        }
        int side = draft.maker(sum.input(0), "ReduceMean") == null ? 1 : 0;
        var variance = draft.maker(sum.input(side), "ReduceMean");
        var epsilon = draft.constant(sum.input(1 - side));
        var square = variance == null ? null : draft.maker(variance.input(0));
        if (variance == null || epsilon == null || epsilon.count() != 1 || square == null) {
            return null;
        }
        boolean squares = isSquare(square, difference.output(), draft);
        var value = difference.input(0);
        var axes = lastAxes(mean, draft);
        var shape = draft.shapes().shape(value).orElse(List.of());
        boolean fits = squares
                && epsilon.rank() <= Math.max(1, shape.size())
                && axes.isPresent()
                && axes.equals(lastAxes(variance, draft))
                && draft.shapes().element(value).equals(Optional.of(ValueType.FLOAT32));
        if (!fits) {
            return null;
        }
        var last = shape.subList(shape.size() - axes.get(), shape.size());
        if (!last.stream().allMatch(axis -> axis.isFixed())) {
            return null;
        }
        return new Norm(
                value,
                axes.get(),
                (float) epsilon.number(0),
                last.stream().map(axis -> axis.size()).toList());
    }

    private static boolean isSquare(Node node, String value, GraphEdit draft) {
        if (node.is("Mul")) {
            return node.inputs().equals(List.of(value, value));
        }
        var power = node.is("Pow") ? draft.constant(node.input(1)) : null;
        return power != null
                && power.count() == 1
                && power.number(0) == 2
                && node.input(0).equals(value);
    }

    /** How many axes the mean is taken over, if they are the last ones and stay as sizes of 1. */
    private static Optional<Integer> lastAxes(Node mean, GraphEdit draft) {
        var rank = draft.shapes().rank(mean.input(0));
        var axes = mean.wholes("axes")
                .or(() -> mean.input(1).isEmpty()
                        ? Optional.empty()
                        : draft.shapes().longs(mean.input(1)));
        if (rank.isEmpty() || axes.isEmpty() || axes.get().isEmpty() || mean.whole("keepdims", 1) != 1) {
            return Optional.empty();
        }
        int count = axes.get().size();
        long all = rank.get();
        boolean last = axes.get().stream()
                .map(axis -> axis < 0 ? axis + all : axis)
                .sorted()
                .toList()
                .equals(LongStream.range(all - count, all).boxed().toList());
        return last ? Optional.of(count) : Optional.empty();
    }
}
