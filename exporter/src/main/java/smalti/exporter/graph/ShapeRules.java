package smalti.exporter.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Shapes.Numbers;

/** What follows of a node's outputs from its inputs and attributes. */
final class ShapeRules {
    /** The first output has the shape of the first input. */
    private static final Set<String> SAME = Set.of(
            "Abs",
            "Acos",
            "Acosh",
            "Asin",
            "Asinh",
            "Atan",
            "Atanh",
            "BatchNormalization",
            "BitwiseNot",
            "Cast",
            "Ceil",
            "Celu",
            "Clip",
            "Cos",
            "Cosh",
            "CumSum",
            "DequantizeLinear",
            "Dropout",
            "DynamicQuantizeLinear",
            "Elu",
            "Erf",
            "Exp",
            "EyeLike",
            "Floor",
            "Gelu",
            "GroupNormalization",
            "HardSigmoid",
            "HardSwish",
            "Hardmax",
            "Identity",
            "InstanceNormalization",
            "IsInf",
            "IsNaN",
            "LRN",
            "LayerNormalization",
            "LeakyRelu",
            "Log",
            "LogSoftmax",
            "LpNormalization",
            "MeanVarianceNormalization",
            "Mish",
            "Neg",
            "Not",
            "QuantizeLinear",
            "RandomNormalLike",
            "RandomUniformLike",
            "Bernoulli",
            "Reciprocal",
            "Relu",
            "ReverseSequence",
            "Round",
            "ScatterElements",
            "ScatterND",
            "Scatter",
            "Selu",
            "Shrink",
            "Sigmoid",
            "Sign",
            "Sin",
            "Sinh",
            "Softmax",
            "Softplus",
            "Softsign",
            "Sqrt",
            "Tan",
            "Tanh",
            "ThresholdedRelu",
            "Trilu");

    /** Broadcast over all inputs, since opset 7 (Max, Min, Mean, Sum: 8). */
    private static final Set<String> BROADCAST = Set.of(
            "Add",
            "And",
            "BitShift",
            "BitwiseAnd",
            "BitwiseOr",
            "BitwiseXor",
            "Div",
            "Equal",
            "Greater",
            "GreaterOrEqual",
            "Less",
            "LessOrEqual",
            "Max",
            "Mean",
            "Min",
            "Mod",
            "Mul",
            "Or",
            "Pow",
            "Sub",
            "Sum",
            "Where",
            "Xor");

    private static final Set<String> REDUCTIONS = Set.of(
            "ReduceL1",
            "ReduceL2",
            "ReduceLogSum",
            "ReduceLogSumExp",
            "ReduceMax",
            "ReduceMean",
            "ReduceMin",
            "ReduceProd",
            "ReduceSum",
            "ReduceSumSquare");

    private final Shapes shapes;
    private final Node node;
    private final int opset;

    ShapeRules(Shapes shapes, Node node, int opset) {
        this.shapes = shapes;
        this.node = node;
        this.opset = opset;
    }

    void infer() {
        if (!node.domain().isEmpty() || node.outputs().isEmpty()) {
            return;
        }
        elements();
        try {
            var shape = shape();
            if (shape != null) {
                shapes.shape(output(), shape);
            }
            others();
            numbers();
        } catch (ArithmeticException e) {
            // a size beyond 64 bits stays unknown, as no run will ever come to it
            return;
        }
    }

    private String output() {
        return node.outputs().get(0);
    }

    private boolean has(int index) {
        return index < node.inputs().size() && !node.inputs().get(index).isEmpty();
    }

    private String name(int index) {
        return node.inputs().get(index);
    }

    private @Nullable List<Axis> in(int index) {
        return has(index) ? shapes.shape(name(index)).orElse(null) : null;
    }

    private @Nullable List<Long> longs(int index) {
        return has(index) ? shapes.longs(name(index)).orElse(null) : null;
    }

    private @Nullable Numbers sizes(int index) {
        return has(index) ? shapes.numbers(name(index)) : null;
    }

    private long attribute(String name, long otherwise) {
        return node.attributes().get(name) instanceof Attribute.Int number ? number.value() : otherwise;
    }

    private @Nullable List<Long> attribute(String name) {
        return node.attributes().get(name) instanceof Attribute.Ints numbers ? numbers.values() : null;
    }

    private String text(String name, String otherwise) {
        return node.attributes().get(name) instanceof Attribute.Text text ? text.value() : otherwise;
    }

    /** A list that moved from an attribute to an input; null where it is left out or unknown: ask {@link #given}. */
    private @Nullable List<Long> list(String name, int index) {
        var fixed = attribute(name);
        return fixed == null ? longs(index) : fixed;
    }

    private boolean given(String name, int index) {
        return node.attributes().containsKey(name) || has(index);
    }

    /** The axis counted from the front; −1 if there is none such. */
    private static int axis(long axis, int rank) {
        long counted = axis < 0 ? axis + rank : axis;
        return counted < 0 || counted >= rank ? -1 : (int) counted;
    }

    private static List<Axis> unknown(int rank) {
        var axes = new ArrayList<Axis>();
        for (int i = 0; i < rank; i++) {
            axes.add(Axis.UNKNOWN);
        }
        return axes;
    }

