package smalti.runtime;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * What a probe asks of a model.
 *
 * @param live whether it is open, or closing with requests that it still answers
 * @param ready whether it should be sent requests
 * @param reasons why it is not ready; empty where it is
 */
public record Health(boolean live, boolean ready, List<String> reasons) {
    static final String CLOSING = "closing: what was asked for before is still answered";

    public Health {
        reasons = List.copyOf(reasons);
    }

    /** How far a model is. */
    enum Stage {
        OPEN,
        CLOSING,
        CLOSED
    }

    /**
     * @param failures of graphs that could not be loaded
     * @param depths items that wait, by graph
     * @param isWarm whether the model was warmed up
     */
    static Health of(
            Stage stage,
            boolean isWarm,
            Collection<String> failures,
            Map<String, Integer> depths,
            RuntimeOptions options) {
        var reasons = new ArrayList<>(failures);
        depths.forEach((graph, depth) -> {
            if (depth >= options.maxWaiting()) {
                reasons.add(graph + ": " + depth + " of at most " + options.maxWaiting() + " items wait");
            }
        });
        if (stage == Stage.CLOSING) {
            reasons.add(CLOSING);
        } else if (stage == Stage.CLOSED) {
            reasons.add("closed");
        }
        if (options.readyWhenWarm() && !isWarm) {
            reasons.add("not warm yet");
        }
        return new Health(stage != Stage.CLOSED, reasons.isEmpty(), reasons);
    }
}
