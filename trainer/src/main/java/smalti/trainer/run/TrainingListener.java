package smalti.trainer.run;

import java.util.List;
import java.util.Map;

/** Hears how a training goes. */
public interface TrainingListener {
    /**
     * Before the first step.
     *
     * @param headlines the figures that tell best how the training goes, the most telling first
     */
    default void begins(List<String> headlines) {}

    /**
     * After each step.
     *
     * @param done steps so far
     * @param figures means since the last log line where this step ended one, else empty
     */
    default void step(int done, int steps, Map<String, Double> figures) {}

    /**
     * Once, when the first steps have shown what one costs.
     *
     * @param secondsAStep median of the steps that were timed
     * @param bytes of memory that the process holds
     * @param left steps
     */
    default void cost(double secondsAStep, long bytes, int left) {}

    /** Something that takes a moment begins, such as writing the graphs. */
    default void phase(String what) {}

    static TrainingListener none() {
        return new TrainingListener() {};
    }
}
