package smalti.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What a probe asks of a model.
 *
 * @param live whether it is open
 * @param ready whether it should be sent requests
 * @param reasons why it is not ready; empty where it is
 */
public record Health(boolean live, boolean ready, List<String> reasons) {
    public Health {
        reasons = List.copyOf(reasons);
    }

    /**
     * @param depths items that wait, by graph
     * @param isWarm whether the model was warmed up
     */
    static Health of(boolean live, boolean isWarm, Map<String, Integer> depths, RuntimeOptions options) {
        var reasons = new ArrayList<String>();
        depths.forEach((graph, depth) -> {
            if (depth >= options.maxWaiting()) {
                reasons.add(graph + ": " + depth + " of at most " + options.maxWaiting() + " items wait");
            }
        });
        if (!live) {
            reasons.add("closed");
        }
        if (options.readyWhenWarm() && !isWarm) {
            reasons.add("not warm yet");
        }
        return new Health(live, reasons.isEmpty(), reasons);
    }
}
