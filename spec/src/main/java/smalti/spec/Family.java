package smalti.spec;

/** A kind of model and its hyperparameters. */
public sealed interface Family permits VqvaeFamily, DcganFamily {
    /** @throws SpecException if the model cannot be built for such pictures */
    void checkFits(ImageSpec image);
}
