package smalti.exporter.lowering;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.GraphAssembler;
import smalti.exporter.graph.Value;
import smalti.exporter.samediff.SourceGraph;
import smalti.exporter.samediff.SourceOp;
import smalti.spec.SpecException;
import smalti.spec.bundle.TensorSpec;

/** All lowerings, by nd4j's name of the operation. */
public final class Lowerings {
    private static final Map<String, Lowering> BY_OP = Stream.of(
                    ActivationLowerings.rows(),
                    ArrangementLowerings.rows(),
                    BitLowerings.rows(),
                    BlockLowerings.rows(),
                    CollectionLowerings.rows(),
                    ColorLowerings.rows(),
                    ConvolutionLowerings.rows(),
                    CountLowerings.rows(),
                    ElementLowerings.rows(),
                    ImageLowerings.rows(),
                    IndexLowerings.rows(),
                    LegacyLowerings.rows(),
                    LossLowerings.rows(),
                    MathLowerings.rows(),
                    MatrixLowerings.rows(),
                    NonlinearityLowerings.rows(),
                    NormalizationLowerings.rows(),
                    PoolingLowerings.rows(),
                    QuantizationLowerings.rows(),
                    RandomLowerings.rows(),
                    RecurrentLowerings.rows(),
                    ReductionLowerings.rows(),
                    ResizeLowerings.rows(),
                    ScatterLowerings.rows(),
                    SelectionLowerings.rows(),
                    ShapeLowerings.rows())
            .flatMap(rows -> rows.entrySet().stream())
            .collect(Collectors.toMap(
                    Map.Entry::getKey,
                    Map.Entry::getValue,
                    (one, other) -> {
                        throw new IllegalStateException("two lowerings of one operation");
                    },
                    TreeMap::new));

    private Lowerings() {}

    /** The operations that have a lowering. */
    public static SortedSet<String> operations() {
        return new TreeSet<>(BY_OP.keySet());
    }

    /** Why an operation has no lowering, where that is known. */
    public static Optional<String> omission(String operation) {
        return BY_OP.containsKey(operation) ? Optional.empty() : Omissions.reason(operation);
    }

    /**
     * Translates a graph.
     *
     * @param ends the graph's inputs and outputs as ONNX has them
     * @throws SpecException listing every node that has no lowering or arguments that its lowering does not cover
     */
    public static Lowered lower(SourceGraph source, Function<TensorSpec, Value> ends, int opset) {
        var builder = new GraphAssembler();
        source.signature().inputs().forEach(input -> builder.reserve(input.name()));
        source.ops().forEach(op -> op.outputs().forEach(builder::reserve));
        var emitter = new Emitter(source, builder, opset);
        var problems = new ArrayList<String>();
        for (var op : source.ops()) {
            var lowering = BY_OP.get(op.op());
            if (lowering == null) {
                problems.add(place(source, op) + " has no lowering: "
                        + Omissions.reason(op.op()).orElse("add one to smalti.exporter.lowering"));
            } else {
                try {
                    lowering.lower(op, emitter);
                } catch (NotCovered e) {
                    problems.add(place(source, op) + " cannot be lowered: " + e.getMessage());
                }
            }
        }
        if (!problems.isEmpty()) {
            throw new SpecException(problems);
        }
        var outputs = new LinkedHashMap<Value, String>();
        source.signature().outputs().forEach(output -> outputs.put(ends.apply(output), output.name()));
        List<Value> inputs = source.signature().inputs().stream().map(ends).toList();
        return new Lowered(builder.build(source.name(), inputs, outputs), List.copyOf(emitter.notes()));
    }

    /** @param notes what a reader of the export should know, a line each */
    public record Lowered(Graph graph, List<String> notes) {}

    private static String place(SourceGraph source, SourceOp op) {
        var shapes = op.inputs().stream()
                .map(input -> String.valueOf(source.values().get(input)))
                .collect(Collectors.joining(", "));
        return source.name() + ": op \"" + op.op() + "\" at node " + op.name() + " (inputs " + shapes + ")";
    }
}