    private void elements() {
        switch (node.op()) {
            case "Cast" -> element(0, attribute("to", 0));
            case "Constant", "ConstantOfShape" -> constantElement();
            case "RandomNormal", "RandomUniform" -> element(0, attribute("dtype", 1));
            case "RandomNormalLike", "RandomUniformLike", "EyeLike", "Bernoulli" -> {
                if (node.attributes().containsKey("dtype")) {
                    element(0, attribute("dtype", 1));
                } else {
                    copyElement(0, 0);
                }
            }
            case "QuantizeLinear" -> {
                if (has(2)) {
                    copyElement(2, 0);
                } else if (attribute("output_dtype", 0) == 0) {
                    element(0, ValueType.UINT8.onnxCode());
                }
            }
            case "Multinomial" -> element(0, attribute("dtype", 6));
            case "SequenceAt",
                    "If",
                    "Loop",
                    "Scan",
                    "Optional",
                    "OptionalGetElement",
                    "StringSplit",
                    "SequenceMap" -> {}
            default -> byTable();
        }
    }

    private void element(int output, long code) {
        if (code >= 0 && code < 100) {
            ValueType.ofOnnxCode((int) code)
                    .ifPresent(type -> shapes.element(node.outputs().get(output), type));
        }
    }

    private void copyElement(int input, int output) {
        shapes.element(name(input))
                .ifPresent(type -> shapes.element(node.outputs().get(output), type));
    }

    private void constantElement() {
        if (node.attributes().get("value") instanceof Attribute.Array array) {
            element(0, array.value().onnxCode());
        } else if (node.attributes().containsKey("value_int")
                || node.attributes().containsKey("value_ints")) {
            element(0, ValueType.INT64.onnxCode());
        } else if (node.op().equals("ConstantOfShape")
                || node.attributes().containsKey("value_float")
                || node.attributes().containsKey("value_floats")) {
            element(0, ValueType.FLOAT32.onnxCode());
        }
    }

    /** An output whose type is that of an input, or always the same. */
    private void byTable() {
        var found = Operators.find(node.op(), opset);
        if (found.isEmpty() || found.get().outputs().isEmpty()) {
            return;
        }
        var operator = found.get();
        for (int i = 0; i < node.outputs().size(); i++) {
            var output = operator.outputs().get(Math.min(i, operator.outputs().size() - 1));
            if (output.type().startsWith("tensor(")) {
                literal(output.type()).ifPresent(only(node.outputs().get(i)));
                continue;
            }
            var allowed = operator.constraints().get(output.type());
            if (allowed != null && allowed.size() == 1) {
                literal(allowed.iterator().next()).ifPresent(only(node.outputs().get(i)));
            }
            for (int k = 0; k < node.inputs().size() && !operator.inputs().isEmpty(); k++) {
                var input = operator.inputs().get(Math.min(k, operator.inputs().size() - 1));
                if (input.type().equals(output.type()) && has(k)) {
                    copyElement(k, i);
                    break;
                }
            }
        }
    }

    private Consumer<ValueType> only(String output) {
        return type -> shapes.element(output, type);
    }

    private static Optional<ValueType> literal(String type) {
        return ValueType.ofText(type);
    }

    private @Nullable List<Axis> shape() {
        if (SAME.contains(node.op())) {
            return in(0);
        } else if (BROADCAST.contains(node.op())) {
            return broadcast();
        } else if (REDUCTIONS.contains(node.op())) {
            return reduced();
        }
        return switch (node.op()) {
            case "Constant" -> constant();
            case "ConstantOfShape" -> fromSizes(sizes(0));
            case "RandomNormal", "RandomUniform" -> fixed(attribute("shape"));
            case "PRelu" -> in(0);
            case "Shape" -> shapeOfShape();
            case "Size", "Det" -> node.op().equals("Size") ? List.of() : leading(in(0), 2);
            case "Reshape" -> reshaped();
            case "Flatten" -> flattened();
            case "Squeeze" -> squeezed();
            case "Unsqueeze" -> unsqueezed();
            case "Transpose" -> transposed();
            case "Concat" -> concatenated();
            case "Slice" -> sliced();
            case "Gather" -> gathered();
            case "GatherElements" -> in(1);
            case "GatherND" -> gatheredNd();
            case "Expand" -> expanded();
            case "Tile" -> tiled();
            case "Pad" -> padded();
            case "Resize", "Upsample" -> resized();
            case "Conv", "ConvInteger", "QLinearConv" -> convolved();
            case "ConvTranspose" -> deconvolved();
            case "MaxPool", "AveragePool", "LpPool" -> pooled();
            case "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool" -> globallyPooled();
            case "Gemm" -> gemm();
            case "MatMul", "MatMulInteger" -> multiplied(in(0), in(1));
            case "QLinearMatMul" -> multiplied(in(0), in(3));
            case "ArgMax", "ArgMin" -> argument();
            case "TopK" -> top();
            case "OneHot" -> oneHot();
            case "DepthToSpace" -> blocks(true);
            case "SpaceToDepth" -> blocks(false);
            case "NonZero" -> in(0) == null ? null : List.of(Axis.of(Math.max(1, in(0).size())), Axis.UNKNOWN);
            case "Compress" -> node.attributes().containsKey("axis") && in(0) != null ? compressed(in(0)) : unknown(1);
            case "Range" -> range();
            case "LSTM", "GRU", "RNN" -> recurrent();
            case "If" -> branches();
            default -> null;
        };
    }

    private static @Nullable List<Axis> leading(@Nullable List<Axis> shape, int without) {
        return shape == null || shape.size() < without ? null : shape.subList(0, shape.size() - without);
    }

    private static @Nullable List<Axis> fixed(@Nullable List<Long> sizes) {
        return sizes == null
                ? null
                : sizes.stream()
                        .map(size -> size >= 0 ? Axis.of(size) : Axis.UNKNOWN)
                        .toList();
    }

