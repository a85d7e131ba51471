package smalti.exporter.file;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;

/** Seeds for random operators that have none, so that two runs draw the same numbers; never in a file that is kept. */
final class RandomSeeds {
    private static final String SEED = "seed";

    /** From here on by 1: exact as floats, and no seed that anybody chose. */
    private static final long FIRST = 7_340_033;

    private static final int MOST = 1 << 20;

    private static final Set<String> OPERATORS = Set.of(
            "RandomNormal",
            "RandomUniform",
            "RandomNormalLike",
            "RandomUniformLike",
            "Bernoulli",
            "Multinomial",
            "Dropout");

    private int used;

    private RandomSeeds() {}

    /** Whether it draws numbers, with seeds or without: then it draws others in each run of a session. */
    static boolean isRandom(Model model) {
        return isRandom(model.graph());
    }

    private static boolean isRandom(Graph graph) {
        return graph.nodes().stream()
                .anyMatch(node -> draws(node) || node.bodies().stream().anyMatch(RandomSeeds::isRandom));
    }

    private static boolean draws(Node node) {
        // a Dropout draws where it is told to train
        return node.domain().isEmpty()
                && OPERATORS.contains(node.op())
                && (!node.op().equals("Dropout") || !node.input(2).isEmpty());
    }

    /** The model with a seed of its own for each node that draws and has none. */
    static Model set(Model model) {
        var seeds = new RandomSeeds();
        return model.with(seeds.set(model.graph()));
    }

    private Graph set(Graph graph) {
        return graph.with(
                graph.initializers(),
                nodes(
                        graph,
                        node -> {
                            if (!draws(node) || node.attributes().containsKey(SEED) || used >= MOST) {
                                return node;
                            }
                            var attributes = new TreeMap<>(node.attributes());
                            long seed = FIRST + used++;
                            // a whole number of a Dropout, a float of all others
                            attributes.put(
                                    SEED,
                                    node.op().equals("Dropout") ? Attribute.of(seed) : Attribute.of((float) seed));
                            return node.withAttributes(attributes);
                        },
                        this::set));
    }

    /** The model without the seeds that were set. */
    static Model without(Model model) {
        return model.with(without(model.graph()));
    }

    private static Graph without(Graph graph) {
        return graph.with(
                graph.initializers(),
                nodes(
                        graph,
                        node -> {
                            if (!draws(node) || !isOurs(node.attributes().get(SEED))) {
                                return node;
                            }
                            var attributes = new TreeMap<>(node.attributes());
                            attributes.remove(SEED);
                            return node.withAttributes(attributes);
                        },
                        RandomSeeds::without));
    }

    private static boolean isOurs(@Nullable Attribute seed) {
        double number = seed instanceof Attribute.Real real
                ? real.value()
                : seed instanceof Attribute.Int whole ? whole.value() : 0;
        return number >= FIRST && number < FIRST + MOST;
    }

    private interface OfNode {
        Node of(Node node);
    }

    private interface OfGraph {
        Graph of(Graph graph);
    }

    private static List<Node> nodes(Graph graph, OfNode change, OfGraph inside) {
        var nodes = new ArrayList<Node>();
        for (var node : graph.nodes()) {
            var changed = change.of(node);
            if (!changed.bodies().isEmpty()) {
                var attributes = new TreeMap<>(changed.attributes());
                attributes.replaceAll((name, attribute) -> attribute instanceof Attribute.Body body
                        ? new Attribute.Body(inside.of(body.value()))
                        : attribute);
                changed = changed.withAttributes(attributes);
            }
            nodes.add(changed);
        }
        return nodes;
    }
}
