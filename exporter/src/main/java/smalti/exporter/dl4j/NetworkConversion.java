package smalti.exporter.dl4j;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.graph.FrozenVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import smalti.spec.SpecException;

/** Builds one network's inference graph, layer by layer, and collects what cannot be built. */
final class NetworkConversion {
    private final SameDiff graph = SameDiff.create();
    private final String name;
    private final DataType type;
    private final Map<String, List<Long>> shapes;
    /** By the name of what made it; without a signal where that could not be built. */
    private final Map<String, Optional<LayerValue>> signals = new HashMap<>();

    private final List<String> problems = new ArrayList<>();

    private NetworkConversion(String name, DataType type, Map<String, List<Long>> shapes) {
        this.name = name;
        this.type = type;
        this.shapes = shapes;
    }

    /**
     * What was built.
     *
     * @param inputs placeholders
     * @param outputs variables
     */
    record Converted(SameDiff graph, List<String> inputs, List<String> outputs) {}

    /** @param shapes of inputs, as far as they are given; that of the only input stands under {@link Dl4jNetworks#INPUT} */
    static Converted convert(MultiLayerNetwork network, String name, Map<String, List<Long>> shapes) {
        var configuration = network.getLayerWiseConfigurations();
        var conversion = new NetworkConversion(name, configuration.getDataType(), shapes);
        conversion.checkNames(shapes, List.of(Dl4jNetworks.INPUT));
        var layers = network.getLayers();
        var first = configuration.getConf(0).getLayer();
        conversion.input(Dl4jNetworks.INPUT, List.of(new Taker(configuration.getInputPreProcess(0), first)));
        var last = Dl4jNetworks.INPUT;
        var names = new HashSet<>(Set.of(Dl4jNetworks.INPUT));
        for (int i = 0; i < layers.length; i++) {
            var layer = configuration.getConf(i).getLayer(); // the layer itself tells what it wraps
            var preprocessor = configuration.getInputPreProcess(i);
            var given = layer.getLayerName() == null ? "layer" + i : layer.getLayerName();
            var called = names.add(given) ? given : given + "-" + i;
            names.add(called);
            var in = List.of(last);
            conversion.build(
                    called,
                    layer.getClass(),
                    LayerConversions.types(),
                    in,
                    network.getLayer(i).paramTable(),
                    (signals, site) -> {
                        var x = signals.get(0);
                        return LayerConversions.convert(
                                layer, preprocessor == null ? x : Preprocessors.convert(preprocessor, x, site), site);
                    });
            last = called;
        }
        conversion.output(last, Dl4jNetworks.OUTPUT);
        return conversion.done(List.of(Dl4jNetworks.INPUT), List.of(Dl4jNetworks.OUTPUT));
    }

    static Converted convert(ComputationGraph network, String name, Map<String, List<Long>> shapes) {
        var configuration = network.getConfiguration();
        var conversion = new NetworkConversion(name, configuration.getDataType(), shapes);
        conversion.checkNames(shapes, configuration.getNetworkInputs());
        for (var input : configuration.getNetworkInputs()) {
            conversion.input(input, takers(configuration, input));
        }
        for (int index : network.topologicalSortOrder()) {
            var vertex = network.getVertices()[index];
            var kind = configuration.getVertices().get(vertex.getVertexName());
            if (kind != null) {
                var in = configuration.getVertexInputs().get(vertex.getVertexName());
                var layer = layer(kind);
                conversion.build(
                        vertex.getVertexName(),
                        layer == null ? kind.getClass() : layer.getClass(),
                        layer == null ? Vertices.types() : LayerConversions.types(),
                        in == null ? List.of() : in,
                        vertex.paramTable(false),
                        (signals, site) -> Vertices.convert(kind, signals, site));
            }
        }
        for (var output : configuration.getNetworkOutputs()) {
            conversion.output(output, output);
        }
        return conversion.done(configuration.getNetworkInputs(), configuration.getNetworkOutputs());
    }

    private static @Nullable Layer layer(GraphVertex vertex) {
        if (vertex instanceof FrozenVertex frozen) {
            return layer(frozen.getUnderlying());
        }
        return vertex instanceof LayerVertex layered ? layered.getLayerConf().getLayer() : null;
    }

    /** A layer that an input goes into, and what stands before it. */
    private record Taker(@Nullable InputPreProcessor preprocessor, Layer layer) {
        Optional<List<Long>> needed() {
            return preprocessor == null ? InputShapes.needed(layer) : InputShapes.needed(preprocessor);
        }
    }

    private static List<Taker> takers(ComputationGraphConfiguration configuration, String input) {
        var takers = new ArrayList<Taker>();
        configuration.getVertexInputs().forEach((vertex, inputs) -> {
            var taker = configuration.getVertices().get(vertex);
            var layer = taker == null ? null : layer(taker);
            if (inputs.contains(input) && layer != null) {
                takers.add(new Taker(taker instanceof LayerVertex direct ? direct.getPreProcessor() : null, layer));
            }
        });
        return takers;
    }