    private static @Nullable List<Axis> fromSizes(@Nullable Numbers sizes) {
        return sizes == null ? null : sizes.axes();
    }

    private @Nullable List<Axis> constant() {
        if (node.attributes().get("value") instanceof Attribute.Array array) {
            shapes.constant(output(), array.value());
            return null;
        }
        for (var attribute : node.attributes().entrySet()) {
            var value = attribute.getValue();
            switch (attribute.getKey()) {
                case "value_int", "value_float", "value_string" -> {
                    return List.of();
                }
                case "value_ints", "value_floats" -> {
                    return value instanceof Attribute.Ints list
                            ? List.of(Axis.of(list.values().size()))
                            : value instanceof Attribute.Reals reals
                                    ? List.of(Axis.of(reals.values().size()))
                                    : unknown(1);
                }
                default -> {}
            }
        }
        return null;
    }

    private @Nullable List<Axis> broadcast() {
        if (opset < 7 || (opset < 8 && List.of("Max", "Min", "Mean", "Sum").contains(node.op()))) {
            return in(0);
        }
        @Nullable List<Axis> all = List.of();
        for (int i = 0; i < node.inputs().size() && all != null; i++) {
            all = broadcast(all, in(i));
        }
        return all;
    }

    static @Nullable List<Axis> broadcast(@Nullable List<Axis> one, @Nullable List<Axis> other) {
        if (one == null || other == null) {
            return null;
        }
        int rank = Math.max(one.size(), other.size());
        var axes = new ArrayList<Axis>();
        for (int i = 0; i < rank; i++) {
            int a = i - rank + one.size();
            int b = i - rank + other.size();
            axes.add(a < 0 ? other.get(b) : b < 0 ? one.get(a) : broadcast(one.get(a), other.get(b)));
        }
        return axes;
    }

    private static Axis broadcast(Axis one, Axis other) {
        if (one.surelyEquals(other) || other.size() == 1) {
            return one;
        }
        if (one.size() == 1) {
            return other;
        }
        // of two sizes that fit each other, one that is fixed and not 1 is that of both
        return one.isFixed() ? one : other.isFixed() ? other : Axis.UNKNOWN;
    }

    private @Nullable List<Axis> reduced() {
        var shape = in(0);
        if (shape == null) {
            return null;
        }
        boolean keeps = attribute("keepdims", 1) == 1;
        var axes = list("axes", 1);
        if (axes == null && given("axes", 1)) {
            return keeps ? unknown(shape.size()) : null;
        }
        if (axes == null || axes.isEmpty()) {
            if (attribute("noop_with_empty_axes", 0) == 1) {
                return shape;
            }
            axes = new ArrayList<>();
            for (long i = 0; i < shape.size(); i++) {
                axes.add(i);
            }
        }
        return without(shape, axes, keeps);
    }

    private static @Nullable List<Axis> without(List<Axis> shape, List<Long> axes, boolean keeps) {
        var gone = new boolean[shape.size()];
        for (long axis : axes) {
            int counted = axis(axis, shape.size());
            if (counted < 0) {
                return null;
            }
            gone[counted] = true;
        }
        var rest = new ArrayList<Axis>();
        for (int i = 0; i < gone.length; i++) {
            if (!gone[i]) {
                rest.add(shape.get(i));
            } else if (keeps) {
                rest.add(Axis.of(1));
            }
        }
        return rest;
    }

    private @Nullable List<Axis> argument() {
        var shape = in(0);
        return shape == null ? null : without(shape, List.of(attribute("axis", 0)), attribute("keepdims", 1) == 1);
    }

    private @Nullable List<Axis> compressed(List<Axis> shape) {
        int axis = axis(attribute("axis", 0), shape.size());
        return axis < 0 ? null : replaced(shape, axis, Axis.UNKNOWN);
    }

    private static List<Axis> replaced(List<Axis> shape, int axis, Axis size) {
        var axes = new ArrayList<>(shape);
        axes.set(axis, size);
        return axes;
    }

    /** The range of axes that Shape gives, the whole by default. */
    private @Nullable List<Axis> shapeRange() {
        var shape = in(0);
        if (shape == null) {
            return null;
        }
        int rank = shape.size();
        long start = attribute("start", 0);
        long end = attribute("end", rank);
        int first = (int) Math.max(0, Math.min(rank, start < 0 ? start + rank : start));
        int last = (int) Math.max(0, Math.min(rank, end < 0 ? end + rank : end));
        return shape.subList(first, Math.max(first, last));
    }

    private List<Axis> shapeOfShape() {
        var range = shapeRange();
        return range == null ? unknown(1) : List.of(Axis.of(range.size()));
    }

    private @Nullable List<Axis> reshaped() {
        var shape = in(0);
        var fixed = attribute("shape");
        var asked = fixed == null ? sizes(1) : Numbers.of(Tensor.sizes(fixed));
        if (asked == null) {
            var rank = in(1);
            return rank != null
                            && rank.size() == 1
                            && rank.get(0).isFixed()
                            && rank.get(0).size() < 64
                    ? unknown((int) rank.get(0).size())
                    : null;
        }
        boolean copies = attribute("allowzero", 0) == 0;
        var axes = new ArrayList<Axis>();
        int rest = -1;
        for (int i = 0; i < asked.axes().size(); i++) {
            var value = asked.values().get(i);
            if (value != null && value == 0 && copies) {
                axes.add(shape != null && i < shape.size() ? shape.get(i) : Axis.UNKNOWN);
            } else if (value != null && value == -1) {
                rest = i;
                axes.add(Axis.UNKNOWN);
            } else {
                // a size by name came from a shape: it is never −1, and 0 only of an empty tensor
                axes.add(value == null ? asked.axes().get(i) : Axis.of(value));
            }
        }
        if (rest >= 0 && shape != null) {
            axes.set(rest, rest(shape, axes, rest));
        }
        return axes;
    }

