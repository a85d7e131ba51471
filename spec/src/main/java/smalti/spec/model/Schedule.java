package smalti.spec.model;

/** The learning rate's course. Each kind is a record that a {@link SpecKinds} registers. */
public interface Schedule {
    /**
     * What the learning rate is multiplied by.
     *
     * @param step from 0
     * @param steps of the whole training
     */
    double factor(int step, int steps);
}
