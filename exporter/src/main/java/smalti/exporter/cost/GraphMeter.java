package smalti.exporter.cost;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Shapes;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Type;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;

/** Measures the graphs of one model, the bodies of nodes with them. */
final class GraphMeter {
    private final int opset;
    private long parameters;
    private long parameterBytes;

    GraphMeter(int opset) {
        this.opset = opset;
    }

    long parameters() {
        return parameters;
    }

    long parameterBytes() {
        return parameterBytes;
    }

    GraphCost measure(Graph graph) {
        return new Sheet(graph, null).measure();
    }

    /** Elements of a constant; beyond 63 bits, the most that those can count. */
    static long elements(Constant constant) {
        long elements = 1;
        for (long dim : constant.dims()) {
            if (dim <= 0) {
                return 0;
            }
            elements = elements > Long.MAX_VALUE / dim ? Long.MAX_VALUE : elements * dim;
        }
        return elements;
    }

    /** As the file holds it, where its type has no fixed width. */
    static long bytes(Constant constant) {
        if (constant instanceof Tensor tensor) {
            return tensor.data().remaining();
        }
        return constant instanceof Constant.Sparse sparse
                ? sparse.encoded().remaining()
                : ((Constant.Other) constant).encoded().remaining();
    }

    private static long plus(long one, long other) {
        return one > Long.MAX_VALUE - other ? Long.MAX_VALUE : one + other;
    }

    /** One graph under the meter. */
    private final class Sheet {
        private final Graph graph;
        private final @Nullable Sheet around;
        private final Shapes shapes;
        private final Map<String, Constant> constants;

        Sheet(Graph graph, @Nullable Sheet around) {
            this.graph = graph;
            this.around = around;
            this.shapes = Shapes.of(graph, opset, around == null ? null : around.shapes);
            this.constants = new HashMap<>(graph.initializers());
            for (var node : graph.nodes()) {
                if (node.is("Constant") && !node.outputs().isEmpty()) {
                    value(node).ifPresent(constant -> constants.put(node.output(), constant));
                }
            }
            constants.values().forEach(constant -> {
                parameters = plus(parameters, GraphMeter.elements(constant));
                parameterBytes = plus(parameterBytes, GraphMeter.bytes(constant));
            });
        }

        private @Nullable Constant constant(String name) {
            var constant = constants.get(name);
            return constant == null && around != null ? around.constant(name) : constant;
        }

        GraphCost measure() {
            var nodes = new ArrayList<NodeCost>();
            var flops = Total.NONE;
            var memory = new Memory();
            for (int i = 0; i < graph.nodes().size(); i++) {
                var node = graph.nodes().get(i);
                var bodies = bodies(node);
                var turns = turns(node, bodies);
                flops = flops.plus(turns.total);
                memory.step(i, node, bodies);
                nodes.add(cost(node, turns.flops, bodies));
            }
            return new GraphCost(graph.name(), nodes, flops, memory.peak(), memory.peakAt, memory.largest);
        }

        private NodeCost cost(Node node, Flops flops, List<GraphCost> bodies) {
            long elements = 0;
            long bytes = 0;
            for (var input : new LinkedHashSet<>(node.inputs())) {
                var constant = constant(input);
                if (constant != null) {
                    elements = plus(elements, GraphMeter.elements(constant));
                    bytes = plus(bytes, GraphMeter.bytes(constant));
                }
            }
            var outputs = node.outputs().stream()
                    .filter(output -> !output.isEmpty())
                    .map(this::cost)
                    .toList();
            return new NodeCost(
                    node.name().isEmpty()
                            ? outputs.isEmpty() ? "" : outputs.get(0).name()
                            : node.name(),
                    node.domain().isEmpty() ? node.op() : node.domain() + "." + node.op(),
                    outputs,
                    elements,
                    bytes,
                    flops,
                    bodies);
        }

        private ValueCost cost(String value) {
            var type = shapes.element(value);
            var shape = shapes.shape(value);
            return new ValueCost(
                    value,
                    type.map(element -> element.name().toLowerCase(Locale.ROOT)).orElse(null),
                    shape.map(axes -> axes.stream().map(Axis::toString).toList())
                            .orElse(null),
                    bytes(value));
        }