    /** What one axis must be that all elements fit: those sizes that stand on both sides cancel. */
    private static Axis rest(List<Axis> from, List<Axis> to, int rest) {
        var left = new ArrayList<>(from);
        long divisor = 1;
        for (int i = 0; i < to.size(); i++) {
            var axis = to.get(i);
            if (i == rest) {
                continue;
            }
            if (axis.isFixed()) {
                divisor = Math.multiplyExact(divisor, axis.size());
            } else if (axis.name() == null || !left.remove(axis)) {
                return Axis.UNKNOWN;
            }
        }
        long product = 1;
        Axis free = null;
        for (var axis : left) {
            if (axis.isFixed()) {
                product = Math.multiplyExact(product, axis.size());
            } else if (free != null) {
                return Axis.UNKNOWN;
            } else {
                free = axis;
            }
        }
        if (divisor <= 0 || product <= 0 || product % divisor != 0) {
            return Axis.UNKNOWN;
        }
        return free == null ? Axis.of(product / divisor) : product == divisor ? free : Axis.UNKNOWN;
    }

    private @Nullable List<Axis> flattened() {
        var shape = in(0);
        if (shape == null) {
            return unknown(2);
        }
        long axis = attribute("axis", 1);
        int at = (int) (axis < 0 ? axis + shape.size() : axis);
        if (at < 0 || at > shape.size()) {
            return null;
        }
        return List.of(product(shape.subList(0, at)), product(shape.subList(at, shape.size())));
    }

    private static Axis product(List<Axis> axes) {
        long product = 1;
        Axis free = null;
        for (var axis : axes) {
            if (axis.isFixed()) {
                product = Math.multiplyExact(product, axis.size());
            } else if (free != null) {
                return Axis.UNKNOWN;
            } else {
                free = axis;
            }
        }
        return free == null ? Axis.of(product) : product == 1 ? free : Axis.UNKNOWN;
    }

    private @Nullable List<Axis> squeezed() {
        var shape = in(0);
        if (shape == null) {
            return null;
        }
        var axes = list("axes", 1);
        if (axes != null) {
            return without(shape, axes, false);
        }
        if (given("axes", 1) || !shape.stream().allMatch(Axis::isFixed)) {
            return null;
        }
        return shape.stream().filter(axis -> axis.size() != 1).toList();
    }

    private @Nullable List<Axis> unsqueezed() {
        var shape = in(0);
        var axes = list("axes", 1);
        if (shape == null || axes == null) {
            return null;
        }
        int rank = shape.size() + axes.size();
        var one = new boolean[rank];
        for (long axis : axes) {
            int counted = axis(axis, rank);
            if (counted < 0) {
                return null;
            }
            one[counted] = true;
        }
        var left = shape.iterator();
        var result = new ArrayList<Axis>();
        for (boolean added : one) {
            if (!added && !left.hasNext()) {
                return null;
            }
            result.add(added ? Axis.of(1) : left.next());
        }
        return result;
    }

    private @Nullable List<Axis> transposed() {
        var shape = in(0);
        var order = attribute("perm");
        if (shape == null) {
            return order == null ? null : unknown(order.size());
        }
        var axes = new ArrayList<Axis>();
        for (int i = 0; i < shape.size(); i++) {
            long from = order == null ? shape.size() - 1 - i : i < order.size() ? order.get(i) : -1;
            if (from < 0 || from >= shape.size()) {
                return null;
            }
            axes.add(shape.get((int) from));
        }
        return axes;
    }

    private @Nullable List<Axis> concatenated() {
        List<Axis> all = null;
        var along = new ArrayList<Axis>();
        for (int i = 0; i < node.inputs().size(); i++) {
            var shape = in(i);
            if (shape == null || (all != null && all.size() != shape.size())) {
                return null;
            }
            int axis = axis(attribute("axis", 1), shape.size());
            if (axis < 0) {
                return null;
            }
            along.add(shape.get(axis));
            if (all == null) {
                all = shape;
            } else {
                var merged = new ArrayList<Axis>();
                for (int k = 0; k < shape.size(); k++) {
                    merged.add(all.get(k).isFixed() ? all.get(k) : shape.get(k).isFixed() ? shape.get(k) : all.get(k));
                }
                all = merged;
            }
        }
        if (all == null) {
            return null;
        }
        var sum = along.size() == 1
                ? along.get(0)
                : along.stream().allMatch(Axis::isFixed)
                        ? Axis.of(along.stream().mapToLong(Axis::size).sum())
                        : Axis.UNKNOWN;
        return replaced(all, axis(attribute("axis", 1), all.size()), sum);
    }

    private @Nullable List<Axis> sliced() {
        var shape = in(0);
        if (shape == null) {
            return null;
        }
        var starts = list("starts", 1);
        var ends = list("ends", 2);
        var axes = list("axes", 3);
        var steps = longs(4);
        if (axes == null && !given("axes", 3) && starts != null) {
            axes = new ArrayList<>();
            for (long i = 0; i < starts.size(); i++) {
                axes.add(i);
            }
        }
        if (axes == null) {
            return unknown(shape.size());
        }
        List<Axis> result = new ArrayList<>(shape);
        for (int i = 0; i < axes.size(); i++) {
            int axis = axis(axes.get(i), shape.size());
            if (axis < 0) {
                return null;
            }
            boolean sure = starts != null
                    && ends != null
                    && starts.size() == axes.size()
                    && ends.size() == axes.size()
                    && (!has(4) || (steps != null && steps.size() == axes.size()));
            result.set(
                    axis,
                    sure && starts != null && ends != null
                            ? slice(shape.get(axis), starts.get(i), ends.get(i), steps == null ? 1 : steps.get(i))
                            : Axis.UNKNOWN);
        }
        return result;
    }