    private void checkNames(Map<String, List<Long>> given, List<String> inputs) {
        given.forEach((input, shape) -> {
            if (!inputs.contains(input)) {
                problem("shape of \"%s\": must be that of one of the inputs %s", input, inputs);
            } else if (shape.size() < 2
                    || shape.size() > 5
                    || shape.stream().anyMatch(size -> size == 0 || size < -1 || size > Integer.MAX_VALUE)) {
                problem(
                        "shape of \"%s\": must be 2 to 5 sizes, each positive or -1 where it is free, got %s",
                        input, shape);
            }
        });
        stopIfBroken();
    }

    private void input(String input, List<Taker> takers) {
        boolean indices =
                !takers.isEmpty() && takers.stream().allMatch(taker -> InputShapes.takesIndices(taker.layer()));
        var needed = takers.stream().flatMap(taker -> taker.needed().stream()).findFirst();
        var given = Optional.ofNullable(shapes.get(input));
        // DL4J describes indices by how many there are to choose from
        var shape = indices ? needed.map(own -> InputShapes.ofIndices(own, given)) : given.or(() -> needed);
        if (shape.isEmpty()) {
            problem("input \"%s\": its shape must be given, as no layer tells it; give an InputType", input);
            signals.put(input, Optional.empty());
            return;
        }
        var sizes = shape.get();
        var x = graph.placeHolder(
                input,
                indices ? DataType.INT64 : type,
                sizes.stream().mapToLong(Long::longValue).toArray());
        boolean sized = sizes.subList(1, sizes.size()).stream().allMatch(size -> size > 0);
        signals.put(input, Optional.of(LayerValue.of(x, sizes.size(), time(sizes, takers), sized)));
    }

    /** The steps of a series: the size that is not its features'. */
    private static long time(List<Long> sizes, List<Taker> takers) {
        if (takers.stream().anyMatch(taker -> InputShapes.takesIndices(taker.layer()))) {
            return Math.max(sizes.get(sizes.size() - 1), 0);
        }
        if (sizes.size() != 3) {
            return 0;
        }
        boolean last = takers.stream()
                .flatMap(taker -> taker.needed().stream())
                .anyMatch(needed -> needed.size() == 3 && needed.get(1) == -1);
        return Math.max(sizes.get(last ? 1 : 2), 0);
    }

    /** What a layer or vertex makes of its inputs. */
    @FunctionalInterface
    private interface Construction {
        LayerValue apply(List<LayerValue> in, LayerPlace site);
    }

    @SuppressWarnings("try") // the scope is what is wanted
    private void build(
            String called,
            Class<?> kind,
            Set<? extends Class<?>> covered,
            List<String> in,
            @Nullable Map<String, INDArray> parameters,
            Construction construction) {
        var place = String.format("layer \"%s\" (%s)", called, kind.getSimpleName());
        var arriving = new ArrayList<LayerValue>();
        for (var maker : in) {
            signals.getOrDefault(maker, Optional.empty()).ifPresent(arriving::add);
        }
        signals.put(called, Optional.empty());
        if (arriving.size() < in.size()) {
            // what comes before is refused already: of this one the kind alone can be told
            if (!covered.contains(kind)) {
                problem("%s: %s", place, whyNot(kind));
            }
            return;
        }
        try (var scope = graph.withNameScope(called)) {
            var site = new LayerPlace(graph, called, parameters == null ? Map.of() : parameters);
            signals.put(called, Optional.of(construction.apply(arriving, site)));
        } catch (NotCovered e) {
            problem("%s: %s", place, String.valueOf(e.getMessage()));
        }
    }

    private static String whyNot(Class<?> kind) {
        return Layer.class.isAssignableFrom(kind) ? LayerConversions.whyNot(kind) : Vertices.whyNot(kind);
    }

    private void output(String maker, String output) {
        var signal = signals.getOrDefault(maker, Optional.empty());
        if (signal.isEmpty()) {
            return;
        }
        if (signal.get().rows()) {
            problem("output \"%s\": must not be the rows of series; end the network in RnnOutputLayer", output);
            return;
        }
        var x = signal.get().x();
        boolean own = x.getVariableType() == VariableType.ARRAY
                && signals.values().stream()
                                .flatMap(Optional::stream)
                                .filter(other -> other.x().name().equals(x.name()))
                                .count()
                        == 1;
        if (own) {
            x.rename(output);
        } else {
            graph.identity(output, x);
        }
    }

    private Converted done(List<String> inputs, List<String> outputs) {
        stopIfBroken();
        return new Converted(graph, List.copyOf(inputs), List.copyOf(outputs));
    }

    private void problem(String problem, Object... received) {
        problems.add(name + ": " + String.format(java.util.Locale.ROOT, problem, received));
    }

    private void stopIfBroken() {
        if (!problems.isEmpty()) {
            throw new SpecException(problems);
        }
    }
}
