package smalti.exporter.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What is surely known of the values of a graph: the type of the elements, the sizes of the axes, and of small tensors
 * of whole numbers (sizes, mostly) the elements themselves. What is not sure stays unknown.
 */
public final class Shapes {
    /** Tensors of sizes are short. */
    private static final int MOST_ELEMENTS = 64;

    private final @Nullable Shapes around;
    private final Map<String, ValueType> elements = new HashMap<>();
    private final Map<String, List<Axis>> shapes = new HashMap<>();
    private final Map<String, Numbers> numbers = new HashMap<>();
    private final Map<String, List<Float>> floats = new HashMap<>();

    private Shapes(@Nullable Shapes around) {
        this.around = around;
    }

    /**
     * A tensor of at most one axis.
     *
     * @param values null where unknown
     * @param scalar whether it has no axis
     */
    record Numbers(List<@Nullable Long> values, List<Axis> axes, boolean scalar) {
        Numbers {
            values = Collections.unmodifiableList(new ArrayList<>(values));
            axes = List.copyOf(axes);
        }

        static Numbers of(List<Axis> sizes, boolean scalar) {
            var values = new ArrayList<@Nullable Long>();
            sizes.forEach(size -> values.add(size.isFixed() ? size.size() : null));
            return new Numbers(values, sizes, scalar);
        }

        static Numbers of(Tensor tensor) {
            var values = new ArrayList<@Nullable Long>();
            var axes = new ArrayList<Axis>();
            for (long value : tensor.longs()) {
                values.add(value);
                axes.add(value >= 0 ? Axis.of(value) : Axis.UNKNOWN);
            }
            return new Numbers(values, axes, tensor.rank() == 0);
        }

        boolean isWhole() {
            return !values.contains(null);
        }
    }

    /** What is known of a model's values. */
    public static Shapes of(Model model) {
        return of(model.graph(), model.opset(), null);
    }

    /** @param around the values that a body sees; null of a whole model */
    public static Shapes of(Graph graph, int opset, @Nullable Shapes around) {
        var shapes = new Shapes(around);
        var overridable = new HashSet<String>();
        graph.inputs().forEach(input -> overridable.add(input.name()));
        graph.initializers().forEach((name, constant) -> {
            if (!overridable.contains(name)) {
                shapes.constant(name, constant);
            }
        });
        graph.values().forEach(shapes::declare);
        graph.outputs().forEach(shapes::declare);
        graph.inputs().forEach(shapes::declare);
        for (var node : graph.nodes()) {
            ShapeRules.infer(shapes, node, opset);
        }
        return shapes;
    }

    private void declare(Value value) {
        if (value.type() instanceof Type.OfTensor tensor) {
            elements.putIfAbsent(value.name(), tensor.element());
            var shape = tensor.shape();
            if (shape != null && !shapes.containsKey(value.name())) {
                shapes.put(value.name(), shape);
            }
        }
    }

    void constant(String name, Constant constant) {
        ValueType.ofOnnxCode(constant.onnxCode()).ifPresent(type -> elements.put(name, type));
        shapes.put(name, constant.dims().stream().map(Axis::of).toList());
        if (constant instanceof Tensor tensor
                && (tensor.type() == ValueType.INT64 || tensor.type() == ValueType.INT32)
                && tensor.rank() <= 1
                && tensor.count() <= MOST_ELEMENTS) {
            numbers.put(name, Numbers.of(tensor));
        } else if (constant instanceof Tensor tensor
                && tensor.type() == ValueType.FLOAT32
                && tensor.rank() == 1
                && tensor.count() <= MOST_ELEMENTS) {
            var list = new ArrayList<Float>();
            for (float value : tensor.floats()) {
                list.add(value);
            }
            floats.put(name, list);
        }
    }

    /** What its elements are; empty where that is unknown, or the value is no tensor. */
    public Optional<ValueType> element(String value) {
        var element = elements.get(value);
        return element == null && around != null ? around.element(value) : Optional.ofNullable(element);
    }

    /** The sizes of its axes, some perhaps unknown; empty where not even their number is known. */
    public Optional<List<Axis>> shape(String value) {
        var shape = shapes.get(value);
        return shape == null && around != null ? around.shape(value) : Optional.ofNullable(shape);
    }

    /** The sizes of its axes, if all are fixed. */
    public Optional<List<Long>> fixedShape(String value) {
        return shape(value)
                .filter(axes -> axes.stream().allMatch(Axis::isFixed))
                .map(axes -> axes.stream().map(Axis::size).toList());
    }

    public Optional<Integer> rank(String value) {
        return shape(value).map(List::size);
    }

    /** The elements of a short tensor of whole numbers, if all are known; a scalar is one of them. */
    public Optional<List<Long>> longs(String value) {
        return Optional.ofNullable(numbers(value)).filter(Numbers::isWhole).map(known -> {
            var longs = new ArrayList<Long>();
            known.values().forEach(longs::add);
            return longs;
        });
    }

    /** The sizes that a short tensor of whole numbers holds, some perhaps unknown; a number below 0 is none. */
    public Optional<List<Axis>> sizes(String value) {
        return Optional.ofNullable(numbers(value)).map(Numbers::axes);
    }

    /** Whether an element of a short tensor of whole numbers is known. */
    public boolean isKnown(String value, int index) {
        var numbers = numbers(value);
        return numbers != null && numbers.values().get(index) != null;
    }

    /** The elements of a short constant list of 32-bit floats, such as the scales of a Resize. */
    public Optional<List<Float>> floats(String value) {
        var known = floats.get(value);
        return known == null && around != null && !elements.containsKey(value)
                ? around.floats(value)
                : Optional.ofNullable(known);
    }

    /** Whether two values surely have the same shape. */
    public boolean surelySameShape(String one, String other) {
        var first = shape(one);
        var second = shape(other);
        if (first.isEmpty()
                || second.isEmpty()
                || first.get().size() != second.get().size()) {
            return false;
        }
        for (int axis = 0; axis < first.get().size(); axis++) {
            if (!first.get().get(axis).surelyEquals(second.get().get(axis))) {
                return false;
            }
        }
        return true;
    }

    @Nullable
    Numbers numbers(String value) {
        var known = numbers.get(value);
        return known == null && around != null && !elements.containsKey(value) ? around.numbers(value) : known;
    }

    void element(String value, ValueType element) {
        if (!value.isEmpty()) {
            elements.put(value, element);
        }
    }

    /** Keeps what is the more precise: what the file says or what follows from the inputs. */
    void shape(String value, List<Axis> shape) {
        if (value.isEmpty()) {
            return;
        }
        var before = shapes.get(value);
        if (before == null || before.size() != shape.size()) {
            shapes.put(value, List.copyOf(shape));
            return;
        }
        var merged = new ArrayList<Axis>();
        for (int axis = 0; axis < shape.size(); axis++) {
            var inferred = shape.get(axis);
            merged.add(inferred.equals(Axis.UNKNOWN) ? before.get(axis) : inferred);
        }
        shapes.put(value, List.copyOf(merged));
    }

    void numbers(String value, Numbers known) {
        if (known.axes().size() <= MOST_ELEMENTS) {
            numbers.put(value, known);
        }
    }
}