    private static Axis slice(Axis axis, long start, long end, long step) {
        if (start == 0 && step == 1 && end >= Integer.MAX_VALUE) {
            return axis;
        }
        if (!axis.isFixed() || step == 0) {
            return Axis.UNKNOWN;
        }
        long size = axis.size();
        long first = start < 0 ? start + size : start;
        long last = end < 0 ? Math.max(end, -size - 1) + size : end;
        if (step > 0) {
            first = Math.max(0, Math.min(size, first));
            last = Math.max(0, Math.min(size, last));
            return Axis.of(Math.max(0, (last - first + step - 1) / step));
        }
        if (step == Long.MIN_VALUE) {
            return Axis.UNKNOWN;
        }
        first = Math.max(-1, Math.min(size - 1, first));
        last = Math.max(-1, Math.min(size - 1, last));
        return Axis.of(Math.max(0, (first - last - step - 1) / -step));
    }

    private @Nullable List<Axis> gathered() {
        var data = in(0);
        var indices = in(1);
        if (data == null || indices == null) {
            return null;
        }
        int axis = axis(attribute("axis", 0), data.size());
        if (axis < 0) {
            return null;
        }
        var result = new ArrayList<>(data.subList(0, axis));
        result.addAll(indices);
        result.addAll(data.subList(axis + 1, data.size()));
        return result;
    }

    private @Nullable List<Axis> gatheredNd() {
        var data = in(0);
        var indices = in(1);
        if (data == null || indices == null || indices.isEmpty()) {
            return null;
        }
        var last = indices.get(indices.size() - 1);
        long from = last.isFixed() ? last.size() + attribute("batch_dims", 0) : -1;
        if (from < 0 || from > data.size()) {
            return null;
        }
        var result = new ArrayList<>(indices.subList(0, indices.size() - 1));
        result.addAll(data.subList((int) from, data.size()));
        return result;
    }

    private @Nullable List<Axis> expanded() {
        var asked = sizes(1);
        return asked == null ? null : broadcast(in(0), asked.axes());
    }

    private @Nullable List<Axis> tiled() {
        var shape = in(0);
        var repeats = longs(1);
        if (shape == null || opset < 6) {
            return null;
        }
        if (repeats == null || repeats.size() != shape.size()) {
            return unknown(shape.size());
        }
        var result = new ArrayList<Axis>();
        for (int i = 0; i < shape.size(); i++) {
            var axis = shape.get(i);
            long times = repeats.get(i);
            result.add(
                    times == 1
                            ? axis
                            : axis.isFixed() && times >= 0
                                    ? Axis.of(Math.multiplyExact(axis.size(), times))
                                    : Axis.UNKNOWN);
        }
        return result;
    }

    private @Nullable List<Axis> padded() {
        var shape = in(0);
        if (shape == null) {
            return null;
        }
        int rank = shape.size();
        var pads = attribute("pads") != null ? attribute("pads") : list("paddings", 1);
        var axes = longs(3);
        if (pads == null || (has(3) && axes == null)) {
            return unknown(rank);
        }
        int count = pads.size() / 2;
        if (axes == null ? count != rank : axes.size() != count) {
            return null;
        }
        List<Axis> result = new ArrayList<>(shape);
        for (int i = 0; i < count; i++) {
            int axis = axes == null ? i : axis(axes.get(i), rank);
            if (axis < 0) {
                return null;
            }
            long added = pads.get(i) + pads.get(i + count);
            var size = shape.get(axis);
            boolean none = pads.get(i) == 0 && pads.get(i + count) == 0;
            result.set(
                    axis,
                    none
                            ? size
                            : size.isFixed() && size.size() + added >= 0 ? Axis.of(size.size() + added) : Axis.UNKNOWN);
        }
        return result;
    }

    private @Nullable List<Axis> resized() {
        var shape = in(0);
        if (shape == null || node.attributes().containsKey("axes")) {
            return shape == null ? null : unknown(shape.size());
        }
        var sizes = node.op().equals("Resize") ? longs(3) : null;
        boolean stretches = text("keep_aspect_ratio_policy", "stretch").equals("stretch");
        var scales = scales();
        boolean crops = text("coordinate_transformation_mode", "half_pixel").equals("tf_crop_and_resize");
        if (scales != null && scales.size() == shape.size() && !crops) {
            var scaled = new ArrayList<Axis>();
            for (int i = 0; i < shape.size(); i++) {
                scaled.add(scaled(shape.get(i), scales.get(i)));
            }
            return scaled;
        }
        return sizes != null && stretches && sizes.size() == shape.size() ? fixed(sizes) : unknown(shape.size());
    }

    /** By what Resize or Upsample stretches each axis; null where unknown, or sizes are given instead. */
    private @Nullable List<Float> scales() {
        if (node.attributes().get("scales") instanceof Attribute.Reals fixed) {
            return fixed.values();
        }
        int index = node.op().equals("Resize") && opset >= 11 ? 2 : 1;
        var scales = has(index) ? shapes.floats(name(index)).orElse(null) : null;
        return scales == null || scales.isEmpty() ? null : scales;
    }

