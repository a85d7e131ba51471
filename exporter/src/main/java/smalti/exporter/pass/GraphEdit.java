package smalti.exporter.pass;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Names;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Shapes;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.onnx.Annotations;

/** A graph under change: who makes and who takes each value, and the few ways to change that. */
final class GraphEdit {
    private final Model model;
    private final Graph original;
    private final @Nullable GraphEdit around;
    private final Shapes shapes;
    private final Names names;
    private final Set<String> inputs = new HashSet<>();
    private final Set<String> outputs = new HashSet<>();
    /** Before the first node; its next is the first. */
    private final Place front = new Place();

    private final Map<String, Place> places = new HashMap<>();
    private final Set<String> nodeNames = new HashSet<>();
    private final Set<String> definedInside = new HashSet<>();
    /** How often each node takes a value. */
    private final Map<String, Map<Place, Integer>> users = new HashMap<>();

    private final Map<String, Constant> initializers;

    private boolean changed;

    /** Where a node stands: nodes come and go in the midst of very many, so they are linked. */
    private static final class Place {
        private @Nullable Node node;
        private Place before = this;
        private Place next = this;
    }

    GraphEdit(Model model) {
        this(model, model.graph(), null, Names.of(model.graph()));
    }

    /** The body of a node of another graph. */
    GraphEdit(GraphEdit around, Graph body) {
        this(around.model, body, around, around.names);
    }

    private GraphEdit(Model model, Graph graph, @Nullable GraphEdit around, Names names) {
        this.model = model;
        this.original = graph;
        this.around = around;
        this.names = names;
        this.shapes = Shapes.of(graph, model.opset(), around == null ? null : around.shapes);
        for (var node : graph.nodes()) {
            insert(node, front.before);
            node.bodies().forEach(body -> definitions(body, definedInside));
        }
        this.initializers = new LinkedHashMap<>(graph.initializers());
        graph.inputs().forEach(input -> inputs.add(input.name()));
        graph.outputs().forEach(output -> outputs.add(output.name()));
        outputs.addAll(Annotations.quantization(graph));
        if (around == null) {
            // as if callers gave what training changes, and took what it reads
            var trained = Annotations.trained(model);
            outputs.addAll(trained);
            trained.stream().filter(initializers::containsKey).forEach(inputs::add);
        }
    }

    /** The values that a body makes, and those of bodies inside it. */
    private static void definitions(Graph body, Set<String> names) {
        body.inputs().forEach(input -> names.add(input.name()));
        names.addAll(body.initializers().keySet());
        for (var node : body.nodes()) {
            names.addAll(node.outputs());
            node.bodies().forEach(inner -> definitions(inner, names));
        }
    }

    int opset() {
        return model.opset();
    }

    Model model() {
        return model;
    }

    /** What was known before the pass; names keep their meaning, so it holds still. */
    Shapes shapes() {
        return shapes;
    }

    boolean isChanged() {
        return changed;
    }

    /** The nodes as they are now; a copy, so that a pass may change the graph as it walks. */
    List<Node> nodes() {
        var nodes = new ArrayList<Node>();
        for (var place = front.next; place.node != null; place = place.next) {
            nodes.add(place.node);
        }
        return nodes;
    }

    Map<String, Constant> initializers() {
        return new LinkedHashMap<>(initializers);
    }

    /** @return where it stands now */
    private Place insert(Node node, Place before) {
        var place = new Place();
        place.before = before;
        place.next = before.next;
        before.next.before = place;
        before.next = place;
        fill(place, node);
        return place;
    }

    private void fill(Place place, Node node) {
        place.node = node;
        nodeNames.add(node.name());
        for (var output : node.outputs()) {
            if (!output.isEmpty()) {
                places.put(output, place);
            }
        }
        for (var value : taken(node)) {
            users.computeIfAbsent(value, unseen -> new LinkedHashMap<>()).merge(place, 1, Integer::sum);
        }
    }

    private void empty(Place place, Node node) {
        nodeNames.remove(node.name());
        node.outputs().forEach(places::remove);
        for (var value : taken(node)) {
            var others = users.get(value);
            if (others != null) {
                others.remove(place);
            }
        }
    }

    private Place place(Node node) {
        for (var output : node.outputs()) {
            var place = places.get(output);
            if (place != null) {
                return place;
            }
        }
        // of a node that makes nothing
        for (var place = front.next; place.node != null; place = place.next) {
            if (place.node.equals(node)) {
                return place;
            }
        }
        throw new IllegalStateException("the graph has no node " + node.name());
    }

    /** The values that a node takes, each as often as it does. */
    private static List<String> taken(Node node) {
        var taken = new ArrayList<>(node.inputs());
        node.bodies().forEach(body -> taken.addAll(body.captured()));
        return taken;
    }

