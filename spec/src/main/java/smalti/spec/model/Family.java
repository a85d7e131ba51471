package smalti.spec.model;

import smalti.spec.SpecException;

/**
 * A kind of model and its hyperparameters. Each is a record that a {@link SpecKinds} registers; the trainer has a class
 * that trains it.
 */
public interface Family {
    /** @throws SpecException if the model cannot be built for such pictures */
    void checkFits(ImageSpec image);

    /** @throws SpecException if such a model cannot be trained so; problems begin with {@code training.} */
    default void checkTraining(TrainingSpec training) {}

    /** Whether the class of a picture is an input, so that pictures must be of two classes at least. */
    default boolean conditional() {
        return false;
    }
}
