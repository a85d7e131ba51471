package smalti.trainer.family;

import java.util.List;
import java.util.Map;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Role;
import smalti.trainer.graph.InferenceGraph;
import smalti.trainer.graph.Parameters;
import smalti.trainer.graph.Statistics;
import smalti.trainer.graph.TrainingGraph;

/**
 * A model of one family while it is trained: who plays, what they see, and what comes out. All that players have in
 * common (gradients, optimizers, averages, running statistics) is done by {@link ModelTraining}. Not thread-safe.
 */
public interface Model {
    PixelRange pixelRange();

    /** In the order in which they move at each step. */
    List<Player> players();

    /** What has to happen once before step 0, with the first batches at hand. */
    default void begin() {}

    /**
     * What a player's graph is given; a function of the state, the data and the step's number alone.
     *
     * @param step from 0
     * @return values by the names of the graph's inputs
     */
    Map<String, float[]> inputs(Player player, int step);

    /**
     * After a player's move.
     *
     * @param pass of the player's graph
     * @return figures of this step that no output of the graph holds, by name
     */
    default Map<String, Double> moved(Player player, TrainingGraph.Pass pass, int step) {
        return Map.of();
    }

    /** What a checkpoint holds beside parameters, running statistics and what the players keep; the arrays themselves. */
    default Map<String, float[]> state() {
        return Map.of();
    }

    /** The figures that tell best how a training goes, the most telling first. */
    List<String> headlines();

    /**
     * Running statistics that belong to averaged weights: those of the last weights do not fit them. A model with layers
     * that follow their batches must measure them anew.
     */
    default Statistics statistics(Parameters averaged) {
        return new Statistics();
    }

    /**
     * The graphs that are exported, with placeholders and constants alone.
     *
     * @param weights the exported ones
     * @param statistics of the batch normalisations with these weights
     */
    Map<Role, InferenceGraph> inference(Parameters weights, Statistics statistics);

    /**
     * What the exported graphs take and give, but for the pixels.
     *
     * @param weights the exported ones
     */
    List<Contract> contracts(Parameters weights);
}