    /** The node of this graph that makes a value; null of inputs, initializers and values from around. */
    @Nullable
    Node maker(String value) {
        var place = places.get(value);
        return place == null ? null : place.node;
    }

    /** The node that makes a value, if it is of that operator of ONNX's own. */
    @Nullable
    Node maker(String value, String op) {
        var maker = maker(value);
        return maker != null && maker.is(op) ? maker : null;
    }

    /** The nodes that take a value, each as often as it does; bodies that do count for their node. */
    List<Node> users(String value) {
        var all = new ArrayList<Node>();
        users.getOrDefault(value, Map.of()).forEach((place, times) -> {
            if (place.node != null) {
                all.addAll(Collections.nCopies(times, place.node));
            }
        });
        return all;
    }

    boolean isOutput(String value) {
        return outputs.contains(value);
    }

    boolean isUsed(String value) {
        return isOutput(value) || !users.getOrDefault(value, Map.of()).isEmpty();
    }

    /** Whether one place alone takes the value. */
    boolean isUsedOnce(String value) {
        var taken = users.getOrDefault(value, Map.of());
        return !isOutput(value)
                && taken.size() == 1
                && taken.values().iterator().next() == 1;
    }

    /** Whether the node makes no value that anyone takes, but the first. */
    boolean onlyFirstUsed(Node node) {
        return node.outputs().stream().skip(1).noneMatch(output -> !output.isEmpty() && isUsed(output));
    }

    private boolean isMadeHere(String value) {
        return inputs.contains(value) || initializers.containsKey(value) || maker(value) != null;
    }

    /** A constant that no caller can override. */
    @Nullable
    Constant anyConstant(String value) {
        if (!isMadeHere(value)) {
            return around == null || value.isEmpty() ? null : around.anyConstant(value);
        }
        if (inputs.contains(value)) {
            return null;
        }
        var maker = maker(value, "Constant");
        return maker == null ? initializers.get(value) : ofNode(maker);
    }

    @Nullable
    Tensor constant(String value) {
        return anyConstant(value) instanceof Tensor tensor ? tensor : null;
    }

    /** What a Constant node holds; null of strings and sparse tensors in forms of their own. */
    static @Nullable Constant ofNode(Node constant) {
        for (var attribute : constant.attributes().values()) {
            if (attribute instanceof Attribute.Array array) {
                return array.value();
            } else if (attribute instanceof Attribute.Int number) {
                return Tensor.of(new long[] {number.value()});
            } else if (attribute instanceof Attribute.Ints numbers) {
                return Tensor.sizes(numbers.values());
            } else if (attribute instanceof Attribute.Real number) {
                return Tensor.of(new float[] {number.value()});
            } else if (attribute instanceof Attribute.Reals numbers) {
                var floats = new float[numbers.values().size()];
                for (int i = 0; i < floats.length; i++) {
                    floats[i] = numbers.values().get(i);
                }
                return Tensor.of(floats, floats.length);
            }
        }
        return null;
    }

    /** {@code hint} if it is free, else {@code hint_2}, {@code hint_3}, … */
    String fresh(String hint) {
        return names.fresh(hint);
    }

    /** Adds a constant; as a node where the format of the file knows no initializer that is not an input. */
    String add(String hint, Tensor tensor) {
        var name = fresh(hint);
        place(name, tensor);
        return name;
    }

    /** Makes a constant under a name that nothing makes any more. */
    void place(String name, Constant constant) {
        if (model.allowsPlainInitializers()) {
            initializers.put(name, constant);
        } else {
            insert(Node.of("Constant", List.of(), name, Map.of("value", new Attribute.Array(constant))), front);
        }
        changed = true;
    }

    /** Puts constants in the place of a node; an output of the graph is made by a Constant node. */
    void place(Node node, Map<String, Tensor> constants) {
        var made = new ArrayList<Node>();
        var free = new ArrayList<String>();
        for (var output : node.outputs()) {
            var constant = constants.get(output);
            if (constant != null && isOutput(output)) {
                made.add(Node.of("Constant", List.of(), output, Map.of("value", new Attribute.Array(constant))));
            } else if (constant != null) {
                free.add(output);
            }
        }
        replace(node, made.toArray(Node[]::new));
        free.forEach(output -> place(output, Objects.requireNonNull(constants.get(output))));
    }

    /** Puts nodes in the place of one; what they take must be made before it. */
    void replace(Node old, Node... others) {
        var place = place(old);
        empty(place, old);
        place.before.next = place.next;
        place.next.before = place.before;
        var last = place.before;
        for (var other : others) {
            last = insert(withNameOfItsOwn(other), last);
        }
        changed = true;
    }