    private static Axis scaled(Axis axis, float scale) {
        if (scale == 1) {
            return axis;
        }
        // in 32 bits, as ONNX Runtime computes it
        float size = (float) Math.floor(axis.size() * scale);
        return axis.isFixed() && size >= 0 && size < 1 << 24 ? Axis.of((long) size) : Axis.UNKNOWN;
    }

    /** Sizes of a sliding window's axes. */
    private List<Axis> windows(List<Axis> shape, List<Long> kernel, boolean up) {
        int spatial = kernel.size();
        var strides = attribute("strides");
        var dilations = attribute("dilations");
        var pads = attribute("pads");
        var autoPad = text("auto_pad", "NOTSET");
        var result = new ArrayList<Axis>();
        for (int i = 0; i < spatial; i++) {
            var axis = shape.get(i + 2);
            long stride = at(strides, i, 1);
            long window = (kernel.get(i) - 1) * at(dilations, i, 1) + 1;
            long padding = autoPad.equals("VALID") ? 0 : at(pads, i, 0) + at(pads, i + spatial, 0);
            boolean same = autoPad.startsWith("SAME");
            if (!axis.isFixed() || stride <= 0 || kernel.get(i) <= 0) {
                result.add(Axis.UNKNOWN);
            } else if (up) {
                long size = same
                        ? axis.size() * stride
                        : (axis.size() - 1) * stride + at(attribute("output_padding"), i, 0) + window - padding;
                result.add(size >= 0 ? Axis.of(size) : Axis.UNKNOWN);
            } else if (same) {
                result.add(Axis.of((axis.size() + stride - 1) / stride));
            } else {
                long span = axis.size() + padding - window;
                boolean ceils = attribute("ceil_mode", 0) == 1;
                // of a last window that lies in the padding alone, versions differ
                result.add(span < 0 || (ceils && span % stride != 0) ? Axis.UNKNOWN : Axis.of(span / stride + 1));
            }
        }
        return result;
    }

    private static long at(@Nullable List<Long> values, int index, long otherwise) {
        return values == null || index >= values.size() ? otherwise : values.get(index);
    }

    private @Nullable List<Axis> window(@Nullable List<Axis> weights, int channelAxis, long times, boolean up) {
        var shape = in(0);
        if (shape == null || weights == null || weights.size() != shape.size() || shape.size() < 3) {
            return null;
        }
        var kernel = attribute("kernel_shape");
        if (kernel == null) {
            var sizes = weights.subList(2, weights.size());
            if (!sizes.stream().allMatch(Axis::isFixed)) {
                return unknown(shape.size());
            }
            kernel = sizes.stream().map(Axis::size).toList();
        }
        if (kernel.size() != shape.size() - 2) {
            return null;
        }
        var channels = weights.get(channelAxis);
        var result = new ArrayList<Axis>();
        result.add(shape.get(0));
        result.add(
                channels.isFixed() ? Axis.of(Math.multiplyExact(channels.size(), Math.max(1, times))) : Axis.UNKNOWN);
        result.addAll(windows(shape, kernel, up));
        return result;
    }

    private @Nullable List<Axis> convolved() {
        return window(in(node.op().equals("QLinearConv") ? 3 : 1), 0, 1, false);
    }

    private @Nullable List<Axis> deconvolved() {
        var shape = window(in(1), 1, attribute("group", 1), true);
        var sizes = attribute("output_shape");
        if (shape != null && sizes != null) {
            var result = new ArrayList<>(shape.subList(0, 2));
            for (int i = 2; i < shape.size(); i++) {
                int from = sizes.size() - shape.size() + i;
                result.add(from >= 0 ? Axis.of(sizes.get(from)) : Axis.UNKNOWN);
            }
            return result;
        }
        return shape;
    }

    private @Nullable List<Axis> pooled() {
        var shape = in(0);
        var kernel = attribute("kernel_shape");
        if (shape == null || kernel == null || kernel.size() != shape.size() - 2) {
            return null;
        }
        var result = new ArrayList<>(shape.subList(0, 2));
        result.addAll(windows(shape, kernel, false));
        return result;
    }

    private @Nullable List<Axis> globallyPooled() {
        var shape = in(0);
        if (shape == null || shape.size() < 2) {
            return null;
        }
        var result = new ArrayList<>(shape.subList(0, 2));
        for (int i = 2; i < shape.size(); i++) {
            result.add(Axis.of(1));
        }
        return result;
    }

    private @Nullable List<Axis> gemm() {
        var a = in(0);
        var b = in(1);
        Axis rows = a == null || a.size() != 2 ? Axis.UNKNOWN : a.get(attribute("transA", 0) == 0 ? 0 : 1);
        Axis columns = b == null || b.size() != 2 ? Axis.UNKNOWN : b.get(attribute("transB", 0) == 0 ? 1 : 0);
        return List.of(rows, columns);
    }

    private static @Nullable List<Axis> multiplied(@Nullable List<Axis> a, @Nullable List<Axis> b) {
        if (a == null || b == null || a.isEmpty() || b.isEmpty()) {
            return null;
        }
        var batch = broadcast(
                a.size() < 2 ? List.of() : a.subList(0, a.size() - 2),
                b.size() < 2 ? List.of() : b.subList(0, b.size() - 2));
        if (batch == null) {
            return null;
        }
        var result = new ArrayList<>(batch);
        if (a.size() > 1) {
            result.add(a.get(a.size() - 2));
        }
        if (b.size() > 1) {
            result.add(b.get(b.size() - 1));
        }
        return result;
    }