        private @Nullable Long bytes(String value) {
            var type = shapes.element(value);
            var shape = shapes.fixedShape(value);
            if (type.isEmpty() || shape.isEmpty() || type.get().bytes() == 0) {
                return null;
            }
            long bytes = type.get().bytes();
            for (long size : shape.get()) {
                if (size == 0) {
                    return 0L;
                }
                if (bytes > Long.MAX_VALUE / size) {
                    return null;
                }
                bytes *= size;
            }
            return bytes;
        }

        private List<GraphCost> bodies(Node node) {
            return node.bodies().stream()
                    .map(body -> new Sheet(bound(node, body), this).measure())
                    .toList();
        }

        /** The body of a Scan with the shapes that its inputs have; other bodies must say themselves. */
        private Graph bound(Node node, Graph body) {
            if (!node.is("Scan") || opset < 9) {
                return body;
            }
            int states = body.inputs().size() - (int) scanned(node, body);
            var axes = node.wholes("scan_input_axes").orElse(List.of());
            var inputs = new ArrayList<Value>();
            for (int i = 0; i < body.inputs().size(); i++) {
                var input = body.inputs().get(i);
                var element = shapes.element(node.input(i));
                var shape = shapes.shape(node.input(i));
                if (element.isPresent() && shape.isPresent()) {
                    var own = new ArrayList<>(shape.get());
                    long axis = i < states || i - states >= axes.size() ? 0 : axes.get(i - states);
                    if (i >= states && !own.isEmpty()) {
                        own.remove((int) Math.floorMod(axis, (long) own.size()));
                    }
                    input = new Value(input.name(), new Type.OfTensor(element.get(), own, input.layout()));
                }
                inputs.add(input);
            }
            return new Graph(
                    body.name(), inputs, body.outputs(), body.initializers(), body.nodes(), body.values(), body.rest());
        }

        private static long scanned(Node node, Graph body) {
            return Math.max(
                    0, Math.min(node.whole("num_scan_inputs", 0), body.inputs().size()));
        }

        private record Turns(Flops flops, Total total) {}

        private Turns turns(Node node, List<GraphCost> bodies) {
            if (bodies.isEmpty()) {
                var flops = FlopRules.of(node, shapes);
                return new Turns(
                        flops,
                        flops instanceof Flops.Counted counted
                                ? new Total(counted.count(), 0)
                                : flops instanceof Flops.Unknown ? Total.NONE.plusUnknown() : Total.NONE);
            }
            if (node.is("If")) {
                return turns(bodies.stream().map(GraphCost::flops).reduce(Total.NONE, Total::or));
            }
            var turns = node.is("Loop")
                    ? loopTurns(node)
                    : node.is("Scan") && opset >= 9 ? scanTurns(node) : Optional.<Long>empty();
            var one = bodies.get(0).flops();
            return turns.map(count -> turns(one.times(count)))
                    .orElseGet(() -> new Turns(
                            new Flops.Unknown("how often the body runs is known only at run time; once is "
                                    + (one.isWhole() ? "" : "at least ") + one.known()),
                            Total.NONE.plusUnknown()));
        }

        private static Turns turns(Total total) {
            return new Turns(
                    total.isWhole()
                            ? new Flops.Counted(total.known())
                            : new Flops.Unknown(total.unknown() + " of the nodes inside are unknown; the others do "
                                    + total.known()),
                    total);
        }

        private Optional<Long> scanTurns(Node node) {
            var body = node.bodies().get(0);
            int first = body.inputs().size() - (int) scanned(node, body);
            var shape = shapes.shape(node.input(first));
            if (scanned(node, body) == 0 || shape.isEmpty() || shape.get().isEmpty()) {
                return Optional.empty();
            }
            long axis = node.wholes("scan_input_axes")
                    .filter(axes -> !axes.isEmpty())
                    .map(axes -> axes.get(0))
                    .orElse(0L);
            var length =
                    shape.get().get((int) Math.floorMod(axis, (long) shape.get().size()));
            return length.isFixed() ? Optional.of(length.size()) : Optional.empty();
        }

