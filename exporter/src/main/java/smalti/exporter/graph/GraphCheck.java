package smalti.exporter.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/** Holds a graph to ONNX's rules before it is written, independent of how it was made. */
public final class GraphCheck {
    /** The opsets in which each operator below has the form that is checked here. */
    public static final int FIRST_OPSET = 13;

    public static final int LAST_OPSET = 21;

    /** What ONNX says of an operator, narrowed to what this exporter writes: every attribute here must be there. */
    private record Operator(int leastInputs, int mostInputs, Map<String, Class<?>> attributes) {}

    private static final Map<String, Operator> OPERATORS = operators();

    private final Graph graph;
    private final List<String> problems = new ArrayList<>();

    private GraphCheck(Graph graph) {
        this.graph = graph;
    }

    /** Every rule that the graph breaks, one line each; empty if it is sound. */
    public static List<String> problems(Graph graph, int opset) {
        var check = new GraphCheck(graph);
        if (opset < FIRST_OPSET || opset > LAST_OPSET) {
            check.problem("opset must be from %s to %s, got %s", FIRST_OPSET, LAST_OPSET, opset);
        }
        check.values();
        graph.nodes().forEach(check::operator);
        return List.copyOf(check.problems);
    }

    private void values() {
        var madeBy = new HashMap<String, String>();
        var used = new HashSet<String>();
        graph.inputs().forEach(input -> define(madeBy, input.name(), "an input"));
        graph.initializers().keySet().forEach(name -> define(madeBy, name, "an initializer"));
        var nodeNames = new HashSet<String>();
        for (var node : graph.nodes()) {
            if (!nodeNames.add(node.name())) {
                problem("two nodes are named \"%s\"", node.name());
            }
            for (var input : node.inputs()) {
                used.add(input);
                if (!madeBy.containsKey(input)) {
                    problem("node \"%s\" takes \"%s\", which nothing before it makes", node.name(), input);
                }
            }
            node.outputs().forEach(output -> define(madeBy, output, "node \"" + node.name() + "\""));
        }
        var outputs = new HashSet<String>();
        for (var output : graph.outputs()) {
            if (!outputs.add(output.name())) {
                problem("two outputs are named \"%s\"", output.name());
            }
            var maker = madeBy.get(output.name());
            if (maker == null || !maker.startsWith("node")) {
                problem(
                        "output \"%s\" must come from a node, but is %s",
                        output.name(), maker == null ? "missing" : maker);
            }
        }
        for (var initializer : graph.initializers().keySet()) {
            if (!used.contains(initializer)) {
                problem("initializer \"%s\" is used by no node", initializer);
            }
        }
        if (graph.inputs().isEmpty()
                || graph.outputs().isEmpty()
                || graph.name().isEmpty()) {
            problem("a graph must have a name, inputs and outputs");
        }
    }

    private void define(Map<String, String> madeBy, String name, String maker) {
        var before = madeBy.put(name, maker);
        if (before != null) {
            problem("the value \"%s\" is made twice: by %s and by %s", name, before, maker);
        }
        if (name.isEmpty()) {
            problem("%s makes a value without a name", maker);
        }
    }

    private void operator(Node node) {
        var operator = OPERATORS.get(node.op());
        if (operator == null) {
            problem("node \"%s\": %s is no operator that this exporter knows", node.name(), node.op());
            return;
        }
        int inputs = node.inputs().size();
        if (inputs < operator.leastInputs()
                || inputs > operator.mostInputs()
                || node.outputs().size() != 1) {
            problem(
                    "node \"%s\": %s takes %s to %s inputs and makes 1 output, got %s and %s",
                    node.name(),
                    node.op(),
                    operator.leastInputs(),
                    operator.mostInputs(),
                    inputs,
                    node.outputs().size());
        }
        node.attributes().forEach((name, attribute) -> {
            var kind = operator.attributes().get(name);
            if (kind == null) {
                problem("node \"%s\": %s must not have the attribute %s", node.name(), node.op(), name);
            } else if (!kind.isInstance(attribute)) {
                problem(
                        "node \"%s\": %s of %s must be %s, got %s",
                        node.name(), name, node.op(), kind.getSimpleName(), attribute);
            }
        });
        for (var name : operator.attributes().keySet()) {
            if (!node.attributes().containsKey(name)) {
                problem("node \"%s\": %s must have the attribute %s", node.name(), node.op(), name);
            }
        }
    }

    private void problem(String problem, Object... received) {
        problems.add(String.format(java.util.Locale.ROOT, problem, received));
    }

    private static Map<String, Operator> operators() {
        var operators = new HashMap<String, Operator>();
        for (var op : List.of("Relu", "Tanh", "Sigmoid", "Neg", "Exp", "Sqrt", "Abs", "Round", "Identity")) {
            operators.put(op, plain(1, 1));
        }
        for (var op : List.of("Add", "Sub", "Mul", "Div", "MatMul", "Reshape", "Unsqueeze", "Squeeze")) {
            operators.put(op, plain(2, 2));
        }
        operators.put("Clip", plain(1, 3));
        operators.put("LeakyRelu", with(1, 1, Map.of("alpha", Attribute.Real.class)));
        operators.put("Transpose", with(1, 1, Map.of("perm", Attribute.Ints.class)));
        operators.put("Cast", with(1, 1, Map.of("to", Attribute.Int.class)));
        operators.put("Concat", with(1, Integer.MAX_VALUE, Map.of("axis", Attribute.Int.class)));
        operators.put("Gather", with(2, 2, Map.of("axis", Attribute.Int.class)));
        operators.put("OneHot", with(3, 3, Map.of("axis", Attribute.Int.class)));
        for (var op : List.of("ArgMin", "ArgMax")) {
            operators.put(op, with(1, 1, Map.of("axis", Attribute.Int.class, "keepdims", Attribute.Int.class)));
        }
        // no auto_pad and no output_shape: consumers read them differently
        var window = Map.<String, Class<?>>of(
                "kernel_shape",
                Attribute.Ints.class,
                "strides",
                Attribute.Ints.class,
                "pads",
                Attribute.Ints.class,
                "dilations",
                Attribute.Ints.class);
        operators.put("Conv", with(2, 3, window));
        operators.put("ConvTranspose", with(2, 3, window));
        return Map.copyOf(operators);
    }

    private static Operator plain(int leastInputs, int mostInputs) {
        return new Operator(leastInputs, mostInputs, Map.of());
    }

    private static Operator with(int leastInputs, int mostInputs, Map<String, Class<?>> attributes) {
        return new Operator(leastInputs, mostInputs, attributes);
    }
}