    private @Nullable List<Axis> top() {
        var shape = in(0);
        if (shape == null) {
            return null;
        }
        int axis = axis(attribute("axis", -1), shape.size());
        var count = longs(1);
        long k = attribute("k", count == null || count.size() != 1 ? -1 : count.get(0));
        return axis < 0 ? null : replaced(shape, axis, k < 0 ? Axis.UNKNOWN : Axis.of(k));
    }

    private @Nullable List<Axis> oneHot() {
        var indices = in(0);
        if (indices == null) {
            return null;
        }
        int rank = indices.size() + 1;
        int axis = axis(attribute("axis", -1), rank);
        if (axis < 0) {
            return null;
        }
        var depth = longs(1);
        var result = new ArrayList<>(indices);
        result.add(axis, depth == null || depth.size() != 1 || depth.get(0) < 0 ? Axis.UNKNOWN : Axis.of(depth.get(0)));
        return result;
    }

    private @Nullable List<Axis> blocks(boolean grows) {
        var shape = in(0);
        long block = attribute("blocksize", 0);
        if (shape == null || shape.size() != 4 || block <= 0) {
            return null;
        }
        return List.of(
                shape.get(0),
                scaled(shape.get(1), block * block, !grows),
                scaled(shape.get(2), block, grows),
                scaled(shape.get(3), block, grows));
    }

    private static Axis scaled(Axis axis, long by, boolean grows) {
        return axis.isFixed() ? Axis.of(grows ? Math.multiplyExact(axis.size(), by) : axis.size() / by) : Axis.UNKNOWN;
    }

    private List<Axis> range() {
        var start = longs(0);
        var limit = longs(1);
        var step = longs(2);
        if (start == null || limit == null || step == null) {
            return unknown(1);
        }
        if (start.size() != 1 || limit.size() != 1 || step.size() != 1 || step.get(0) <= 0) {
            return unknown(1);
        }
        long span = limit.get(0) - start.get(0);
        return List.of(Axis.of(Math.max(0, (span + step.get(0) - 1) / step.get(0))));
    }

    private @Nullable List<Axis> recurrent() {
        var input = in(0);
        long hidden = attribute("hidden_size", -1);
        if (input == null || input.size() != 3 || hidden < 0 || attribute("layout", 0) != 0) {
            return null;
        }
        long directions = text("direction", "forward").equals("bidirectional") ? 2 : 1;
        return List.of(input.get(0), Axis.of(directions), input.get(1), Axis.of(hidden));
    }

    /** What both branches agree on. */
    private @Nullable List<Axis> branches() {
        var ends = new ArrayList<Map<Integer, List<Axis>>>();
        for (var body : node.bodies()) {
            var inner = Shapes.of(body, opset, shapes);
            var shapeOf = new HashMap<Integer, List<Axis>>();
            for (int i = 0; i < Math.min(body.outputs().size(), node.outputs().size()); i++) {
                int at = i;
                inner.shape(body.outputs().get(i).name()).ifPresent(shape -> shapeOf.put(at, shape));
                if (ends.isEmpty()) {
                    inner.element(body.outputs().get(i).name())
                            .ifPresent(type -> shapes.element(node.outputs().get(at), type));
                }
            }
            ends.add(shapeOf);
        }
        if (ends.size() != 2) {
            return null;
        }
        for (int i = 0; i < node.outputs().size(); i++) {
            var one = ends.get(0).get(i);
            var other = ends.get(1).get(i);
            if (one != null && other != null && one.size() == other.size()) {
                var merged = new ArrayList<Axis>();
                for (int axis = 0; axis < one.size(); axis++) {
                    merged.add(one.get(axis).surelyEquals(other.get(axis)) ? one.get(axis) : Axis.UNKNOWN);
                }
                shapes.shape(node.outputs().get(i), merged);
            }
        }
        return null;
    }

    /** Second and later outputs. */
    private void others() {
        var first = in(0);
        int outputs = node.outputs().size();
        switch (node.op()) {
            case "Split" -> split();
            case "TopK", "MaxPool", "Dropout" -> {
                var shape = shapes.shape(output()).orElse(null);
                if (outputs > 1 && shape != null) {
                    shapes.shape(node.outputs().get(1), shape);
                }
            }
            case "DynamicQuantizeLinear" -> {
                for (int i = 1; i < outputs; i++) {
                    shapes.shape(node.outputs().get(i), List.of());
                }
            }
            case "LSTM", "GRU", "RNN" -> {
                var shape = shapes.shape(output()).orElse(recurrent());
                for (int i = 1; i < outputs && shape != null && shape.size() == 4; i++) {
                    shapes.shape(node.outputs().get(i), shape.subList(1, 4));
                }
            }
            case "LayerNormalization" -> {
                if (first != null) {
                    int axis = axis(attribute("axis", -1), first.size());
                    for (int i = 1; i < outputs && axis >= 0; i++) {
                        List<Axis> kept = new ArrayList<>(first);
                        for (int k = axis; k < kept.size(); k++) {
                            kept.set(k, Axis.of(1));
                        }
                        shapes.shape(node.outputs().get(i), kept);
                    }
                }
            }
            default -> {}
        }
    }

