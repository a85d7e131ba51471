package smalti.exporter.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Puts a graph together, node by node or from whole graphs; names of values stay unique and are the same every time. */
public final class GraphAssembler {
    private final Names names;
    private final Map<String, Constant> constants = new LinkedHashMap<>();
    private final List<Node> nodes = new ArrayList<>();
    private final Set<String> bound = new HashSet<>();

    public GraphAssembler() {
        this(new Names());
    }

    private GraphAssembler(Names names) {
        this.names = names;
    }

    /** Of a graph that a node of this one runs: no name stands in both. */
    public GraphAssembler inside() {
        return new GraphAssembler(names);
    }

    /** Keeps {@code hint} or a name close to it for a value that is made elsewhere, such as an input. */
    public String reserveNear(String hint) {
        return names.fresh(hint);
    }

    /** Keeps a name for a value that is made elsewhere, such as an input. */
    public String reserve(String name) {
        if (!names.take(name)) {
            throw new IllegalStateException("the value \"" + name + "\" is there already");
        }
        return name;
    }

    /**
     * Adds a node with one output, named {@code hint} or close to it.
     *
     * @return the output's name
     */
    public String node(String hint, String op, List<String> inputs, Map<String, Attribute> attributes) {
        var output = names.fresh(hint);
        nodes.add(Node.of(op, inputs, output, attributes));
        return output;
    }

    /**
     * Adds a node without attributes.
     *
     * @return the output's name
     */
    public String node(String hint, String op, String... inputs) {
        return node(hint, op, List.of(inputs), Map.of());
    }

    /**
     * Adds a node with several outputs.
     *
     * @param hints for the outputs' names; an empty one leaves the output out
     * @return the outputs' names
     */
    public List<String> node(List<String> hints, String op, List<String> inputs, Map<String, Attribute> attributes) {
        var outputs = hints.stream()
                .map(hint -> hint.isEmpty() ? hint : names.fresh(hint))
                .toList();
        nodes.add(Node.of(op, inputs, outputs, attributes));
        return outputs;
    }

    /** Adds a node whose outputs bear names that were reserved. */
    public void nodeInto(List<String> outputs, String op, List<String> inputs, Map<String, Attribute> attributes) {
        bound.addAll(outputs);
        nodes.add(Node.of(op, inputs, outputs, attributes));
    }

    /** Adds a node whose output bears a name that was reserved. */
    public void nodeInto(String output, String op, List<String> inputs, Map<String, Attribute> attributes) {
        nodeInto(List.of(output), op, inputs, attributes);
    }

    /**
     * Gives a value a name that was reserved; what cannot bear it, such as an input or a value that has such a name
     * already, is copied.
     */
    public void bind(String value, String reserved) {
        int maker = nodes.size() - 1;
        while (maker >= 0 && !nodes.get(maker).outputs().contains(value)) {
            maker--;
        }
        if (maker < 0 || bound.contains(value)) {
            nodeInto(reserved, "Identity", List.of(value), Map.of());
        } else {
            for (int i = maker; i < nodes.size(); i++) {
                nodes.set(i, nodes.get(i).renamed(name -> name.equals(value) ? reserved : name));
            }
        }
        bound.add(reserved);
    }

    /**
     * Adds an initializer named {@code hint} or close to it.
     *
     * @return its name
     */
    public String constant(String hint, Constant tensor) {
        var name = names.fresh(hint);
        constants.put(name, tensor);
        return name;
    }

    /**
     * Adds a whole graph.
     *
     * @param prefix stands in front of the names of its values
     * @param inputs the value here that each of its inputs takes
     * @return the value here of each of its outputs
     */
    public Map<String, String> graph(Graph part, String prefix, Map<String, String> inputs) {
        var renames = new HashMap<>(inputs);
        part.initializers().forEach((name, tensor) -> renames.put(name, constant(prefix + name, tensor)));
        for (var node : part.nodes()) {
            node.outputs().forEach(output -> renames.put(output, names.fresh(prefix + output)));
            nodes.add(node.renamed(name -> named(renames, name)));
        }
        var outputs = new LinkedHashMap<String, String>();
        part.outputs().forEach(output -> outputs.put(output.name(), named(renames, output.name())));
        return outputs;
    }

    private static String named(Map<String, String> renames, String name) {
        var renamed = renames.get(name);
        if (renamed == null) {
            throw new IllegalStateException("no value \"" + name + "\" among " + renames.keySet());
        }
        return renamed;
    }

    private boolean isMade(String value) {
        return nodes.stream().anyMatch(node -> node.outputs().contains(value));
    }

    /**
     * The graph so far, without the nodes and initializers that no output needs.
     *
     * @param outputs the value that each output takes; a value of another name is renamed
     */
    public Graph build(String name, List<Value> inputs, Map<Value, String> outputs) {
        var renames = new HashMap<String, String>();
        outputs.forEach((output, value) -> {
            // what is no node's output, or an output already, cannot bear the name
            if (!output.name().equals(value) && (!isMade(value) || renames.put(value, output.name()) != null)) {
                throw new IllegalStateException("the value \"" + value + "\" cannot become " + output.name());
            }
        });
        var needed = new HashSet<>(outputs.values());
        var live = new ArrayList<Node>();
        for (int i = nodes.size() - 1; i >= 0; i--) {
            var node = nodes.get(i);
            if (!Collections.disjoint(node.outputs(), needed)) {
                needed.addAll(node.uses());
                live.add(node.renamed(value -> renames.getOrDefault(value, value)));
            }
        }
        Collections.reverse(live);
        var used = new LinkedHashSet<String>();
        live.forEach(node -> used.addAll(node.uses()));
        var initializers = new LinkedHashMap<String, Constant>();
        for (var value : used) {
            var tensor = constants.get(value);
            if (tensor != null) {
                initializers.put(value, tensor);
            }
        }
        return new Graph(name, inputs, List.copyOf(outputs.keySet()), initializers, live);
    }
}
