package smalti.exporter.cost;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import smalti.exporter.graph.Model;
import smalti.spec.SpecException;
import smalti.spec.file.RecordTree;

/**
 * What one run of a model costs; the package says what is counted and how.
 *
 * @param sizes of the free axes of the inputs
 * @param assumed those of the sizes that were not given: 1 for the first axis of an input, which nearly always is the
 *     batch
 * @param open free axes without a size: what depends on them is unknown
 * @param parameters elements of all constants, bodies included, each once
 * @param parameterBytes their bytes
 */
public record ModelCost(
        Map<String, Long> sizes,
        List<String> assumed,
        List<String> open,
        long parameters,
        long parameterBytes,
        GraphCost graph) {
    public ModelCost {
        sizes = Collections.unmodifiableMap(new TreeMap<>(sizes));
        assumed = List.copyOf(assumed);
        open = List.copyOf(open);
    }

    /** With a batch of one; other free axes stay free. */
    public static ModelCost of(Model model) {
        return of(model, Map.of());
    }

    /**
     * @param sizes of free axes of the inputs, by name; of {@code 4*h}, that of {@code h}; an axis without a name goes by
     *     {@code input[1]}
     * @throws SpecException if a size is less than 1 or belongs to no free axis
     */
    public static ModelCost of(Model model, Map<String, Long> sizes) {
        var axes = FreeAxes.of(model.graph(), sizes);
        var meter = new GraphMeter(model.opset());
        var graph = meter.measure(axes.applied(model.graph()));
        return new ModelCost(
                axes.sizes(), axes.assumed(), axes.open(), meter.parameters(), meter.parameterBytes(), graph);
    }

    /** All of it as JSON, for other programs. */
    public String json() {
        return RecordTree.json(this);
    }
}
