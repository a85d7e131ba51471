package smalti.exporter.bundle;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.GraphAssembler;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Role;

/** Makes the graphs that take or give uint8 pixels out of those that a run folder holds, by role. */
final class Stitcher {
    private static final String PIXELS = "pixels";

    private final Contract.Pixels contract;

    Stitcher(Contract.Pixels contract) {
        this.contract = contract;
    }

    /**
     * pixels [N,H,W,C] uint8 → codes [N,h,w].
     *
     * @param withLatents gives the latents besides, for the proof
     */
    Graph tokenize(Map<Role, Graph> graphs, boolean withLatents) {
        var encoder = of(graphs, Role.ENCODER);
        var codebook = of(graphs, Role.CODEBOOK);
        var builder = new GraphAssembler();
        var pixels = pixels(encoder.inputs().get(0));
        builder.reserve(PIXELS);
        var image = toImage(builder);
        var latents = builder.graph(
                        encoder, "encoder/", Map.of(encoder.inputs().get(0).name(), image))
                .values()
                .iterator()
                .next();
        var quantized = builder.graph(
                codebook, "codebook/", Map.of(codebook.inputs().get(0).name(), latents));
        var outputs = new LinkedHashMap<Value, String>();
        var codes = codebook.outputs().get(0);
        outputs.put(codes, name(quantized, codes));
        if (withLatents) {
            outputs.put(encoder.outputs().get(0), latents);
        }
        return builder.build(Role.TOKENIZE.fileStem(), List.of(pixels), outputs);
    }

    /** codes [N,h,w] → pixels [N,H,W,C] uint8. */
    Graph detokenize(Map<Role, Graph> graphs) {
        var lookup = of(graphs, Role.LOOKUP);
        var decoder = of(graphs, Role.DECODER);
        var builder = new GraphAssembler();
        var codes = lookup.inputs().get(0);
        builder.reserve(codes.name());
        var quantized = builder.graph(lookup, "lookup/", Map.of(codes.name(), codes.name()));
        var image = builder.graph(
                decoder,
                "decoder/",
                Map.of(
                        decoder.inputs().get(0).name(),
                        name(quantized, lookup.outputs().get(0))));
        var output = decoder.outputs().get(0);
        return builder.build(
                Role.DETOKENIZE.fileStem(),
                List.of(codes),
                Map.of(pixels(output), toPixels(builder, name(image, output))));
    }

    /** noise (and class) → pixels [N,H,W,C] uint8. */
    Graph generator(Map<Role, Graph> graphs) {
        var generator = of(graphs, Role.GENERATOR);
        var builder = new GraphAssembler();
        var inputs = new LinkedHashMap<String, String>();
        generator.inputs().forEach(input -> inputs.put(input.name(), builder.reserve(input.name())));
        var image = builder.graph(generator, "generator/", inputs);
        var output = generator.outputs().get(0);
        return builder.build(
                Role.GENERATOR.fileStem(),
                generator.inputs(),
                Map.of(pixels(output), toPixels(builder, name(image, output))));
    }

    /** pixels [N,H,W,C] uint8 (and class) → mean and logVariance [N,D]. */
    Graph posterior(Map<Role, Graph> graphs) {
        var posterior = of(graphs, Role.POSTERIOR);
        var builder = new GraphAssembler();
        var ends = new ArrayList<Value>();
        var inputs = new LinkedHashMap<String, String>();
        for (var input : posterior.inputs()) {
            boolean isImage = input.layout() != Value.Layout.PLAIN;
            ends.add(isImage ? pixels(input) : input);
            builder.reserve(isImage ? PIXELS : input.name());
        }
        for (var input : posterior.inputs()) {
            inputs.put(input.name(), input.layout() != Value.Layout.PLAIN ? toImage(builder) : input.name());
        }
        var given = builder.graph(posterior, "posterior/", inputs);
        var outputs = new LinkedHashMap<Value, String>();
        posterior.outputs().forEach(output -> outputs.put(output, name(given, output)));
        return builder.build(Role.POSTERIOR.fileStem(), ends, outputs);
    }

    /** y = lo + (hi − lo)·p/255. */
    private String toImage(GraphAssembler builder) {
        var floats = builder.node(
                "floats", "Cast", List.of(PIXELS), Map.of("to", Attribute.of((long) ValueType.FLOAT32.onnxCode())));
        var transposed = builder.node(
                "channels-first", "Transpose", List.of(floats), Map.of("perm", Attribute.ints(0, 3, 1, 2)));
        var scaled = builder.node(
                "scaled", "Mul", transposed, scalar(builder, "scale", (contract.hi() - contract.lo()) / 255));
        return contract.lo() == 0 ? scaled : builder.node("image", "Add", scaled, scalar(builder, "lo", contract.lo()));
    }

    /** p = clip(round(255·(y − lo)/(hi − lo)), 0, 255): Cast alone would truncate, and wrap around beyond 255. */
    private String toPixels(GraphAssembler builder, String image) {
        var shifted = contract.lo() == 0
                ? image
                : builder.node("shifted", "Sub", image, scalar(builder, "lo", contract.lo()));
        var scaled =
                builder.node("scaled", "Mul", shifted, scalar(builder, "scale", 255 / (contract.hi() - contract.lo())));
        var rounded = builder.node("rounded", "Round", scaled);
        var clipped =
                builder.node("clipped", "Clip", rounded, scalar(builder, "black", 0), scalar(builder, "white", 255));
        var levels = builder.node(
                "levels", "Cast", List.of(clipped), Map.of("to", Attribute.of((long) ValueType.UINT8.onnxCode())));
        return builder.node("channels-last", "Transpose", List.of(levels), Map.of("perm", Attribute.ints(0, 2, 3, 1)));
    }

    private static String scalar(GraphAssembler builder, String name, double value) {
        return builder.constant(name, Tensor.scalar(ValueType.FLOAT32, value));
    }

    /** The uint8 face [N,H,W,C] of an image [N,C,H,W]. */
    private static Value pixels(Value image) {
        List<Axis> axes = image.shape();
        return new Value(
                PIXELS,
                ValueType.UINT8,
                List.of(axes.get(0), axes.get(2), axes.get(3), axes.get(1)),
                Value.Layout.NHWC);
    }

    /** noise (and class) → image [N,C,H,W]. */
    Graph generatorFloat(Map<Role, Graph> graphs) {
        var graph = of(graphs, Role.GENERATOR);
        return new Graph(
                Role.GENERATOR_FLOAT.fileStem(), graph.inputs(), graph.outputs(), graph.initializers(), graph.nodes());
    }

    private static Graph of(Map<Role, Graph> graphs, Role role) {
        var graph = graphs.get(role);
        if (graph == null) {
            throw new IllegalStateException("no graph for " + role);
        }
        return graph;
    }

    private static String name(Map<String, String> outputs, Value output) {
        var name = outputs.get(output.name());
        if (name == null) {
            throw new IllegalStateException("no output " + output.name());
        }
        return name;
    }
}
