package smalti.runtime;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** What a probe asks of a model. */
public final class ModelHealth extends ByValue {
    static final String CLOSING = "closing: what was asked for before is still answered";

    private final Values values;

    private record Values(boolean live, boolean ready, List<String> reasons) {}

    private ModelHealth(boolean live, boolean ready, List<String> reasons) {
        this.values = new Values(live, ready, List.copyOf(reasons));
    }

    /** How far a model is. */
    enum Stage {
        OPEN,
        CLOSING,
        CLOSED
    }

    /**
     * @param failures of graphs that could not be loaded
     * @param full why graphs would not let a further request in
     * @param isWarm whether the model was warmed up
     */
    static ModelHealth of(
            Stage stage, boolean isWarm, Collection<String> failures, Collection<String> full, RuntimeOptions options) {
        var reasons = new ArrayList<>(failures);
        reasons.addAll(full);
        if (stage == Stage.CLOSING) {
            reasons.add(CLOSING);
        } else if (stage == Stage.CLOSED) {
            reasons.add("closed");
        }
        if (options.readyWhenWarm() && !isWarm) {
            reasons.add("not warm yet");
        }
        return new ModelHealth(stage != Stage.CLOSED, reasons.isEmpty(), reasons);
    }

    /** Of a model that answers what it was asked for before, and is sent nothing more. */
    static ModelHealth closing() {
        return new ModelHealth(true, false, List.of(CLOSING));
    }

    /** Whether it is open, or closing with requests that it still answers. */
    public boolean live() {
        return values.live;
    }

    /** Whether it should be sent requests. */
    public boolean ready() {
        return values.ready;
    }

    /** Why it is not ready; empty where it is. */
    public List<String> reasons() {
        return values.reasons;
    }

    @Override
    Record values() {
        return values;
    }

    @Override
    public String toString() {
        return live() ? ready() ? "ready" : "live, not ready: " + String.join("; ", reasons()) : "closed";
    }
}
