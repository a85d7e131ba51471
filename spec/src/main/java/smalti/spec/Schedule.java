package smalti.spec;

/** The learning rate's course. */
public sealed interface Schedule permits ConstantSchedule, WarmupCosineSchedule {
    /**
     * What the learning rate is multiplied by.
     *
     * @param step from 0
     * @param steps of the whole training
     */
    double factor(int step, int steps);
}
