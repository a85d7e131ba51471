package smalti.trainer.run;

/** After which steps a training is written down. */
@FunctionalInterface
interface CheckpointStrategy {
    boolean saves(StepListener.Step step);

    /** After every n-th step and the last one. */
    static CheckpointStrategy every(int n) {
        return step -> step.done() % n == 0 || step.isLast();
    }
}
