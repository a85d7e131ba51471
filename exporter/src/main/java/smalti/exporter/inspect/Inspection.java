package smalti.exporter.inspect;

import java.util.List;
import java.util.Map;
import smalti.exporter.cost.GraphCost;
import smalti.exporter.cost.ModelCost;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Value;
import smalti.exporter.pass.Passes;
import smalti.spec.SpecException;
import smalti.spec.file.RecordTree;

/**
 * What there is to know of a model without running it.
 *
 * @param file its name
 * @param fileBytes the size of the file itself, without weights in files of their own
 * @param producer the program that made it, and its version
 * @param inputs those that a caller must give
 * @param nodes bodies included
 * @param redundant what the simplifying passes would change; empty where {@code redundancyKnown} is false
 * @param redundancyKnown whether the passes were tried: not on graphs of more than {@value #MOST_FOR_PASSES} nodes
 */
public record Inspection(
        String file,
        long fileBytes,
        long irVersion,
        Map<String, Integer> opsets,
        String producer,
        Map<String, String> metadata,
        List<End> inputs,
        List<End> outputs,
        int nodes,
        List<OperatorShare> operators,
        List<Redundancy> redundant,
        boolean redundancyKnown,
        ModelCost cost) {
    static final int MOST_FOR_PASSES = 20_000;

    public Inspection {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
        operators = List.copyOf(operators);
        redundant = List.copyOf(redundant);
    }

    /** An input or output of the model; the type is text such as {@code float32 [N, 3, 224, 224]}. */
    public record End(String name, String type) {
        static End of(Value value) {
            return new End(value.name(), NodeText.type(value));
        }
    }

    /**
     * @param sizes of free axes of the inputs, as {@link ModelCost#of(Model, Map)} takes them
     * @throws SpecException if a size is wrong
     */
    public static Inspection of(Model model, String file, long fileBytes, Map<String, Long> sizes) {
        var graph = model.graph();
        var cost = ModelCost.of(model, sizes);
        int nodes = Passes.nodes(graph);
        return new Inspection(
                file,
                fileBytes,
                model.irVersion(),
                model.opsets(),
                (model.producer() + " " + model.producerVersion()).strip(),
                model.metadata(),
                required(graph),
                graph.outputs().stream().map(End::of).toList(),
                nodes,
                OperatorShare.of(cost.graph()),
                nodes <= MOST_FOR_PASSES ? Redundancy.of(model) : List.of(),
                nodes <= MOST_FOR_PASSES,
                cost);
    }

    private static List<End> required(Graph graph) {
        return graph.inputs().stream()
                .filter(input -> !graph.initializers().containsKey(input.name()))
                .map(End::of)
                .toList();
    }

    /** The whole run. */
    public GraphCost graph() {
        return cost.graph();
    }

    /** One self-contained page: it loads nothing. */
    public String html(Model model) {
        return new InspectionPage(this, model).html();
    }

    public String json() {
        return RecordTree.json(this);
    }

    /** A quantity as people read it, such as 1.53 G, of thousands. */
    public static String count(long count) {
        return Markup.count(count);
    }

    /** A size as people read it, such as 98.3 MiB. */
    public static String bytes(long bytes) {
        return Markup.bytes(bytes);
    }
}
