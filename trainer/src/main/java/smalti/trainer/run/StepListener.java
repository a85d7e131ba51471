package smalti.trainer.run;

import java.io.IOException;
import java.util.Map;

/** What is done after each step of a training; one concern a class. */
@FunctionalInterface
interface StepListener {
    /**
     * A step that has ended.
     *
     * @param done steps so far
     * @param steps of the whole training
     * @param took seconds of this step
     * @param seconds of all steps so far, breaks left out
     * @param figures loss terms and others by name
     */
    record Step(int done, int steps, double took, double seconds, Map<String, Double> figures) {
        boolean isLast() {
            return done == steps;
        }
    }

    void after(Step step) throws IOException;
}
