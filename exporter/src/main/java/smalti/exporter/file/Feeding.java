package smalti.exporter.file;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Names;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Type;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxWriter;
import smalti.spec.onnx.OnnxFile;
import smalti.spec.onnx.OnnxType;

/**
 * Models whose inputs ONNX Runtime's Java API can feed: sequences and optional values, which it cannot, are made of tensors
 * inside; never in a file that is kept.
 */
final class Feeding {
    /** More than one tells the order. */
    private static final int ITEMS = 2;

    private final Names names;
    private final List<Value> inputs = new ArrayList<>();
    private final List<Node> nodes = new ArrayList<>();

    private Feeding(Names names) {
        this.names = names;
    }

    /** The very same model where nothing needs to be made. */
    static Model of(Model model) {
        var graph = model.graph();
        if (graph.inputs().stream().noneMatch(Feeding::isOfTensors)) {
            return model;
        }
        var alone = new Graph("inputs", graph.inputs(), List.of(), Map.of(), List.of());
        var file = OnnxFile.read(OnnxWriter.bytes(model.with(alone)), "inputs");
        var feeding = new Feeding(Names.of(graph));
        for (int i = 0; i < graph.inputs().size(); i++) {
            var input = graph.inputs().get(i);
            var made = isOfTensors(input)
                    ? feeding.made(
                            input.name(),
                            input.name(),
                            file.graph().inputs().get(i).type())
                    : null;
            if (made == null) {
                feeding.inputs.add(input);
            }
        }
        if (feeding.nodes.isEmpty()) {
            return model;
        }
        feeding.nodes.addAll(graph.nodes());
        return model.with(new Graph(
                graph.name(),
                feeding.inputs,
                graph.outputs(),
                graph.initializers(),
                feeding.nodes,
                graph.values(),
                graph.rest()));
    }

    private static boolean isOfTensors(Value input) {
        return input.type() instanceof Type.Other;
    }

    /** The value, made of new inputs; null where it is of another kind. */
    private @Nullable String made(String input, String value, OnnxType type) {
        if (type instanceof OnnxType.OfSequence sequence
                && tensor(sequence.item()).isPresent()) {
            var items = new ArrayList<String>();
            for (int i = 0; i < ITEMS; i++) {
                items.add(given(input + "[" + i + "]", tensor(sequence.item()).get()));
            }
            nodes.add(Node.of("SequenceConstruct", items, value, Map.of()));
            return value;
        } else if (type instanceof OnnxType.OfOptional optional) {
            var inside = tensor(optional.item()).map(tensor -> given(input + "[0]", tensor));
            var item = inside.isPresent() ? inside.get() : made(input, names.fresh(input + "/item"), optional.item());
            if (item != null) {
                nodes.add(Node.of("Optional", List.of(item), value, Map.of()));
                return value;
            }
        }
        return null;
    }

    private String given(String hint, Type.OfTensor tensor) {
        var name = names.fresh(hint);
        inputs.add(new Value(name, tensor));
        return name;
    }

    private static Optional<Type.OfTensor> tensor(OnnxType type) {
        return type instanceof OnnxType.OfTensor tensor
                ? ValueType.ofOnnxCode(tensor.element())
                        .map(element -> new Type.OfTensor(element, axes(tensor), Value.Layout.PLAIN))
                : Optional.empty();
    }

    private static @Nullable List<Axis> axes(OnnxType.OfTensor tensor) {
        return tensor.axes()
                .map(axes -> axes.stream()
                        .map(axis -> axis.isFixed() && axis.size() >= 0 ? Axis.of(axis.size()) : Axis.UNKNOWN)
                        .toList())
                .orElse(null);
    }
}
