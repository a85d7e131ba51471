package smalti.trainer.family;

import java.util.List;
import smalti.spec.Check;
import smalti.spec.model.Optimizer;
import smalti.trainer.graph.TrainingGraph;

/**
 * One network that follows the gradient of its own loss.
 *
 * @param name in figures; empty where it plays alone
 * @param graph to the loss
 * @param trained the parameters that follow the gradient
 * @param optimizer how they do
 * @param every it moves once in so many steps
 * @param averaged whether the moving average of its weights is exported in place of the last ones, where the spec has one
 * @param figures the graph's scalars that are logged
 * @param watched other outputs of the graph that the model wants after each move
 */
public record Player(
        String name,
        TrainingGraph graph,
        List<String> trained,
        Optimizer optimizer,
        int every,
        boolean averaged,
        List<String> figures,
        List<String> watched) {
    public Player {
        trained = List.copyOf(trained);
        figures = List.copyOf(figures);
        watched = List.copyOf(watched);
        Check.that(every >= 1, "a player must move once in at least 1 step, got %s", every)
                .done();
    }

    /** One that moves at every step and whose last weights count. */
    public static Player of(String name, TrainingGraph graph, List<String> trained, Optimizer optimizer) {
        return new Player(name, graph, trained, optimizer, 1, false, List.of(), List.of());
    }

    public Player every(int steps) {
        return new Player(name, graph, trained, optimizer, steps, averaged, figures, watched);
    }

    public Player averaging() {
        return new Player(name, graph, trained, optimizer, every, true, figures, watched);
    }

    public Player logging(List<String> scalars) {
        return new Player(name, graph, trained, optimizer, every, averaged, scalars, watched);
    }

    public Player watching(List<String> outputs) {
        return new Player(name, graph, trained, optimizer, every, averaged, figures, outputs);
    }

    /** Its moves up to a step, that one left out. */
    int moves(int step) {
        return step / every;
    }

    boolean movesAt(int step) {
        return (step + 1) % every == 0;
    }
}