    private Node withNameOfItsOwn(Node node) {
        if (node.name().isEmpty() || !nodeNames.contains(node.name())) {
            return node;
        }
        String name;
        do {
            // names that came with other nodes are free as names of values
            name = fresh(node.name());
        } while (nodeNames.contains(name));
        return new Node(name, node.domain(), node.op(), node.inputs(), node.outputs(), node.attributes());
    }

    void remove(Node node) {
        replace(node);
    }

    void removeInitializer(String name) {
        initializers.remove(name);
        changed = true;
    }

    /** Removes a constant that nobody takes any more: several of a large one would fill the memory. */
    void removeUnused(String initializer) {
        if (isPlainInitializer(initializer) && !isUsed(initializer)) {
            removeInitializer(initializer);
        }
    }

    /** Whether every initializer of that name is a constant of this graph alone, and not an input too. */
    boolean isPlainInitializer(String name) {
        return initializers.containsKey(name) && !inputs.contains(name);
    }

    /** Shows each node as it is when its turn comes; those that are gone by then are left out. */
    void each(Consumer<Node> rewrite) {
        for (var node : nodes()) {
            node.outputs().stream()
                    .filter(output -> !output.isEmpty())
                    .findFirst()
                    .ifPresent(output -> {
                        var current = maker(output);
                        if (current != null) {
                            rewrite.accept(current);
                        }
                    });
        }
    }

    /**
     * Removes a node whose first output always equals another value, made before it; no one takes its other outputs.
     *
     * @return false if names do not allow it: both are outputs, say
     */
    boolean bypass(Node node, String same) {
        var value = node.output();
        if (!isOutput(value)) {
            return bypass(node, List.of(same));
        }
        var maker = maker(same);
        if (maker == null || isOutput(same) || isDefinedInside(value)) {
            return false;
        }
        // the output keeps its name: the node that made the other takes it
        remove(node);
        renameUses(same, value);
        swap(maker, maker.withOutputs(renamed(maker.outputs(), same, value)));
        return true;
    }

    /**
     * Removes a node whose outputs always equal other values, made before it.
     *
     * @return false if names do not allow it
     */
    boolean bypass(Node node, List<String> same) {
        for (int i = 0; i < same.size(); i++) {
            if (isOutput(node.outputs().get(i)) || isDefinedInside(same.get(i))) {
                return false;
            }
        }
        remove(node);
        for (int i = 0; i < same.size(); i++) {
            if (!node.outputs().get(i).isEmpty()) {
                renameUses(node.outputs().get(i), same.get(i));
            }
        }
        return true;
    }

    /** Lets all that take a constant take an equal one; the first is then unused, unless names do not allow it. */
    void redirect(String constant, String same) {
        if (!isOutput(constant) && isUsed(constant) && !isDefinedInside(same)) {
            renameUses(constant, same);
        }
    }

    private void swap(Node old, Node other) {
        var place = place(old);
        empty(place, old);
        fill(place, other);
        changed = true;
    }

    private static List<String> renamed(List<String> names, String from, String to) {
        return names.stream().map(name -> name.equals(from) ? to : name).toList();
    }

    private void renameUses(String from, String to) {
        for (var place : List.copyOf(users.getOrDefault(from, Map.of()).keySet())) {
            var user = Objects.requireNonNull(place.node);
            swap(user, renamedUses(user, from, to));
        }
    }

    private static Node renamedUses(Node node, String from, String to) {
        UnaryOperator<String> rename = name -> name.equals(from) ? to : name;
        var attributes = new TreeMap<>(node.attributes());
        attributes.replaceAll((name, attribute) -> attribute instanceof Attribute.Body body
                        && body.value().captured().contains(from)
                ? new Attribute.Body(renamedUses(body.value(), from, to))
                : attribute);
        return node.withInputs(node.inputs().stream().map(rename).toList()).withAttributes(attributes);
    }

    private static Graph renamedUses(Graph body, String from, String to) {
        var renamed =
                body.nodes().stream().map(node -> renamedUses(node, from, to)).toList();
        var ends = body.outputs().stream()
                .map(output -> output.name().equals(from) ? new Value(to, output.type()) : output)
                .toList();
        return new Graph(body.name(), body.inputs(), ends, body.initializers(), renamed, body.values(), body.rest());
    }

    /** Whether a body makes a value of that name, which would hide this graph's. */
    private boolean isDefinedInside(String name) {
        return definedInside.contains(name);
    }

    /** The graph as it is now. */
    Graph graph() {
        return original.with(initializers, nodes());
    }
}
