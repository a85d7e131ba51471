package smalti.exporter.file;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import smalti.exporter.cost.ModelCost;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Type;
import smalti.exporter.graph.Value;
import smalti.exporter.proof.ModelSession.Item;
import smalti.spec.SpecException;

/** What a run is known to take before it runs: constants, and the values that live at once. */
final class ProofMemory {
    private ProofMemory() {}

    /** @throws SpecException if a run on these inputs takes more */
    static void check(Model model, Map<String, Item> inputs, long most, String place) {
        double bytes = bytes(model, inputs);
        if (bytes > most) {
            throw new SpecException(String.format(
                    Locale.ROOT,
                    "%s: a run must take at most %.1f GB of memory, and would take at least %.1f GB",
                    place,
                    most / 1e9,
                    bytes / 1e9));
        }
    }

    /** Bytes of the constants and of the values that live at once; those of unknown size count nothing. */
    static double bytes(Model model, Map<String, Item> inputs) {
        var cost = ModelCost.of(model.with(sized(model.graph(), inputs)));
        return (double) cost.parameterBytes() + cost.graph().peakBytes().known();
    }

    /** The graph for these inputs alone: whole numbers, which may be sizes, are constants of it. */
    private static Graph sized(Graph graph, Map<String, Item> inputs) {
        var values = new ArrayList<Value>();
        var constants = new LinkedHashMap<String, Constant>(graph.initializers());
        for (var input : graph.inputs()) {
            if (!(inputs.get(input.name()) instanceof Item.Array array)) {
                values.add(input);
            } else if (array.tensor().type().isFloat()) {
                var axes = array.tensor().dims().stream().map(Axis::of).toList();
                values.add(new Value(input.name(), array.tensor().type(), axes, Value.Layout.PLAIN));
            } else {
                constants.put(input.name(), array.tensor());
            }
        }
        // what the file says of the values speaks of free sizes
        var outputs = graph.outputs().stream()
                .map(output -> output.type() instanceof Type.OfTensor tensor
                        ? new Value(output.name(), tensor.element(), null, Value.Layout.PLAIN)
                        : output)
                .toList();
        return new Graph(graph.name(), values, outputs, constants, graph.nodes(), List.of(), graph.rest());
    }
}