        /** Known where the count is and nothing ends the loop before. */
        private Optional<Long> loopTurns(Node node) {
            var body = node.bodies().get(0);
            var most = shapes.longs(node.input(0)).filter(count -> count.size() == 1);
            boolean starts = node.input(1).isEmpty() || isTrue(constant(node.input(1)));
            if (most.isEmpty()
                    || !starts
                    || body.outputs().isEmpty()
                    || body.inputs().size() < 2) {
                return Optional.empty();
            }
            var goesOn = body.outputs().get(0).name();
            var made = new HashMap<String, Node>();
            body.nodes().forEach(inner -> inner.outputs().forEach(output -> made.put(output, inner)));
            var maker = made.get(goesOn);
            var passed = new HashSet<String>();
            while (maker != null && maker.is("Identity") && passed.add(goesOn)) {
                goesOn = maker.input(0);
                maker = made.get(goesOn);
            }
            var fixed = maker != null && maker.is("Constant")
                    ? value(maker).orElse(null)
                    : body.initializers().containsKey(goesOn)
                            ? body.initializers().get(goesOn)
                            : constant(goesOn);
            boolean on = goesOn.equals(body.inputs().get(1).name()) || isTrue(fixed);
            return on ? Optional.of(Math.max(0, most.get().get(0))) : Optional.empty();
        }

        private static boolean isTrue(@Nullable Constant constant) {
            return constant instanceof Tensor tensor
                    && tensor.type() == ValueType.BOOL
                    && tensor.count() == 1
                    && tensor.number(0) != 0;
        }

        /** Which values live, node by node. */
        private final class Memory {
            private final Map<String, Integer> lastUse = new HashMap<>();
            private final Map<Integer, List<String>> ending = new HashMap<>();
            private final Set<String> kept = new HashSet<>();
            private final Map<String, Long> living = new HashMap<>();
            private Total live = Total.NONE;
            private long unknown;
            private long peak = -1;
            private @Nullable String peakAt;
            private @Nullable ValueCost largest;

            Memory() {
                for (int i = 0; i < graph.nodes().size(); i++) {
                    for (var used : graph.nodes().get(i).uses()) {
                        lastUse.put(used, i);
                    }
                }
                lastUse.forEach((value, at) ->
                        ending.computeIfAbsent(at, unseen -> new ArrayList<>()).add(value));
                graph.outputs().forEach(output -> kept.add(output.name()));
                graph.inputs().forEach(input -> {
                    if (!constants.containsKey(input.name())) {
                        kept.add(input.name());
                        begin(input.name());
                    }
                });
                peak = live.known();
            }

            Total peak() {
                return new Total(Math.max(0, peak), unknown);
            }

            private void begin(String value) {
                var bytes = bytes(value);
                if (bytes == null) {
                    unknown++;
                    return;
                }
                living.put(value, bytes);
                live = live.plus(bytes);
                var before = largest == null ? null : largest.bytes();
                if (before == null || bytes > before) {
                    largest = cost(value);
                }
            }

            private void end(String value) {
                var bytes = living.remove(value);
                if (bytes != null) {
                    live = new Total(live.known() - bytes, live.unknown());
                }
            }

            void step(int at, Node node, List<GraphCost> bodies) {
                for (var output : node.outputs()) {
                    if (!output.isEmpty() && !constants.containsKey(output)) {
                        begin(output);
                    }
                }
                var inside = bodies.stream().map(GraphCost::peakBytes).reduce(Total.NONE, Total::or);
                unknown += inside.unknown();
                long now = plus(live.known(), inside.known());
                if (now > peak || peakAt == null) {
                    peak = Math.max(peak, now);
                    peakAt = node.name().isEmpty() ? String.join(", ", node.outputs()) : node.name();
                }
                for (var value : ending.getOrDefault(at, List.of())) {
                    if (!kept.contains(value)) {
                        end(value);
                    }
                }
                for (var output : node.outputs()) {
                    if (!lastUse.containsKey(output) && !kept.contains(output)) {
                        end(output);
                    }
                }
            }
        }
    }

    /** What a Constant node holds. */
    private static Optional<Constant> value(Node node) {
        for (var attribute : node.attributes().values()) {
            if (attribute instanceof Attribute.Array array) {
                return Optional.of(array.value());
            } else if (attribute instanceof Attribute.Int number) {
                return Optional.of(Tensor.of(new long[] {number.value()}));
            } else if (attribute instanceof Attribute.Ints numbers) {
                return Optional.of(Tensor.sizes(numbers.values()));
            } else if (attribute instanceof Attribute.Real number) {
                return Optional.of(Tensor.of(new float[] {number.value()}));
            } else if (attribute instanceof Attribute.Reals numbers) {
                var floats = new float[numbers.values().size()];
                for (int i = 0; i < floats.length; i++) {
                    floats[i] = numbers.values().get(i);
                }
                return Optional.of(Tensor.of(floats, floats.length));
            }
        }
        return Optional.empty();
    }
}
