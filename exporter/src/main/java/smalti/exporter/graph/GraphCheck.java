package smalti.exporter.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/** Holds a graph to ONNX's rules before it is written, independent of how it was made. */
public final class GraphCheck {
    /** The opsets in which each operator below has the form that is checked here. */
    public static final int FIRST_OPSET = 13;

    public static final int LAST_OPSET = 22;

    /** Consumers read ONNX's own padding modes differently: sizes are written out. */
    private static final Map<String, List<String>> WRITTEN_OUT = Map.of(
            "Conv", List.of("kernel_shape", "strides", "pads", "dilations"),
            "ConvTranspose", List.of("kernel_shape", "strides", "pads", "dilations"),
            "MaxPool", List.of("kernel_shape", "strides", "pads"),
            "AveragePool", List.of("kernel_shape", "strides", "pads"));

    private static final List<String> UNEVEN = List.of("auto_pad", "output_shape");

    private final int opset;
    private final Graph graph;
    private final List<String> problems = new ArrayList<>();

    private GraphCheck(Graph graph, int opset) {
        this.graph = graph;
        this.opset = opset;
    }

    /** Every rule that the graph breaks, one line each; empty if it is sound. */
    public static List<String> problems(Graph graph, int opset) {
        var check = new GraphCheck(graph, opset);
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
            for (var input : node.uses()) {
                used.add(input);
                if (!madeBy.containsKey(input)) {
                    problem("node \"%s\" takes \"%s\", which nothing before it makes", node.name(), input);
                }
            }
            if (node.outputs().stream().allMatch(String::isEmpty)) {
                problem("node \"%s\" makes no value", node.name());
            }
            node.outputs().stream()
                    .filter(output -> !output.isEmpty())
                    .forEach(output -> define(madeBy, output, "node \"" + node.name() + "\""));
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
        if (graph.outputs().isEmpty() || graph.name().isEmpty()) {
            problem("a graph must have a name and outputs");
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
        var found = Operators.find(node.op(), opset);
        if (!node.domain().isEmpty() || found.isEmpty()) {
            problem(
                    "node \"%s\": %s is no operator of opset %s",
                    node.name(), (node.domain().isEmpty() ? "" : node.domain() + ".") + node.op(), opset);
            return;
        }
        var operator = found.get();
        counts(node, "takes", "inputs", node.inputs().size(), operator.leastInputs(), operator.mostInputs());
        counts(node, "makes", "outputs", node.outputs().size(), operator.leastOutputs(), operator.mostOutputs());
        node.attributes().forEach((name, attribute) -> {
            var kind = operator.attributes().get(name);
            if (kind == null || UNEVEN.contains(name)) {
                problem("node \"%s\": %s must not have the attribute %s", node.name(), node.op(), name);
            } else if (kind != Operators.kind(attribute)) {
                problem("node \"%s\": %s of %s is of the wrong kind: %s", node.name(), name, node.op(), attribute);
            }
        });
        var required = new TreeSet<>(operator.required());
        required.addAll(WRITTEN_OUT.getOrDefault(node.op(), List.of()));
        required.removeAll(node.attributes().keySet());
        for (var name : required) {
            problem("node \"%s\": %s must have the attribute %s", node.name(), node.op(), name);
        }
    }

    private void counts(Node node, String does, String what, int count, int least, int most) {
        if (count < least || count > most) {
            problem(
                    "node \"%s\": %s %s %s to %s %s, got %s",
                    node.name(),
                    node.op(),
                    does,
                    least,
                    most == Integer.MAX_VALUE ? "any number of" : most,
                    what,
                    count);
        }
    }

    private void problem(String problem, Object... received) {
        problems.add(String.format(Locale.ROOT, problem, received));
    }
}