    private void split() {
        var shape = in(0);
        if (shape == null) {
            return;
        }
        int axis = axis(attribute("axis", 0), shape.size());
        if (axis < 0) {
            return;
        }
        var sizes = list("split", 1);
        int parts = node.outputs().size();
        for (int i = 0; i < parts; i++) {
            var size = Axis.UNKNOWN;
            if (sizes != null && sizes.size() == parts && sizes.get(i) >= 0) {
                size = Axis.of(sizes.get(i));
            } else if (!given("split", 1)
                    && shape.get(axis).isFixed()
                    && shape.get(axis).size() % parts == 0) {
                size = Axis.of(shape.get(axis).size() / parts);
            }
            shapes.shape(node.outputs().get(i), replaced(shape, axis, size));
        }
    }

    /** The elements of tensors of sizes. */
    private void numbers() {
        var known = known();
        if (known != null) {
            shapes.numbers(output(), known);
        }
    }

    private @Nullable Numbers known() {
        return switch (node.op()) {
            case "Shape" -> shapeRange() == null ? null : Numbers.of(shapeRange(), false);
            case "Size" -> in(0) == null ? null : Numbers.of(List.of(product(in(0))), true);
            case "Constant" -> constantNumbers();
            case "Identity" -> sizes(0);
            case "Cast" -> whole(shapes.element(output()).orElse(null)) ? sizes(0) : null;
            case "Squeeze", "Unsqueeze", "Reshape" -> sameNumbers();
            case "Gather" -> gatheredNumbers();
            case "Slice" -> slicedNumbers();
            case "Concat" -> concatenatedNumbers();
            case "Add", "Sub", "Mul", "Div" -> arithmetic();
            default -> null;
        };
    }

    private static boolean whole(@Nullable ValueType type) {
        return type == ValueType.INT64 || type == ValueType.INT32;
    }

    private @Nullable Numbers constantNumbers() {
        if (node.attributes().get("value_int") instanceof Attribute.Int number) {
            return Numbers.of(Tensor.of(new long[] {number.value()}));
        }
        return node.attributes().get("value_ints") instanceof Attribute.Ints list
                ? Numbers.of(Tensor.sizes(list.values()))
                : null;
    }

    private @Nullable Numbers sameNumbers() {
        var known = sizes(0);
        var rank = shapes.rank(output()).orElse(-1);
        return known == null || rank < 0 || rank > 1 ? null : new Numbers(known.values(), known.axes(), rank == 0);
    }

    private @Nullable Numbers gatheredNumbers() {
        var data = sizes(0);
        var indices = sizes(1);
        if (data == null || indices == null || !indices.isWhole() || data.scalar()) {
            return null;
        }
        var values = new ArrayList<@Nullable Long>();
        var axes = new ArrayList<Axis>();
        for (var index : indices.values()) {
            int at = index == null ? -1 : axis(index, data.axes().size());
            if (at < 0) {
                return null;
            }
            values.add(data.values().get(at));
            axes.add(data.axes().get(at));
        }
        return new Numbers(values, axes, indices.scalar());
    }

    private @Nullable Numbers slicedNumbers() {
        var data = sizes(0);
        var starts = list("starts", 1);
        var ends = list("ends", 2);
        var steps = longs(4);
        boolean plain = !has(4) || (steps != null && steps.equals(List.of(1L)));
        if (data == null || data.scalar() || starts == null || ends == null || starts.size() != 1 || !plain) {
            return null;
        }
        int size = data.axes().size();
        long start = starts.get(0);
        long end = ends.get(0);
        int first = (int) Math.max(0, Math.min(size, start < 0 ? start + size : start));
        int last = (int) Math.max(first, Math.min(size, end < 0 ? end + size : end));
        return new Numbers(data.values().subList(first, last), data.axes().subList(first, last), false);
    }

    private @Nullable Numbers concatenatedNumbers() {
        var values = new ArrayList<@Nullable Long>();
        var axes = new ArrayList<Axis>();
        for (int i = 0; i < node.inputs().size(); i++) {
            var part = sizes(i);
            if (part == null || part.scalar()) {
                return null;
            }
            values.addAll(part.values());
            axes.addAll(part.axes());
        }
        return new Numbers(values, axes, false);
    }

    private @Nullable Numbers arithmetic() {
        var one = sizes(0);
        var other = sizes(1);
        if (one == null || other == null || opset < 7) {
            return null;
        }
        int count = Math.max(one.axes().size(), other.axes().size());
        boolean fits = (one.axes().size() == count || one.axes().size() == 1)
                && (other.axes().size() == count || other.axes().size() == 1);
        if (!fits) {
            return null;
        }
        var values = new ArrayList<@Nullable Long>();
        var axes = new ArrayList<Axis>();
        for (int i = 0; i < count; i++) {
            int a = one.axes().size() == 1 ? 0 : i;
            int b = other.axes().size() == 1 ? 0 : i;
            var value = compute(one.values().get(a), other.values().get(b));
            values.add(value);
            boolean neutral = (node.op().equals("Mul") || node.op().equals("Div"))
                    && Long.valueOf(1).equals(other.values().get(b));
            axes.add(
                    value != null
                            ? (value >= 0 ? Axis.of(value) : Axis.UNKNOWN)
                            : neutral ? one.axes().get(a) : Axis.UNKNOWN);
        }
        return new Numbers(values, axes, one.scalar() && other.scalar());
    }

    private @Nullable Long compute(@Nullable Long a, @Nullable Long b) {
        if (a == null || b == null) {
            return null;
        }
        return switch (node.op()) {
            case "Add" -> Math.addExact(a, b);
            case "Sub" -> Math.subtractExact(a, b);
            case "Mul" -> Math.multiplyExact(a, b);
            // ONNX's division of whole numbers rounds to zero, as Java's does
            default -> b == 0 ? null : a / b;
        };
    }
}
