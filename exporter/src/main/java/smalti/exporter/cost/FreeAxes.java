package smalti.exporter.cost;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Type;
import smalti.exporter.graph.Value;
import smalti.spec.SpecException;

/** The sizes of the axes that a model leaves free. */
final class FreeAxes {
    private static final Pattern MULTIPLE = Pattern.compile("(\\d{1,9})\\*(.+)");

    private final Map<String, Long> sizes;
    private final TreeSet<String> assumed = new TreeSet<>();
    private final TreeSet<String> open = new TreeSet<>();

    private FreeAxes(Map<String, Long> given) {
        this.sizes = new TreeMap<>(given);
    }

    /**
     * @param given sizes by name; an axis without one goes by {@code input[1]}
     * @throws SpecException if a size is less than 1 or belongs to no axis
     */
    static FreeAxes of(Graph graph, Map<String, Long> given) {
        var axes = new FreeAxes(given);
        var known = new TreeSet<String>();
        for (var input : graph.inputs()) {
            if (!graph.initializers().containsKey(input.name())) {
                axes.input(input, known);
            }
        }
        var problems = new ArrayList<String>();
        given.forEach((name, size) -> {
            if (size < 1) {
                problems.add("the size of " + name + " must be at least 1, got " + size);
            }
            if (!known.contains(name)) {
                problems.add("a size must be that of a free axis of an input"
                        + (known.isEmpty() ? ", and there is none" : " (" + String.join(", ", known) + ")") + ", got "
                        + name);
            }
        });
        if (!problems.isEmpty()) {
            throw new SpecException(problems);
        }
        return axes;
    }

    private void input(Value input, Set<String> known) {
        if (!(input.type() instanceof Type.OfTensor tensor) || tensor.shape() == null) {
            return;
        }
        var shape = tensor.shape();
        for (int i = 0; i < shape.size(); i++) {
            if (shape.get(i).isFixed()) {
                continue;
            }
            var name = symbol(shape.get(i), input, i);
            known.add(name);
            if (sizes.containsKey(name)) {
                open.remove(name);
            } else if (i == 0) {
                // the batch, nearly always
                sizes.put(name, 1L);
                assumed.add(name);
                open.remove(name);
            } else {
                open.add(name);
            }
        }
    }

    private static String symbol(Axis axis, Value input, int index) {
        var name = axis.name();
        if (name == null) {
            return input.name() + "[" + index + "]";
        }
        var multiple = MULTIPLE.matcher(name);
        return multiple.matches() ? multiple.group(2) : name;
    }

    /** The size of each axis that has one. */
    Map<String, Long> sizes() {
        return new LinkedHashMap<>(sizes);
    }

    /** Those of the sizes that nobody gave. */
    List<String> assumed() {
        return List.copyOf(assumed);
    }

    /** Axes of inputs that stay free. */
    List<String> open() {
        return List.copyOf(open);
    }

    /** The graph at these sizes; inputs with a value of their own are constants. */
    Graph applied(Graph graph) {
        var inputs = graph.inputs().stream()
                .filter(input -> !graph.initializers().containsKey(input.name()))
                .map(input -> sized(input, true))
                .toList();
        return sized(graph, inputs);
    }

    private Graph sized(Graph graph, List<Value> inputs) {
        return new Graph(
                graph.name(),
                inputs,
                graph.outputs().stream().map(value -> sized(value, false)).toList(),
                graph.initializers(),
                graph.nodes().stream().map(this::sized).toList(),
                graph.values().stream().map(value -> sized(value, false)).toList(),
                graph.rest());
    }

    private Node sized(Node node) {
        if (node.bodies().isEmpty()) {
            return node;
        }
        var attributes = new TreeMap<>(node.attributes());
        attributes.replaceAll((name, attribute) -> attribute instanceof Attribute.Body body
                ? new Attribute.Body(sized(
                        body.value(),
                        body.value().inputs().stream()
                                .map(value -> sized(value, false))
                                .toList()))
                : attribute);
        return node.withAttributes(attributes);
    }

    private Value sized(Value value, boolean input) {
        if (!(value.type() instanceof Type.OfTensor tensor) || tensor.shape() == null) {
            return value;
        }
        var shape = tensor.shape();
        var axes = new ArrayList<Axis>();
        for (int i = 0; i < shape.size(); i++) {
            var axis = shape.get(i);
            var size = axis.isFixed() ? null : size(axis.name());
            if (size == null && input && axis.equals(Axis.UNKNOWN)) {
                size = sizes.get(symbol(axis, value, i));
            }
            axes.add(size == null ? axis : Axis.of(size));
        }
        return new Value(value.name(), new Type.OfTensor(tensor.element(), axes, tensor.layout()));
    }

    private @Nullable Long size(@Nullable String name) {
        if (name == null) {
            return null;
        }
        var multiple = MULTIPLE.matcher(name);
        if (!multiple.matches()) {
            return sizes.get(name);
        }
        var size = sizes.get(multiple.group(2));
        long factor = Long.parseLong(multiple.group(1));
        // a size beyond 64 bits stays free
        return size == null || factor < 1 || size > Long.MAX_VALUE / factor ? null : (Long) (size * factor);
    }
}
